//! Evidence for what is counted rather than predicted: keywords, languages, rhythm, ratings.

use std::collections::{BTreeMap, HashMap};

use silhouette_text::{Event, KeywordExtractor, Language, Segmenter};

use super::MAX_KEYWORDS;
use super::behavior::{hour_of, weekday_of};
use super::document::{Behavior, Evidence, Keyword, LanguageShare};
use super::evidence::Place;
use super::quote::opening;

/// The days by which a place is labelled, Monday first.
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The keywords, each with the first place where it stands.
pub(super) fn keywords(events: &[Event], texts: &[usize], evidence: &mut Vec<Evidence>) -> Vec<Keyword> {
    let mut words = KeywordExtractor::default();
    texts.iter().for_each(|&i| words.add(&events[i].text));
    let top = words.top(MAX_KEYWORDS);
    let mut open: HashMap<&str, f64> = top.iter().map(|k| (k.term.as_str(), k.score)).collect();
    let mut first: HashMap<&str, Place> = HashMap::new();
    for &event in texts {
        if open.is_empty() {
            break;
        }
        for token in Segmenter::default().tokens(&events[event].text) {
            if let Some((term, weight)) = open.remove_entry(token.lower().as_ref()) {
                first.insert(term, Place { event, start: token.start, end: token.end, weight });
            }
        }
    }
    let keyword = |k: &silhouette_text::Keyword| {
        let place = first.get(k.term.as_str()).map(|place| push(evidence, events, place, "keywords", &k.term));
        Keyword { evidence: place.into_iter().collect(), term: k.term.clone(), score: k.score, count: k.count }
    };
    top.iter().map(keyword).collect()
}

/// Shares of the texts in each language, largest first, each with how one of its texts begins: the
/// longest, of which the script tells most.
pub(super) fn languages(events: &[Event], texts: &[usize], evidence: &mut Vec<Evidence>) -> Vec<LanguageShare> {
    let mut by_language: BTreeMap<Language, Vec<usize>> = BTreeMap::new();
    texts.iter().for_each(|&i| by_language.entry(Language::of(&events[i].text)).or_default().push(i));
    let total = texts.len().max(1) as f64;
    let mut shares: Vec<_> = by_language.into_iter().map(|(l, texts)| (l, texts.len() as f64 / total, texts)).collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    let share = |(language, share, texts): (Language, f64, Vec<usize>)| {
        let longest = texts.into_iter().rev().max_by_key(|&i| events[i].text.len());
        let place = longest.map(|event| beginning(events, event, share));
        let evidence = place.map(|p| push(evidence, events, &p, "languages", &language.to_string()));
        LanguageShare { language, share, evidence: evidence.into_iter().collect() }
    };
    shares.into_iter().map(share).collect()
}

/// One event in each of the busiest hours and on the busiest day, and those with the lowest and the
/// highest rating.
pub(super) fn behavior(behavior: &mut Behavior, events: &[Event], evidence: &mut Vec<Evidence>) {
    let timed = behavior.timed.max(1) as f64;
    let first = evidence.len();
    let mut at = |label: &str, count: usize, fits: &dyn Fn(i64) -> bool| {
        let mut there = (0..events.len()).filter(|&i| events[i].time.is_some_and(fits));
        // One with a text says more; without any, the event and its time have to do.
        let one = there.clone().find(|&i| !events[i].text.trim().is_empty()).or_else(|| there.next());
        if let Some(event) = one {
            let place = beginning(events, event, count as f64 / timed);
            push(evidence, events, &place, "behavior.busiest_hours", label);
        }
    };
    for &hour in &behavior.busiest_hours {
        at(&format!("{hour}:00"), behavior.hours[usize::from(hour)], &|time| hour_of(time) == usize::from(hour));
    }
    if let Some(day) = behavior.busiest_weekday() {
        at(DAYS[day], behavior.weekdays[day], &|time| weekday_of(time) == day);
    }
    let rated = || (0..events.len()).filter_map(|i| events[i].rating.map(|rating| (i, rating)));
    let lowest = rated().min_by(|a, b| a.1.total_cmp(&b.1));
    let highest = rated().rev().max_by(|a, b| a.1.total_cmp(&b.1));
    for (event, rating) in lowest.into_iter().chain(highest.filter(|h| Some(h.1) != lowest.map(|l| l.1))) {
        let place = beginning(events, event, f64::from(rating));
        push(evidence, events, &place, "behavior.mean_rating", &rating.to_string());
    }
    behavior.evidence = (first..evidence.len()).collect();
}

fn beginning(events: &[Event], event: usize, weight: f64) -> Place {
    let (start, end) = opening(&events[event].text);
    Place { event, start, end, weight }
}

fn push(evidence: &mut Vec<Evidence>, events: &[Event], place: &Place, field: &str, label: &str) -> usize {
    evidence.push(place.evidence(events, field, label));
    evidence.len() - 1
}
