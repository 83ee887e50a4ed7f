//! Where a coordinator stands and what it asks of its driver.

use silhouette_wire::{DeviceId, Nonce};

use crate::Millis;

/// Where the coordinator stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Devices check in; the cohort is not chosen yet.
    Gathering,
    /// A cohort is at work until the deadline.
    Collecting {
        /// When the round closes whatever has arrived.
        deadline: Millis,
    },
    /// The round is over and the driver is making its result.
    Closing,
    /// The last round is over.
    Finished,
}

/// What a driver must do, about devices known by keys `D`. Instructions of one call are in the order in which to do
/// them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Instruction<D = DeviceId> {
    /// Record that the round opens and what it will cost, durably, then build its manifest.
    Open {
        /// The round, from 1.
        round: u64,
        /// Devices invited.
        invited: usize,
    },
    /// Answer this device's check-in with the round's manifest and this nonce.
    Assign {
        /// The device.
        device: D,
        /// Identifies the one upload it may make.
        nonce: Nonce,
        /// The group it is in, from 0: its manifest is that group's.
        group: usize,
    },
    /// Answer this device's check-in: come back in `min` to `max` milliseconds.
    Wait {
        /// The device.
        device: D,
        /// Earliest return.
        min: Millis,
        /// Latest return.
        max: Millis,
    },
    /// Answer this device's check-in: training is over, here is the last model.
    Finish {
        /// The device.
        device: D,
    },
    /// Enough reports: make the result, publish it durably, then call
    /// [`Coordinator::published`].
    Close {
        /// The round.
        round: u64,
        /// Devices whose reports are in the sum.
        reports: usize,
        /// Devices that were asked.
        invited: usize,
    },
    /// Too few reports by the deadline: drop the sum unseen, then call
    /// [`Coordinator::published`]. What the round was charged stays charged.
    Abandon {
        /// The round.
        round: u64,
        /// Reports that had arrived.
        reports: usize,
        /// Devices that were asked.
        invited: usize,
    },
}
