//! Words, languages, style, and whom the texts mention.

use super::html::{card, data, escape, pairs, section};
use super::number::{counted, language, percent, unit};
use super::words::fill;
use super::{View, draw, evidence, facts};
use crate::profile::{Keyword, LanguageShare, Tie};

/// How many sizes words have.
const SIZES: f64 = 4.0;

/// The colours of the languages, largest first.
const COLOURS: [&str; 4] = ["c1", "c3", "c5", "c8"];

pub(super) fn keywords(view: &View<'_>) -> String {
    let (all, words) = (&view.document.keywords, view.words);
    if all.is_empty() {
        return String::new();
    }
    let largest = all.iter().map(|k| k.score).filter(|s| s.is_finite()).fold(0.0, f64::max);
    let chip = |k: &Keyword| {
        let used = counted(words.style.used, k.count as usize);
        let size = size(k.score, largest);
        format!("<li class=\"z{size}\" title=\"{}\">{}{}</li>", escape(&used), data(&k.term), super::html::aside(&used))
    };
    let chips: String = all.iter().map(chip).collect();
    let places: Vec<usize> = all.iter().flat_map(|k| k.evidence.iter().copied()).collect();
    let inside = format!("<ul class=\"chips\">{chips}</ul>{}", evidence::folded(view, &view.places(&places)));
    section("keywords", words.sections.keywords, &card("", "", &inside))
}

/// 1 to [`SIZES`]: larger for larger scores.
fn size(score: f64, largest: f64) -> u8 {
    let share = if largest > 0.0 { unit(score / largest) } else { 1.0 };
    ((share * SIZES).ceil() as u8).max(1)
}

pub(super) fn languages(view: &View<'_>) -> String {
    let (all, words) = (&view.document.languages, view.words);
    if all.is_empty() {
        return String::new();
    }
    let coloured = || all.iter().zip(COLOURS.iter().cycle());
    let drawn: Vec<(&str, f64)> = coloured().map(|(l, &class)| (class, l.share)).collect();
    let entry = |(l, class): (&LanguageShare, &&str)| {
        format!("<li><i class=\"{class}\"></i>{} {}</li>", escape(language(l.language, words)), percent(l.share))
    };
    let legend: String = coloured().map(entry).collect();
    let places: Vec<usize> = all.iter().flat_map(|l| l.evidence.iter().copied()).collect();
    let inside = format!(
        "{}<ul class=\"legend\">{legend}</ul>{}",
        draw::stacked(&drawn),
        evidence::folded(view, &view.places(&places))
    );
    section("languages", words.sections.languages, &card("", "", &inside))
}

pub(super) fn style(view: &View<'_>) -> String {
    let rows: Vec<(String, String)> = facts::style(view).iter().map(|(n, v)| (escape(n), escape(v))).collect();
    section("style", view.words.sections.style, &card("columns", "", &pairs(&rows)))
}

pub(super) fn social(view: &View<'_>) -> String {
    let (s, words) = (&view.document.behavior.social, view.words);
    if s.people == 0 && s.replies <= 0.0 {
        return String::new();
    }
    let summary = social_summary(view);
    let row = |tie: &Tie| {
        format!(
            "<li class=\"row\"><span class=\"what\">{}</span>{}<span class=\"much\">{}</span><span class=\"how\">{}</span></li>",
            data(&format!("@{}", tie.name)),
            draw::bar("", tie.strength, 1.0),
            percent(tie.strength),
            escape(&counted(words.top.texts, tie.texts))
        )
    };
    let rows: String = s.ties.iter().map(row).collect();
    let ties = if rows.is_empty() {
        rows
    } else {
        format!("<p class=\"how\">{}</p><ul class=\"rows\">{rows}</ul>", escape(words.style.ties))
    };
    let inside = format!("<p>{}</p>{ties}", escape(&summary));
    section("social", words.sections.social, &card("", "", &inside))
}

/// How many people, how many replies.
pub(super) fn social_summary(view: &View<'_>) -> String {
    let (s, w) = (&view.document.behavior.social, &view.words.style);
    [counted(w.people, s.people), fill(w.replies, &[&percent(s.replies)])].join(" · ")
}
