//! The fixed words, of the page and of the terminal. Slots in braces are filled with numbers and names.

mod chinese;
mod english;

use crate::persona::PersonaLanguage;
use crate::profile::{Need, Origin, SentimentSource};

/// A word for one and for any other number.
pub(super) type Counted = [&'static str; 2];

/// Every fixed word in one language.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) lang: &'static str,
    pub(super) top: Top,
    pub(super) sections: Sections,
    pub(super) sure: Sure,
    pub(super) origins: Origins,
    pub(super) mood: Mood,
    pub(super) doings: Doings,
    pub(super) style: Style,
    pub(super) needs: Needs,
    pub(super) made: Made,
    /// Days of the week in short, Monday first.
    pub(super) days: [&'static str; 7],
    /// Months in short; empty where dates are written in figures.
    pub(super) months: [&'static str; 12],
    /// Between the parts of a line.
    pub(super) comma: &'static str,
    /// Around a quote.
    pub(super) quoted: [&'static str; 2],
    /// Kinds of events by the name used in files.
    pub(super) kinds: [(&'static str, &'static str); 8],
    /// Fields, habits, values and languages by the name used in the document.
    pub(super) names: &'static [(&'static str, &'static str)],
}

/// The head of the page and what it says of itself.
#[derive(Debug)]
pub(super) struct Top {
    pub(super) kicker: &'static str,
    pub(super) title: &'static str,
    pub(super) as_of: &'static str,
    pub(super) made_at: &'static str,
    pub(super) texts: Counted,
    pub(super) events: Counted,
    pub(super) complete: &'static str,
    pub(super) ring: &'static str,
    pub(super) no_model: &'static str,
    pub(super) model: &'static str,
    pub(super) round: &'static str,
    pub(super) nothing: &'static str,
    pub(super) why: Counted,
    pub(super) rests_on: &'static str,
    pub(super) more: &'static str,
    pub(super) sensitive: &'static str,
    pub(super) sensitive_why: &'static str,
    pub(super) footer: &'static str,
    pub(super) parts: &'static str,
}

/// Headings.
#[derive(Debug)]
pub(super) struct Sections {
    pub(super) persona: &'static str,
    pub(super) interests: &'static str,
    pub(super) sentiment: &'static str,
    pub(super) behavior: &'static str,
    pub(super) demographics: &'static str,
    pub(super) psychographics: &'static str,
    pub(super) keywords: &'static str,
    pub(super) languages: &'static str,
    pub(super) style: &'static str,
    pub(super) social: &'static str,
    pub(super) drift: &'static str,
    pub(super) completeness: &'static str,
    pub(super) provenance: &'static str,
}

/// How far a thing can be relied on, and which way it goes.
#[derive(Debug)]
pub(super) struct Sure {
    pub(super) said: &'static str,
    pub(super) clear: &'static str,
    pub(super) likely: &'static str,
    pub(super) perhaps: &'static str,
    pub(super) guess: &'static str,
    pub(super) fades: &'static str,
    pub(super) rising: &'static str,
    pub(super) falling: &'static str,
    pub(super) steady: &'static str,
    pub(super) below: &'static str,
    pub(super) no_share: &'static str,
}

/// Who says so.
#[derive(Debug)]
pub(super) struct Origins {
    declared: &'static str,
    corrected: &'static str,
    model: &'static str,
    words: &'static str,
    events: &'static str,
}

/// Sentiment.
#[derive(Debug)]
pub(super) struct Mood {
    pub(super) mean: &'static str,
    pub(super) positive: &'static str,
    pub(super) neutral: &'static str,
    pub(super) negative: &'static str,
    pub(super) scale: &'static str,
    pub(super) trend: &'static str,
    pub(super) point: &'static str,
    pub(super) course: &'static str,
    pub(super) aspects: &'static str,
    lexicon: &'static str,
    model: &'static str,
}

/// Behaviour.
#[derive(Debug)]
pub(super) struct Doings {
    pub(super) hours: &'static str,
    pub(super) hours_of: &'static str,
    pub(super) weekdays: &'static str,
    pub(super) weekdays_of: &'static str,
    pub(super) utc: &'static str,
    pub(super) facts: &'static str,
    pub(super) entries: &'static str,
    pub(super) entries_of: &'static str,
    pub(super) kinds: &'static str,
    pub(super) span: &'static str,
    pub(super) from_to: &'static str,
    pub(super) per_week: &'static str,
    pub(super) a_week: &'static str,
    pub(super) last: &'static str,
    pub(super) days_ago: &'static str,
    pub(super) length: &'static str,
    pub(super) characters: &'static str,
    pub(super) sessions: &'static str,
    pub(super) sessions_of: &'static str,
    pub(super) value: &'static str,
    pub(super) value_of: &'static str,
    pub(super) repeat: &'static str,
    pub(super) repeat_of: &'static str,
    pub(super) score: &'static str,
    pub(super) score_of: &'static str,
    pub(super) categories: &'static str,
    pub(super) rated: &'static str,
    pub(super) ratings: &'static str,
    pub(super) ratings_of: &'static str,
    pub(super) highest: &'static str,
    pub(super) between: &'static str,
    pub(super) lowest: &'static str,
    pub(super) next: &'static str,
    pub(super) next_of: &'static str,
    pub(super) hits: &'static str,
    pub(super) hit: &'static str,
    pub(super) most_frequent: &'static str,
    pub(super) no_better: &'static str,
    pub(super) back: &'static str,
    pub(super) back_of: &'static str,
    pub(super) due: &'static str,
    pub(super) silence: &'static str,
}

/// Writing and whom it mentions.
#[derive(Debug)]
pub(super) struct Style {
    pub(super) words_per_text: &'static str,
    pub(super) words_per_sentence: &'static str,
    pub(super) variety: &'static str,
    pub(super) in_a_hundred: &'static str,
    pub(super) exclamations: &'static str,
    pub(super) questions: &'static str,
    pub(super) emoji: &'static str,
    pub(super) function_words: &'static str,
    pub(super) capitals: &'static str,
    pub(super) used: Counted,
    pub(super) people: Counted,
    pub(super) replies: &'static str,
    pub(super) ties: &'static str,
}

/// What would fill a gap.
#[derive(Debug)]
pub(super) struct Needs {
    pub(super) filled: &'static str,
    pub(super) gaps: &'static str,
    pub(super) full: &'static str,
    pub(super) worth: &'static str,
    texts: &'static str,
    times: &'static str,
    categories: &'static str,
    ratings: &'static str,
    prices: &'static str,
    model: &'static str,
    consent: &'static str,
    declaration: &'static str,
}

/// Drift and provenance.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) moved: &'static str,
    pub(super) moved_how: [&'static str; 4],
    pub(super) drift_how: &'static str,
    pub(super) schema: &'static str,
    pub(super) model: &'static str,
    pub(super) engine: &'static str,
    pub(super) round: &'static str,
    pub(super) made_at: &'static str,
    pub(super) newest: &'static str,
    pub(super) plan: &'static str,
    pub(super) no_plan: &'static str,
    pub(super) none: &'static str,
}

impl Words {
    pub(super) fn of(language: PersonaLanguage) -> &'static Self {
        match language {
            PersonaLanguage::Zh => &chinese::CHINESE,
            PersonaLanguage::En => &english::ENGLISH,
        }
    }

    pub(super) fn origin(&self, origin: Origin) -> &'static str {
        match origin {
            Origin::Declared => self.origins.declared,
            Origin::Corrected => self.origins.corrected,
            Origin::Model => self.origins.model,
            Origin::Words => self.origins.words,
            Origin::Events => self.origins.events,
        }
    }

    pub(super) fn need(&self, need: Need) -> &'static str {
        match need {
            Need::Texts => self.needs.texts,
            Need::Times => self.needs.times,
            Need::Categories => self.needs.categories,
            Need::Ratings => self.needs.ratings,
            Need::Prices => self.needs.prices,
            Need::Model => self.needs.model,
            Need::Consent => self.needs.consent,
            Need::Declaration => self.needs.declaration,
        }
    }

    pub(super) fn source(&self, source: SentimentSource) -> &'static str {
        match source {
            SentimentSource::Lexicon => self.mood.lexicon,
            SentimentSource::Model => self.mood.model,
        }
    }

    /// How far something can be relied on: the steps at which the persona changes its words.
    pub(super) fn sure(&self, confidence: f64, origin: Origin) -> &'static str {
        match confidence {
            _ if matches!(origin, Origin::Declared | Origin::Corrected) => self.sure.said,
            c if c >= 0.6 => self.sure.clear,
            c if c >= 0.3 => self.sure.likely,
            c if c >= 0.05 => self.sure.perhaps,
            _ => self.sure.guess,
        }
    }

    /// The fixed name of something that the document names in one word.
    pub(super) fn name(&self, name: &str) -> Option<&'static str> {
        self.names.iter().find(|pair| pair.0 == name).map(|pair| pair.1)
    }

    pub(super) fn kind(&self, kind: &str) -> Option<&'static str> {
        self.kinds.iter().find(|pair| pair.0 == kind).map(|pair| pair.1)
    }
}

/// Puts values into the slots `{0}`, `{1}` … of a template.
pub(super) fn fill(template: &str, values: &[&str]) -> String {
    let mut rest = template;
    let mut filled = String::with_capacity(template.len() + 32);
    while let Some((before, after)) = rest.split_once('{') {
        let (slot, tail) = after.split_once('}').unwrap_or((after, ""));
        let value = slot.parse::<usize>().ok().and_then(|slot| values.get(slot));
        filled.push_str(before);
        filled.push_str(value.copied().unwrap_or_default());
        rest = tail;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_filled_once() {
        assert_eq!(fill("{1} of {0}{2}", &["{1}", "b"]), "b of {1}");
    }

    #[test]
    fn both_languages_have_the_same_names_once_each() {
        let keys = |words: &Words| {
            let mut keys: Vec<_> = words.names.iter().chain(&words.kinds).map(|pair| pair.0).collect();
            let all = keys.len();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), all, "{} names something twice", words.lang);
            keys
        };
        assert_eq!(keys(&chinese::CHINESE), keys(&english::ENGLISH));
    }

    /// The slots of a template, in order of number.
    fn slots(template: &str) -> Vec<char> {
        let mut found: Vec<char> = template.split('{').skip(1).filter_map(|s| s.chars().next()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn both_languages_fill_the_same_slots() {
        // All templates at once, field by field, through what Debug prints of them.
        let of = |words: &Words| {
            let text = format!("{words:#?}");
            let body = text.split("days: [").next().unwrap_or_default().to_owned();
            body.lines().map(slots).collect::<Vec<_>>()
        };
        assert_eq!(of(&chinese::CHINESE), of(&english::ENGLISH));
    }
}
