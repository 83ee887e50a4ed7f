//! A round that is open: its terms, its sum, and who is in it.

use std::time::Instant;

use silhouette_privacy::{Accumulator, FoldError, ReleaseParameters};
use silhouette_round::{MaskedError, MaskedGroups};
use silhouette_wire::manifest::SignError;
use silhouette_wire::{ContentHash, DeviceId, ErrorCode, SignedManifest, Upload};
use thiserror::Error;

use super::outcome::StoreError;
use crate::plan::Plan;

/// Why a round could not be opened. Nothing was handed out.
#[derive(Debug, Error)]
pub(super) enum OpenError {
    #[error("the system has no randomness to give")]
    Entropy,
    #[error("the endorser in the task's terms is no Ed25519 key")]
    Endorser,
    #[error(transparent)]
    Manifest(#[from] SignError),
    #[error(transparent)]
    Masked(#[from] MaskedError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How the vectors of a round come together.
pub(super) enum Collecting {
    /// One by one, in the clear.
    Plain(Accumulator),
    /// Masked. Boxed: it is much larger, and only one is ever there.
    Masked {
        /// The protocol's state.
        round: Box<MaskedGroups>,
        /// Each group's release, with its rotation.
        parameters: Vec<ReleaseParameters>,
    },
}

pub(super) struct Opened {
    pub(super) number: u64,
    pub(super) invited: usize,
    /// One for each group, by its number.
    pub(super) manifests: Vec<SignedManifest>,
    pub(super) collecting: Collecting,
    pub(super) reports: Vec<(DeviceId, ContentHash)>,
    pub(super) since: Instant,
    /// Bytes up and down before the round.
    pub(super) traffic: (u64, u64),
}

impl Opened {
    /// Whether an announcement fits the manifest, before a byte of the body is read.
    pub(super) fn fits(&self, plan: &Plan, upload: &Upload) -> Result<(), ErrorCode> {
        let expected = plan.parameters_of(self.number);
        if upload.task != *plan.task_id() {
            return Err(ErrorCode::UnknownTask);
        }
        // Other terms of the same round: to us that round does not exist.
        if self.manifests.iter().all(|manifest| upload.manifest_hash != manifest.hash()) {
            return Err(ErrorCode::UnknownRound);
        }
        if upload.dimension as usize != expected.released_len() {
            return Err(ErrorCode::WrongDimension);
        }
        let fits = upload.modulus_bits == expected.modulus_bits() && upload.byte_len == expected.byte_len() as u64;
        if fits { Ok(()) } else { Err(ErrorCode::WrongLength) }
    }

    /// Checks a report exactly and adds it; a refused one leaves the sum as it was.
    pub(super) fn fold(&mut self, device: DeviceId, upload: &Upload, body: &[u8]) -> Result<(), ErrorCode> {
        // In a masked round nothing is taken in the clear.
        let Collecting::Plain(sum) = &mut self.collecting else { return Err(ErrorCode::Malformed) };
        sum.fold(body).map_err(|error| match error {
            FoldError::Norm => ErrorCode::NormExceeded,
            FoldError::Length { .. } => ErrorCode::WrongLength,
            FoldError::Full(_) => ErrorCode::Late,
            _ => ErrorCode::Malformed,
        })?;
        self.reports.push((device, upload.sha256));
        Ok(())
    }
}
