//! The phrase banks, one file an interest.
//!
//! Some phrases stand in two banks on purpose (the soundtrack, the food market, the e-reader):
//! a word alone does not always give the interest away.

mod cooking;
mod film;
mod gardening;
mod music;
mod reading;
mod sport;
mod technology;
mod travel;

use super::{Interest, Tongue};

/// The phrases of one interest in both languages.
struct Topic {
    english: Bank,
    chinese: Bank,
}

/// Phrases that fit the slots of the templates.
#[derive(Debug)]
pub(super) struct Bank {
    /// Short names, the candidates for favourite terms. English ones need no article.
    pub(super) terms: &'static [&'static str],
    /// Noun phrases, in English singular and with their article.
    pub(super) things: &'static [&'static str],
    /// What people do: verb phrases, in English with -ing.
    pub(super) doings: &'static [&'static str],
    /// Where they do it, with the preposition.
    pub(super) places: &'static [&'static str],
    /// Clauses of praise.
    pub(super) good: &'static [&'static str],
    /// Clauses of complaint.
    pub(super) bad: &'static [&'static str],
}

impl Bank {
    /// The phrases about `interest` in `tongue`.
    pub(super) fn of(interest: Interest, tongue: Tongue) -> &'static Self {
        let topic: &Topic = match interest {
            Interest::Music => &music::MUSIC,
            Interest::Sport => &sport::SPORT,
            Interest::Cooking => &cooking::COOKING,
            Interest::Travel => &travel::TRAVEL,
            Interest::Technology => &technology::TECHNOLOGY,
            Interest::Reading => &reading::READING,
            Interest::Gardening => &gardening::GARDENING,
            Interest::Film => &film::FILM,
        };
        match tongue {
            Tongue::English => &topic.english,
            Tongue::Chinese => &topic.chinese,
        }
    }

    /// Every phrase of the bank.
    #[cfg(test)]
    fn all(&self) -> impl Iterator<Item = &'static str> {
        [self.terms, self.things, self.doings, self.places, self.good, self.bad].into_iter().flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_bank_is_rich_and_free_of_repeats() {
        for interest in Interest::ALL {
            for tongue in [Tongue::English, Tongue::Chinese] {
                let bank = Bank::of(interest, tongue);
                let distinct: BTreeSet<_> = bank.all().collect();
                assert!(distinct.len() >= 40, "{interest:?} {tongue:?}");
                for list in [bank.terms, bank.things, bank.doings, bank.places, bank.good, bank.bad] {
                    assert_eq!(list.iter().collect::<BTreeSet<_>>().len(), list.len());
                }
            }
        }
    }

    #[test]
    fn phrases_are_in_the_language_of_their_bank() {
        for interest in Interest::ALL {
            for phrase in Bank::of(interest, Tongue::English).all() {
                assert!(phrase.is_ascii(), "{phrase}");
            }
            for phrase in Bank::of(interest, Tongue::Chinese).all() {
                assert!(!phrase.chars().any(|c| c.is_ascii()), "{phrase}");
            }
        }
    }
}
