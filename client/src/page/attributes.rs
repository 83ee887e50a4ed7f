//! What holds of the person as a whole.

use super::frame::origin;
use super::html::{card, data, escape, section};
use super::number::{counted, percent};
use super::{View, draw, evidence, interests};
use crate::profile::{Attribute, LabelShare, Origin};

/// Labels of a distribution that are shown.
const LABELS: usize = 5;

pub(super) fn demographics(view: &View<'_>) -> String {
    let title = view.words.sections.demographics;
    section("demographics", title, &cards(view, &view.document.demographics))
}

pub(super) fn psychographics(view: &View<'_>) -> String {
    let title = view.words.sections.psychographics;
    section("psychographics", title, &cards(view, &view.document.psychographics))
}

fn cards(view: &View<'_>, attributes: &[Attribute]) -> String {
    if attributes.is_empty() {
        return String::new();
    }
    let cards: String = attributes.iter().map(|attribute| card_of(view, attribute)).collect();
    format!("<div class=\"grid small\">{cards}</div>")
}

fn card_of(view: &View<'_>, a: &Attribute) -> String {
    let sensitive = if a.sensitive { interests::sensitive(view) } else { String::new() };
    let title = data(&view.names.dimension(&a.name, Some(&a.shown)));
    let score = a.score.map_or_else(String::new, draw::scale);
    let why = if a.sensitive && !said(a) {
        format!("<p class=\"how\">{}</p>", escape(view.words.top.sensitive_why))
    } else {
        String::new()
    };
    let inside = format!(
        "<p class=\"big\">{}</p><p class=\"badges\">{} {sensitive}</p>{score}{}<p class=\"how\">{}</p>{why}{}",
        data(&value(view, a)),
        origin(view, a.origin),
        distribution(view, a),
        escape(&how(view, a)),
        evidence::folded(view, &view.places(&a.evidence))
    );
    card("", &title, &inside)
}

/// Whether the owner says so.
pub(super) fn said(a: &Attribute) -> bool {
    matches!(a.origin, Origin::Declared | Origin::Corrected)
}

/// The value as it is shown.
pub(super) fn value(view: &View<'_>, a: &Attribute) -> String {
    view.names.label(&a.name, &a.value, Some(&a.shown))
}

/// How far it can be relied on, and what it rests on.
pub(super) fn how(view: &View<'_>, a: &Attribute) -> String {
    let sure = view.words.sure(a.confidence, a.origin);
    let words = if a.origin == Origin::Events { view.words.top.events } else { view.words.top.texts };
    let score = a.score.map(percent);
    let rests = (a.texts > 0).then(|| counted(words, a.texts));
    [Some(sure.to_owned()), score, rests].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// The likeliest labels of a distribution.
pub(super) fn likeliest(a: &Attribute) -> &[LabelShare] {
    &a.distribution[..a.distribution.len().min(LABELS)]
}

fn distribution(view: &View<'_>, a: &Attribute) -> String {
    if a.distribution.is_empty() {
        return String::new();
    }
    let row = |l: &LabelShare| {
        let beside = (l.label == a.value).then_some(&a.shown);
        format!(
            "<li class=\"row\"><span class=\"what\">{}</span>{}<span class=\"much\">{}</span></li>",
            data(&view.names.label(&a.name, &l.label, beside)),
            draw::bar("", l.share, if said(a) { 0.0 } else { a.confidence }),
            percent(l.share)
        )
    };
    format!("<ul class=\"rows thin\">{}</ul>", likeliest(a).iter().map(row).collect::<String>())
}
