//! What the person is about.

use super::frame::origin;
use super::html::{aside, badge, card, data, escape, folded, section as section_of};
use super::number::{count, counted, percent};
use super::taxonomy::{Line, Topic, topics};
use super::words::fill;
use super::{View, draw, evidence};

/// Lines of one dimension that are shown at once; the others fold away.
const AT_ONCE: usize = 8;

/// Shares that differ by less than this, or by less than a tenth, have not moved.
const MOVED: f64 = 0.02;

/// Which way a share goes: the newer texts' against all texts'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trend {
    Rising,
    Falling,
    Steady,
}

impl Trend {
    pub(super) fn of(share: f64, recent: f64) -> Self {
        let moved = recent - share;
        if moved.abs() < MOVED.max(0.1 * share) {
            Self::Steady
        } else if moved > 0.0 {
            Self::Rising
        } else {
            Self::Falling
        }
    }

    pub(super) fn arrow(self) -> &'static str {
        match self {
            Self::Rising => "↑",
            Self::Falling => "↓",
            Self::Steady => "→",
        }
    }

    pub(super) fn name(self, view: &View<'_>) -> &'static str {
        match self {
            Self::Rising => view.words.sure.rising,
            Self::Falling => view.words.sure.falling,
            Self::Steady => view.words.sure.steady,
        }
    }
}

pub(super) fn section(view: &View<'_>) -> String {
    let words = view.words;
    let topics = topics(view);
    if topics.is_empty() {
        let nothing = format!("<p>{}</p>", escape(words.top.nothing));
        return section_of("interests", words.sections.interests, &card("", "", &nothing));
    }
    let cards: String = topics.iter().map(|topic| card_of(view, topic)).collect();
    let inside = format!("<p class=\"hint\">{}</p><div class=\"grid\">{cards}</div>", escape(words.sure.fades));
    section_of("interests", words.sections.interests, &inside)
}

fn card_of(view: &View<'_>, topic: &Topic<'_>) -> String {
    let title = format!("{} {}", data(&topic.name), origin(view, topic.origin));
    let rows: Vec<String> = topic.lines.iter().map(|line| row(view, topic, line)).collect();
    let (now, later) = rows.split_at(rows.len().min(AT_ONCE));
    let mut inside = format!("<ul class=\"rows\">{}</ul>", now.concat());
    if !later.is_empty() {
        let summary = escape(&fill(view.words.top.more, &[&count(later.len())]));
        inside.push_str(&folded(&summary, &format!("<ul class=\"rows\">{}</ul>", later.concat())));
    }
    card("", &title, &inside)
}

fn row(view: &View<'_>, topic: &Topic<'_>, line: &Line<'_>) -> String {
    let words = view.words;
    let path = line.path.iter().map(|name| data(name)).collect::<Vec<_>>().join(" <span class=\"step\">›</span> ");
    let depth = line.depth.min(3);
    let Some(interest) = line.interest else {
        let share = percent(line.share);
        return format!(
            "<li class=\"row d{depth} level\"><span class=\"what\">{path}</span>{}<span class=\"much\">{share}</span>\
             <span class=\"how\">{}</span></li>",
            draw::bar("soft", line.share, 0.0),
            escape(words.sure.below)
        );
    };
    let badge = if interest.origin == topic.origin { String::new() } else { origin(view, interest.origin) };
    let seen = interest.texts > 0 || interest.share > 0.0;
    let mut how = vec![words.sure(interest.confidence, interest.origin).to_owned()];
    how.push(if seen { counted(words.top.texts, interest.texts) } else { words.sure.no_share.to_owned() });
    let trend = if seen && view.document.behavior.timed > 0 { arrow(view, line) } else { String::new() };
    format!(
        "<li class=\"row d{depth}\"><span class=\"what\">{path} {badge}</span>{}<span class=\"much\">{}{trend}</span>\
         <span class=\"how\">{}</span>{}</li>",
        draw::bar("", line.share, interest.confidence),
        percent(line.share),
        escape(&how.join(" · ")),
        evidence::folded(view, &view.places(&interest.evidence))
    )
}

fn arrow(view: &View<'_>, line: &Line<'_>) -> String {
    let trend = Trend::of(line.share, line.recent);
    let (arrow, name) = (trend.arrow(), trend.name(view));
    let class = if trend == Trend::Steady { "trend steady" } else { "trend" };
    format!(
        " <span class=\"{class}\" title=\"{}\"><span aria-hidden=\"true\">{arrow}</span>{}</span>",
        escape(name),
        aside(name)
    )
}

/// The badge of what is shown by consent only.
pub(super) fn sensitive(view: &View<'_>) -> String {
    badge("sensitive", view.words.top.sensitive)
}
