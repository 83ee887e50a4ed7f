use silhouette_model::NativeEngine;

use super::*;
use crate::config::EncoderChoice;
use crate::{PrivacyChoice, Summary, run};

fn event(user: &str, text: &str, label: &str, split: Option<&str>) -> Event {
    let mut event = Event::new(user, text);
    event.extra.insert("topic".into(), label.into());
    if let Some(split) = split {
        event.extra.insert("split_user".into(), split.into());
    }
    event
}

/// Four training users and one held out, who writes of tea, which nobody else does.
fn people() -> Vec<Event> {
    let mut events = Vec::new();
    for user in ["a", "b", "c", "d"] {
        events.push(event(user, &format!("{user} plays the guitar loud"), "music", Some("train")));
        events.push(event(user, &format!("{user} won the football match"), "sport", Some("train")));
    }
    events.push(event("z", "a warm guitar song", "music", Some("test")));
    events.push(event("z", "green tea in the morning", "tea", Some("test")));
    events.push(event("z", "black tea at night", "tea", Some("test")));
    events
}

fn config() -> SimulationConfig {
    SimulationConfig { privacy: PrivacyChoice::None, rounds: 3, ..SimulationConfig::default() }
}

const TASK: &str = r#"
    name = "topics"
    [[head]]
    name = "topic"
    kind = "classes"
    labels = ["music", "sport"]
    field = "topic"
"#;

fn with_encoder(encoder: &str) -> TaskChoice {
    TaskChoice::from_toml(&TASK.replacen("[[head]]", &format!("[encoder]\n{encoder}\n[[head]]"), 1)).unwrap()
}

#[test]
fn a_held_out_label_unseen_in_training_counts_as_wrong() {
    for choice in [TaskChoice::Field("topic".into()), TaskChoice::from_toml(TASK).unwrap()] {
        let data = Dataset::of_events(people(), &choice, &config()).unwrap();
        assert_eq!((data.unseen(), data.test.len()), (2, 1));
        assert!(data.notes[0].starts_with("2 texts of 1 held-out people"), "{:?}", data.notes);
        let result = run(&data, &config(), &NativeEngine, &mut |_| {}).unwrap();
        let confusion = &result.evaluation.confusion;
        assert_eq!((confusion.total(), confusion.unseen(), confusion.count(0, 0)), (3, 2, 1));
        assert_eq!(result.evaluation.user_accuracy(), [1.0 / 3.0]);
        // Tea is what they write of most, and no label of the task.
        assert_eq!(result.evaluation.user_top1, 0.0);
        let summary = Summary::of(&data, &config(), &result, "native").unwrap();
        assert_eq!((summary.accuracy, summary.texts_unseen_label), (1.0 / 3.0, 2));
        assert!(summary.seconds >= summary.seconds_training);
    }
}

#[test]
fn a_person_who_only_has_unseen_labels_stays_in_the_figures() {
    let mut events = people();
    events.retain(|e| e.user != "z" || e.text.contains("tea"));
    let data = Dataset::of_events(events, &TaskChoice::Field("topic".into()), &config()).unwrap();
    let result = run(&data, &config(), &NativeEngine, &mut |_| {}).unwrap();
    assert_eq!((data.test.len(), result.evaluation.confusion.scores().accuracy), (1, 0.0));
}

#[test]
fn any_row_marked_test_holds_its_user_out() {
    let mut events = people();
    events.push(event("a", "a walks home", "sport", Some("test")));
    events.push(event("b", "b walks home", "sport", None));
    let data = Dataset::of_events(events, &TaskChoice::Field("topic".into()), &config()).unwrap();
    let ids = |users: &[User]| users.iter().map(|u| u.id.clone()).collect::<Vec<_>>();
    assert_eq!(
        (ids(data.train.kept()), ids(data.test.kept())),
        (vec!["b".to_owned(), "c".into(), "d".into()], vec!["a".to_owned(), "z".into()])
    );
}

#[test]
fn a_task_files_encoder_holds_unless_another_is_asked_for() {
    let choice = with_encoder("kind = \"bag\"\nbuckets_log2 = 9\nwords = false");
    let load = |choice: &TaskChoice, change: fn(&mut SimulationConfig)| {
        let mut config = config();
        change(&mut config);
        Dataset::of_events(people(), choice, &config).unwrap()
    };
    let data = load(&choice, |_| {});
    let EncoderSpec::Bag(bag) = &data.task.encoder else { panic!() };
    assert_eq!((bag.buckets_log2, bag.words, bag.dim), (9, false, None));
    assert_eq!((data.recipe.clip, data.notes.len()), (0.2, 1));

    let data = load(&choice, |c| c.buckets_log2 = Some(8));
    let EncoderSpec::Bag(bag) = &data.task.encoder else { panic!() };
    assert_eq!((bag.buckets_log2, bag.words), (8, false));
    assert!(data.notes[0].contains("bag of 2^8 buckets as asked for, instead of the task file's bag of 2^9 buckets"));

    let data = load(&choice, |c| c.encoder = Some(EncoderChoice::Transformer));
    assert_eq!(data.task.encoder.describe(), "transformer");
    assert!(data.notes[0].contains("instead of the task file's bag"), "{:?}", data.notes);

    // A stated encoder is trained as its kind is; without one the recipe chooses.
    let data = load(&with_encoder("kind = \"transformer\"\nlength = 8"), |_| {});
    assert_eq!((data.task.encoder.describe(), data.recipe.clip), ("transformer", 1.0));
    let data = load(&TaskChoice::from_toml(TASK).unwrap(), |_| {});
    let EncoderSpec::Bag(bag) = &data.task.encoder else { panic!() };
    assert_eq!(bag.buckets_log2, 16);
}

#[test]
fn bad_settings_are_refused_before_the_file_is_opened() {
    let config = SimulationConfig { learning_rate: Some(f64::NAN), ..config() };
    let field = TaskChoice::Field("topic".into());
    let error = Dataset::load(Path::new("no such file"), &ReadOptions::default(), &field, &config).err().unwrap();
    assert_eq!(error.to_string(), "--lr: expected a number above 0, at most 1000, found NaN");
    let config = SimulationConfig { proximal_mu: 0.7, learning_rate: None, ..config };
    let error = Dataset::of_events(people(), &field, &config).err().unwrap();
    assert!(matches!(error, DatasetError::Config(_)), "{error}");
}

#[test]
fn a_split_of_texts_holds_out_texts_of_those_who_train() {
    let mut events = people();
    for event in &mut events {
        event.extra.remove("split_user");
        let split = if event.text.contains("match") { "test" } else { "train" };
        event.extra.insert("split_sample".into(), split.into());
    }
    events.push(event("a", "a lost the tennis match", "sport", None));
    let data = Dataset::of_events(events, &TaskChoice::Field("topic".into()), &config()).unwrap();
    let ids = |users: &[User]| users.iter().map(|u| u.id.clone()).collect::<Vec<_>>().join(", ");
    assert_eq!(ids(data.train.kept()), "a, b, c, d, z");
    assert_eq!(ids(data.test.kept()), "a (held out), b (held out), c (held out), d (held out)");
    assert_eq!(data.test.kept().iter().map(|user| user.examples.len()).sum::<usize>(), 4);
    assert!(data.notes[0].starts_with("split_sample: held-out texts"), "{:?}", data.notes);
}
