//! What changed, what is missing, and what made the profile.

use super::html::{card, data, escape, pairs, section};
use super::number::{decimal, percent};
use super::words::fill;
use super::{View, draw, facts};
use crate::profile::Gap;

pub(super) fn drift(view: &View<'_>) -> String {
    let all = facts::drift(view);
    if all.is_empty() {
        return String::new();
    }
    let words = view.words;
    let row = |(bits, how, sentence): &(f64, &'static str, String)| {
        format!(
            "<li class=\"row long\"><span class=\"what\">{}</span>{}<span class=\"much\">{}</span><span class=\"how\">{}</span></li>",
            data(sentence),
            draw::bar("", *bits, 1.0),
            decimal(*bits, 2),
            escape(how)
        )
    };
    let rows: String = all.iter().map(row).collect();
    let inside = format!("<p class=\"how\">{}</p><ul class=\"rows\">{rows}</ul>", escape(words.made.drift_how));
    section("drift", words.sections.drift, &card("", "", &inside))
}

pub(super) fn completeness(view: &View<'_>) -> String {
    let (c, words) = (&view.document.completeness, view.words);
    let chips: String = c.filled.iter().map(|field| format!("<li>{}</li>", data(&view.names.field(field)))).collect();
    let filled = card(
        "",
        &escape(words.needs.filled),
        &if chips.is_empty() { String::new() } else { format!("<ul class=\"chips done\">{chips}</ul>") },
    );
    let gap = |gap: &Gap| {
        format!(
            "<li><strong>{}</strong><span>{}</span><small>{}</small></li>",
            data(&view.names.field(&gap.field)),
            escape(words.need(gap.needs)),
            escape(&fill(words.needs.worth, &[&percent(gap.weight)]))
        )
    };
    let gaps = if c.gaps.is_empty() {
        format!("<p>{}</p>", escape(words.needs.full))
    } else {
        format!("<ul class=\"gaps\">{}</ul>", c.gaps.iter().map(gap).collect::<String>())
    };
    let inside = format!("<div class=\"grid\">{filled}{}</div>", card("", &escape(words.needs.gaps), &gaps));
    section("completeness", words.sections.completeness, &inside)
}

pub(super) fn provenance(view: &View<'_>) -> String {
    let rows: Vec<(String, String)> = facts::provenance(view).iter().map(|(n, v)| (escape(n), data(v))).collect();
    section("provenance", view.words.sections.provenance, &card("", "", &pairs(&rows)))
}
