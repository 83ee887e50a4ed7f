use proptest::prelude::*;
use silhouette_model::{Example, LocalTraining};
use silhouette_privacy::Mode;
use silhouette_wire::QueryKind;

use super::*;
use crate::Asked;
use crate::fixtures::{Oracle, moments, summed, task, text, values};

const LABELS: usize = 3;

fn model() -> Model {
    Model::new(task(LABELS), 1)
}

fn vector(texts: &[Example]) -> Vec<f32> {
    let examples = Examples::from_items(texts.to_vec());
    values(&contribute(&Oracle::default(), &model(), &examples).unwrap())
}

/// Two hundred people of one to five texts, every seventh without any; the first label is known best.
fn people() -> Vec<Vec<Example>> {
    let texts = |person: u32| {
        let count = if person.is_multiple_of(7) { 0 } else { 1 + person % 5 };
        let one = |i: u32| {
            let truth = ((person + i) % 4).min(2) as usize;
            let wrong = (person * 31 + i * 17) % 10 < 2 + truth as u32;
            text(truth, if wrong { (truth + 1) % LABELS } else { truth }, person * 10 + i)
        };
        (0..count).map(one).collect()
    };
    (0..200).map(texts).collect()
}

/// Accuracy, macro F1 and recall, each person weighing the same, computed from the texts.
fn exact(people: &[Vec<Example>]) -> (f64, f64, Vec<f64>) {
    let mut matrix = [[0.0; LABELS]; LABELS];
    let mut n = 0.0;
    for texts in people.iter().filter(|texts| !texts.is_empty()) {
        n += 1.0;
        for text in texts {
            let Some(silhouette_model::Target::Class(truth)) = text.targets[0] else { panic!("a class") };
            matrix[truth as usize][text.vector.indices()[0] as usize] += 1.0 / texts.len() as f64;
        }
    }
    let row = |c: usize| matrix[c].iter().sum::<f64>();
    let column = |c: usize| matrix.iter().map(|row| row[c]).sum::<f64>();
    let f1 = |c: usize| 2.0 * matrix[c][c] / (row(c) + column(c));
    let accuracy = (0..LABELS).map(|c| matrix[c][c]).sum::<f64>() / n;
    (accuracy, (0..LABELS).map(f1).sum::<f64>() / 3.0, (0..LABELS).map(|c| matrix[c][c] / row(c)).collect())
}

fn evaluated(mode: Mode, z: f64, round: u64) -> Evaluation {
    let vectors: Vec<_> = people().iter().map(|texts| vector(texts)).collect();
    absorb(&[summed(&vectors, mode, z, round)], LABELS).unwrap()
}

/// One figure of an evaluation.
type Figure<'f> = &'f dyn Fn(&Evaluation) -> Option<Estimate>;

#[test]
fn without_noise_the_figures_are_the_exact_ones() {
    let (accuracy, macro_f1, recall) = exact(&people());
    let found = evaluated(Mode::Central, 0.0, 1);
    let near = |a: Option<Estimate>, b: f64| {
        let a = a.unwrap();
        // Only the rounding to the grid is left, and it is accounted for.
        assert!(a.standard_error < 2e-5 && (a.value - b).abs() < 5.0 * a.standard_error, "{a:?} {b}");
    };
    near(found.accuracy, accuracy);
    near(found.macro_f1, macro_f1);
    found.recall.iter().zip(recall).for_each(|(&a, b)| near(a, b));
    near(Some(Estimate { value: found.people.value / 171.0, standard_error: 1e-5 }), 1.0);
    assert_eq!((found.reports, found.labels_in_f1), (200, 3));
}

#[test]
fn figures_are_unbiased_and_spread_as_their_standard_errors_say() {
    const ROUNDS: u64 = 600;
    let (accuracy, macro_f1, recall) = exact(&people());
    for mode in [Mode::Central, Mode::Distributed] {
        // Noise of a 40th of the people: quotients are then as good as linear in it.
        let rounds: Vec<_> = (1..=ROUNDS).map(|round| evaluated(mode, 1.0, round)).collect();
        let scores = |of: Figure<'_>, truth: f64| -> Vec<f64> {
            let found = rounds.iter().map(|round| of(round).unwrap());
            found.map(|found| (found.value - truth) / found.standard_error).collect()
        };
        let of: [(Figure<'_>, f64); 4] = [
            (&|e| Some(e.people), 171.0),
            (&|e| e.accuracy, accuracy),
            (&|e| e.macro_f1, macro_f1),
            (&|e| e.recall[0], recall[0]),
        ];
        for (i, (figure, truth)) in of.into_iter().enumerate() {
            let (mean, variance) = moments(&scores(figure, truth));
            // Five deviations of a mean and of a variance over so many normal scores. In mode distributed
            // all devices are honest and add noise, more than is counted on.
            assert!(mean.abs() < 5.0 / (ROUNDS as f64).sqrt(), "{mode} {i}: mean {mean}");
            assert!((variance - 1.0).abs() < 5.0 * (2.0 / ROUNDS as f64).sqrt(), "{mode} {i}: variance {variance}");
        }
    }
}

#[test]
fn the_standard_error_of_the_accuracy_is_at_most_what_the_weight_was_chosen_for() {
    for labels in [2, 3, 10, 77] {
        let (scale, weight) = weights(labels);
        assert!((scale.powi(2) + weight.powi(2) - 1.0).abs() < 1e-12);
        let c = labels as f64;
        let worst = (c / scale.powi(2) + 1.0 / weight.powi(2)).sqrt();
        assert!((worst - (1.0 + c.sqrt())).abs() < 1e-9);
    }
    let found = evaluated(Mode::Central, 4.0, 1);
    let most = (1.0 + 3_f64.sqrt()) * 4.0 / (found.people.value - 3.0 * found.people.standard_error);
    assert!(found.accuracy.unwrap().standard_error < most);
}

#[test]
fn what_the_noise_drowns_is_not_told() {
    let found = evaluated(Mode::Central, 5_000.0, 3);
    assert_eq!((found.accuracy, found.macro_f1, found.labels_in_f1), (None, None, 0));
    assert!(found.recall.iter().all(Option::is_none));
    assert!(absorb(&[summed(&[vec![0.1; 4]], Mode::Central, 0.0, 1)], LABELS).is_err());
    assert!(absorb(&[], LABELS).is_err());
}

#[test]
fn groups_are_one_evaluation() {
    let vectors: Vec<_> = people().iter().map(|texts| vector(texts)).collect();
    let sums: Vec<_> = vectors.chunks(50).map(|part| summed(part, Mode::Central, 4.0, 1)).collect();
    let (whole, parts) = (evaluated(Mode::Central, 4.0, 1), absorb(&sums, LABELS).unwrap());
    assert_eq!(parts.reports, 200);
    // Each group adds all of the noise.
    assert!((parts.people.standard_error / whole.people.standard_error - 2.0).abs() < 1e-3);
}

#[test]
fn a_person_without_a_held_out_text_is_not_told_from_nobody() {
    assert_eq!(vector(&[]), vec![0.0; 10]);
    // A text without a label under this head counts for nothing.
    let unknown = Example { targets: vec![None], ..text(0, 0, 1) };
    assert_eq!(vector(&[unknown]), vec![0.0; 10]);
}

#[test]
fn no_text_is_both_trained_on_and_evaluated() {
    let texts: Vec<Example> = (0..300).map(|i| text(i as usize % LABELS, 0, i)).collect();
    let examples = Examples::from_items(texts);
    let training = LocalTraining { epochs: 1, batch: 8, learning_rate: 0.1, proximal_mu: 0.0, shuffled: true };
    let of = |query, held_out| {
        let engine = Oracle::default();
        let asked = Asked { query, held_out, training: &training };
        let vector = crate::contribute(&engine, &model(), &examples, asked, 1).unwrap();
        (engine.trained.into_inner().unwrap(), vector)
    };
    let (trained, _) = of(QueryKind::Train, 20);
    let held: Vec<_> = examples.parted(20).1.items().iter().map(|e| e.vector.clone()).collect();
    assert!(held.len() > 30 && trained.len() + held.len() == 300);
    assert!(held.iter().all(|text| !trained.contains(text)));
    // All of what is evaluated is held out: the same vector as of the held-out texts alone.
    let (_, evaluated) = of(QueryKind::Evaluate, 20);
    assert_eq!(values(&evaluated), vector(examples.parted(20).1.items()));
    assert_ne!(values(&evaluated), vector(examples.items()));
    // Without evaluation every text is trained on.
    assert_eq!(of(QueryKind::Train, 0).0.len(), 300);
}

proptest! {
    #[test]
    fn no_vector_is_longer_than_the_clip(
        texts in prop::collection::vec((0..LABELS, 0..LABELS, any::<u32>()), 0..40),
    ) {
        let texts: Vec<_> = texts.into_iter().map(|(t, p, n)| text(t, p, n % 1_000_000)).collect();
        let vector = vector(&texts);
        let norm = vector.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
        prop_assert!(norm <= CLIP + 1e-6, "{norm}");
        // Each person weighs the same, however many texts there are.
        let (scale, _) = weights(LABELS);
        let total: f64 = vector[..9].iter().map(|&v| f64::from(v)).sum();
        prop_assert!(texts.is_empty() || (total / scale - 1.0).abs() < 1e-5);
    }
}
