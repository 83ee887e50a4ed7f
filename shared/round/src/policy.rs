//! What a device agrees to, checked before anything is computed.
//!
//! The order of the checks is that of the PRIVACY specification, section 7. Everything is
//! recomputed from the signed inputs; no number that the aggregator derived is trusted.

mod verified;

use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};
use silhouette_privacy::secagg::Abort;
use silhouette_privacy::{Account, Charge, ChargeError, Mode, ParameterError, ReleaseParameters};
use silhouette_wire::manifest::{Manifest, QueryKind, TaskTerms};
use silhouette_wire::{ContentHash, TaskId, defaults};
use thiserror::Error;

use crate::participations::Participations;

pub use verified::Verified;

/// The weakest terms under which a device takes part. Never negotiated down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The weakest mode accepted: `central` trusts the aggregator to add the noise, `distributed` the
    /// share of the other devices that a round assumes to be honest, `local` nobody.
    pub weakest_mode: Mode,
    /// The least share of corrupt devices, gamma, that a round of mode `distributed` has to allow for:
    /// the noise of the others alone then keeps the promise.
    pub min_corrupt_fraction: f64,
    /// Masked rounds only in the active mode: with an endorser of identities whom the task's owner named,
    /// so that an aggregator which is not the endorser can't stand in for other devices.
    pub require_active_mode: bool,
    /// The least noise multiplier accepted. A round without noise can't be expressed in a manifest
    /// at all.
    pub min_noise_multiplier: f64,
    /// The smallest `N_min` accepted: with fewer reports in the sum a device stands out.
    pub min_reports: u32,
    /// The largest clip norm accepted.
    pub max_clip: f64,
    /// The largest delta accepted.
    pub max_delta: f64,
    /// What rounds may ask for; any other kind of query is declined.
    pub allowed_queries: Vec<QueryKind>,
    /// Fewest labelled texts with which taking part makes sense.
    pub min_examples: usize,
    /// The most local epochs a round may ask for: bounds the work.
    pub max_epochs: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            weakest_mode: Mode::Distributed,
            min_corrupt_fraction: 0.05,
            require_active_mode: false,
            min_noise_multiplier: 0.3,
            min_reports: 2,
            max_clip: 100.0,
            max_delta: 1e-4,
            allowed_queries: QueryKind::ALL.to_vec(),
            min_examples: 1,
            max_epochs: 50,
        }
    }
}

/// What the host says of the moment: consent, power, network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// The person agreed to take part in this task, and still does.
    pub consent: bool,
    /// Power and network are good enough to train and to upload.
    pub fit_to_train: bool,
}

/// What the device remembers of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The last round it was charged for; 0 for none.
    pub last_round: u64,
    /// Rounds it was charged for, by kind of query.
    pub participations: Participations,
    /// What it spent, on this and on every other task.
    pub account: Account,
}

/// Why a device does not take part. Nothing was charged, nothing was sent.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// The manifest's signature is not the task owner's.
    #[error("the manifest is not signed by the task's owner: {0}")]
    Signature(String),
    /// Another protocol version.
    #[error("protocol: expected version {expected}, found {found}")]
    Version {
        /// Ours.
        expected: u16,
        /// The manifest's.
        found: u16,
    },
    /// Another task than the one enrolled in.
    #[error("task: expected {expected}, found {found}")]
    Task {
        /// Ours.
        expected: TaskId,
        /// The manifest's.
        found: TaskId,
    },
    /// The person has not agreed, or no longer does.
    #[error("consent: not given for this task")]
    Consent,
    /// The round is not newer than the last one charged.
    #[error("round: expected one after {last}, found {found}")]
    Replay {
        /// The last round charged.
        last: u64,
        /// The manifest's.
        found: u64,
    },
    /// A round of the active mode, and nobody whom the task's owner named has endorsed this device.
    #[error("identity: the task names the endorser {expected}, this device was endorsed by {found}; enrol again")]
    Endorsement {
        /// Whom the owner named.
        expected: ContentHash,
        /// Who endorsed this device.
        found: String,
    },
    /// The masked round was left: its terms, or what the aggregator sent, can't be trusted.
    #[error("masked round: {0}")]
    Masking(#[from] Abort),
    /// Weaker terms than the policy's.
    #[error("{field}: the policy asks for {expected}, the manifest offers {found}")]
    Policy {
        /// The manifest's field.
        field: &'static str,
        /// The policy's bound.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The manifest's public numbers do not make a valid release.
    #[error("manifest: {0}")]
    Parameters(#[from] ParameterError),
    /// The charge stated is not the charge that follows from the noise.
    #[error("rho: {expected:.9} follows from the manifest's noise, {found:.9} is stated")]
    Rho {
        /// Recomputed.
        expected: f64,
        /// Stated.
        found: f64,
    },
    /// The budget does not hold the charge.
    #[error("budget: {0}")]
    Budget(#[from] ChargeError),
    /// It took part in rounds of this kind often enough.
    #[error("participations in {query}: at most {most}, {found} made")]
    Participations {
        /// The kind of query.
        query: QueryKind,
        /// The manifest's limit.
        most: u32,
        /// Participations so far.
        found: u32,
    },
    /// Too soon after the last participation.
    #[error("separation: rounds at least {least} apart, found {found}")]
    Separation {
        /// The manifest's minimum separation.
        least: u32,
        /// Rounds since the last participation.
        found: u64,
    },
    /// Too little to learn from.
    #[error("examples: expected at least {least} labelled texts")]
    Examples {
        /// The policy's minimum.
        least: usize,
    },
    /// Power or network are not good enough now.
    #[error("conditions: power or network do not allow training now")]
    Conditions,
    /// The model's bytes or shape are not the manifest's.
    #[error("model: {0}")]
    Model(String),
    /// Training or the release failed on this device.
    #[error("device: {0}")]
    Device(String),
}

/// Terms that a device agreed to.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreed {
    /// The round's terms, verified.
    pub manifest: Manifest,
    /// The release they imply, recomputed.
    pub parameters: ReleaseParameters,
    /// Ed25519 key that endorses identities, if the task's owner named one.
    pub endorser: Option<[u8; 32]>,
}

impl Policy {
    /// Checks a manifest whose signatures hold against this policy, the device's history and the moment.
    ///
    /// # Errors
    /// The first objection, in the order of the specification.
    pub fn examine(
        &self,
        verified: &Verified,
        owner: &VerifyingKey,
        task: &TaskId,
        history: &History,
        examples: usize,
        conditions: Conditions,
    ) -> Result<Agreed, Refusal> {
        let Verified { manifest, endorser, .. } = verified;
        if verified.owner != *owner {
            return Err(Refusal::Signature("it was verified with another owner's key".into()));
        }
        if manifest.protocol != defaults::PROTOCOL_VERSION {
            return Err(Refusal::Version { expected: defaults::PROTOCOL_VERSION, found: manifest.protocol });
        }
        if manifest.task != *task {
            return Err(Refusal::Task { expected: task.clone(), found: manifest.task.clone() });
        }
        if !conditions.consent {
            return Err(Refusal::Consent);
        }
        if manifest.round <= history.last_round {
            return Err(Refusal::Replay { last: history.last_round, found: manifest.round });
        }
        self.examine_terms(manifest)?;
        self.examine_mode(manifest, endorser.is_some())?;
        let parameters = verified.parameters.clone()?;
        examine_charge(manifest, &parameters, history)?;
        examine_limits(manifest, history)?;
        if examples < self.min_examples {
            return Err(Refusal::Examples { least: self.min_examples });
        }
        if !conditions.fit_to_train {
            return Err(Refusal::Conditions);
        }
        Ok(Agreed { manifest: manifest.clone(), parameters, endorser: *endorser })
    }

    /// Whether these terms are ones that a device under this policy agrees to, its budget and its past
    /// aside.
    ///
    /// # Errors
    /// The first objection.
    pub fn accepts(&self, task: &TaskTerms) -> Result<(), Refusal> {
        for manifest in task.kinds() {
            // Where the clip moves, it may become as large as this in some round.
            let largest = manifest.adaptive_clip.map_or(manifest.clip, |adaptive| adaptive.largest);
            self.examine_terms(&Manifest { clip: largest, ..manifest.clone() })?;
            self.examine_mode(manifest, task.endorser.is_some())?;
            recompute_charge(manifest, &ReleaseParameters::try_from(manifest)?)?;
        }
        Ok(())
    }

    fn examine_mode(&self, m: &Manifest, active: bool) -> Result<(), Refusal> {
        if m.mode == Mode::Distributed && self.require_active_mode && !active {
            let (expected, found) = ("an endorser named by the task's owner".to_owned(), "none".to_owned());
            return Err(Refusal::Policy { field: "endorser", expected, found });
        }
        Ok(())
    }

    fn examine_terms(&self, m: &Manifest) -> Result<(), Refusal> {
        let allowed = || self.allowed_queries.iter().map(|query| query.name()).collect::<Vec<_>>().join(", ");
        let terms: [(bool, &'static str, String, String); 8] = [
            (
                self.allowed_queries.contains(&m.query),
                "query",
                format!("one of: {}", allowed()),
                m.query.name().to_owned(),
            ),
            (
                m.mode.strength() >= self.weakest_mode.strength(),
                "mode",
                format!("at least {}", self.weakest_mode),
                m.mode.to_string(),
            ),
            (
                // In the other modes nobody's noise but one's own, or the aggregator's, is counted on.
                m.mode != Mode::Distributed || m.corrupt_fraction >= self.min_corrupt_fraction,
                "corrupt_fraction",
                format!("at least {}", self.min_corrupt_fraction),
                m.corrupt_fraction.to_string(),
            ),
            (
                m.noise_multiplier >= self.min_noise_multiplier,
                "noise_multiplier",
                format!("at least {}", self.min_noise_multiplier),
                m.noise_multiplier.to_string(),
            ),
            (
                m.min_reports >= self.min_reports,
                "min_reports",
                format!("at least {}", self.min_reports),
                m.min_reports.to_string(),
            ),
            (m.clip <= self.max_clip, "clip", format!("at most {}", self.max_clip), m.clip.to_string()),
            (m.delta <= self.max_delta, "delta", format!("at most {}", self.max_delta), m.delta.to_string()),
            (
                m.training.epochs <= self.max_epochs,
                "epochs",
                format!("at most {}", self.max_epochs),
                m.training.epochs.to_string(),
            ),
        ];
        for (ok, field, expected, found) in terms {
            if !ok {
                return Err(Refusal::Policy { field, expected, found });
            }
        }
        Ok(())
    }
}

/// Recomputes the charge and tries it on a copy of the account.
fn examine_charge(m: &Manifest, parameters: &ReleaseParameters, history: &History) -> Result<(), Refusal> {
    let charge = recompute_charge(m, parameters)?;
    history.account.clone().charge(&m.task, charge)?;
    Ok(())
}

/// What one participation costs, which has to be what is stated.
fn recompute_charge(m: &Manifest, parameters: &ReleaseParameters) -> Result<Charge, Refusal> {
    let expected = parameters.rho();
    // First, since nothing can be compared with an infinite rho: a round without noise is refused here.
    let charge = Charge::of(expected)?;
    // A stated rho that is no number is no agreement.
    if m.rho.is_nan() || (m.rho - expected).abs() > 1e-9 * expected {
        return Err(Refusal::Rho { expected, found: m.rho });
    }
    Ok(charge)
}

fn examine_limits(m: &Manifest, history: &History) -> Result<(), Refusal> {
    let (query, most, found) = (m.query, m.max_participations, history.participations.of(m.query));
    if found >= most {
        return Err(Refusal::Participations { query, most, found });
    }
    let since = m.round - history.last_round;
    if history.last_round > 0 && since < u64::from(m.min_separation) {
        return Err(Refusal::Separation { least: m.min_separation, found: since });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
