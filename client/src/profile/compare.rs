//! Two profiles beside each other: what changed, and both as one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use silhouette_privacy::Private;

use super::document::{Attribute, Behavior, Interest, LabelShare, ProfileDocument};
use super::{MAX_KEYWORDS, MAX_LABELS};
use crate::persona::{PersonaLanguage, compose};

/// Smaller moves of a share or a mean are not told.
const TOLD: f64 = 0.01;

/// One line of a profile that is another than before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The field.
    pub field: String,
    /// Which part of it, where it has parts: the label, the word.
    pub label: Option<String>,
    /// As it was; absent where it is new.
    pub before: Option<String>,
    /// As it is; absent where it is gone.
    pub after: Option<String>,
}

/// What is other in `after` than in `before`, field by field, in the order of the fields' names. Shares and means are
/// told where they moved by a hundredth or more.
pub fn diff(before: &ProfileDocument, after: &ProfileDocument) -> Private<Vec<Change>> {
    let (old, new) = (lines(before), lines(after));
    let keys: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let mut changes = Vec::new();
    for (field, label) in keys {
        let key = (field.clone(), label.clone());
        let (before, after) = (old.get(&key), new.get(&key));
        let same = match (before, after) {
            (Some(Line::Number(a)), Some(Line::Number(b))) => (a - b).abs() < TOLD,
            (a, b) => a == b,
        };
        if !same {
            let told = |line: Option<&Line>| line.map(Line::told);
            changes.push(Change { field: key.0, label: key.1, before: told(before), after: told(after) });
        }
    }
    Private::new(changes)
}

/// A value that is compared.
#[derive(PartialEq)]
enum Line {
    Number(f64),
    Text(String),
}

impl Line {
    fn told(&self) -> String {
        match self {
            Self::Number(number) => format!("{number:.2}"),
            Self::Text(text) => text.clone(),
        }
    }
}

type Lines = BTreeMap<(String, Option<String>), Line>;

fn lines(d: &ProfileDocument) -> Lines {
    let mut lines = Lines::new();
    let mut say = |field: &str, label: Option<&str>, line: Line| {
        lines.insert((field.to_owned(), label.map(str::to_owned)), line);
    };
    for i in &d.interests {
        say(&format!("interests.{}", i.head), Some(&i.label), Line::Number(i.share));
    }
    for (section, attributes) in [("demographics", &d.demographics), ("psychographics", &d.psychographics)] {
        for a in attributes {
            say(&format!("{section}.{}", a.name), None, Line::Text(a.value.clone()));
        }
    }
    say("sentiment", None, Line::Number(d.sentiment.mean));
    d.languages.iter().for_each(|l| say("languages", Some(&l.language.to_string()), Line::Number(l.share)));
    d.keywords.iter().for_each(|k| say("keywords", Some(&k.term), Line::Text("present".into())));
    let b = &d.behavior;
    say("behavior.events", None, Line::Number(b.events as f64));
    say("behavior.texts", None, Line::Number(b.texts as f64));
    for (field, number) in [
        ("behavior.mean_rating", b.mean_rating),
        ("behavior.events_per_week", b.events_per_week),
        ("behavior.repeat_rate", b.repeat_rate),
    ] {
        number.into_iter().for_each(|n| say(field, None, Line::Number(n)));
    }
    let hours: Vec<String> = b.busiest_hours.iter().map(|h| format!("{h}:00")).collect();
    if !hours.is_empty() {
        say("behavior.busiest_hours", None, Line::Text(hours.join(", ")));
    }
    if let Some(next) = &b.next_category {
        say("behavior.next_category", None, Line::Text(next.category.clone()));
    }
    lines
}

/// Two profiles of one person, from two devices, as one: mixtures and means by how many texts each rests on, counts
/// added up. What follows from the order of events (sessions, habits of return, what comes next, trends, drift) can't
/// be had from two documents and is left out, as is what only one of two times of making says. Of an attribute, the
/// owner's word goes before an inference, and the surer inference before the other.
///
/// The places in the texts of `second` count on from the events of `first`.
pub fn merge(first: &ProfileDocument, second: &ProfileDocument) -> Private<ProfileDocument> {
    let mut merged = first.clone();
    let (a, b) = (first.behavior.texts as f64, second.behavior.texts as f64);
    let mean = |x: f64, y: f64| if a + b > 0.0 { (a * x + b * y) / (a + b) } else { 0.0 };
    let offset = first.evidence.len();
    merged.evidence.extend(second.evidence.iter().cloned().map(|mut e| {
        e.event += first.behavior.events;
        e
    }));
    let moved = |places: &[usize]| -> Vec<usize> { places.iter().map(|place| place + offset).collect() };
    merge_interests(&mut merged.interests, &second.interests, &mean, &moved);
    let (s, t) = (&mut merged.sentiment, &second.sentiment);
    for (x, y) in [
        (&mut s.mean, t.mean),
        (&mut s.positive, t.positive),
        (&mut s.neutral, t.neutral),
        (&mut s.negative, t.negative),
        (&mut s.confidence, t.confidence),
    ] {
        *x = mean(*x, y);
    }
    merge_shares(&mut s.labels, &t.labels, &mean);
    s.evidence.extend(moved(&t.evidence));
    (s.trend, s.aspects) = (Vec::new(), Vec::new());
    merge_attributes(&mut merged.demographics, &second.demographics, &moved);
    merge_attributes(&mut merged.psychographics, &second.psychographics, &moved);
    merge_words(&mut merged, second, &mean, &moved);
    merged.behavior = merge_behavior(&first.behavior, &second.behavior, &moved);
    let (p, q) = (&mut merged.provenance, &second.provenance);
    p.made_at = p.made_at.max(q.made_at);
    p.as_of = p.as_of.max(q.as_of);
    p.drift = Vec::new();
    if (p.model.as_ref(), p.round) != (q.model.as_ref(), q.round) {
        (p.model, p.engine, p.round) = (None, None, None);
    }
    merged.completeness.score = merged.completeness.score.max(second.completeness.score);
    let filled = &second.completeness.filled;
    merged.completeness.gaps.retain(|gap| !filled.contains(&gap.field));
    let new = filled.iter().filter(|field| !first.completeness.filled.contains(field)).cloned();
    merged.completeness.filled.extend(new);
    merged.persona.zh = compose(&merged, PersonaLanguage::Zh).clauses;
    merged.persona.en = compose(&merged, PersonaLanguage::En).clauses;
    Private::new(merged)
}

fn merge_interests(
    merged: &mut Vec<Interest>,
    second: &[Interest],
    mean: &impl Fn(f64, f64) -> f64,
    moved: &impl Fn(&[usize]) -> Vec<usize>,
) {
    let same = |a: &Interest, b: &Interest| (&a.head, &a.label) == (&b.head, &b.label);
    for own in merged.iter_mut() {
        let theirs = second.iter().find(|theirs| same(own, theirs));
        own.share = mean(own.share, theirs.map_or(0.0, |t| t.share));
        own.recent = mean(own.recent, theirs.map_or(0.0, |t| t.recent));
        own.confidence = mean(own.confidence, theirs.map_or(0.0, |t| t.confidence));
        if let Some(theirs) = theirs {
            own.texts += theirs.texts;
            own.evidence.extend(moved(&theirs.evidence));
        }
    }
    for theirs in second {
        if !merged.iter().any(|own| same(own, theirs)) {
            let mut new = theirs.clone();
            (new.share, new.recent) = (mean(0.0, theirs.share), mean(0.0, theirs.recent));
            new.confidence = mean(0.0, theirs.confidence);
            new.evidence = moved(&theirs.evidence);
            merged.push(new);
        }
    }
    let mut heads: Vec<String> = Vec::new();
    merged.iter().for_each(|i| {
        if !heads.contains(&i.head) {
            heads.push(i.head.clone());
        }
    });
    let place = |head: &str| heads.iter().position(|h| h == head);
    merged.sort_by(|x, y| place(&x.head).cmp(&place(&y.head)).then(y.share.total_cmp(&x.share)));
    let mut of_head: BTreeMap<String, usize> = BTreeMap::new();
    merged.retain(|i| {
        let n = of_head.entry(i.head.clone()).or_default();
        *n += 1;
        *n <= MAX_LABELS
    });
}

fn merge_shares(merged: &mut Vec<LabelShare>, second: &[LabelShare], mean: &impl Fn(f64, f64) -> f64) {
    let of = |list: &[LabelShare], label: &str| list.iter().find(|l| l.label == label).map_or(0.0, |l| l.share);
    for theirs in second {
        if !merged.iter().any(|own| own.label == theirs.label) {
            merged.push(LabelShare { label: theirs.label.clone(), share: 0.0 });
        }
    }
    merged.iter_mut().for_each(|own| own.share = mean(own.share, of(second, &own.label)));
}

fn merge_attributes(merged: &mut Vec<Attribute>, second: &[Attribute], moved: &impl Fn(&[usize]) -> Vec<usize>) {
    for theirs in second {
        let theirs = Attribute { evidence: moved(&theirs.evidence), ..theirs.clone() };
        match merged.iter_mut().find(|own| own.name == theirs.name) {
            Some(own) if theirs.confidence > own.confidence => *own = theirs,
            Some(_) => {}
            None => merged.push(theirs),
        }
    }
}

fn merge_words(
    merged: &mut ProfileDocument,
    second: &ProfileDocument,
    mean: &impl Fn(f64, f64) -> f64,
    moved: &impl Fn(&[usize]) -> Vec<usize>,
) {
    for theirs in &second.languages {
        if !merged.languages.iter().any(|own| own.language == theirs.language) {
            merged.languages.push(super::LanguageShare { share: 0.0, evidence: Vec::new(), ..theirs.clone() });
        }
    }
    for own in &mut merged.languages {
        let theirs = second.languages.iter().find(|theirs| theirs.language == own.language);
        own.share = mean(own.share, theirs.map_or(0.0, |t| t.share));
        own.evidence.extend(theirs.map(|t| moved(&t.evidence)).unwrap_or_default());
    }
    merged.languages.sort_by(|x, y| y.share.total_cmp(&x.share));
    for theirs in &second.keywords {
        match merged.keywords.iter_mut().find(|own| own.term == theirs.term) {
            Some(own) => {
                (own.score, own.count) = (own.score.max(theirs.score), own.count.saturating_add(theirs.count));
                own.evidence.extend(moved(&theirs.evidence));
            }
            None => merged.keywords.push(super::Keyword { evidence: moved(&theirs.evidence), ..theirs.clone() }),
        }
    }
    merged.keywords.sort_by(|x, y| y.score.total_cmp(&x.score));
    merged.keywords.truncate(MAX_KEYWORDS);
}

fn merge_behavior(a: &Behavior, b: &Behavior, moved: &impl Fn(&[usize]) -> Vec<usize>) -> Behavior {
    let mut kinds = a.kinds.clone();
    b.kinds.iter().for_each(|(kind, n)| *kinds.entry(kind.clone()).or_default() += n);
    let per_text = |x: f64, y: f64| (x * a.texts as f64 + y * b.texts as f64) / (a.texts + b.texts).max(1) as f64;
    let added = |x: &[usize], y: &[usize]| -> Vec<usize> {
        let at = |list: &[usize], i: usize| list.get(i).copied().unwrap_or(0);
        (0..x.len().max(y.len())).map(|i| at(x, i) + at(y, i)).collect()
    };
    let ratings = |d: &Behavior| d.rating_bias.as_ref().map_or(0, |r| r.ratings) as f64;
    let (m, n) = (ratings(a), ratings(b));
    let mean_rating = match (a.mean_rating, b.mean_rating) {
        (Some(x), Some(y)) if m + n > 0.0 => Some((m * x + n * y) / (m + n)),
        (x, y) => x.or(y),
    };
    let evidence = a.evidence.iter().copied().chain(moved(&b.evidence)).collect();
    Behavior {
        events: a.events + b.events,
        texts: a.texts + b.texts,
        kinds,
        mean_length: per_text(a.mean_length, b.mean_length),
        mean_rating,
        timed: a.timed + b.timed,
        first: a.first.into_iter().chain(b.first).min(),
        last: a.last.into_iter().chain(b.last).max(),
        hours: added(&a.hours, &b.hours),
        weekdays: added(&a.weekdays, &b.weekdays),
        evidence,
        ..Behavior::default()
    }
    .with_rhythm()
}

#[cfg(test)]
mod tests;
