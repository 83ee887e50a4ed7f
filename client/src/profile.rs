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

mod attributes;
mod behavior;
mod compare;
mod completeness;
mod decay;
mod document;
mod drift;
mod evidence;
mod habits;
mod interests;
mod making;
mod owner;
mod places;
mod plan;
mod predict;
mod quote;
mod sentiment;
mod veto;
mod words;

use std::sync::Arc;

use silhouette_model::bert::BertEncoder;
use silhouette_model::{Engine, EngineError, Model};
use silhouette_privacy::Private;
use silhouette_text::Event;
use silhouette_wire::ContentHash;
use thiserror::Error;

pub use self::compare::{Change, diff, merge};
pub use self::completeness::FILLED;
pub use self::document::{
    Aspect, Attribute, Behavior, CategoryShare, Completeness, Drift, Evidence, Gap, Interest, Keyword, LabelShare,
    LanguageShare, Need, NextCategory, Origin, PersonaTexts, ProfileDocument, Provenance, RatingBias, ReturnTime,
    ScoreMean, Sentiment, SentimentSource, Sessions, Shown, Social, Style, Tie, TrendPoint, Value, schema,
};
pub use self::drift::jensen_shannon;
pub use self::owner::{OwnerError, OwnerWord};
pub use self::plan::{Dimension, Label, PACKS, PlanError, ProfilePlan, Section, Source};
pub use self::sentiment::valences;

/// The version of [`ProfileDocument`]. 3: demographics, psychographics, habits, taxonomies, trends, completeness.
pub const SCHEMA_VERSION: u32 = 3;

/// Texts at which confidence reaches half of the model's own certainty.
pub const PSEUDO_TEXTS: f64 = 5.0;

/// Days after which a text counts half in what is recent.
pub const HALF_LIFE_DAYS: f64 = 90.0;

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
    /// The owner said something that the plan has no place for.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// The plan can't be used.
    #[error(transparent)]
    Plan(#[from] PlanError),
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

/// What a profile is made of, apart from the events.
#[derive(Clone, Copy, Default)]
pub struct Making<'a> {
    /// The model; without one the profile holds what needs none.
    pub trained: Option<Trained<'a>>,
    /// What it is about; without one, what the model's heads imply. The model's heads that no dimension names follow.
    pub plan: Option<&'a ProfilePlan>,
    /// What the owner says; without it nothing is declared, and nothing sensitive is inferred.
    pub owner: Option<&'a OwnerWord>,
    /// When, in unix seconds.
    pub made_at: i64,
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
    make(events, &Making { trained, made_at, ..Making::default() })
}

/// [`profile`] by a plan and the owner's word.
///
/// The document is a function of what is given and nothing else: whoever takes an event away and makes it again has the
/// profile, the evidence and the persona of somebody who never had that event.
///
/// ```
/// use silhouette_client::profile::{Making, OwnerWord, ProfilePlan, make};
/// use silhouette_text::Event;
///
/// let plan = ProfilePlan::pack("health").unwrap();
/// let mut owner = OwnerWord::default();
/// let events = ["went for a run", "早上跑步五公里", "yoga again"].map(|t| Event::new("me", t));
/// let of = |owner: &OwnerWord| {
///     let making = Making { plan: Some(&plan), owner: Some(owner), made_at: 1_700_000_000, ..Making::default() };
///     make(&events, &making).map(|made| made.expose_on_device().psychographics.clone())
/// };
/// assert!(of(&owner)?.is_empty()); // sensitive, and nobody agreed
/// owner.consent.insert("activity".into());
/// assert_eq!(of(&owner)?[0].value, "running");
/// # Ok::<(), silhouette_client::profile::ProfileError>(())
/// ```
///
/// # Errors
/// When the plan can't be used or has no place for the owner's word, or the engine can't run the model.
pub fn make(events: &[Event], making: &Making<'_>) -> Result<Private<ProfileDocument>, ProfileError> {
    making::document(events, making).map(Private::new)
}

#[cfg(test)]
mod tests;
