//! One round, as the driver tells it to its shards.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use silhouette_model::{FileShape, Layout, Model};
use silhouette_wire::ContentHash;

use super::error::{ShardError, at_most, decoded, garbled, split_head};
use crate::dataset::Dataset;
use crate::past::Past;

const WHAT: &str = "round";

/// Bytes of a head: at most so many beside its devices, and so many for each of these.
const MOST_FIXED: usize = 16_384;
const MOST_OF_A_DEVICE: usize = 40;

/// Latest time of a round, in milliseconds: 285,000 years, so that no deadline behind it is beyond what can be counted.
const LATEST: u64 = 1 << 53;

/// One device of a round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub(crate) user: u32,
    pub(crate) past: Past,
}

impl Place {
    /// The place of the device's person in the data set.
    pub fn user(&self) -> usize {
        self.user as usize
    }
}

/// All but the devices and the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Head {
    fingerprint: ContentHash,
    round: u64,
    now: u64,
    base: ContentHash,
    clip: f64,
    /// Where the places of each group end; they begin where those of the group before end.
    ends: Vec<u32>,
}

/// Where the pasts of a round's devices are.
#[derive(Clone)]
enum Pasts {
    /// In the driver: everybody's, by user.
    Everybody(Arc<Vec<Past>>),
    /// In a shard elsewhere: those of the round, by place.
    Places(Vec<Past>),
}

/// Who takes part in a round, and the model they start from. A shard knows the rest from its data set and settings.
#[derive(Clone)]
pub struct RoundSpec {
    head: Head,
    users: Vec<u32>,
    pasts: Pasts,
    model: Arc<Model>,
}

/// What makes a [`RoundSpec`].
pub(crate) struct Draft<'d> {
    pub(crate) fingerprint: ContentHash,
    pub(crate) round: u64,
    pub(crate) now: u64,
    /// The hash of the model's file.
    pub(crate) base: ContentHash,
    /// Clip norm of training, which may follow the rounds before.
    pub(crate) clip: f64,
    /// The devices of each group.
    pub(crate) groups: &'d [Vec<u32>],
    /// Everybody's past, by user.
    pub(crate) pasts: &'d Arc<Vec<Past>>,
    pub(crate) model: &'d Arc<Model>,
}

impl From<Draft<'_>> for RoundSpec {
    fn from(draft: Draft<'_>) -> Self {
        let Draft { fingerprint, round, now, base, clip, groups, pasts, model } = draft;
        let end = |end: &mut u32, group: &Vec<u32>| {
            *end += group.len() as u32;
            Some(*end)
        };
        let ends = groups.iter().scan(0, end).collect();
        Self {
            head: Head { fingerprint, round, now, base, clip, ends },
            users: groups.concat(),
            pasts: Pasts::Everybody(Arc::clone(pasts)),
            model: Arc::clone(model),
        }
    }
}

/// A round as it is written.
#[derive(Serialize)]
struct Written<'s> {
    head: &'s Head,
    users: &'s [u32],
    #[serde(serialize_with = "each_past")]
    pasts: &'s RoundSpec,
}

fn each_past<S: Serializer>(spec: &&RoundSpec, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(spec.places().map(|place| place.past))
}

/// A round as it is read.
#[derive(Deserialize)]
struct Read {
    head: Head,
    users: Vec<u32>,
    pasts: Vec<Past>,
}

impl RoundSpec {
    /// The round, from 1.
    pub fn round(&self) -> u64 {
        self.head.round
    }

    /// Its devices, group by group. Shards take ranges of them.
    pub fn places(&self) -> impl ExactSizeIterator<Item = Place> {
        (0..self.users.len()).map(|place| self.place(place))
    }

    /// The device in one place, which has to be one of [`places`](Self::places).
    pub(super) fn place(&self, place: usize) -> Place {
        let user = self.users[place];
        let past = match &self.pasts {
            Pasts::Everybody(pasts) => pasts[user as usize],
            Pasts::Places(pasts) => pasts[place],
        };
        Place { user, past }
    }

    /// The person in one place.
    pub(super) fn user(&self, place: usize) -> usize {
        self.users[place] as usize
    }

    /// The people in all places, when the round is over; lets go of everybody's pasts.
    pub(crate) fn into_users(self) -> Vec<u32> {
        self.users
    }

    /// How many groups the devices are in.
    pub fn groups(&self) -> usize {
        self.head.ends.len()
    }

    /// The group that a place belongs to.
    pub(super) fn group_of(&self, place: usize) -> usize {
        self.head.ends.partition_point(|&end| end as usize <= place)
    }

    /// The places of a group; none where there is no such group.
    pub(super) fn range_of(&self, group: usize) -> Range<usize> {
        let end = |group: usize| self.head.ends.get(group).map_or(self.users.len(), |&end| end as usize);
        group.checked_sub(1).map_or(0, end)..end(group)
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
    pub fn ranges(&self, shards: usize) -> Vec<Range<usize>> {
        let (devices, shards) = (self.users.len(), shards.max(1));
        (0..shards).map(|i| i * devices / shards..(i + 1) * devices / shards).collect()
    }

    /// For another process: the length of the head, the head, and the model's parameters as 32-bit floats, all
    /// little-endian.
    ///
    /// # Errors
    /// When it can't be written, which happens to none that a run makes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ShardError> {
        let head = postcard::to_stdvec(&Written { head: &self.head, users: &self.users, pasts: self })
            .map_err(|e| garbled(WHAT, "one that can be written", e.to_string()))?;
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
        // Nobody is in a round twice, so this bounds what the lists take.
        at_most(head, MOST_FIXED + MOST_OF_A_DEVICE * data.train.len(), WHAT)?;
        let expected = Layout::of(&data.task).total();
        if values.len() != 4 * expected {
            let found = format!("{} bytes", values.len());
            return Err(garbled(WHAT, format!("{expected} parameters of 4 bytes"), found));
        }
        let Read { head, users, pasts } = decoded(head, WHAT)?;
        if head.now > LATEST {
            return Err(garbled(WHAT, format!("a time of at most {LATEST} ms"), head.now.to_string()));
        }
        check_users(&users, data.train.len())?;
        check_lists(&head.ends, users.len(), pasts.len())?;
        let values = values.as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value)).collect();
        let model = Model::with_values(data.task.clone(), values)?;
        let found = FileShape::of(&model)?.hash(&model);
        if found != head.base {
            return Err(garbled(WHAT, format!("the model {}", head.base), found.to_string()));
        }
        Ok(Self { head, users, pasts: Pasts::Places(pasts), model: Arc::new(model) })
    }
}

/// Everybody is in the data set, and in the round once.
fn check_users(users: &[u32], people: usize) -> Result<(), ShardError> {
    let mut seen = vec![false; people];
    for (i, &user) in users.iter().enumerate() {
        match seen.get_mut(user as usize) {
            Some(seen) if !*seen => *seen = true,
            Some(_) => return Err(garbled(WHAT, "people who are in it once", format!("{user} again at device {i}"))),
            None => return Err(garbled(WHAT, format!("people below {people}"), format!("{user} at device {i}"))),
        }
    }
    Ok(())
}

/// A past for every device, and groups that follow each other up to the last.
fn check_lists(ends: &[u32], users: usize, pasts: usize) -> Result<(), ShardError> {
    if pasts != users {
        return Err(garbled(WHAT, format!("the pasts of {users} devices"), pasts.to_string()));
    }
    if !ends.is_sorted() || ends.last().map_or(0, |&end| end as usize) != users {
        let found = ends.last().map_or_else(|| "none".to_owned(), |end| format!("groups that end at {end}"));
        return Err(garbled(WHAT, format!("groups in order that hold {users} devices"), found));
    }
    Ok(())
}
