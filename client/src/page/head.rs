//! What stands at the top: whose, when, how complete, and the persona.

use super::evidence::list;
use super::html::{card, data, escape, folded, section};
use super::number::percent;
use super::{View, draw, facts};
use crate::persona::{Clause, PersonaLanguage};

impl<'d> View<'d> {
    /// The persona's sentences.
    pub(super) fn clauses(&self) -> &'d [Clause] {
        match self.language {
            PersonaLanguage::Zh => &self.document.persona.zh,
            PersonaLanguage::En => &self.document.persona.en,
        }
    }

    /// What stands between two of them.
    pub(super) fn between(&self) -> &'static str {
        match self.language {
            PersonaLanguage::Zh => "",
            PersonaLanguage::En => " ",
        }
    }
}

/// The header with the ring and the links to the sections; `title` is HTML.
pub(super) fn head(view: &View<'_>, title: &str) -> String {
    let words = view.words;
    let score = percent(view.document.completeness.score);
    let ring = draw::ring(view.document.completeness.score, &score, &super::words::fill(words.top.ring, &[&score]));
    let byline: String = facts::byline(view).iter().map(|part| format!("<li>{}</li>", escape(part))).collect();
    format!(
        "<header><div><p class=\"kicker\">{}</p><h1>{title}</h1><ul class=\"byline\">{byline}</ul></div>\
         <figure>{ring}<figcaption aria-hidden=\"true\">{}</figcaption></figure></header>\n{}",
        escape(words.top.kicker),
        escape(words.top.complete),
        links(view)
    )
}

fn links(view: &View<'_>) -> String {
    let (document, s) = (view.document, &view.words.sections);
    let all = [
        ("persona", s.persona, true),
        ("interests", s.interests, true),
        ("sentiment", s.sentiment, true),
        ("behavior", s.behavior, true),
        ("demographics", s.demographics, !document.demographics.is_empty()),
        ("psychographics", s.psychographics, !document.psychographics.is_empty()),
        ("keywords", s.keywords, !document.keywords.is_empty()),
        ("completeness", s.completeness, true),
        ("provenance", s.provenance, true),
    ];
    let link = |&(id, name, _): &(&str, &str, bool)| format!("<li><a href=\"#{id}\">{}</a></li>", escape(name));
    let items: String = all.iter().filter(|link| link.2).map(link).collect();
    format!("<nav aria-label=\"{}\"><ul>{items}</ul></nav>\n", escape(view.words.top.parts))
}

/// The persona, with what each sentence rests on.
pub(super) fn persona(view: &View<'_>) -> String {
    let words = view.words;
    let text = facts::persona(view);
    if text.is_empty() {
        let nothing = format!("<p>{}</p>", escape(words.top.nothing));
        return section("persona", words.sections.persona, &card("", "", &nothing));
    }
    let row = |clause: &Clause| {
        let places = view.behind(&clause.field);
        let quotes = if places.is_empty() { String::new() } else { list(view, &places) };
        (!places.is_empty()).then(|| format!("<li><p>{}</p>{quotes}</li>", data(&clause.text)))
    };
    let rows: String = view.clauses().iter().filter_map(row).collect();
    let rests = if rows.is_empty() {
        rows
    } else {
        folded(&escape(words.top.rests_on), &format!("<ol class=\"clauses\">{rows}</ol>"))
    };
    let inside = format!("<p class=\"lead\">{}</p>{rests}", data(&text));
    section("persona", words.sections.persona, &card("", "", &inside))
}
