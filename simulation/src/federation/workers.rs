//! Who trains a round's devices, where this process does not.

use super::FederationError;
use crate::shard::{PartialSum, RoundSpec, SimulationShard};

/// Trains the devices of a round, wherever that is.
pub trait Workers {
    /// The sum over all places of `spec`, in parts that were merged. `shard` is this process' own one: it decodes what
    /// comes from others, and can take a part itself.
    ///
    /// # Errors
    /// When a part of the round can't be had; the run stops then.
    fn run(&mut self, spec: &RoundSpec, shard: &SimulationShard<'_>) -> Result<PartialSum, FederationError>;
}
