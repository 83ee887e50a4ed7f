//! What one dishonest device costs the others in mode `distributed`, where nobody sees its vector.
//!
//! It keeps the protocol and the norm, so neither the device's own check nor the test of the sum notices.

use std::collections::BTreeSet;

use silhouette_model::{Change, Engine, EngineError, Examples, LocalTraining, Model, NativeEngine, TextVector};
use silhouette_privacy::Mode;
use silhouette_simulation::{Dataset, PrivacyChoice, SimulationConfig, TaskChoice, run};
use silhouette_tests::people::people;

/// The engine of some devices trains the wrong way.
struct Poisoned {
    /// Devices, by where their examples lie.
    devices: BTreeSet<usize>,
    attack: fn(&mut Change),
}

fn place(examples: &Examples) -> usize {
    examples.items().as_ptr() as usize
}

impl Engine for Poisoned {
    fn name(&self) -> &str {
        "poisoned"
    }

    fn train(
        &self,
        model: &Model,
        examples: &Examples,
        training: &LocalTraining,
        seed: u64,
    ) -> Result<Change, EngineError> {
        let mut change = NativeEngine.train(model, examples, training, seed)?;
        if self.devices.contains(&place(examples)) {
            (self.attack)(&mut change);
        }
        Ok(change)
    }

    fn predict(&self, model: &Model, texts: &[&TextVector]) -> Result<Vec<Vec<f32>>, EngineError> {
        NativeEngine.predict(model, texts)
    }
}

/// Against the gradient, as long as the clip allows.
fn flip(change: &mut Change) {
    change.values.iter_mut().for_each(|v| *v *= -100.0);
}

/// The same number everywhere, for one class of the eight.
fn constant(change: &mut Change) {
    let values: Vec<f32> = (0..change.dimension).map(|i| if i % 8 == 0 { 1.0 } else { 0.0 }).collect();
    *change = Change::of_dense(&values);
}

struct Federation {
    data: Dataset,
    config: SimulationConfig,
}

impl Federation {
    fn new() -> Self {
        let config = SimulationConfig {
            privacy: PrivacyChoice::Budget { mode: Mode::Distributed, epsilon: 8.0, delta: 1e-5 },
            rounds: 6,
            buckets_log2: Some(10),
            ..SimulationConfig::default()
        };
        let events = people(250).into_iter().flatten().collect();
        let data = Dataset::of_events(events, &TaskChoice::Field("interest".into()), &config).unwrap();
        Self { data, config }
    }

    /// Accuracy on texts of held-out people when the first `count` devices attack.
    fn accuracy(&self, count: usize, attack: fn(&mut Change)) -> f64 {
        let devices = self.data.train.kept().iter().take(count).map(|user| place(&user.examples)).collect();
        let result = run(&self.data, &self.config, &Poisoned { devices, attack }, &mut |_| {}).unwrap();
        result.evaluation.confusion.scores().accuracy
    }
}

#[test]
fn one_poisoner_below_the_bound_costs_next_to_nothing() {
    let federation = Federation::new();
    let n = federation.data.train.len();
    let honest = federation.accuracy(0, flip);
    assert!(honest > 0.5, "{honest}");
    for (what, attack) in [("sign flip", flip as fn(&mut Change)), ("constant", constant)] {
        let one = federation.accuracy(1, attack);
        println!("{what}, 1 of {n}: accuracy {one:.4}, honest {honest:.4}");
        // One vote of n, turned round, weighs 2/n; three points are far beyond that.
        assert!(honest - one < 0.03, "{what}: {honest} {one}");
    }
    let tenth = federation.accuracy(n / 10, flip);
    println!("sign flip, {} of {n}: accuracy {tenth:.4}", n / 10);
    // Control: most of them together do what they want.
    let most = federation.accuracy(6 * n / 10, flip);
    println!("sign flip, {} of {n}: accuracy {most:.4}", 6 * n / 10);
    assert!(most < 0.5 * honest, "{honest} {most}");
}
