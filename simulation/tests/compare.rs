//! The federated model beside each person's own and one of all texts in one place, on the same texts.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test may panic")]

use silhouette_model::NativeEngine;
use silhouette_simulation::synth::{Population, SynthConfig};
use silhouette_simulation::{Dataset, PrivacyChoice, RunResult, SimulationConfig, TaskChoice, run};
use silhouette_text::Event;

fn config() -> SimulationConfig {
    SimulationConfig {
        privacy: PrivacyChoice::None,
        rounds: 5,
        compare: true,
        buckets_log2: Some(9),
        threads: 2,
        ..SimulationConfig::default()
    }
}

fn row(user: &str, text: &str, label: &str, split: &str) -> Event {
    let mut event = Event::new(user, text);
    event.extra.insert("topic".into(), label.into());
    event.extra.insert("split_user".into(), split.into());
    event
}

/// Words in number, so that no text repeats another.
fn words(i: usize) -> String {
    ["guitar", "match", "tea", "river", "stone", "cloud", "paper", "train", "garden", "winter"][i % 10]
        .repeat(1 + i / 10)
}

/// Everybody writes the same texts, and each always with one label: half of the people with one, half with the other.
fn stubborn() -> Vec<Event> {
    let mut events = Vec::new();
    for person in 0..8 {
        let label = if person % 2 == 0 { "left" } else { "right" };
        let split = if person < 6 { "train" } else { "test" };
        events.extend((0..10).map(|i| row(&format!("p{person}"), &words(i), label, split)));
    }
    events
}

fn trained(events: Vec<Event>, config: &SimulationConfig) -> (Dataset, RunResult) {
    let data = Dataset::of_events(events, &TaskChoice::Field("topic".into()), config).unwrap();
    let result = run(&data, config, &NativeEngine, &mut |_| {}).unwrap();
    (data, result)
}

#[test]
fn whose_own_past_says_it_all_is_served_best_alone() {
    let (data, result) = trained(stubborn(), &config());
    assert_eq!((data.later.len(), data.later[0].examples.len()), (6, 2));
    assert_eq!(data.train.kept()[0].examples.len(), 8);
    let comparison = result.comparison.unwrap();
    let later = comparison.later.unwrap();
    assert_eq!((later.people, later.texts), (6, 12));
    let (local, own) = (later.local_only.unwrap(), later.own_majority.unwrap());
    assert_eq!((local.accuracy, own.accuracy, local.people.worst_decile), (1.0, 1.0, 1.0));
    // Nothing in a text says whose it is.
    assert_eq!((later.federated.accuracy, later.central.accuracy), (0.5, 0.5));
    let held_out = comparison.held_out.unwrap();
    assert_eq!((held_out.people, held_out.local_only, held_out.own_majority), (2, None, None));
    // The figure of the last look is the same.
    assert_eq!(result.rounds.last().unwrap().later_accuracy, Some(later.federated.accuracy));
}

#[test]
fn with_much_in_common_a_centre_does_better_than_anybody_alone() {
    let people = Population::generate(SynthConfig { users: 60, ..SynthConfig::default() }).unwrap();
    let config = SimulationConfig { rounds: 10, buckets_log2: None, ..config() };
    let events: Vec<Event> = people.events().cloned().collect();
    let data = Dataset::of_events(events, &TaskChoice::Field("interest".into()), &config).unwrap();
    let result = run(&data, &config, &NativeEngine, &mut |_| {}).unwrap();
    let later = result.comparison.unwrap().later.unwrap();
    let local = later.local_only.unwrap();
    assert!(later.central.accuracy > local.accuracy + 0.1, "{later:?}");
    assert!(later.federated.accuracy > local.accuracy + 0.1, "{later:?}");
    assert!(later.central.people.worst_decile >= local.people.worst_decile, "{later:?}");
}

#[test]
fn nobody_trains_on_a_later_text() {
    let altered = |text: &str| {
        let mut events = stubborn();
        // The last two of each person are the later ones.
        for (i, event) in events.iter_mut().enumerate().filter(|(i, _)| i % 10 >= 8) {
            event.text = format!("{text} {}", words(i));
        }
        events
    };
    let (_, one) = trained(altered("never seen"), &config());
    let (_, two) = trained(altered("something else"), &config());
    assert_eq!(one.model.content_hash().unwrap(), two.model.content_hash().unwrap());
    let held_out = |result: &RunResult| result.comparison.as_ref().unwrap().held_out.clone().unwrap().central;
    assert_eq!(held_out(&one), held_out(&two));
    // Without the comparison they are texts like any other.
    let alone = SimulationConfig { compare: false, ..config() };
    let (data, three) = trained(altered("never seen"), &alone);
    let (_, four) = trained(altered("something else"), &alone);
    assert_ne!(three.model.content_hash().unwrap(), four.model.content_hash().unwrap());
    assert!(data.later.is_empty() && three.comparison.is_none());
}

#[test]
fn neither_threads_nor_order_change_a_figure() {
    let (_, one) = trained(stubborn(), &config());
    let (_, two) = trained(stubborn(), &SimulationConfig { threads: 1, ..config() });
    assert_eq!(one.comparison, two.comparison);
}

#[test]
fn people_without_a_past_are_refused() {
    let error = Dataset::of_population(SynthConfig { users: 20, ..SynthConfig::default() }, &config()).err().unwrap();
    assert!(error.to_string().starts_with("--compare: expected a file of people"), "{error}");
}
