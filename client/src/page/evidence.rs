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

/// How sure a line is, and the places it rests on, which open when asked.
pub(super) fn folded(view: &View<'_>, how: &str, places: &[&Evidence]) -> String {
    if places.is_empty() {
        return if how.is_empty() { String::new() } else { format!("<p class=\"how\">{}</p>", escape(how)) };
    }
    let from = filled(view.words.top.why[usize::from(places.len() != 1)], &[&count(places.len())]);
    let summary = if how.is_empty() { from } else { format!("{} · {from}", escape(how)) };
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
