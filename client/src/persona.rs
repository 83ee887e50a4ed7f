//! The profile in sentences, Chinese and English.
//!
//! A fixed grammar: the same profile gives the same words, each clause says which field it stands
//! on, and nothing is said that no field says. How strongly a thing is put follows the confidence of
//! its field; with too few texts the persona says so and stops.

mod chinese;
mod english;
mod names;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use silhouette_privacy::Private;

use crate::profile::{Interest, ProfileDocument};

/// Fewer texts than this say too little.
pub const MIN_TEXTS: usize = 5;

/// Longest persona, in characters: a short paragraph in either language.
pub const MAX_CHARS: usize = 600;

/// Labels of one head named in a clause.
const LABELS_NAMED: usize = 3;

/// A label below this share is not worth a word.
const WORTH_NAMING: f64 = 0.1;

/// Below this confidence a field is not put into words at all.
const WORTH_SAYING: f64 = 0.05;

/// Keywords named.
const KEYWORDS_NAMED: usize = 6;

/// The language of a persona.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonaLanguage {
    /// Chinese, simplified.
    Zh,
    /// English.
    En,
}

/// One sentence and what it stands on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Clause {
    /// The sentence.
    pub text: String,
    /// The profile's field, such as `interests.topic` or `behavior.busiest_hours`.
    pub field: String,
}

/// A persona: clauses in the order they are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Persona {
    /// The clauses.
    pub clauses: Vec<Clause>,
    language: PersonaLanguage,
}

impl Persona {
    /// All clauses as one paragraph.
    pub fn text(&self) -> String {
        let between = match self.language {
            PersonaLanguage::Zh => "",
            PersonaLanguage::En => " ",
        };
        self.clauses.iter().map(|c| c.text.as_str()).collect::<Vec<_>>().join(between)
    }
}

/// How strongly a thing is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strength {
    Clear,
    Likely,
    Perhaps,
}

impl Strength {
    fn of(confidence: f64) -> Self {
        if confidence >= 0.6 {
            Self::Clear
        } else if confidence >= 0.3 {
            Self::Likely
        } else {
            Self::Perhaps
        }
    }
}

/// Which way the tone leans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    Positive,
    Balanced,
    Negative,
}

impl Tone {
    fn of(mean: f64) -> Self {
        // A tenth of the scale: lexicon means of ordinary texts stay within it.
        if mean > 0.1 {
            Self::Positive
        } else if mean < -0.1 {
            Self::Negative
        } else {
            Self::Balanced
        }
    }
}

/// A label under the name of the persona's language.
struct Named<'d> {
    name: &'d str,
    share: f64,
}

/// What each language has to say.
trait Grammar {
    fn too_little(&self, texts: usize) -> String;
    fn interests(&self, head: &str, strength: Strength, labels: &[Named<'_>]) -> String;
    fn tone(&self, tone: Tone, document: &ProfileDocument) -> String;
    fn keywords(&self, words: &[&str]) -> String;
    fn languages(&self, document: &ProfileDocument) -> Option<String>;
    fn rhythm(&self, hours: &[u8], weekday: Option<usize>, per_week: f64) -> String;
    fn rating(&self, mean: f64) -> String;
}

/// The persona of a profile, at most [`MAX_CHARS`] long. As private as the profile it was made of.
pub fn persona(document: &ProfileDocument, language: PersonaLanguage) -> Private<Persona> {
    Private::new(compose(document, language))
}

/// The sentences themselves, for the profile that keeps them.
pub(crate) fn compose(document: &ProfileDocument, language: PersonaLanguage) -> Persona {
    let grammar: &dyn Grammar = match language {
        PersonaLanguage::Zh => &chinese::Chinese,
        PersonaLanguage::En => &english::English,
    };
    let mut clauses = Vec::new();
    if document.behavior.texts < MIN_TEXTS {
        push(&mut clauses, "behavior.texts", grammar.too_little(document.behavior.texts));
    } else {
        interests(&mut clauses, grammar, document, language);
        rest(&mut clauses, grammar, document);
    }
    bound(&mut clauses);
    Persona { clauses, language }
}

fn push(clauses: &mut Vec<Clause>, field: impl Into<String>, text: String) {
    clauses.push(Clause { text, field: field.into() });
}

fn interests(clauses: &mut Vec<Clause>, grammar: &dyn Grammar, document: &ProfileDocument, language: PersonaLanguage) {
    let mut heads: Vec<&str> = document.interests.iter().map(|i| i.head.as_str()).collect();
    heads.dedup();
    for head in heads {
        let of_head = document.interests.iter().filter(|i| i.head == head && i.texts > 0);
        let named: Vec<&Interest> = of_head.filter(|i| i.share >= WORTH_NAMING).take(LABELS_NAMED).collect();
        if let Some(first) = named.first()
            && first.confidence >= WORTH_SAYING
        {
            let labels: Vec<_> =
                named.iter().map(|i| Named { name: names::label(i, language), share: i.share }).collect();
            let text = grammar.interests(names::head(first, language), Strength::of(first.confidence), &labels);
            push(clauses, format!("interests.{head}"), text);
        }
    }
}

fn rest(clauses: &mut Vec<Clause>, grammar: &dyn Grammar, document: &ProfileDocument) {
    if document.sentiment.confidence >= WORTH_SAYING {
        push(clauses, "sentiment", grammar.tone(Tone::of(document.sentiment.mean), document));
    }
    if let Some(mean) = document.behavior.mean_rating {
        push(clauses, "behavior.mean_rating", grammar.rating(mean));
    }
    let words: Vec<&str> = document.keywords.iter().take(KEYWORDS_NAMED).map(|k| k.term.as_str()).collect();
    if !words.is_empty() {
        push(clauses, "keywords", grammar.keywords(&words));
    }
    if let Some(text) = grammar.languages(document) {
        push(clauses, "languages", text);
    }
    if let Some(per_week) = document.behavior.events_per_week
        && document.behavior.timed >= MIN_TEXTS
    {
        let weekday = document.behavior.busiest_weekday();
        let text = grammar.rhythm(&document.behavior.busiest_hours, weekday, per_week);
        push(clauses, "behavior.busiest_hours", text);
    }
}

/// Whole clauses only, as many as fit.
fn bound(clauses: &mut Vec<Clause>) {
    let mut left = MAX_CHARS;
    clauses.retain(|clause| {
        let length = clause.text.chars().count() + 1;
        let fits = length <= left;
        if fits {
            left -= length;
        }
        fits
    });
}

fn percent(share: f64) -> u32 {
    (share * 100.0).round() as u32
}

#[cfg(test)]
mod tests;
