use silhouette_model::{Examples, LocalTraining, NativeEngine, Task};

use super::*;

const TASK: &str = r#"
    name = "t"
    [encoder]
    kind = "bag"
    buckets_log2 = 10
    words = false
    [[head]]
    name = "topic"
    kind = "classes"
    labels = ["music", "sport"]
    field = "topic"
    [[head]]
    name = "sentiment"
    kind = "classes"
    labels = ["negative", "positive"]
    field = "mood"
    [[head]]
    name = "age"
    kind = "classes"
    labels = ["20s", "60s"]
    field = "age"
    unit = "person"
"#;

fn event(text: &str, topic: &str, mood: &str, age: &str) -> Event {
    let mut event = Event::new("me", text);
    for (field, value) in [("topic", topic), ("mood", mood), ("age", age)] {
        event.extra.insert(field.into(), value.into());
    }
    event
}

fn people() -> Vec<(String, Vec<Event>)> {
    let young = vec![
        event("the guitar sounds wonderful", "music", "positive", "20s"),
        event("an awful guitar concert", "music", "negative", "20s"),
        event("our match was wonderful", "sport", "positive", "20s"),
    ];
    let old = vec![
        event("the match was awful dear", "sport", "negative", "60s"),
        event("a wonderful match my dear", "sport", "positive", "60s"),
    ];
    vec![("a".into(), young), ("b".into(), old)]
}

fn trained() -> Model {
    let task = Task::from_toml(TASK).unwrap();
    let vectoriser = Vectoriser::new(&task.encoder).unwrap();
    let mut model = Model::new(task.clone(), 1);
    let training = LocalTraining { epochs: 200, batch: 4, learning_rate: 1.0, proximal_mu: 0.0, shuffled: true };
    for (_, events) in people() {
        let examples = Examples::of(&task, &vectoriser, &events).unwrap();
        let change = NativeEngine.train(&model, &examples, &training, 3).unwrap().to_dense();
        let moved: Vec<f32> = model.values().iter().zip(change).map(|(a, b)| a + b).collect();
        model.set_values(&moved).unwrap();
    }
    // Both people's texts once more, together.
    let all: Vec<Event> = people().into_iter().flat_map(|(_, events)| events).collect();
    let examples = Examples::of(&task, &vectoriser, &all).unwrap();
    let change = NativeEngine.train(&model, &examples, &training, 3).unwrap().to_dense();
    let moved: Vec<f32> = model.values().iter().zip(change).map(|(a, b)| a + b).collect();
    Model::with_values(task, moved).unwrap()
}

fn of(model: &Model) -> Candidate<'_> {
    Candidate { model, engine: &NativeEngine, encoder_weights: None }
}

#[test]
fn a_model_that_knows_everything_has_perfect_figures() {
    let q = evaluate_quality(&of(&trained()), &people(), &people(), 2).unwrap();
    assert_eq!((q.people, q.texts, q.heads.len()), (2, 5, 3));
    let [topic, sentiment, age] = q.heads.as_slice() else { panic!() };
    assert_eq!((topic.judged, topic.scores.accuracy, topic.auc), (5, 1.0, Some(1.0)));
    let of_people = topic.people.unwrap();
    assert_eq!((of_people.people, of_people.top1, of_people.recall_at_3), (2, 1.0, 1.0));
    assert!(of_people.jsd_bits < 0.05 && of_people.jsd_bits < of_people.jsd_bits_usual, "{of_people:?}");
    assert_eq!(of_people.mean_absolute_error, None);
    let mood = sentiment.people.unwrap();
    assert!(mood.mean_absolute_error.unwrap() < 0.15 && mood.correlation.unwrap() > 0.9, "{mood:?}");
    // One judgement a person, not one a text.
    assert_eq!(age.judged, 2);
    assert!(age.people.is_none());
    let profiles = q.profiles.unwrap();
    assert_eq!(profiles.profiles, 2);
    assert!(profiles.cited > 0 && profiles.evidence_precision > 0.7, "{profiles:?}");
}

#[test]
fn a_model_that_knows_nothing_has_those_of_chance() {
    let model = Model::new(Task::from_toml(TASK).unwrap(), 1);
    let q = evaluate_quality(&of(&model), &people(), &[], 0).unwrap();
    let topic = &q.heads[0];
    assert_eq!(topic.auc, Some(0.5));
    assert!((topic.calibration.ece - (0.5 - topic.scores.accuracy).abs()).abs() < 1e-6);
    assert!(q.profiles.is_none());
}

#[test]
fn labels_nobody_knows_count_as_wrong_and_nobody_is_an_error() {
    let mut people = people();
    people[0].1[0].extra.insert("topic".into(), "chess".into());
    let q = evaluate_quality(&of(&trained()), &people, &[], 0).unwrap();
    assert_eq!((q.heads[0].unknown, q.heads[0].judged), (1, 5));
    assert!((q.heads[0].scores.accuracy - 0.8).abs() < 1e-9);
    let bare = [("a".to_owned(), vec![Event::new("a", "words")])];
    assert!(matches!(evaluate_quality(&of(&trained()), &bare, &[], 0), Err(QualityError::NoLabels { people: 1, .. })));
}
