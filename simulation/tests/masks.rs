//! Mode `distributed` with its masks, and with the masks left out.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use silhouette_model::NativeEngine;
use silhouette_privacy::Mode;
use silhouette_simulation::synth::{Population, SynthConfig};
use silhouette_simulation::{Dataset, PrivacyChoice, RunResult, SimulationConfig, TaskChoice, run};

fn result(secure_aggregation: bool, active_mode: bool) -> RunResult {
    let config = SimulationConfig {
        privacy: PrivacyChoice::Budget { mode: Mode::Distributed, epsilon: 8.0, delta: 1e-5 },
        rounds: 2,
        buckets_log2: Some(8),
        secure_aggregation,
        active_mode,
        ..SimulationConfig::default()
    };
    let people = Population::generate(SynthConfig { users: 12, seed: 5, ..SynthConfig::default() }).unwrap();
    let events = people.events().cloned().collect();
    let data = Dataset::of_events(events, &TaskChoice::Field("interest".into()), &config).unwrap();
    run(&data, &config, &NativeEngine, &mut |_| {}).unwrap()
}

#[test]
fn rounds_with_and_without_masks_give_the_same_models() {
    let models = |result: RunResult| result.rounds.into_iter().map(|r| (r.reports, r.model_sha256)).collect::<Vec<_>>();
    let (masked, open) = (models(result(true, false)), models(result(false, false)));
    assert_eq!((masked.len(), &masked), (2, &open));
    assert_eq!(models(result(true, true)), open, "the active mode");
}
