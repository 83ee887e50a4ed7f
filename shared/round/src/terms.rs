//! From what stays the same over a task to the manifest of one round.

use silhouette_privacy::ReleaseParameters;
use silhouette_wire::defaults::PROTOCOL_VERSION;
use silhouette_wire::manifest::{LocalTraining, Manifest, QueryKind};
use silhouette_wire::{ContentHash, Extensions, TaskId};

use crate::Millis;

/// What stays the same over all rounds of one kind of a task. Service and simulator make their manifests from
/// it, so both offer devices the same terms.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// The task.
    pub task: TaskId,
    /// What a round computes.
    pub query: QueryKind,
    /// Hash of the layout of the released vector.
    pub layout: ContentHash,
    /// The public numbers of every device's release.
    pub parameters: ReleaseParameters,
    /// The delta at which the cost is shown as an epsilon.
    pub delta: f64,
    /// Rounds of this kind one device may join, K.
    pub max_participations: u32,
    /// Rounds between two participations of one device, B; 1 allows every round.
    pub min_separation: u32,
    /// From the assignment to the end of the round.
    pub deadline: Millis,
    /// Per cent of all texts that no device trains on, because they are evaluated.
    pub held_out: u8,
    /// How a device trains.
    pub training: LocalTraining,
}

impl Terms {
    /// The manifest of `round`, whose devices start from the file with hash `model`. `seed` is the
    /// round's public randomness.
    pub fn manifest(&self, round: u64, model: ContentHash, seed: u64) -> Manifest {
        let p = &self.parameters;
        Manifest {
            protocol: PROTOCOL_VERSION,
            task: self.task.clone(),
            round,
            query: self.query,
            mode: p.mode(),
            model,
            layout: self.layout,
            // At most 2^24, checked by the parameters.
            dimension: p.dimension() as u32,
            clip: p.clip(),
            adaptive_clip: p.adaptive_clip().copied(),
            noise_multiplier: p.noise_multiplier(),
            correlation: p.correlation(),
            clip_units: p.clip_units(),
            modulus_bits: p.modulus_bits(),
            cohort: p.cohort(),
            min_reports: p.min_reports(),
            corrupt_fraction: p.corrupt_fraction(),
            rho: p.rho(),
            delta: self.delta,
            max_participations: self.max_participations,
            min_separation: self.min_separation,
            deadline_ms: self.deadline,
            held_out: self.held_out,
            training: self.training,
            seed,
            extensions: Extensions::default(),
        }
    }
}
