//! The planted truth about a user, drawn before the first text is written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Interest, SynthConfig, Tongue, dice::Dice, topics::Bank};

/// Concentration of the interest shares: with 0.4 a user typically has two or three interests.
const INTEREST_CONCENTRATION: f64 = 0.4;
/// Shape of the positivity: most people praise and complain, few do only one.
const POSITIVITY_SHAPE: f64 = 2.0;
/// Number of favourite terms.
const FAVOURITES: usize = 3;
/// The hours a day of activity may begin with, from early risers to night owls.
const ACTIVE_STARTS: [u8; 7] = [5, 7, 11, 16, 18, 20, 22];

/// What is true of a user and what a profile of the user should find.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlantedProfile {
    /// What the user writes.
    pub language: PlantedLanguage,
    /// Probability that a text is English.
    pub english_share: f64,
    /// Probability of each interest; they sum to 1 up to rounding.
    pub interests: BTreeMap<Interest, f64>,
    /// Probability that a text which judges is positive.
    pub positivity: f64,
    /// The hours of the day (UTC) in which most texts are written, in order of the clock.
    pub active_hours: Vec<u8>,
    /// Terms the user returns to; for bilingual users in both languages.
    pub favourite_terms: Vec<String>,
}

impl PlantedProfile {
    /// The interest with the largest share.
    pub fn main_interest(&self) -> Option<Interest> {
        let largest = self.interests.iter().max_by(|a, b| a.1.total_cmp(b.1));
        largest.map(|(interest, _)| *interest)
    }
}

/// The language of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PlantedLanguage {
    /// English only.
    #[serde(rename = "en")]
    English,
    /// Chinese only.
    #[serde(rename = "zh")]
    Chinese,
    /// Both.
    #[serde(rename = "bilingual")]
    Bilingual,
}

/// A favourite term: the position of a term in the banks of an interest. The banks of the two
/// languages name the same things in the same order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Favourite {
    pub(super) interest: Interest,
    index: usize,
}

impl Favourite {
    pub(super) fn term(self, tongue: Tongue) -> Option<&'static str> {
        Bank::of(self.interest, tongue).terms.get(self.index).copied()
    }
}

/// Draws a profile; the favourites are returned as the generator needs them.
pub(super) fn draw(config: &SynthConfig, dice: &mut Dice) -> (PlantedProfile, Vec<Favourite>) {
    let (language, english_share) = language(config, dice);
    let shares = dice.dirichlet(INTEREST_CONCENTRATION, config.interests);
    let interests: BTreeMap<_, _> = Interest::ALL.into_iter().zip(shares.into_iter().map(rounded)).collect();
    let favourites = favourites(&interests, dice);
    let profile = PlantedProfile {
        language,
        english_share,
        positivity: rounded(dice.beta(POSITIVITY_SHAPE, POSITIVITY_SHAPE)),
        active_hours: active_hours(dice),
        favourite_terms: terms(&favourites, language),
        interests,
    };
    (profile, favourites)
}

fn language(config: &SynthConfig, dice: &mut Dice) -> (PlantedLanguage, f64) {
    match dice.weighted(config.languages.weights().into_iter()) {
        0 => (PlantedLanguage::English, 1.0),
        1 => (PlantedLanguage::Chinese, 0.0),
        _ => (PlantedLanguage::Bilingual, rounded(0.3 + 0.4 * dice.unit())),
    }
}

fn favourites(interests: &BTreeMap<Interest, f64>, dice: &mut Dice) -> Vec<Favourite> {
    let mut favourites: Vec<Favourite> = Vec::with_capacity(FAVOURITES);
    while favourites.len() < FAVOURITES {
        // Squared: what a person names most often lies within their main interests.
        let drawn = dice.weighted(interests.values().map(|share| share * share));
        let interest = Interest::ALL[drawn];
        let index = dice.below(Bank::of(interest, Tongue::English).terms.len());
        let known = |other: &Favourite| other.interest == interest && other.index == index;
        if !favourites.iter().any(known) {
            favourites.push(Favourite { interest, index });
        }
    }
    favourites
}

fn terms(favourites: &[Favourite], language: PlantedLanguage) -> Vec<String> {
    let tongues: &[Tongue] = match language {
        PlantedLanguage::English => &[Tongue::English],
        PlantedLanguage::Chinese => &[Tongue::Chinese],
        PlantedLanguage::Bilingual => &[Tongue::English, Tongue::Chinese],
    };
    let pairs = tongues.iter().flat_map(|tongue| favourites.iter().map(|term| term.term(*tongue)));
    pairs.flatten().map(str::to_owned).collect()
}

/// Three to five hours in a row, counted on past midnight.
fn active_hours(dice: &mut Dice) -> Vec<u8> {
    let start = ACTIVE_STARTS[dice.below(ACTIVE_STARTS.len())];
    let length = 3 + dice.below(3) as u8;
    (start..start + length).map(|hour| hour % 24).collect()
}

/// Six decimals: more would only show how a platform computes a logarithm.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
