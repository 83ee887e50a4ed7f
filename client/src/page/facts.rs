//! Figures in a line each, for the page and for the terminal. Names and values are plain text, not HTML.

use super::View;
use super::number::{count, counted, date, decimal, moment, percent};
use super::words::fill;

/// A name and what it is.
pub(super) type Fact = (String, String);

/// What the person did, in figures.
pub(super) fn behavior(view: &View<'_>) -> Vec<Fact> {
    let (b, w) = (&view.document.behavior, &view.words.doings);
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: String| facts.push((name.to_owned(), value));
    if b.events > 0 {
        fact(w.entries, fill(w.entries_of, &[&count(b.events), &count(b.texts)]));
    }
    if b.kinds.len() > 1 {
        let mut kinds: Vec<_> = b.kinds.iter().collect();
        kinds.sort_by_key(|&(_, &n)| std::cmp::Reverse(n));
        let kind = |(kind, &n): (&String, &usize)| format!("{} {}", view.words.kind(kind).unwrap_or(kind), count(n));
        fact(w.kinds, kinds.into_iter().map(kind).collect::<Vec<_>>().join(view.words.comma));
    }
    if let (Some(first), Some(last)) = (b.first, b.last) {
        fact(w.span, fill(w.from_to, &[&date(first, view.words), &date(last, view.words)]));
    }
    if let Some(pace) = b.events_per_week {
        fact(w.per_week, fill(w.a_week, &[&decimal(pace, 1)]));
    }
    if let Some(days) = b.recency_days {
        fact(w.last, fill(w.days_ago, &[&decimal(days, 1)]));
    }
    if b.texts > 0 && b.mean_length > 0.0 {
        fact(w.length, fill(w.characters, &[&decimal(b.mean_length, 0)]));
    }
    if let Some(s) = &b.sessions {
        let values = [count(s.count), decimal(s.mean_events, 1), decimal(s.mean_minutes, 0)];
        fact(w.sessions, fill(w.sessions_of, &values.each_ref().map(String::as_str)));
    }
    if let Some(v) = &b.value {
        let values = [count(v.purchases), decimal(v.total, 2), decimal(v.mean, 2)];
        fact(w.value, fill(w.value_of, &values.each_ref().map(String::as_str)));
    }
    if let Some(rate) = b.repeat_rate {
        fact(w.repeat, fill(w.repeat_of, &[&percent(rate)]));
    }
    for score in &b.scores {
        let name = fill(w.score, &[&view.names.dimension(&score.head, None)]);
        let ends = [score.range.0, score.range.1].map(|end| decimal(f64::from(end), 2));
        fact(&name, fill(w.score_of, &[&decimal(score.mean, 2), &ends[0], &ends[1]]));
    }
    facts
}

/// How ratings lean, in one sentence.
pub(super) fn ratings(view: &View<'_>) -> Option<String> {
    let b = &view.document.behavior;
    let (mean, bias) = (b.mean_rating?, b.rating_bias.as_ref()?);
    let values = [decimal(mean, 2), count(bias.ratings), decimal(bias.deviation, 2)];
    Some(fill(view.words.doings.ratings_of, &values.each_ref().map(String::as_str)))
}

/// The shares of the highest, of those between and of the lowest rating, with their names. Somebody who always gives
/// the same has a highest one only.
pub(super) fn rating_parts(view: &View<'_>) -> Vec<(&'static str, &'static str, f64)> {
    let w = &view.words.doings;
    let Some(bias) = &view.document.behavior.rating_bias else { return Vec::new() };
    if bias.highest + bias.lowest > 1.0 + 1e-9 {
        return vec![("c1", w.highest, bias.highest)];
    }
    let between = 1.0 - bias.highest - bias.lowest;
    let parts = [("c1", w.highest, bias.highest), ("c8", w.between, between), ("c2", w.lowest, bias.lowest)];
    parts.into_iter().filter(|part| part.2 > 1e-9).collect()
}

/// When the person comes back, in sentences.
pub(super) fn back(view: &View<'_>) -> Vec<String> {
    let w = &view.words.doings;
    let Some(r) = &view.document.behavior.return_time else { return Vec::new() };
    vec![
        fill(w.back_of, &[&decimal(r.median_days, 1), &decimal(r.longest_days, 1)]),
        fill(w.due, &[&date(r.due, view.words)]),
        fill(w.silence, &[&percent(r.churn)]),
    ]
}

/// How the person writes.
pub(super) fn style(view: &View<'_>) -> Vec<Fact> {
    let w = &view.words.style;
    let Some(s) = &view.document.behavior.style else { return Vec::new() };
    let fact = |name: &str, value: String| (name.to_owned(), value);
    let in_a_hundred = |n: f64| fill(w.in_a_hundred, &[&decimal(n, 1)]);
    vec![
        fact(w.words_per_text, decimal(s.words_per_text, 1)),
        fact(w.words_per_sentence, decimal(s.words_per_sentence, 1)),
        fact(w.variety, decimal(s.variety, 0)),
        fact(w.exclamations, in_a_hundred(s.exclamations)),
        fact(w.questions, in_a_hundred(s.questions)),
        fact(w.emoji, decimal(s.emoji, 1)),
        fact(w.function_words, percent(s.function_words)),
        fact(w.capitals, percent(s.capitals)),
    ]
}

/// How far each mixture moved: name, bits, in words, in a sentence.
pub(super) fn drift<'d>(view: &View<'d>) -> Vec<(f64, &'static str, String)> {
    let w = &view.words.made;
    let line = |d: &'d crate::profile::Drift| {
        let head = d.field.split_once('.').map_or(d.field.as_str(), |(_, head)| head);
        let [towards, away] = [&d.towards, &d.away_from].map(|label| view.names.label(head, label, None));
        let how = match d.bits {
            b if b >= 0.3 => 3,
            b if b >= 0.1 => 2,
            b if b >= 0.02 => 1,
            _ => 0,
        };
        (d.bits, w.moved_how[how], fill(w.moved, &[&view.names.field(&d.field), &towards, &away]))
    };
    view.document.provenance.drift.iter().map(line).collect()
}

/// What made the profile.
pub(super) fn provenance(view: &View<'_>) -> Vec<Fact> {
    let (p, w) = (&view.document.provenance, &view.words.made);
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: Option<String>| {
        facts.extend(value.map(|value| (name.to_owned(), value)));
    };
    fact(w.model, Some(p.model.clone().unwrap_or_else(|| w.none.to_owned())));
    fact(w.engine, p.engine.clone());
    fact(w.round, p.round.map(|round| round.to_string()));
    let plan = if p.plan.is_empty() || p.plan == "heads" { w.no_plan.to_owned() } else { p.plan.clone() };
    fact(w.plan, Some(plan));
    fact(w.newest, p.as_of.map(|t| moment(t, view.words)));
    fact(w.made_at, Some(moment(p.made_at, view.words)));
    fact(w.schema, Some(view.document.schema_version.to_string()));
    facts
}

/// One line under the title.
pub(super) fn byline(view: &View<'_>) -> Vec<String> {
    let (p, b, w) = (&view.document.provenance, &view.document.behavior, &view.words.top);
    let mut parts = Vec::new();
    parts.extend(p.as_of.map(|t| fill(w.as_of, &[&date(t, view.words)])));
    parts.push(fill(w.made_at, &[&date(p.made_at, view.words)]));
    parts.push(counted(w.texts, b.texts));
    if b.events != b.texts {
        parts.push(counted(w.events, b.events));
    }
    parts.push(match &p.model {
        Some(hash) => fill(w.model, &[&hash.chars().take(8).collect::<String>()]),
        None => w.no_model.to_owned(),
    });
    parts.extend(p.round.map(|round| fill(w.round, &[&round.to_string()])));
    parts
}

/// The persona's sentences as one paragraph.
pub(super) fn persona(view: &View<'_>) -> String {
    view.clauses().iter().map(|c| c.text.as_str()).collect::<Vec<_>>().join(view.between())
}
