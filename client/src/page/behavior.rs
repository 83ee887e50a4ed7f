//! What the person did and when.

use super::draw::{self, Column};
use super::html::{card, data, escape, folded, pairs, section as section_of};
use super::number::{count, decimal, percent};
use super::words::fill;
use super::{View, evidence, facts};
use crate::profile::CategoryShare;

/// Categories listed at once.
const CATEGORIES: usize = 8;

pub(super) fn section(view: &View<'_>) -> String {
    let words = view.words;
    if view.document.behavior.events == 0 {
        let nothing = format!("<p>{}</p>", escape(words.top.nothing));
        return section_of("behavior", words.sections.behavior, &card("", "", &nothing));
    }
    let cards = [hours(view), weekdays(view), figures(view), categories(view), ratings(view), next(view), back(view)];
    let places = evidence::folded(view, &view.places(&view.document.behavior.evidence));
    let places = card("wide plain", "", &places);
    section_of("behavior", words.sections.behavior, &format!("<div class=\"grid\">{}{places}</div>", cards.concat()))
}

fn hours(view: &View<'_>) -> String {
    let (b, w) = (&view.document.behavior, &view.words.doings);
    let counts: Vec<usize> = b.hours.iter().copied().take(24).collect();
    let columns = columns(
        &counts,
        |hour| hour_name(hour, hour % 3 == 0),
        |hour| format!("{hour}:00"),
        |hour| b.busiest_hours.iter().any(|&h| usize::from(h) == hour),
    );
    let busiest: Vec<String> = b.busiest_hours.iter().map(|hour| format!("{hour}:00")).collect();
    let label = fill(w.hours_of, &[&busiest.join(view.words.comma)]);
    chart(view, w.hours, &columns, 18.0, &label)
}

fn hour_name(hour: usize, named: bool) -> String {
    if named { hour.to_string() } else { String::new() }
}

fn weekdays(view: &View<'_>) -> String {
    let (b, w) = (&view.document.behavior, &view.words.doings);
    let day = |day: usize| view.words.days[day].to_owned();
    let counts: Vec<usize> = b.weekdays.iter().copied().take(7).collect();
    let most = (0..counts.len()).rev().max_by_key(|&day| counts[day]).unwrap_or(0);
    let strong = b.busiest_weekday();
    let columns = columns(&counts, day, day, |day| strong == Some(day));
    chart(view, w.weekdays, &columns, 62.0, &fill(w.weekdays_of, &[view.words.days[most]]))
}

fn columns(
    counts: &[usize],
    below: impl Fn(usize) -> String,
    name: impl Fn(usize) -> String,
    strong: impl Fn(usize) -> bool,
) -> Vec<Column> {
    let total = counts.iter().sum::<usize>().max(1) as f64;
    let column = |(i, &n): (usize, &usize)| Column {
        below: below(i),
        tip: format!("{} · {} · {}", name(i), count(n), percent(n as f64 / total)),
        count: n,
        strong: strong(i),
    };
    counts.iter().enumerate().map(column).collect()
}

/// A chart in its card; nothing where nothing was counted.
fn chart(view: &View<'_>, title: &str, columns: &[Column], width: f64, label: &str) -> String {
    if columns.iter().all(|column| column.count == 0) {
        return String::new();
    }
    let title = format!("{} <small>{}</small>", escape(title), escape(view.words.doings.utc));
    card("chart", &title, &draw::columns(columns, width, label))
}

fn figures(view: &View<'_>) -> String {
    let rows: Vec<(String, String)> =
        facts::behavior(view).iter().map(|(name, value)| (data(name), data(value))).collect();
    card("wide", &escape(view.words.doings.facts), &pairs(&rows))
}

fn categories(view: &View<'_>) -> String {
    let (all, words) = (&view.document.behavior.categories, view.words);
    if all.is_empty() {
        return String::new();
    }
    let row = |c: &CategoryShare| {
        let rated = c.mean_rating.map(|mean| fill(words.doings.rated, &[&decimal(mean, 1)]));
        let how = [Some(super::number::counted(words.top.events, c.events)), rated];
        format!(
            "<li class=\"row\"><span class=\"what\">{}</span>{}<span class=\"much\">{}</span><span class=\"how\">{}</span></li>",
            data(&view.names.label("category", &c.category, None)),
            draw::bar("", c.share, 1.0),
            percent(c.share),
            escape(&how.into_iter().flatten().collect::<Vec<_>>().join(" · "))
        )
    };
    let rows: Vec<String> = all.iter().map(row).collect();
    let (now, later) = rows.split_at(rows.len().min(CATEGORIES));
    let mut inside = format!("<ul class=\"rows\">{}</ul>", now.concat());
    if !later.is_empty() {
        let summary = escape(&fill(words.top.more, &[&count(later.len())]));
        inside.push_str(&folded(&summary, &format!("<ul class=\"rows\">{}</ul>", later.concat())));
    }
    card("", &escape(words.doings.categories), &inside)
}

fn ratings(view: &View<'_>) -> String {
    let Some(sentence) = facts::ratings(view) else { return String::new() };
    let parts = facts::rating_parts(view);
    let legend: String = parts
        .iter()
        .map(|(class, name, share)| format!("<li><i class=\"{class}\"></i>{} {}</li>", escape(name), percent(*share)))
        .collect();
    let drawn: Vec<(&str, f64)> = parts.iter().map(|&(class, _, share)| (class, share)).collect();
    let inside = format!("<p>{}</p>{}<ul class=\"legend\">{legend}</ul>", escape(&sentence), draw::stacked(&drawn));
    card("", &escape(view.words.doings.ratings), &inside)
}

/// The likeliest next category, and whether asking for it is any use.
fn next(view: &View<'_>) -> String {
    let (Some(next), w) = (&view.document.behavior.next_category, &view.words.doings) else { return String::new() };
    let name = view.names.label("category", &next.category, None);
    let sentence =
        super::html::filled(w.next_of, &[&format!("<strong>{}</strong>", data(&name)), &percent(next.probability)]);
    let row = |name: &str, share: f64, class: &str| {
        format!(
            "<li class=\"row\"><span class=\"what\">{}</span>{}<span class=\"much\">{}</span></li>",
            escape(name),
            draw::bar(class, share, 1.0),
            percent(share)
        )
    };
    let rows = row(w.hit, next.hit_rate, "") + &row(w.most_frequent, next.baseline, "soft");
    let hits = fill(w.hits, &[&percent(next.hit_rate), &percent(next.baseline)]);
    let light = if next.hit_rate > next.baseline {
        String::new()
    } else {
        format!("<p class=\"warning\">{}</p>", escape(w.no_better))
    };
    let inside = format!(
        "<p class=\"big\">{sentence}</p><ul class=\"rows\">{rows}</ul><p class=\"how\">{}</p>{light}",
        escape(&hits)
    );
    card("", &escape(w.next), &inside)
}

fn back(view: &View<'_>) -> String {
    let sentences: String = facts::back(view).iter().map(|s| format!("<p>{}</p>", escape(s))).collect();
    card("", &escape(view.words.doings.back), &sentences)
}
