//! How good profiles are, on people whose truth is known.
//!
//! A model is held against labelled texts of people it was not trained on, head by head: what single texts are called
//! ([`HeadQuality`]), whether the probabilities mean what they say, and what comes of it for a person: the top label,
//! the mixture, the mean. And whole profiles are made and looked at: whether the places they cite are of texts that bear
//! them out, and how complete they are ([`ProfileFigures`]). What each figure means stands at its field.

mod calibration;
mod drift;
mod figures;
mod head;
mod person;
mod profiles;
mod stability;

use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use silhouette_client::profile::ProfileError;
use silhouette_model::bert::BertEncoder;
use silhouette_model::{EncoderError, Engine, EngineError, Model, Unit, Vectoriser, person_text};
use silhouette_text::Event;
use thiserror::Error;

pub use calibration::{Bin, Calibration};
pub use drift::{DriftLatency, drift_latency};
pub use head::HeadQuality;
pub use person::PeopleQuality;
pub use profiles::ProfileFigures;
pub use stability::{Stability, stability};

use head::Tally;

/// Texts predicted at a time.
const BATCH: usize = 512;

/// People whose truth is known: each with their events.
pub type LabelledPeople = [(String, Vec<Event>)];

/// A model and what runs it.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    /// The model.
    pub model: &'a Model,
    /// What runs it.
    pub engine: &'a dyn Engine,
    /// The weights of its encoder, where that is a published sentence encoder.
    pub encoder_weights: Option<&'a Arc<BertEncoder>>,
}

impl Candidate<'_> {
    /// One thread for each person, who are many.
    fn vectoriser(&self) -> Result<Vectoriser, EncoderError> {
        Ok(Vectoriser::of(&self.model.task().encoder, self.encoder_weights)?.threads(1))
    }
}

/// What can go wrong.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum QualityError {
    /// The model's encoder.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A profile could not be made.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// Nobody has a label of any head.
    #[error("nobody to evaluate on: expected rows with a label of {expected}, found none among {people} people")]
    NoLabels {
        /// The columns that hold labels.
        expected: String,
        /// How many people were looked through.
        people: usize,
    },
}

/// How good a model's profiles are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Quality {
    /// People with a label of any head.
    pub people: usize,
    /// Their texts.
    pub texts: usize,
    /// Head by head, in the order of the task.
    pub heads: Vec<HeadQuality>,
    /// Whole profiles; absent where none was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profiles: Option<ProfileFigures>,
}

/// What the model says of one person: per head a row per labelled text, or one row of the person.
struct Said<'e> {
    events: &'e [Event],
    /// Outputs for each event.
    texts: Vec<Vec<f32>>,
    /// Outputs for all of them as one.
    person: Option<Vec<f32>>,
}

/// Holds a model against the labels of `people`. `prior` are people to take the usual mixture from, as one would who
/// knows nothing of a person: those it was trained on; nobody for a uniform one. Whole profiles are made of the first
/// `profiles` people.
///
/// # Errors
/// When nobody has a label, the encoder can't be built, or the engine fails.
pub fn evaluate_quality(
    candidate: &Candidate<'_>,
    people: &LabelledPeople,
    prior: &LabelledPeople,
    profiles: usize,
) -> Result<Quality, QualityError> {
    let (task, vectoriser) = (candidate.model.task(), candidate.vectoriser()?);
    let said: Vec<Said<'_>> =
        people.par_iter().map(|(_, events)| say(candidate, &vectoriser, events)).collect::<Result<_, _>>()?;
    let mut heads = Vec::new();
    for (head, range) in task.ranges() {
        let mut tally = Tally::new(head, person::usual(head, prior));
        said.iter().for_each(|said| tally.add(said, range.clone()));
        heads.extend(tally.finish());
    }
    if heads.is_empty() {
        let columns: Vec<&str> = task.heads.iter().map(|head| head.field.as_str()).collect();
        return Err(QualityError::NoLabels { expected: columns.join(", "), people: people.len() });
    }
    let whole = people.get(..profiles.min(people.len())).unwrap_or(people);
    let profiles = (profiles > 0).then(|| ProfileFigures::of(candidate, whole)).transpose()?;
    Ok(Quality { people: people.len(), texts: people.iter().map(|(_, events)| events.len()).sum(), heads, profiles })
}

fn say<'e>(candidate: &Candidate<'_>, vectoriser: &Vectoriser, events: &'e [Event]) -> Result<Said<'e>, EngineError> {
    let Candidate { model, engine, .. } = *candidate;
    let mut texts = Vec::with_capacity(events.len());
    for part in events.chunks(BATCH) {
        let part: Vec<&str> = part.iter().map(|event| event.text.as_str()).collect();
        let vectors = vectoriser.vectorise_all(&part);
        texts.extend(engine.predict(model, &vectors.iter().collect::<Vec<_>>())?);
    }
    let about_person = model.task().heads.iter().any(|head| head.unit == Unit::Person);
    let person = if about_person && !events.is_empty() {
        engine.predict(model, &[&vectoriser.vectorise(&person_text(events))])?.pop()
    } else {
        None
    };
    Ok(Said { events, texts, person })
}

#[cfg(test)]
mod tests;
