//! How a coordinator knows devices, and what it keeps of them.

use std::collections::BTreeMap;
use std::fmt::Debug;

use silhouette_wire::{ContentHash, DeviceId};

use crate::participations::Participations;

/// A device's past in this task, kept by the driver across restarts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Participation {
    /// The last round it was assigned to; 0 for none.
    pub last_round: u64,
    /// Rounds it was assigned to, by kind of query.
    pub counts: Participations,
}

/// What a [`Coordinator`](crate::Coordinator) knows a device by. Real devices have their ids; a simulation of many has
/// numbers that follow each other, and keeps less of each. The order of the keys is that of the invitations, so keys
/// in the order of the devices' ids lead to the same rounds as the ids.
pub trait DeviceKey: Copy + Ord + Debug {
    /// What stands for a report that is in the sum.
    type Receipt: Clone + Debug;
    /// Where the devices' pasts are.
    type Histories: Histories<Self>;
}

/// The pasts of devices, by key.
pub trait Histories<D>: Default + Debug {
    /// The past of a device; that of a newcomer where there is none.
    fn of(&self, device: &D) -> Participation;

    /// Keeps a device's past.
    fn keep(&mut self, device: D, participation: Participation);
}

impl DeviceKey for DeviceId {
    type Receipt = ContentHash;
    type Histories = BTreeMap<Self, Participation>;
}

impl<D: Ord + Debug> Histories<D> for BTreeMap<D, Participation> {
    fn of(&self, device: &D) -> Participation {
        self.get(device).copied().unwrap_or_default()
    }

    fn keep(&mut self, device: D, participation: Participation) {
        self.insert(device, participation);
    }
}
