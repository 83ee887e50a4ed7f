//! The device's side: from a check-in to a receipt.

mod masking;

use std::sync::Arc;

use ed25519_dalek::VerifyingKey;
use silhouette_privacy::secagg::{Client, Entropy, Identity, MaskedVector};
use silhouette_privacy::{Charge, Mode, Release, ReleaseParameters};
use silhouette_wire::manifest::{Manifest, QueryKind};
use silhouette_wire::message::{CheckInReply, SecaggReply, SecaggRequest, Upload, UploadReply};
use silhouette_wire::{ContentHash, ErrorCode, Nonce, TaskId};

use crate::Millis;
use crate::policy::{Agreed, Conditions, History, Policy, Refusal, Verified};

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Not checked in; may not before this time.
    Resting {
        /// Earliest check-in.
        until: Millis,
    },
    /// Checked in, waiting for an answer.
    CheckedIn,
    /// Fetching the round's model.
    Fetching,
    /// Training.
    Training,
    /// The charge is being made durable.
    Charging,
    /// Uploading.
    Uploading,
    /// Waiting for randomness, to take part in a masked round.
    Keying,
    /// In one of the exchanges of a masked round.
    Masking,
    /// The task is over.
    Finished,
}

/// What happened, told to the session by its driver.
pub enum Input {
    /// Time has passed.
    Tick,
    /// The answer to a check-in. `random` in [0, 1) places the return inside a retry window.
    Reply(CheckInReply, f64),
    /// The answer to a check-in that assigns this device to a round whose manifest the driver has verified
    /// already, for many devices in one process that all would find the same.
    Verified(Arc<Verified>, Nonce),
    /// The round's model is on this device, its bytes hash to what was asked for.
    ModelReady,
    /// Training is done and its result went through the one door.
    Released(Release),
    /// The charge is in the ledger and on the disk.
    Charged,
    /// The answer to an upload.
    Uploaded(UploadReply),
    /// Fresh randomness for keys and masks.
    Entropy(Box<Entropy>),
    /// The answer to an exchange of a masked round.
    Masked(SecaggReply),
    /// Something on this device failed: no model, training, ledger.
    Failed(String),
    /// The connection broke.
    Disconnected,
}

/// What a driver must do.
pub enum Action {
    /// Check in; answer with [`Input::Reply`].
    CheckIn {
        /// The task.
        task: TaskId,
        /// The last round this device was charged for.
        last_round: u64,
    },
    /// Have the model with this hash at hand, from the cache or the aggregator; answer with
    /// [`Input::ModelReady`].
    Fetch(ContentHash),
    /// Draw the noise, then do what the round asks for (train, say), then release; answer with [`Input::Released`].
    Train {
        /// The round's terms.
        manifest: Box<Manifest>,
        /// The release they imply, recomputed here.
        parameters: ReleaseParameters,
    },
    /// Put this charge into the ledger and flush it to the disk, *then* answer with
    /// [`Input::Charged`]: nothing of the release has left the device yet.
    Charge {
        /// The task.
        task: TaskId,
        /// What the round asked for.
        query: QueryKind,
        /// The round.
        round: u64,
        /// Hash of the signed manifest.
        manifest: ContentHash,
        /// The charge.
        charge: Charge,
    },
    /// Send this; answer with [`Input::Uploaded`].
    Upload {
        /// The announcement.
        header: Box<Upload>,
        /// The vector.
        body: Release,
    },
    /// Draw fresh randomness for the keys and masks of one round; answer with [`Input::Entropy`].
    DrawEntropy,
    /// Send this, and the masked vector if there is one; answer with [`Input::Masked`].
    Mask {
        /// The request.
        request: Box<SecaggRequest>,
        /// The vector that follows it.
        vector: Option<MaskedVector>,
    },
    /// The device took part in this round and has its receipt.
    Took {
        /// The round.
        round: u64,
    },
    /// The device did not take part, and why.
    Declined(Refusal),
    /// The aggregator refused the upload. What was charged stays charged.
    Rejected(ErrorCode),
    /// Nothing to do before this time; call with [`Input::Tick`] then.
    Rest(Millis),
    /// Training is over; this is the last model.
    Finish(ContentHash),
}

/// The round a session is in.
struct Current {
    signed_hash: ContentHash,
    /// Who endorses identities; with one the masked round runs in the active mode.
    endorser: Option<[u8; 32]>,
    manifest: Manifest,
    parameters: ReleaseParameters,
    nonce: Nonce,
    release: Option<Release>,
    /// When the round ends on this device's clock.
    deadline: Millis,
    masking: Option<Client>,
}

/// The device's state machine for one task.
pub struct Session {
    task: TaskId,
    owner: VerifyingKey,
    policy: Policy,
    identity: Option<Identity>,
    stage: Stage,
    current: Option<Current>,
}

/// How long a device waits after a failure before it checks in again, in milliseconds.
const BACK_OFF: Millis = 1_000;

impl Session {
    /// A session for `task`, whose manifests must be signed by `owner`.
    pub fn new(task: TaskId, owner: VerifyingKey, policy: Policy) -> Self {
        Self { task, owner, policy, identity: None, stage: Stage::Resting { until: 0 }, current: None }
    }

    /// With what the device signs in masked rounds of the active mode; without it such rounds are
    /// declined.
    #[must_use]
    pub fn with_identity(mut self, identity: Option<Identity>) -> Self {
        self.identity = identity;
        self
    }

    /// The current stage.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// One step: what happened, and what the device remembers and has at this moment.
    pub fn step(
        &mut self,
        now: Millis,
        input: Input,
        history: &History,
        examples: usize,
        conditions: Conditions,
    ) -> Vec<Action> {
        match (self.stage, input) {
            (Stage::Resting { until }, Input::Tick) if now >= until => {
                self.stage = Stage::CheckedIn;
                vec![Action::CheckIn { task: self.task.clone(), last_round: history.last_round }]
            }
            (Stage::Resting { until }, _) => vec![Action::Rest(until)],
            (Stage::CheckedIn, Input::Reply(reply, random)) => {
                self.answered(now, reply, random, history, examples, conditions)
            }
            (Stage::CheckedIn, Input::Verified(verified, nonce)) => {
                self.assigned(now, &verified, nonce, history, examples, conditions)
            }
            (Stage::Fetching, Input::ModelReady) => self.train(),
            (Stage::Training, Input::Released(release)) => self.charge(now, release),
            (Stage::Charging, Input::Charged) => self.send(),
            (Stage::Keying, Input::Entropy(entropy)) => self.advertise(now, *entropy),
            (Stage::Masking, Input::Masked(reply)) => self.masked(now, &reply),
            (Stage::Uploading, Input::Uploaded(reply)) => self.uploaded(now, reply),
            (Stage::Finished, _) => Vec::new(),
            (_, Input::Failed(why)) => self.decline(now, Refusal::Device(why)),
            (_, Input::Disconnected) => self.rest(now + BACK_OFF),
            (_, Input::Tick) => Vec::new(),
            (_, _) => self.decline(now, Refusal::Device("an answer came out of order".into())),
        }
    }

    fn answered(
        &mut self,
        now: Millis,
        reply: CheckInReply,
        random: f64,
        history: &History,
        examples: usize,
        conditions: Conditions,
    ) -> Vec<Action> {
        match reply {
            CheckInReply::Assigned { manifest, nonce, .. } => match Verified::new(&manifest, &self.owner) {
                Ok(verified) => self.assigned(now, &verified, nonce, history, examples, conditions),
                Err(refusal) => self.decline(now, refusal),
            },
            CheckInReply::Wait { min_ms, max_ms, .. } => {
                let window = max_ms.saturating_sub(min_ms) as f64;
                self.rest(now + min_ms + (window * random.clamp(0.0, 1.0)) as Millis)
            }
            CheckInReply::Finished { model, .. } => {
                self.stage = Stage::Finished;
                vec![Action::Finish(model)]
            }
            CheckInReply::Refused(code) => {
                let mut actions = vec![Action::Rejected(code)];
                actions.extend(self.rest(now + BACK_OFF));
                actions
            }
        }
    }

    fn assigned(
        &mut self,
        now: Millis,
        verified: &Verified,
        nonce: Nonce,
        history: &History,
        examples: usize,
        conditions: Conditions,
    ) -> Vec<Action> {
        match self.policy.examine(verified, &self.owner, &self.task, history, examples, conditions) {
            Ok(Agreed { manifest, parameters, endorser }) => {
                if let Err(refusal) = self.examine_endorser(&manifest, endorser) {
                    return self.decline(now, refusal);
                }
                let model = manifest.model;
                self.current = Some(Current {
                    signed_hash: verified.hash(),
                    endorser,
                    deadline: now + manifest.deadline_ms,
                    manifest,
                    parameters,
                    nonce,
                    release: None,
                    masking: None,
                });
                self.stage = Stage::Fetching;
                vec![Action::Fetch(model)]
            }
            Err(refusal) => self.decline(now, refusal),
        }
    }

    fn train(&mut self) -> Vec<Action> {
        let Some(current) = &self.current else { return Vec::new() };
        self.stage = Stage::Training;
        vec![Action::Train { manifest: Box::new(current.manifest.clone()), parameters: current.parameters.clone() }]
    }

    fn charge(&mut self, now: Millis, release: Release) -> Vec<Action> {
        let Some(current) = &mut self.current else { return Vec::new() };
        // The policy has refused what can't be charged; without a charge nothing goes on from here.
        let charge = match Charge::of(current.parameters.rho()) {
            Ok(charge) => charge,
            Err(error) => return self.decline(now, error.into()),
        };
        current.release = Some(release);
        self.stage = Stage::Charging;
        vec![Action::Charge {
            task: self.task.clone(),
            query: current.manifest.query,
            round: current.manifest.round,
            manifest: current.signed_hash,
            charge,
        }]
    }

    /// The charge is on the disk. A share of the noise protects a vector only in the masked sum, so
    /// in that mode nothing is ever uploaded as it is.
    fn send(&mut self) -> Vec<Action> {
        let Some(current) = &self.current else { return Vec::new() };
        if current.manifest.mode == Mode::Distributed {
            self.stage = Stage::Keying;
            return vec![Action::DrawEntropy];
        }
        self.upload()
    }

    fn upload(&mut self) -> Vec<Action> {
        let Some(current) = &mut self.current else { return Vec::new() };
        let Some(body) = current.release.take() else { return Vec::new() };
        self.stage = Stage::Uploading;
        let header = Upload {
            task: self.task.clone(),
            round: current.manifest.round,
            nonce: current.nonce,
            manifest_hash: current.signed_hash,
            dimension: body.dimension() as u32,
            modulus_bits: body.modulus_bits(),
            byte_len: body.as_bytes().len() as u64,
            sha256: body.sha256(),
        };
        vec![Action::Upload { header: Box::new(header), body }]
    }

    fn uploaded(&mut self, now: Millis, reply: UploadReply) -> Vec<Action> {
        let round = self.current.as_ref().map_or(0, |c| c.manifest.round);
        let mut actions = match reply {
            UploadReply::Receipt { .. } => vec![Action::Took { round }],
            UploadReply::Refused(code) => vec![Action::Rejected(code)],
        };
        actions.extend(self.rest(now));
        actions
    }

    fn decline(&mut self, now: Millis, refusal: Refusal) -> Vec<Action> {
        let mut actions = vec![Action::Declined(refusal)];
        actions.extend(self.rest(now + BACK_OFF));
        actions
    }

    fn rest(&mut self, until: Millis) -> Vec<Action> {
        self.current = None;
        self.stage = Stage::Resting { until };
        vec![Action::Rest(until)]
    }
}

#[cfg(test)]
mod tests;
