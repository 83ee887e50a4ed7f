//! The English sentences.

use silhouette_text::Language;

use super::{Grammar, Named, Strength, Tone, percent};
use crate::profile::{ProfileDocument, SentimentSource};

pub(super) struct English;

const DAYS: [&str; 7] = ["Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"];

/// `a`, `a and b`, `a, b and c`.
fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

impl Grammar for English {
    fn too_little(&self, texts: usize) -> String {
        match texts {
            0 => "There are no texts yet, so there is nothing to say.".into(),
            1 => "There is only one text so far, too little to say much.".into(),
            n => format!("There are only {n} texts so far, too little to say much."),
        }
    }

    fn interests(&self, head: &str, strength: Strength, labels: &[Named<'_>]) -> String {
        let named: Vec<_> = labels.iter().map(|i| format!("{} ({}%)", i.name, percent(i.share))).collect();
        let how = match strength {
            Strength::Clear => "clearly",
            Strength::Likely => "probably",
            Strength::Perhaps => "perhaps",
        };
        format!("By {}, this person is {how} about {}.", head.replace(['_', '-'], " "), list(&named))
    }

    fn tone(&self, tone: Tone, document: &ProfileDocument) -> String {
        let s = &document.sentiment;
        let strength = Strength::of(s.confidence);
        let tone = match tone {
            Tone::Positive => "positive",
            Tone::Balanced => "balanced",
            Tone::Negative => "negative",
        };
        let how = match strength {
            Strength::Clear => "The tone is",
            Strength::Likely => "The tone seems",
            Strength::Perhaps => "The tone may be",
        };
        let judge = match s.source {
            SentimentSource::Lexicon => ", going by a word list",
            SentimentSource::Model => "",
        };
        format!("{how} {tone} ({}% of texts positive, {}% negative{judge}).", percent(s.positive), percent(s.negative))
    }

    fn keywords(&self, words: &[&str]) -> String {
        format!("Typical words are {}.", list(&words.iter().map(|&w| w.to_owned()).collect::<Vec<_>>()))
    }

    fn languages(&self, document: &ProfileDocument) -> Option<String> {
        let name = |language| match language {
            Language::Zh => "Chinese",
            Language::En => "English",
            Language::Mixed => "both mixed",
            Language::Other => "other languages",
        };
        let shares: Vec<_> = document.languages.iter().filter(|l| l.share >= 0.05).collect();
        let named: Vec<_> = shares.iter().map(|l| format!("{} ({}%)", name(l.language), percent(l.share))).collect();
        match shares.as_slice() {
            [] => None,
            [only] => Some(format!("The texts are in {}.", name(only.language))),
            _ => Some(format!("The texts are in {}.", list(&named))),
        }
    }

    fn rhythm(&self, hours: &[u8], weekday: Option<usize>, per_week: f64) -> String {
        let hours: Vec<_> = hours.iter().map(|h| format!("{h}:00")).collect();
        let day = weekday.map_or_else(String::new, |d| format!(", most of all on {}", DAYS[d]));
        format!("Active around {} UTC{day}; about {per_week:.1} entries a week.", list(&hours))
    }

    fn rating(&self, mean: f64) -> String {
        format!("Ratings given average {mean:.1}.")
    }
}
