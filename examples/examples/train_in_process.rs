//! Teaches a federation: `cargo run --release -p silhouette-examples --example train_in_process`
//!
//! Made-up people train a model together in one process, with and without noise.

use std::error::Error;

use silhouette_model::NativeEngine;
use silhouette_privacy::Mode;
use silhouette_simulation::synth::{Population, SynthConfig};
use silhouette_simulation::{Dataset, PrivacyChoice, SimulationConfig, TaskChoice, run};

fn main() -> Result<(), Box<dyn Error>> {
    let people = Population::generate(SynthConfig { users: 200, seed: 1, ..SynthConfig::default() })?;
    println!("{} people wrote {} texts, Chinese and English", people.users.len(), people.events().count());
    println!("to learn: what a text is about, of 8 interests; chance is about one in eight");

    let promise = PrivacyChoice::Budget { mode: Mode::Central, epsilon: 8.0, delta: 1e-5 };
    for (name, privacy) in [("no noise", PrivacyChoice::None), ("epsilon 8", promise)] {
        let config = SimulationConfig { privacy, rounds: 8, ..SimulationConfig::default() };
        let events = people.events().cloned().collect();
        // A fifth of the people is held out: their devices never train.
        let data = Dataset::of_events(events, &TaskChoice::Field("interest".into()), &config)?;
        println!("\n{name}: {} devices train, {} people judge", data.train.len(), data.test.len());
        let result = run(&data, &config, &NativeEngine, &mut |round| {
            let accuracy = 100.0 * round.accuracy.unwrap_or_default();
            let spent = round.epsilon.map_or(String::new(), |epsilon| format!(", epsilon spent {epsilon:.2}"));
            println!("  round {}: {accuracy:.1} % of held-out people's texts right{spent}", round.round);
        })?;
        println!("  final accuracy {:.3}", result.evaluation.confusion.scores().accuracy);
    }
    Ok(())
}
