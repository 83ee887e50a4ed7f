//! One device's work in one round, without a network: noise, the query's vector, release.
//!
//! The [`Participant`](crate::Participant) and the simulator call this same function, so what is
//! measured in a simulation is what a device does.

use rand::RngExt;
use sha2::{Digest, Sha256};
use silhouette_model::{Engine, EngineError, Examples, Model};
use silhouette_privacy::noise::simulation::StreamKey;
use silhouette_privacy::noise::{NoiseError, NoiseSource, OpenDpNoise};
use silhouette_privacy::secagg::Entropy;
use silhouette_privacy::{Release, ReleaseError, ReleaseParameters, Rounding, release};
use silhouette_query::{Asked, contribute, dimension, layout};
use silhouette_wire::ContentHash;
use silhouette_wire::manifest::{Manifest, QueryKind};
use thiserror::Error;

use crate::keys::{KeyError, fill_random};

/// Separates the streams below from any other use of SHA-256 over the same seed.
const DOMAIN: &[u8] = b"silhouette/client/draws/1\0";

/// Why a round's work gave no release. Nothing may be sent.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum LocalRoundError {
    /// What the round asks for gives a vector of another length than the manifest says.
    #[error("dimension: expected {expected}, this model gives {found}")]
    Dimension {
        /// The manifest's.
        expected: usize,
        /// Of this model's query.
        found: usize,
    },
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The entries of the vector stand for something else than the manifest says: other tensors, other labels.
    #[error("layout: expected {expected}, this model gives {found}")]
    Layout {
        /// The manifest's.
        expected: ContentHash,
        /// Of this model's query.
        found: ContentHash,
    },
    /// No noise could be drawn.
    #[error(transparent)]
    Noise(#[from] NoiseError),
    /// The query is about labels, and the task has none.
    #[error("query: expected a task with labels for {query}, found one without")]
    NoLabels {
        /// The kind of query.
        query: QueryKind,
    },
    /// The vector did not pass the one door.
    #[error(transparent)]
    Release(#[from] ReleaseError),
}

/// What a round's work starts from.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    /// What trains and predicts.
    pub engine: &'a dyn Engine,
    /// The round's model.
    pub model: &'a Model,
    /// This person's labelled texts.
    pub examples: &'a Examples,
    /// The round's terms, verified.
    pub manifest: &'a Manifest,
    /// The release they imply, recomputed on this device.
    pub parameters: &'a ReleaseParameters,
}

/// The randomness of one participation, used up by it.
pub struct Draws {
    noise: Box<dyn NoiseSource + Send>,
    rounding: Rounding,
    order: u64,
}

impl Draws {
    /// From the operating system, the noise by OpenDP: the only kind for real people's data.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn from_system() -> Result<Self, KeyError> {
        let mut order = [0; 8];
        fill_random(&mut order)?;
        Ok(Self {
            noise: Box::new(OpenDpNoise::new()),
            rounding: Rounding::from_system().map_err(|_| KeyError::Entropy)?,
            order: u64::from_le_bytes(order),
        })
    }

    /// Repeatable draws of one device in one round: whoever knows `seed` can undo the noise.
    pub fn dangerous_for_simulation_only(seed: [u8; 32], round: u64, device: u64) -> Self {
        let mut order = [0; 8];
        order.copy_from_slice(&stream(seed, round, device, b"order")[..8]);
        Self {
            noise: Box::new(StreamKey::dangerous_for_simulation_only(seed, round, device, "release").noise()),
            rounding: Rounding::seeded(stream(seed, round, device, b"rounding")),
            order: u64::from_le_bytes(order),
        }
    }
}

/// Where a participant's draws come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Randomness {
    /// The operating system.
    #[default]
    System,
    /// A seed that makes runs repeatable and their noise removable: for tests only.
    DangerousForSimulationOnly {
        /// The seed.
        seed: [u8; 32],
        /// The device's number.
        device: u64,
    },
}

impl Randomness {
    /// The draws of one participation.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn draws(self, round: u64) -> Result<Draws, KeyError> {
        match self {
            Self::System => Draws::from_system(),
            Self::DangerousForSimulationOnly { seed, device } => {
                Ok(Draws::dangerous_for_simulation_only(seed, round, device))
            }
        }
    }
}

impl Randomness {
    /// What keys and masks of one masked round are made from.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn entropy(self, round: u64) -> Result<Entropy, KeyError> {
        match self {
            Self::System => Entropy::from_system().map_err(|_| KeyError::Entropy),
            Self::DangerousForSimulationOnly { seed, device } => {
                Ok(Entropy::dangerous_for_simulation_only(stream(seed, round, device, b"masks")))
            }
        }
    }
}

fn stream(seed: [u8; 32], round: u64, device: u64, purpose: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(DOMAIN);
    hash.update(seed);
    hash.update(round.to_le_bytes());
    hash.update(device.to_le_bytes());
    hash.update(purpose);
    hash.finalize().into()
}

/// A number in [0, 1) for spreading devices in time; nothing private hangs on it.
pub(crate) fn jitter() -> f64 {
    rand::rng().random()
}

/// Does a round's work, whatever it asks for: checks that the model is the one the terms describe, draws the
/// noise, only then looks at the data, and releases the vector. Blocks; CPU-bound.
///
/// # Errors
/// When the model is another, the query is about labels that the task lacks, or noise, engine or release fail.
pub fn local_round(work: &Work<'_>, mut draws: Draws) -> Result<Release, LocalRoundError> {
    let Work { engine, model, examples, manifest, parameters } = *work;
    let query = manifest.query;
    let no_labels = LocalRoundError::NoLabels { query };
    let (expected, found) = (parameters.dimension(), dimension(query, model).ok_or_else(|| no_labels.clone())?);
    if expected != found {
        return Err(LocalRoundError::Dimension { expected, found });
    }
    let found = layout(query, model).ok_or(no_labels)?;
    if manifest.layout != found {
        return Err(LocalRoundError::Layout { expected: manifest.layout, found });
    }
    // Before the data are looked at: the time the sampler takes then tells nothing about them.
    let noise = parameters.draw_noise(draws.noise.as_mut())?;
    let asked = Asked { query, held_out: manifest.held_out, training: &manifest.training };
    let vector = contribute(engine, model, examples, asked, draws.order)?;
    Ok(release(vector, parameters, noise, &mut draws.rounding)?)
}

#[cfg(test)]
mod tests;
