//! Releases whose noise is that of a tree over the rounds.

use silhouette_wire::{Correlation, Mode};

use super::{ParameterError, ReleaseParameters};
use crate::accounting::tree::{TreeError, TreeSchedule};

impl ReleaseParameters {
    /// The same release with the noise of a tree over the rounds: z is then that of each node, and rho
    /// follows from the schedule too. Mode `central` only, where the aggregator adds the noise.
    ///
    /// # Errors
    /// In another mode, without noise, or with an adaptive clip.
    pub fn with_tree(mut self, schedule: TreeSchedule) -> Result<Self, ParameterError> {
        self.tree = Some(schedule);
        self.validated()
    }

    /// The rounds of the tree and how devices take part in them, if there is one.
    pub fn tree(&self) -> Option<&TreeSchedule> {
        self.tree.as_ref()
    }

    /// As a manifest says it.
    pub fn correlation(&self) -> Correlation {
        match &self.tree {
            None => Correlation::Independent,
            // At most 2^16, checked by the schedule.
            Some(schedule) => Correlation::Tree { rounds: schedule.rounds() as u32 },
        }
    }

    pub(super) fn validate_tree(&self) -> Result<(), ParameterError> {
        if self.tree.is_none() {
            return Ok(());
        }
        if self.mode != Mode::Central {
            return Err(ParameterError::Tree("mode central, where the aggregator adds the noise"));
        }
        if self.adaptive.is_some() {
            return Err(ParameterError::Tree("one clip for all rounds: their sum has one sensitivity"));
        }
        if self.noise_multiplier == 0.0 {
            return Err(ParameterError::Tree("a noise multiplier above 0"));
        }
        Ok(())
    }
}

impl From<TreeError> for ParameterError {
    fn from(error: TreeError) -> Self {
        let TreeError::OutOfRange { field, expected, found } = error;
        Self::OutOfRange { field, expected, found: found as f64 }
    }
}
