//! Made-up people and the task their devices learn.

use silhouette_aggregator::TaskConfig;
use silhouette_model::{Examples, Model, NativeEngine, Task, Vectoriser};
use silhouette_simulation::synth::{Population, SynthConfig};
use silhouette_simulation::{User, evaluate};
use silhouette_text::Event;

/// Two rounds of three devices, for a look at learning and not at privacy: the noise is next to
/// nothing. A full cohort starts at once, so the patience is long.
const TERMS: &str = r#"
    rounds = 2
    cohort = 3
    min_reports = 2
    over_selection = 1.0
    deadline_ms = 60000
    gathering_ms = 60000
    hold_ms = 60000
    retry_ms = [10, 20]
    mode = "central"
    noise_multiplier = 0.02
    delta = 1e-5
    clip = 1.0
    training = { epochs = 1, batch = 65536, learning_rate = 3.0, proximal_mu = 0.0 }

    [optimiser]
    kind = "sgd"
    learning_rate = 10.0
    momentum = 0.0

    [task]
    name = "interest"
    encoder = { kind = "bag", buckets_log2 = 10, words = false }

    [[task.head]]
    name = "interest"
    kind = "classes"
    labels = ["cooking", "film", "gardening", "music", "reading", "sport", "technology", "travel"]
    field = "interest"
"#;

/// The terms every test of this crate starts from.
pub fn terms() -> TaskConfig {
    TaskConfig::from_toml(TERMS).unwrap()
}

/// The texts of `count` people, 20 to 40 each, labelled with what they are about.
pub fn people(count: usize) -> Vec<Vec<Event>> {
    let config = SynthConfig { users: count, seed: 5, ..SynthConfig::default() };
    Population::generate(config).unwrap().users.into_iter().map(|user| user.events).collect()
}

/// Mean cross-entropy of a model on these people's own texts.
pub fn loss(model: &Model, people: &[Vec<Event>]) -> f64 {
    let task: &Task = model.task();
    let vectoriser = Vectoriser::new(&task.encoder).unwrap();
    let user = |events: &Vec<Event>| User {
        id: events[0].user.clone(),
        examples: Examples::of(task, &vectoriser, events).unwrap(),
        unseen: Vec::new(),
    };
    evaluate(&NativeEngine, model, &people.iter().map(user).collect::<Vec<_>>()).unwrap().loss
}
