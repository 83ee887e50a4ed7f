//! From predictions to a mixture of labels.

use std::collections::BTreeMap;

use silhouette_model::Head;

use super::MAX_LABELS;
use super::document::{Interest, Shown};
use super::evidence::Witness;
use super::predict::{HeadView, Predictions, confidence};
use super::sentiment::HEAD;

/// Labels of one head for which evidence is looked up.
const WITH_EVIDENCE: usize = 5;

pub(super) fn interests(predictions: &Predictions<'_>, witness: &mut Witness<'_>) -> Vec<Interest> {
    if predictions.texts.is_empty() {
        return Vec::new();
    }
    let heads = predictions.heads().filter(|v| !v.head.labels().is_empty() && v.head.name != HEAD);
    heads.flat_map(|view| of_head(&view, witness)).collect()
}

fn of_head(view: &HeadView<'_>, witness: &mut Witness<'_>) -> Vec<Interest> {
    let (shares, likeliest) = (view.shares(), view.likeliest());
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|&a, &b| shares[b].total_cmp(&shares[a]).then(a.cmp(&b)));
    order.truncate(MAX_LABELS);
    let mut found = Vec::with_capacity(order.len());
    for (place, label) in order.into_iter().enumerate() {
        let with_label = || view.rows().zip(&likeliest).filter(move |&(_, &l)| l == label).map(|(row, _)| row);
        let texts = with_label().count();
        let evidence = if place < WITH_EVIDENCE && texts > 0 { witness.find(view, label) } else { Vec::new() };
        found.push(Interest {
            head: view.head.name.clone(),
            label: view.head.labels()[label].clone(),
            share: shares[label],
            confidence: confidence(with_label().map(|row| view.certainty(row))),
            texts,
            shown: shown(view.head, &view.head.labels()[label]),
            evidence,
        });
    }
    found
}

/// The task's own names for the head and one of its labels.
fn shown(head: &Head, label: &str) -> BTreeMap<String, Shown> {
    let names = head.display.iter().map(|(language, names)| {
        (language.clone(), Shown { head: names.name.clone(), label: names.labels.get(label).cloned() })
    });
    names.filter(|(_, shown)| *shown != Shown::default()).collect()
}
