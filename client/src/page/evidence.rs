//! The places in the texts, folded away under what they speak for.

use std::collections::BTreeSet;

use super::View;
use super::html::{escape, filled};
use super::number::{count, date};
use crate::profile::Evidence;

/// Places shown under one line.
const PLACES: usize = 6;

impl<'d> View<'d> {
    /// The places of these numbers that have something to quote, each quote once.
    pub(super) fn places(&self, numbers: &[usize]) -> Vec<&'d Evidence> {
        let document = self.document;
        self.quotable(numbers.iter().filter_map(|&n| document.evidence.get(n)))
    }

    /// The places behind a field of the persona.
    pub(super) fn behind(&self, field: &str) -> Vec<&'d Evidence> {
        let document = self.document;
        self.quotable(document.evidence_for(field, PLACES).into_iter())
    }

    fn quotable(&self, places: impl Iterator<Item = &'d Evidence>) -> Vec<&'d Evidence> {
        if !self.evidence {
            return Vec::new();
        }
        let mut seen = BTreeSet::new();
        places.filter(|p| !p.quote.is_empty() && seen.insert(&p.quote)).take(PLACES).collect()
    }

    /// When a place was written, where that is known.
    pub(super) fn when(&self, place: &Evidence) -> String {
        place.time.map(|time| date(time, self.words)).unwrap_or_default()
    }
}

/// The places as a list that opens when asked; nothing without places.
pub(super) fn folded(view: &View<'_>, places: &[&Evidence]) -> String {
    if places.is_empty() {
        return String::new();
    }
    let summary = filled(view.words.top.why[usize::from(places.len() != 1)], &[&count(places.len())]);
    super::html::folded(&summary, &list(view, places))
}

/// The places as a list.
pub(super) fn list(view: &View<'_>, places: &[&Evidence]) -> String {
    let [open, close] = view.words.quoted;
    let item = |place: &&Evidence| {
        let when = view.when(place);
        let when = if when.is_empty() { when } else { format!(" <small>{}</small>", escape(&when)) };
        format!("<li>{open}<bdi>{}</bdi>{close}{when}</li>", escape(&place.quote))
    };
    format!("<ul class=\"quotes\">{}</ul>", places.iter().map(item).collect::<String>())
}
