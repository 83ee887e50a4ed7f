//! What holds of the person as a whole, and is one value rather than a mixture.

use super::decay::Decay;
use super::document::{Attribute, LabelShare, Origin};
use super::evidence::Witness;
use super::interests::shown;
use super::owner::OwnerWord;
use super::plan::{Dimension, Section};
use super::predict::{HeadView, confidence};
use super::words::WordView;

/// What was found out about a dimension.
pub(super) struct Inferred {
    labels: Vec<String>,
    distribution: Vec<f64>,
    confidence: f64,
    texts: usize,
    origin: Origin,
}

impl Inferred {
    /// By a head of the model. The texts' opinions are multiplied, each taken to the power `n^(-1/2)`: what several
    /// texts agree on grows surer, but texts of one person are not independent, so it does so like their root. A head
    /// about the person has looked at all `texts` as one.
    pub(super) fn by_model(view: &HeadView<'_>, of_texts: usize) -> Option<Self> {
        let mut logs = vec![0.0_f64; view.labels()];
        let mut texts = 0_usize;
        for row in view.rows() {
            logs.iter_mut().zip(row).for_each(|(sum, &p)| *sum += f64::from(p.max(1e-6)).ln());
            texts += 1;
        }
        let root = (texts.max(1) as f64).sqrt();
        let texts = if view.is_about_person() && texts > 0 { of_texts } else { texts };
        logs.iter_mut().for_each(|log| *log /= root);
        let distribution = softmax(&logs);
        let certainty = certainty(&distribution);
        let labels = view.head.labels().to_vec();
        // As many opinions of the pooled certainty as there are texts.
        let confidence = confidence((0..texts).map(|_| certainty));
        (texts > 0 && !labels.is_empty()).then_some(Self {
            labels,
            distribution,
            confidence,
            texts,
            origin: Origin::Model,
        })
    }

    /// By lists of words.
    pub(super) fn by_words(dimension: &Dimension, view: &WordView) -> Option<Self> {
        if view.is_empty() {
            return None;
        }
        let distribution = view.shares(&Decay::none());
        let labels: Vec<String> = dimension.labels.iter().map(|label| label.name.clone()).collect();
        let best = argmax(&distribution);
        let confidence = view.confidence(best) * distribution[best];
        Some(Self { labels, distribution, confidence, texts: view.len(), origin: Origin::Words })
    }

    fn likeliest(&self) -> usize {
        argmax(&self.distribution)
    }
}

/// The field of an attribute.
pub(super) fn field(dimension: &Dimension) -> String {
    let section = if dimension.section == Section::Demographics { "demographics" } else { "psychographics" };
    format!("{section}.{}", dimension.name)
}

/// The attribute of a dimension: the owner's word where there is one, else what was inferred.
pub(super) fn attribute(
    dimension: &Dimension,
    owner: &OwnerWord,
    inferred: Option<&Inferred>,
    head: Option<&HeadView<'_>>,
    words: Option<&WordView>,
    witness: &mut Witness<'_>,
) -> Option<Attribute> {
    let said = owner.value(dimension);
    let (value, confidence, origin) = match (said, inferred) {
        (Some((value, corrected)), _) => {
            (value.to_owned(), 1.0, if corrected { Origin::Corrected } else { Origin::Declared })
        }
        (None, Some(found)) => (found.labels[found.likeliest()].clone(), found.confidence, found.origin),
        (None, None) => return None,
    };
    let mut distribution: Vec<LabelShare> = inferred.map_or_else(Vec::new, |found| {
        let pairs = found.labels.iter().zip(&found.distribution);
        pairs.map(|(label, &share)| LabelShare { label: label.clone(), share }).collect()
    });
    distribution.sort_by(|a, b| b.share.total_cmp(&a.share));
    let evidence = match (said, inferred) {
        (None, Some(found)) => {
            let (label, field) = (found.likeliest(), field(dimension));
            match (head, words) {
                (Some(view), _) => witness.find(view, label, &field),
                (None, Some(view)) => witness.quote(view.places(label), &field, &found.labels[label]),
                (None, None) => Vec::new(),
            }
        }
        _ => Vec::new(),
    };
    Some(Attribute {
        name: dimension.name.clone(),
        shown: shown(dimension, head.map(|view| view.head), &value),
        value,
        distribution,
        score: None,
        confidence,
        origin,
        sensitive: dimension.sensitive,
        texts: inferred.map_or(0, |found| found.texts),
        evidence,
    })
}

fn softmax(logs: &[f64]) -> Vec<f64> {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logs.iter().map(|log| (log - most).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.iter().map(|p| p / total).collect()
}

/// 0 at chance, 1 when sure.
fn certainty(distribution: &[f64]) -> f64 {
    let chance = 1.0 / distribution.len().max(2) as f64;
    ((distribution.iter().copied().fold(0.0, f64::max) - chance) / (1.0 - chance)).clamp(0.0, 1.0)
}

/// Of equals the first.
fn argmax(values: &[f64]) -> usize {
    (0..values.len()).rev().max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap_or(0)
}
