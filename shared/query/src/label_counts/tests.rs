use proptest::prelude::*;
use silhouette_model::Example;
use silhouette_privacy::Mode;

use super::*;
use crate::fixtures::{moments, summed, task, text, values};

const LABELS: usize = 4;

fn vector(texts: Vec<Example>) -> Vec<f32> {
    values(&contribute(&task(LABELS), &Examples::from_items(texts)))
}

/// Three hundred people, every tenth without a label: the first label is the most common, the last one nobody's.
fn people() -> Vec<Vec<f32>> {
    let one = |person: u32, i: u32| text(((person * 7 + i * 3) % 6 / 2) as usize, 0, i);
    let texts = |person: u32| if person.is_multiple_of(10) { 0 } else { 1 + person % 4 };
    (0..300).map(|person| vector((0..texts(person)).map(|i| one(person, i)).collect())).collect()
}

fn truth() -> Vec<f64> {
    let people = people();
    let sum = |label: usize| people.iter().map(|v| f64::from(v[label])).sum::<f64>();
    (0..LABELS).map(|label| sum(label) / 270.0).collect()
}

#[test]
fn shares_are_unbiased_and_their_intervals_hold_them_as_often_as_they_say() {
    const ROUNDS: u64 = 600;
    let (people, truth) = (people(), truth());
    assert!((truth.iter().sum::<f64>() - 1.0).abs() < 1e-6 && truth[3] == 0.0);
    let rounds: Vec<LabelCounts> =
        (1..=ROUNDS).map(|round| absorb(&[summed(&people, Mode::Central, 5.0, round)], LABELS).unwrap()).collect();
    for (label, &truth) in truth.iter().enumerate() {
        let shares: Vec<Estimate> = rounds.iter().map(|r| r.shares.as_ref().unwrap()[label]).collect();
        let scores: Vec<f64> = shares.iter().map(|s| (s.value - truth) / s.standard_error).collect();
        let (mean, variance) = moments(&scores);
        assert!(mean.abs() < 5.0 / (ROUNDS as f64).sqrt(), "{label}: mean {mean}");
        assert!((variance - 1.0).abs() < 5.0 * (2.0 / ROUNDS as f64).sqrt(), "{label}: variance {variance}");
        let held = shares.iter().map(Estimate::interval_95).filter(|&(low, high)| low <= truth && truth <= high);
        // Of 600 intervals 570 on average, with a deviation of 5.3.
        assert!((543..=597).contains(&held.count()), "{label}");
    }
    let (mean, variance) =
        moments(&rounds.iter().map(|r| (r.people.value - 270.0) / r.people.standard_error).collect::<Vec<_>>());
    assert!(mean.abs() < 0.2 && (variance - 1.0).abs() < 0.29, "{mean} {variance}");
    // Nothing is cut off: a label that nobody has comes out below 0 half of the time.
    let below = rounds.iter().filter(|r| r.shares.as_ref().unwrap()[3].value < 0.0).count();
    assert!((230..370).contains(&below), "{below}");
    assert_eq!(Estimate { value: -0.2, standard_error: 0.1 }.shown(), 0.0);
}

#[test]
fn shares_add_up_and_drown_in_too_much_noise() {
    let counts = absorb(&[summed(&people(), Mode::Local, 2.0, 1)], LABELS).unwrap();
    let sum: f64 = counts.shares.unwrap().iter().map(|s| s.value).sum();
    assert!((sum - 1.0).abs() < 1e-9);
    assert_eq!(absorb(&[summed(&people(), Mode::Central, 1e4, 2)], LABELS).unwrap().shares, None);
    assert_eq!(absorb(&[], LABELS), Err(LengthError { expected: LABELS }));
}

#[test]
fn the_layout_names_the_labels_in_their_order() {
    let other = |labels: [&str; 2]| {
        let mut task = task(2);
        task.heads[0].kind = silhouette_model::HeadKind::Classes { labels: labels.map(str::to_owned).to_vec() };
        (layout(&task), crate::evaluate::layout(&task))
    };
    assert_ne!(other(["a", "b"]), other(["b", "a"]));
    assert_ne!(other(["ab", "c"]), other(["a", "bc"]));
    let (counts, evaluation) = other(["a", "b"]);
    assert_ne!(counts, evaluation);
}

proptest! {
    #[test]
    fn no_vector_is_longer_than_the_clip(labels in prop::collection::vec(0..LABELS, 0..50)) {
        let vector = vector(labels.iter().map(|&label| text(label, 0, 1)).collect());
        let norm = vector.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
        prop_assert!(norm <= CLIP + 1e-6, "{norm}");
        let total: f32 = vector.iter().sum();
        prop_assert!(labels.is_empty() && total == 0.0 || (total - 1.0).abs() < 1e-5);
    }
}
