//! A made-up population with known profiles.
//!
//! Each user gets a planted profile (languages, interests, positivity, active hours, favourite
//! terms), and texts that follow it, put together from phrases written for this purpose. So the
//! data carry no licence and no person, and what a profile says can be compared with the truth.
//!
//! ```
//! use silhouette_simulation::synth::{Population, SynthConfig};
//!
//! let population = Population::generate(SynthConfig { users: 3, ..SynthConfig::default() })?;
//! let user = &population.users[0];
//! assert!(user.events.len() >= 20);
//! assert!(user.planted.main_interest().is_some());
//! # Ok::<(), silhouette_simulation::synth::ConfigError>(())
//! ```
//!
//! It does not imitate how people write: figures reached here say that a system works, not how
//! well it will do on real text.

mod chinese;
mod compose;
mod config;
mod dice;
mod english;
mod grammar;
mod label;
mod profile;
mod topics;
mod write;

use serde_json::Value;
use sha2::{Digest, Sha256};
use silhouette_text::{Event, EventKind};

use self::{compose::Writer, dice::Dice, label::Tongue};
pub use self::{
    config::{ConfigError, LanguageMix, SynthConfig, TextsPerUser},
    label::{Interest, Sentiment},
    profile::{PlantedLanguage, PlantedProfile},
    write::WriteError,
};

/// Spread of the number of texts: the standard deviation of its logarithm.
const SIZE_SPREAD: f64 = 0.25;
/// Texts written within the active hours.
const ACTIVE: f64 = 0.9;
/// Texts that judge nothing, where the configuration allows it.
const NEUTRAL: f64 = 0.3;
/// Seconds of an hour and of a day.
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// The kinds of events and how common each is.
const KINDS: [(EventKind, f64); 4] =
    [(EventKind::Post, 0.50), (EventKind::Note, 0.22), (EventKind::Review, 0.18), (EventKind::Search, 0.10)];

/// Users with their texts and the truth about them.
#[derive(Clone, Debug, PartialEq)]
pub struct Population {
    /// What was asked for.
    pub config: SynthConfig,
    /// The users, in the order of their numbers.
    pub users: Vec<SynthUser>,
}

/// One made-up person.
#[derive(Clone, Debug, PartialEq)]
pub struct SynthUser {
    /// `u` and a number.
    pub id: String,
    /// The truth.
    pub planted: PlantedProfile,
    /// The texts, in order of time. Labels are the columns `interest` and `sentiment`; the
    /// column `split_user` is `test` for a fifth of the users.
    pub events: Vec<Event>,
}

impl Population {
    /// Generates a population.
    pub fn generate(config: SynthConfig) -> Result<Self, ConfigError> {
        config.check()?;
        let users = (0..config.users).map(|number| SynthUser::generate(number, &config));
        Ok(Self { users: users.collect(), config })
    }

    /// All events, user by user.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.users.iter().flat_map(|user| &user.events)
    }
}

impl SynthUser {
    pub(crate) fn generate(number: usize, config: &SynthConfig) -> Self {
        let mut dice = Dice::new(config.seed, number as u64);
        let (planted, favourites) = profile::draw(config, &mut dice);
        let id = format!("u{number:05}");
        let author = Author {
            id: &id,
            split: split_of(&id),
            writer: Writer { profile: &planted, favourites: &favourites, interests: config.interests },
            neutral: config.neutral,
        };
        let mut times: Vec<i64> =
            (0..size(config, &mut dice)).map(|_| moment(config, &planted.active_hours, &mut dice)).collect();
        times.sort_unstable();
        let events = times.into_iter().map(|time| event(&author, time, &mut dice)).collect();
        Self { id, planted, events }
    }

    /// `test` for the users whose texts must not be trained on, `train` for the others.
    pub fn split(&self) -> &'static str {
        split_of(&self.id)
    }
}

/// The part of the data a user belongs to: `test` where the first eight bytes of the SHA-256 of
/// `split:` and the id, taken as a big-endian number, leave less than 20 when divided by 100.
fn split_of(user: &str) -> &'static str {
    let digest = Sha256::new().chain_update("split:").chain_update(user).finalize();
    let head = digest.iter().take(8).fold(0u64, |head, byte| head << 8 | u64::from(*byte));
    if head % 100 < 20 { "test" } else { "train" }
}

fn size(config: &SynthConfig, dice: &mut Dice) -> usize {
    let texts = &config.texts;
    let drawn = texts.median as f64 * (SIZE_SPREAD * dice.normal()).exp();
    (drawn.round() as usize).clamp(texts.min, texts.max)
}

fn moment(config: &SynthConfig, active: &[u8], dice: &mut Dice) -> i64 {
    let day = dice.below(config.days as usize) as i64;
    let hour = if dice.chance(ACTIVE) { i64::from(active[dice.below(active.len())]) } else { dice.below(24) as i64 };
    config.start + day * DAY + hour * HOUR + dice.below(HOUR as usize) as i64
}

/// What the events of a user have in common.
struct Author<'a> {
    id: &'a str,
    split: &'static str,
    writer: Writer<'a>,
    neutral: bool,
}

fn event(author: &Author<'_>, time: i64, dice: &mut Dice) -> Event {
    let (writer, neutral) = (&author.writer, author.neutral);
    let about = dice.weighted(writer.profile.interests.values().copied());
    let interest = Interest::ALL[about];
    let (kind, sentiment) = (kind(neutral, dice), sentiment(writer.profile, neutral, dice));
    let tongue = writer.tongue(dice);
    let (text, sentiment) = match kind {
        EventKind::Search => (writer.query(interest, tongue, dice), Sentiment::Neutral),
        _ => (writer.text(interest, sentiment, tongue, dice), sentiment),
    };
    let mut event = Event::new(author.id, text);
    event.time = Some(time);
    event.kind = kind;
    event.lang = Some(tongue.key().to_owned());
    for (column, label) in [("interest", interest.key()), ("sentiment", sentiment.key()), ("split_user", author.split)]
    {
        event.extra.insert(column.to_owned(), Value::from(label));
    }
    event
}

/// Searches judge nothing, so there are none where every text has to.
fn kind(neutral: bool, dice: &mut Dice) -> EventKind {
    let allowed = if neutral { KINDS.len() } else { KINDS.len() - 1 };
    KINDS[dice.weighted(KINDS[..allowed].iter().map(|(_, weight)| *weight))].0
}

fn sentiment(profile: &PlantedProfile, neutral: bool, dice: &mut Dice) -> Sentiment {
    if neutral && dice.chance(NEUTRAL) {
        Sentiment::Neutral
    } else if dice.chance(profile.positivity) {
        Sentiment::Positive
    } else {
        Sentiment::Negative
    }
}
