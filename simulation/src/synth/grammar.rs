//! What the templates of a language are made of, and how their slots are filled.

use super::{Tongue, chinese::CHINESE, dice::Dice, english::ENGLISH, topics::Bank};

/// The templates and everyday words of one language.
///
/// A template holds slots in braces. `{thing}`, `{doing}`, `{place}`, `{term}`, `{good}` and
/// `{bad}` come from the bank of the interest, `{other_…}` from that of another interest, the
/// rest from the words below, which all interests share.
#[derive(Debug)]
pub(super) struct Grammar {
    /// Statements about an interest, of no sentiment.
    pub(super) openings: &'static [&'static str],
    /// Statements with a term.
    pub(super) favourites: &'static [&'static str],
    /// Statements about two interests at once.
    pub(super) crossings: &'static [&'static str],
    /// Judgements about an interest.
    pub(super) positive: &'static [&'static str],
    pub(super) negative: &'static [&'static str],
    pub(super) neutral: &'static [&'static str],
    /// Judgements about nothing in particular.
    pub(super) mood_positive: &'static [&'static str],
    pub(super) mood_negative: &'static [&'static str],
    pub(super) mood_neutral: &'static [&'static str],
    /// Everyday life, unrelated to any interest.
    pub(super) noise: &'static [&'static str],
    /// Statements that fit any interest.
    pub(super) shared: &'static [&'static str],
    /// What a later sentence may begin with.
    pub(super) connectors: &'static [&'static str],
    pub(super) whens: &'static [&'static str],
    pub(super) spans: &'static [&'static str],
    pub(super) people: &'static [&'static str],
    pub(super) days: &'static [&'static str],
    /// Predicates of praise, of complaint, and of neither.
    pub(super) plus: &'static [&'static str],
    pub(super) minus: &'static [&'static str],
    pub(super) even: &'static [&'static str],
    /// What is typed into a search box.
    pub(super) queries: &'static [&'static str],
    /// Between sentences.
    pub(super) space: &'static str,
    pub(super) stop: &'static str,
    pub(super) shout: &'static str,
}

impl Grammar {
    pub(super) fn of(tongue: Tongue) -> &'static Self {
        match tongue {
            Tongue::English => &ENGLISH,
            Tongue::Chinese => &CHINESE,
        }
    }
}

/// Where the words of one sentence come from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub(super) grammar: &'static Grammar,
    /// The bank of the interest the sentence is about.
    pub(super) bank: &'static Bank,
    /// The bank behind `{other_…}`.
    pub(super) other: &'static Bank,
    /// Put into `{term}` where given.
    pub(super) term: Option<&'static str>,
}

impl Words {
    /// Fills the slots of `template`.
    pub(super) fn fill(&self, template: &str, dice: &mut Dice) -> String {
        let mut sentence = String::with_capacity(template.len() + 48);
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (slot, tail) = after.split_once('}').unwrap_or((after, ""));
            sentence.push_str(before);
            sentence.push_str(self.word(slot, dice));
            rest = tail;
        }
        sentence.push_str(rest);
        sentence
    }

    fn word(&self, slot: &str, dice: &mut Dice) -> &'static str {
        if let ("term", Some(term)) = (slot, self.term) {
            return term;
        }
        self.list(slot).map_or("", |list| dice.pick(list))
    }

    /// The words that fit a slot; `None` for a slot that does not exist.
    fn list(&self, slot: &str) -> Option<&'static [&'static str]> {
        Some(match slot {
            "bad" => self.bank.bad,
            "day" => self.grammar.days,
            "doing" => self.bank.doings,
            "even" => self.grammar.even,
            "good" => self.bank.good,
            "minus" => self.grammar.minus,
            "other_doing" => self.other.doings,
            "other_term" => self.other.terms,
            "other_thing" => self.other.things,
            "place" => self.bank.places,
            "plus" => self.grammar.plus,
            "span" => self.grammar.spans,
            "term" => self.bank.terms,
            "thing" => self.bank.things,
            "when" => self.grammar.whens,
            "who" => self.grammar.people,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Interest, *};

    fn templates(grammar: &Grammar) -> impl Iterator<Item = &'static str> + use<> {
        [
            grammar.openings,
            grammar.favourites,
            grammar.crossings,
            grammar.positive,
            grammar.negative,
            grammar.neutral,
            grammar.mood_positive,
            grammar.mood_negative,
            grammar.mood_neutral,
            grammar.noise,
            grammar.shared,
            grammar.queries,
        ]
        .into_iter()
        .flatten()
        .copied()
    }

    #[test]
    fn every_slot_exists_and_is_filled() {
        let mut dice = Dice::new(1, 0);
        for tongue in [Tongue::English, Tongue::Chinese] {
            let words = Words {
                grammar: Grammar::of(tongue),
                bank: Bank::of(Interest::Music, tongue),
                other: Bank::of(Interest::Film, tongue),
                term: None,
            };
            for template in templates(words.grammar) {
                for slot in template.split('{').skip(1) {
                    let slot = slot.split_once('}').expect("a closed slot").0;
                    assert!(words.list(slot).is_some_and(|list| !list.is_empty()), "{slot}");
                }
                let sentence = words.fill(template, &mut dice);
                assert!(!sentence.contains(['{', '}']), "{sentence}");
            }
        }
    }

    #[test]
    fn a_given_term_is_used() {
        let words = Words {
            grammar: Grammar::of(Tongue::English),
            bank: Bank::of(Interest::Music, Tongue::English),
            other: Bank::of(Interest::Film, Tongue::English),
            term: Some("opera"),
        };
        assert_eq!(words.fill("yes, {term} again", &mut Dice::new(1, 0)), "yes, opera again");
    }
}
