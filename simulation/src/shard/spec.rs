//! One round, as the driver tells it to its shards.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use silhouette_model::{FileShape, Layout, Model};
use silhouette_wire::{ContentHash, Nonce};

use super::error::{ShardError, garbled, split_head};
use crate::dataset::Dataset;
use crate::device::Past;

const WHAT: &str = "round";

/// One device of a round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    pub(crate) user: u32,
    pub(crate) group: u16,
    pub(crate) nonce: Nonce,
    pub(crate) past: Past,
}

impl Place {
    /// The place of the device's person in the data set.
    pub fn user(&self) -> usize {
        self.user as usize
    }
}

/// All but the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Head {
    fingerprint: ContentHash,
    round: u64,
    now: u64,
    groups: u16,
    base: ContentHash,
    clip: f64,
    places: Vec<Place>,
}

/// Who takes part in a round, and the model they start from. A shard knows the rest from its data set and settings.
#[derive(Clone)]
pub struct RoundSpec {
    head: Head,
    model: Arc<Model>,
}

/// What makes a [`RoundSpec`].
pub(crate) struct Draft {
    pub(crate) fingerprint: ContentHash,
    pub(crate) round: u64,
    pub(crate) now: u64,
    /// Groups that the places are split into.
    pub(crate) groups: u16,
    /// The hash of the model's file.
    pub(crate) base: ContentHash,
    /// Clip norm of training, which may follow the rounds before.
    pub(crate) clip: f64,
    /// The devices, group by group.
    pub(crate) places: Vec<Place>,
    pub(crate) model: Arc<Model>,
}

impl From<Draft> for RoundSpec {
    fn from(draft: Draft) -> Self {
        let Draft { fingerprint, round, now, groups, base, clip, places, model } = draft;
        Self { head: Head { fingerprint, round, now, groups, base, clip, places }, model }
    }
}

impl RoundSpec {
    /// The round, from 1.
    pub fn round(&self) -> u64 {
        self.head.round
    }

    /// Its devices, group by group. Shards take ranges of them.
    pub fn places(&self) -> &[Place] {
        &self.head.places
    }

    /// How many groups they are in.
    pub fn groups(&self) -> usize {
        self.head.groups.into()
    }

    /// The model they start from.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The hash of that model's file.
    pub fn base(&self) -> ContentHash {
        self.head.base
    }

    /// Clip norm of training.
    pub fn clip(&self) -> f64 {
        self.head.clip
    }

    /// Milliseconds since the run began, on its own clock.
    pub(crate) fn now(&self) -> u64 {
        self.head.now
    }

    pub(super) fn fingerprint(&self) -> ContentHash {
        self.head.fingerprint
    }

    /// Its ranges for so many shards, as equal in length as can be. Where there are more shards than devices, the last
    /// ranges are empty.
    pub fn ranges(&self, shards: usize) -> Vec<std::ops::Range<usize>> {
        let (devices, shards) = (self.places().len(), shards.max(1));
        (0..shards).map(|i| i * devices / shards..(i + 1) * devices / shards).collect()
    }

    /// For another process: the length of the head, the head, and the model's parameters as 32-bit floats, all
    /// little-endian.
    ///
    /// # Errors
    /// When it can't be written, which happens to none that a run makes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ShardError> {
        let head =
            postcard::to_stdvec(&self.head).map_err(|e| garbled(WHAT, "one that can be written", e.to_string()))?;
        let mut bytes = Vec::with_capacity(8 + head.len() + 4 * self.model.values().len());
        bytes.extend_from_slice(&(head.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&head);
        self.model.values().iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
        Ok(bytes)
    }

    /// What [`to_bytes`](Self::to_bytes) made, in a process that has the same data set.
    ///
    /// # Errors
    /// When the bytes are cut or garbled, or of another data set: nothing is taken that could not be part of a run.
    pub(super) fn from_bytes(bytes: &[u8], data: &Dataset) -> Result<Self, ShardError> {
        let (head, values) = split_head(bytes, WHAT)?;
        let head: Head = postcard::from_bytes(head).map_err(|e| garbled(WHAT, "a head", e.to_string()))?;
        let (users, mut group) = (data.train.len(), 0);
        for (i, place) in head.places.iter().enumerate() {
            if place.user() >= users {
                let found = format!("{} at device {i}", place.user);
                return Err(garbled(WHAT, format!("people below {users}"), found));
            }
            if place.group < group || place.group >= head.groups {
                let expected = format!("groups in order and below {}", head.groups);
                return Err(garbled(WHAT, expected, format!("{} at device {i}", place.group)));
            }
            group = place.group;
        }
        let expected = Layout::of(&data.task).total();
        if values.len() != 4 * expected {
            let found = format!("{} bytes", values.len());
            return Err(garbled(WHAT, format!("{expected} parameters of 4 bytes"), found));
        }
        let values = values.as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value)).collect();
        let model = Model::with_values(data.task.clone(), values)?;
        let found = FileShape::of(&model)?.hash(&model);
        if found != head.base {
            return Err(garbled(WHAT, format!("the model {}", head.base), found.to_string()));
        }
        Ok(Self { head, model: Arc::new(model) })
    }
}
