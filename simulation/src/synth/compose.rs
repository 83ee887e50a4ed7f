//! From an interest and a sentiment to a text.
//!
//! The probabilities below are chosen so that a classifier trained on everybody's texts reaches
//! about 0.9 on the interest: some texts do not mention it, some mention another one as often.

use super::{
    Interest, PlantedProfile, Sentiment, Tongue,
    dice::Dice,
    grammar::{Grammar, Words},
    profile::Favourite,
    topics::Bank,
};

/// Texts that could be about anything.
const VAGUE: f64 = 0.04;
/// Texts that mention another interest too.
const MIXED: f64 = 0.30;
/// Of these, how many do it in the same sentence.
const CROSSING: f64 = 0.4;
/// Judgements that name what they judge.
const TOPICAL_JUDGEMENT: f64 = 0.6;
/// Texts with a sentence of everyday life.
const NOISE: f64 = 0.35;
/// Texts with a sentence about a term.
const TERM: f64 = 0.45;
/// Terms that are one of the user's favourites, where there is one for the interest.
const FAVOURITE_TERM: f64 = 0.8;
/// Sentences of a bilingual user that change the language within a text.
const SWITCH: f64 = 0.08;
/// Later sentences that begin with a connector.
const CONNECTOR: f64 = 0.25;

/// Writes the texts of one user.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    pub(super) profile: &'a PlantedProfile,
    pub(super) favourites: &'a [Favourite],
    /// How many interests there are.
    pub(super) interests: usize,
}

/// One sentence to come: its template list and which interests its slots are about.
#[derive(Clone, Copy)]
struct Plan {
    part: Part,
    about: Interest,
    other: Interest,
}

/// What a sentence does in the text.
#[derive(Clone, Copy)]
enum Part {
    Crossing,
    Favourite,
    Judgement(Sentiment),
    Mood(Sentiment),
    Noise,
    Opening,
    Shared,
}

impl Part {
    fn templates(self, grammar: &'static Grammar) -> &'static [&'static str] {
        match self {
            Self::Crossing => grammar.crossings,
            Self::Favourite => grammar.favourites,
            Self::Judgement(Sentiment::Negative) => grammar.negative,
            Self::Judgement(Sentiment::Neutral) => grammar.neutral,
            Self::Judgement(Sentiment::Positive) => grammar.positive,
            Self::Mood(Sentiment::Negative) => grammar.mood_negative,
            Self::Mood(Sentiment::Neutral) => grammar.mood_neutral,
            Self::Mood(Sentiment::Positive) => grammar.mood_positive,
            Self::Noise => grammar.noise,
            Self::Opening => grammar.openings,
            Self::Shared => grammar.shared,
        }
    }
}

impl Writer<'_> {
    /// The language of the next text.
    pub(super) fn tongue(&self, dice: &mut Dice) -> Tongue {
        if dice.chance(self.profile.english_share) { Tongue::English } else { Tongue::Chinese }
    }

    /// A few words for a search box.
    pub(super) fn query(&self, about: Interest, tongue: Tongue, dice: &mut Dice) -> String {
        let other = self.other(about, dice);
        let words = self.words(about, other, tongue, dice);
        words.fill(dice.pick(words.grammar.queries), dice)
    }

    /// A text of one to five sentences.
    pub(super) fn text(&self, about: Interest, sentiment: Sentiment, tongue: Tongue, dice: &mut Dice) -> String {
        let mut text = String::with_capacity(160);
        for plan in self.plan(about, sentiment, dice) {
            let tongue = self.switched(tongue, dice);
            let words = self.words(plan.about, plan.other, tongue, dice);
            let template = dice.pick(plan.part.templates(words.grammar));
            let sentence = words.fill(template, dice);
            let loud = matches!(plan.part, Part::Judgement(Sentiment::Positive)) && dice.chance(0.3);
            append(&mut text, &sentence, words.grammar, loud, dice);
        }
        text
    }

    fn plan(&self, about: Interest, sentiment: Sentiment, dice: &mut Dice) -> Vec<Plan> {
        let other = self.other(about, dice);
        let plan = |part| Plan { part, about, other };
        let mut plans = Vec::with_capacity(5);
        if dice.chance(VAGUE) {
            plans.extend([plan(Part::Shared), plan(Part::Mood(sentiment))]);
        } else {
            plans.push(plan(Part::Opening));
            if dice.chance(TERM) {
                plans.push(plan(Part::Favourite));
            }
            let topical = dice.chance(TOPICAL_JUDGEMENT);
            plans.push(plan(if topical { Part::Judgement(sentiment) } else { Part::Mood(sentiment) }));
        }
        if dice.chance(MIXED) {
            let part = self.aside(dice);
            let (about, other) = match part {
                Part::Crossing => (about, other),
                _ => (other, about),
            };
            plans.insert(dice.below(plans.len()), Plan { part, about, other });
        }
        if dice.chance(NOISE) {
            let end = if dice.chance(0.5) { 0 } else { plans.len() };
            plans.insert(end, plan(Part::Noise));
        }
        plans
    }

    /// How another interest comes in: next to the first, told of, or judged one way or the other.
    fn aside(&self, dice: &mut Dice) -> Part {
        if dice.chance(CROSSING) {
            return Part::Crossing;
        }
        match dice.below(4) {
            0 => Part::Opening,
            1 => Part::Judgement(Sentiment::Neutral),
            2 => Part::Judgement(Sentiment::Positive),
            _ => Part::Judgement(Sentiment::Negative),
        }
    }

    fn other(&self, about: Interest, dice: &mut Dice) -> Interest {
        let step = 1 + dice.below(self.interests - 1);
        Interest::ALL[(about as usize + step) % self.interests]
    }

    fn switched(&self, tongue: Tongue, dice: &mut Dice) -> Tongue {
        let bilingual = self.profile.english_share > 0.0 && self.profile.english_share < 1.0;
        if bilingual && dice.chance(SWITCH) { tongue.other() } else { tongue }
    }

    fn words(&self, about: Interest, other: Interest, tongue: Tongue, dice: &mut Dice) -> Words {
        Words {
            grammar: Grammar::of(tongue),
            bank: Bank::of(about, tongue),
            other: Bank::of(other, tongue),
            term: self.favourite(about, tongue, dice),
        }
    }

    fn favourite(&self, about: Interest, tongue: Tongue, dice: &mut Dice) -> Option<&'static str> {
        let fitting: Vec<_> = self
            .favourites
            .iter()
            .filter(|favourite| favourite.interest == about)
            .filter_map(|favourite| favourite.term(tongue))
            .collect();
        let used = !fitting.is_empty() && dice.chance(FAVOURITE_TERM);
        used.then(|| dice.pick(&fitting))
    }
}

/// Adds a sentence with its connector, capital letter and full stop.
fn append(text: &mut String, sentence: &str, grammar: &Grammar, loud: bool, dice: &mut Dice) {
    let connector = match text.is_empty() {
        true => "",
        false if dice.chance(CONNECTOR) => dice.pick(grammar.connectors),
        false => "",
    };
    // Between the scripts a space helps the eye even where Chinese needs none.
    if !text.is_empty() && (text.ends_with(['.', '!']) || !grammar.space.is_empty()) {
        text.push(' ');
    }
    let mut letters = connector.chars().chain(sentence.chars());
    text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
    text.extend(letters);
    text.push_str(if loud { grammar.shout } else { grammar.stop });
}
