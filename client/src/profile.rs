//! The profile: what this person's texts say of them, made, kept and shown on the device.
//!
//! [`profile`] returns a [`Private`] document, and [`persona`](crate::persona::persona) a private
//! persona. Nothing releases them. The device shows them to their owner through
//! [`Private::expose_on_device`]; the document itself can be written as JSON for the owner's own use:
//!
//! ```
//! # use silhouette_client::profile::ProfileDocument;
//! # use silhouette_privacy::Private;
//! fn show(profile: &Private<ProfileDocument>) -> String {
//!     serde_json::to_string(profile.expose_on_device()).unwrap()
//! }
//! ```
//!
//! Whatever else would let them out does not compile. They are not written into a message,
//!
//! ```compile_fail,E0277
//! # use silhouette_client::profile::ProfileDocument;
//! # use silhouette_privacy::Private;
//! fn send(profile: &Private<ProfileDocument>) -> String {
//!     serde_json::to_string(profile).unwrap()
//! }
//! ```
//!
//! not logged,
//!
//! ```compile_fail,E0277
//! # use silhouette_client::persona::Persona;
//! # use silhouette_privacy::Private;
//! fn log(persona: &Private<Persona>) -> String {
//!     format!("{persona:?}")
//! }
//! ```
//!
//! the one door does not take them,
//!
//! ```compile_fail,E0277
//! # use silhouette_client::profile::ProfileDocument;
//! # use silhouette_privacy::{NoiseShare, Private, ReleaseParameters, Rounding, release};
//! fn let_out(profile: Private<ProfileDocument>, terms: &ReleaseParameters, noise: NoiseShare, by: &mut Rounding) {
//!     let _ = release(profile, terms, noise, by);
//! }
//! ```
//!
//! and an upload does not either, nor anything else that is not a release:
//!
//! ```compile_fail,E0308
//! # use silhouette_client::profile::ProfileDocument;
//! # use silhouette_privacy::Private;
//! # use silhouette_transport::Connection;
//! # use silhouette_wire::Upload;
//! async fn upload(to: &Connection, header: &Upload, profile: &Private<ProfileDocument>) {
//!     let _ = to.upload(header, profile).await;
//! }
//! ```
//!
//! # Figures
//!
//! With `n` texts, `K` labels in a head and `p[t][l]` the model's probability of label `l` for text
//! `t`:
//!
//! - `share[l] = mean over t of p[t][l]`: a person is a mixture, so one text counts for several labels.
//! - `certainty(t) = (max_l p[t][l] - 1/K) / (1 - 1/K)`: 0 for a model that knows nothing, 1 for one
//!   that is sure.
//! - `confidence[l] = mean of certainty(t) over the n_l texts whose likeliest label is l, times
//!   n_l / (n_l + 5)`: five texts of perfect certainty give one half. 0 where no text has the label.
//!
//! Texts are used as they are: clean them when they are imported.

mod behavior;
mod document;
mod evidence;
mod interests;
mod places;
mod predict;
mod quote;
mod sentiment;

use std::sync::Arc;

use silhouette_model::bert::BertEncoder;
use silhouette_model::{Engine, EngineError, Model};
use silhouette_privacy::Private;
use silhouette_text::Event;
use silhouette_wire::ContentHash;
use thiserror::Error;

use self::evidence::Witness;
use self::predict::Predictions;
use crate::persona::{PersonaLanguage, compose};

pub use self::document::{
    Behavior, Evidence, Interest, Keyword, LabelShare, LanguageShare, PersonaTexts, ProfileDocument, Provenance,
    ScoreMean, Sentiment, SentimentSource, Shown,
};

/// The version of [`ProfileDocument`]. 2: evidence for every part, by field; display names.
pub const SCHEMA_VERSION: u32 = 2;

/// Texts at which confidence reaches half of the model's own certainty.
pub const PSEUDO_TEXTS: f64 = 5.0;

/// Labels of one head that are listed; beyond them shares are crumbs.
pub const MAX_LABELS: usize = 32;

/// Keywords listed.
pub const MAX_KEYWORDS: usize = 20;

/// Why a profile can't be made.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ProfileError {
    /// The model's encoder can't be built.
    #[error(transparent)]
    Encoder(#[from] silhouette_model::EncoderError),
    /// The engine can't run the model.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// A model, what runs it, and where it came from.
#[derive(Clone, Copy)]
pub struct Trained<'a> {
    /// What runs it.
    pub engine: &'a dyn Engine,
    /// The model.
    pub model: &'a Model,
    /// The hash of its file.
    pub hash: ContentHash,
    /// The round it came out of, where known.
    pub round: Option<u64>,
    /// The weights of its encoder, if that is a sentence encoder.
    pub encoder_weights: Option<&'a Arc<BertEncoder>>,
}

/// Makes the profile of the person whose events these are, at `made_at` (unix seconds). Without a
/// model it holds what needs none: sentiment by lexicon, behaviour, languages, keywords.
///
/// ```
/// use silhouette_client::profile::profile;
/// use silhouette_text::Event;
///
/// let events = [Event::new("me", "The new guitar sounds great"), Event::new("me", "吉他声音很好")];
/// let profile = profile(&events, None, 1_700_000_000)?;
/// let document = profile.expose_on_device();
/// assert!(document.sentiment.mean > 0.0);
/// assert_eq!(document.languages.len(), 2);
/// # Ok::<(), silhouette_client::profile::ProfileError>(())
/// ```
///
/// # Errors
/// When the engine can't run the model.
pub fn profile(
    events: &[Event],
    trained: Option<Trained<'_>>,
    made_at: i64,
) -> Result<Private<ProfileDocument>, ProfileError> {
    let texts: Vec<usize> = (0..events.len()).filter(|&i| !events[i].text.trim().is_empty()).collect();
    let predictions = trained.map(|t| Predictions::of(t, events, &texts)).transpose()?;
    let mut evidence = Vec::new();
    let mut interests = Vec::new();
    let mut scores = Vec::new();
    if let Some(predictions) = &predictions {
        let mut witness = Witness::new(predictions, events);
        interests = interests::interests(predictions, &mut witness);
        scores = predictions.score_means();
        evidence = witness.into_evidence();
    }
    let sentiment = sentiment::sentiment(predictions.as_ref(), events, &texts, &mut evidence);
    let mut behavior = behavior::behavior(events, texts.len(), scores);
    places::behavior(&mut behavior, events, &mut evidence);
    let mut document = ProfileDocument {
        schema_version: SCHEMA_VERSION,
        interests,
        sentiment,
        behavior,
        languages: places::languages(events, &texts, &mut evidence),
        keywords: places::keywords(events, &texts, &mut evidence),
        evidence,
        persona: PersonaTexts::default(),
        provenance: Provenance {
            model: trained.map(|t| t.hash.to_string()),
            engine: trained.map(|t| t.engine.name().to_owned()),
            round: trained.and_then(|t| t.round),
            made_at,
        },
    };
    document.persona = PersonaTexts {
        zh: compose(&document, PersonaLanguage::Zh).clauses,
        en: compose(&document, PersonaLanguage::En).clauses,
    };
    Ok(Private::new(document))
}

#[cfg(test)]
mod tests;
