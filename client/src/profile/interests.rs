//! From what the texts are judged to be to a mixture of labels.

use std::collections::BTreeMap;

use silhouette_model::Head;

use super::MAX_LABELS;
use super::decay::Decay;
use super::document::{Interest, Origin, Shown};
use super::evidence::Witness;
use super::owner::OwnerWord;
use super::plan::Dimension;
use super::predict::{HeadView, confidence};
use super::words::WordView;

/// Labels of one dimension for which evidence is looked up.
const WITH_EVIDENCE: usize = 5;

/// The mixture of a dimension by a head of the model.
pub(super) fn by_model(
    dimension: &Dimension,
    view: &HeadView<'_>,
    decay: &Decay,
    witness: &mut Witness<'_>,
) -> Vec<Interest> {
    let (shares, recent, likeliest) = (view.shares(), view.weighted_shares(decay), view.likeliest());
    let mut found = Vec::new();
    for (place, label) in by_share(&shares).into_iter().enumerate() {
        let with_label = || view.rows().zip(&likeliest).filter(move |&(_, &l)| l == label).map(|(row, _)| row);
        let texts = with_label().count();
        let evidence =
            if place < WITH_EVIDENCE && texts > 0 { witness.find(view, label, &field(dimension)) } else { Vec::new() };
        let name = &view.head.labels()[label];
        found.push(Interest {
            head: dimension.name.clone(),
            label: name.clone(),
            path: dimension.path(name),
            share: shares[label],
            recent: recent[label],
            confidence: confidence(with_label().map(|row| view.certainty(row))),
            texts,
            origin: Origin::Model,
            shown: shown(dimension, Some(view.head), name),
            evidence,
        });
    }
    found
}

/// The mixture of a dimension by its lists of words, over the texts that have one of them.
pub(super) fn by_words(
    dimension: &Dimension,
    view: &WordView,
    decay: &Decay,
    witness: &mut Witness<'_>,
) -> Vec<Interest> {
    let (shares, recent) = (view.shares(&Decay::none()), view.shares(decay));
    let mut found = Vec::new();
    for (place, label) in by_share(&shares).into_iter().enumerate().filter(|&(_, label)| shares[label] > 0.0) {
        let name = &dimension.labels[label].name;
        let evidence =
            if place < WITH_EVIDENCE { witness.quote(view.places(label), &field(dimension), name) } else { Vec::new() };
        found.push(Interest {
            head: dimension.name.clone(),
            label: name.clone(),
            path: dimension.path(name),
            share: shares[label],
            recent: recent[label],
            confidence: view.confidence(label),
            texts: view.texts_with(label),
            origin: Origin::Words,
            shown: shown(dimension, None, name),
            evidence,
        });
    }
    found
}

/// What the owner declares, before what was inferred: a label with no share of its own beside theirs.
pub(super) fn with_declared(dimension: &Dimension, owner: &OwnerWord, found: &mut Vec<Interest>) {
    let Some((value, corrected)) = owner.value(dimension) else { return };
    let origin = if corrected { Origin::Corrected } else { Origin::Declared };
    if let Some(at) = found.iter().position(|interest| interest.label == value) {
        let mut first = found.remove(at);
        (first.origin, first.confidence) = (origin, 1.0);
        found.insert(0, first);
        return;
    }
    let declared = Interest {
        head: dimension.name.clone(),
        label: value.to_owned(),
        path: dimension.path(value),
        share: 0.0,
        recent: 0.0,
        confidence: 1.0,
        texts: 0,
        origin,
        shown: shown(dimension, None, value),
        evidence: Vec::new(),
    };
    found.insert(0, declared);
}

/// The field of a dimension's mixture.
pub(super) fn field(dimension: &Dimension) -> String {
    format!("interests.{}", dimension.name)
}

/// Labels by share, the largest first.
fn by_share(shares: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|&a, &b| shares[b].total_cmp(&shares[a]).then(a.cmp(&b)));
    order.truncate(MAX_LABELS);
    order
}

/// The names for the dimension and one of its labels: the plan's, else the task's.
pub(super) fn shown(dimension: &Dimension, head: Option<&Head>, label: &str) -> BTreeMap<String, Shown> {
    let own = dimension.label(label).map(|label| &label.display);
    let mut names = BTreeMap::new();
    for language in ["en", "zh"] {
        let task = head.and_then(|head| head.display.get(language));
        let shown = Shown {
            head: dimension.display.get(language).cloned().or_else(|| task?.name.clone()),
            label: own.and_then(|own| own.get(language)).cloned().or_else(|| task?.labels.get(label).cloned()),
        };
        if shown != Shown::default() {
            names.insert(language.to_owned(), shown);
        }
    }
    names
}
