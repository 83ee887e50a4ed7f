//! How the texts feel.

use super::html::{badge, card, data, escape, section as section_of};
use super::number::{count, counted, date, percent, signed};
use super::words::{Words, fill};
use super::{View, draw, evidence};
use crate::profile::{Aspect, Origin, SentimentSource, TrendPoint};

/// Aspects listed.
const ASPECTS: usize = 10;

pub(super) fn section(view: &View<'_>) -> String {
    let (s, words) = (&view.document.sentiment, view.words);
    if s.confidence <= 0.0 && s.trend.is_empty() && s.positive + s.negative + s.neutral <= 0.0 {
        let nothing = format!("<p>{}</p>", escape(words.top.nothing));
        return section_of("sentiment", words.sections.sentiment, &card("", "", &nothing));
    }
    let cards = [whole(view), trend(view), aspects(view)].concat();
    section_of("sentiment", words.sections.sentiment, &format!("<div class=\"grid\">{cards}</div>"))
}

/// Who judged, as if it were the origin of a line.
pub(super) fn judge(view: &View<'_>) -> Origin {
    match view.document.sentiment.source {
        SentimentSource::Lexicon => Origin::Words,
        SentimentSource::Model => Origin::Model,
    }
}

fn whole(view: &View<'_>) -> String {
    let (s, words) = (&view.document.sentiment, view.words);
    let parts = parts(view);
    let legend: String = parts
        .iter()
        .map(|(class, name, share)| format!("<li><i class=\"{class}\"></i>{} {}</li>", escape(name), percent(*share)))
        .collect();
    let class = if judge(view) == Origin::Model { "model" } else { "seen" };
    let title = format!("{} {}", escape(words.mood.mean), badge(class, words.source(s.source)));
    let inside = format!(
        "<p class=\"big\">{}</p>{}<p class=\"how\">{}</p>{}<ul class=\"legend\">{legend}</ul>{}",
        signed(s.mean),
        draw::diverging(s.mean),
        escape(&how(view)),
        draw::stacked(&parts.map(|(class, _, share)| (class, share))),
        evidence::folded(view, &view.places(&s.evidence))
    );
    card("", &title, &inside)
}

/// How sure the whole is, and on how many texts.
pub(super) fn how(view: &View<'_>) -> String {
    let words = view.words;
    let sure = words.sure(view.document.sentiment.confidence, judge(view));
    let scale = fill(words.mood.scale, &[&signed(view.document.sentiment.mean)]);
    format!("{scale} · {sure} · {}", counted(words.top.texts, view.document.behavior.texts))
}

/// The three shares with their classes and names.
pub(super) fn parts(view: &View<'_>) -> [(&'static str, &'static str, f64); 3] {
    let (s, w) = (&view.document.sentiment, &view.words.mood);
    [("plus", w.positive, s.positive), ("c8", w.neutral, s.neutral), ("minus", w.negative, s.negative)]
}

fn trend(view: &View<'_>) -> String {
    let (points, words) = (&view.document.sentiment.trend, view.words);
    let Some(label) = course(points, words) else { return String::new() };
    let point = |p: &TrendPoint| draw::Point { at: p.start, value: p.mean, tip: tip(p, words) };
    let drawn: Vec<_> = points.iter().map(point).collect();
    let ends = [points.first(), points.last()].map(|p| p.map(|p| date(p.start, words)).unwrap_or_default());
    let ends = if points.len() > 1 { [ends[0].as_str(), ends[1].as_str()] } else { [ends[0].as_str(), ""] };
    card("", &escape(words.mood.trend), &draw::course(&drawn, ends, &label))
}

fn tip(point: &TrendPoint, words: &Words) -> String {
    let texts = counted(words.top.texts, point.texts);
    fill(words.mood.point, &[&date(point.start, words), &signed(point.mean), &texts])
}

/// The trend in a sentence; none without points.
pub(super) fn course(points: &[TrendPoint], words: &Words) -> Option<String> {
    let (first, last) = (points.first()?, points.last()?);
    let lowest = points.iter().map(|p| p.mean).fold(f64::INFINITY, f64::min);
    let highest = points.iter().map(|p| p.mean).fold(f64::NEG_INFINITY, f64::max);
    let means = [first.mean, last.mean, lowest, highest].map(signed);
    let [from, to] = [first, last].map(|p| date(p.start, words));
    Some(fill(words.mood.course, &[&from, &to, &means[0], &means[1], &means[2], &means[3]]))
}

fn aspects(view: &View<'_>) -> String {
    let (all, words) = (&view.document.sentiment.aspects, view.words);
    if all.is_empty() {
        return String::new();
    }
    let row = |aspect: &Aspect| {
        format!(
            "<li class=\"row\"><span class=\"what\">{}</span>{}<span class=\"much\">{}</span><span class=\"how\">{}</span></li>",
            data(&name(view, aspect)),
            draw::diverging(aspect.mean),
            signed(aspect.mean),
            escape(&counted(words.top.texts, aspect.texts))
        )
    };
    let rows: Vec<String> = all.iter().map(row).collect();
    let (now, later) = rows.split_at(rows.len().min(ASPECTS));
    let mut inside = format!("<ul class=\"rows\">{}</ul>", now.concat());
    if !later.is_empty() {
        let summary = escape(&fill(words.top.more, &[&count(later.len())]));
        inside.push_str(&super::html::folded(&summary, &format!("<ul class=\"rows\">{}</ul>", later.concat())));
    }
    card("wide", &escape(words.mood.aspects), &inside)
}

/// What an aspect is called.
pub(super) fn name(view: &View<'_>, aspect: &Aspect) -> String {
    match aspect.field.split_once('.') {
        Some((_, head)) => view.names.label(head, &aspect.label, None),
        None => aspect.label.clone(),
    }
}
