//! How the person goes about things, by what they did: no model, no words.

use std::collections::BTreeSet;

use silhouette_text::Event;

use super::PSEUDO_TEXTS;
use super::document::{Attribute, Origin};

/// Fewer events than this show no habit.
const FEWEST: usize = 8;

/// The habits' names.
const NAMES: [&str; 3] = ["novelty_seeking", "brand_loyalty", "night_owl"];

/// The habits that the events show, each on a scale from 0 to 1.
pub(super) fn habits(events: &[Event]) -> Vec<Attribute> {
    let [novelty, loyalty, night] = NAMES;
    let mut ordered: Vec<&Event> = events.iter().collect();
    ordered.sort_by_key(|event| event.time);
    let found =
        [(novelty, novelty_seeking(&ordered)), (loyalty, brand_loyalty(&ordered)), (night, night_owl(&ordered))];
    found.into_iter().filter_map(|(name, scored)| scored.map(|(score, n)| attribute(name, score, n))).collect()
}

fn attribute(name: &str, score: f64, events: usize) -> Attribute {
    let value = if score >= 2.0 / 3.0 {
        "high"
    } else if score >= 1.0 / 3.0 {
        "medium"
    } else {
        "low"
    };
    // The farther from the edges of its third, the surer; and the more events.
    let edge = [1.0 / 3.0, 2.0 / 3.0].iter().map(|edge| (score - edge).abs()).fold(f64::INFINITY, f64::min);
    let n = events as f64;
    Attribute {
        name: name.to_owned(),
        value: value.to_owned(),
        distribution: Vec::new(),
        score: Some(score),
        confidence: (0.5 + 1.5 * edge).min(1.0) * n / (n + PSEUDO_TEXTS),
        origin: Origin::Events,
        sensitive: false,
        texts: events,
        shown: Default::default(),
        evidence: Vec::new(),
    }
}

/// In the second half of the person's events, the share whose item or category the first half has not.
fn novelty_seeking(events: &[&Event]) -> Option<(f64, usize)> {
    let things: Vec<&str> = events.iter().filter_map(|e| e.item.as_deref().or(e.category.as_deref())).collect();
    if things.len() < FEWEST {
        return None;
    }
    let (earlier, later) = things.split_at(things.len() / 2);
    let known: BTreeSet<_> = earlier.iter().collect();
    let new = later.iter().filter(|thing| !known.contains(thing)).count();
    Some((new as f64 / later.len() as f64, things.len()))
}

/// How concentrated the person's brands are: the sum of squared shares (Herfindahl), over brands named in a column.
fn brand_loyalty(events: &[&Event]) -> Option<(f64, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    for brand in events.iter().filter_map(|event| event.field("brand")) {
        *counts.entry(brand.to_string()).or_insert(0_usize) += 1;
    }
    let n: usize = counts.values().sum();
    if n < FEWEST {
        return None;
    }
    Some((counts.values().map(|&c| (c as f64 / n as f64).powi(2)).sum(), n))
}

/// The share of events between 22:00 and 5:00 UTC.
fn night_owl(events: &[&Event]) -> Option<(f64, usize)> {
    let times: Vec<i64> = events.iter().filter_map(|event| event.time).collect();
    if times.len() < FEWEST {
        return None;
    }
    let night = times.iter().filter(|&&t| !(5..22).contains(&super::behavior::hour_of(t))).count();
    let share = night as f64 / times.len() as f64;
    Some((share, times.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(events: &[Event], name: &str) -> Option<Attribute> {
        habits(events).into_iter().find(|a| a.name == name)
    }

    fn bought(what: &[&str]) -> Vec<Event> {
        what.iter().map(|w| Event { item: Some((*w).to_owned()), ..Event::new("me", "") }).collect()
    }

    #[test]
    fn somebody_who_buys_the_same_again_seeks_nothing_new() {
        let same = find(&bought(&["a"; 10]), "novelty_seeking").unwrap();
        assert_eq!((same.value.as_str(), same.score), ("low", Some(0.0)));
        let new = find(&bought(&["a", "b", "c", "d", "e", "f", "g", "h"]), "novelty_seeking").unwrap();
        assert_eq!((new.value.as_str(), new.score), ("high", Some(1.0)));
        assert!(find(&bought(&["a"; 7]), "novelty_seeking").is_none());
    }

    #[test]
    fn brands_and_nights() {
        let mut events = bought(&["a"; 10]);
        for (i, event) in events.iter_mut().enumerate() {
            event.extra.insert("brand".into(), if i < 9 { "x" } else { "y" }.into());
            event.time = Some(i as i64 * 86_400 + if i % 2 == 0 { 23 } else { 12 } * 3600);
        }
        assert!((find(&events, "brand_loyalty").unwrap().score.unwrap() - 0.82).abs() < 1e-9);
        assert_eq!(find(&events, "night_owl").unwrap().value, "medium");
    }
}
