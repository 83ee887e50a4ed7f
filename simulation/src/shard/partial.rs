//! What some of a round's devices add up to.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use silhouette_privacy::{Accumulator, ReleaseParameters};
use silhouette_wire::ContentHash;

use super::error::{ShardError, at_most, decoded, garbled, split_head};
use super::spec::RoundSpec;

const WHAT: &str = "partial sum";

/// Bytes of a head: at most so many beside its lists, so many for a group, and so many for each device.
const MOST_FIXED: usize = 64;
const MOST_OF_A_GROUP: usize = 6;
const MOST_OF_DEVICES: usize = 10;

/// The sum over some of a round's devices, and which they are. Merging is associative and commutative.
///
/// It carries no noise of an aggregator and is for the simulator alone.
pub struct PartialSum {
    fingerprint: ContentHash,
    round: u64,
    groups: Vec<Option<Accumulator>>,
    /// Who is in the sum, in order, neighbours joined.
    devices: Vec<Devices>,
}

/// Devices side by side.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Devices {
    start: u32,
    count: u32,
}

impl Devices {
    fn range(&self) -> Range<usize> {
        self.start as usize..self.start as usize + self.count as usize
    }
}

/// All but the numbers, as it goes to another process.
#[derive(Serialize, Deserialize)]
struct Head {
    fingerprint: ContentHash,
    round: u64,
    /// Reports of each group; none where the part has no device of it.
    reports: Vec<Option<u32>>,
    devices: Vec<Devices>,
}

impl PartialSum {
    /// Of no device.
    pub(super) fn empty(spec: &RoundSpec) -> Self {
        let groups = std::iter::repeat_with(|| None).take(spec.groups()).collect();
        Self { fingerprint: spec.fingerprint(), round: spec.round(), groups, devices: Vec::new() }
    }

    /// The round it is of.
    pub fn round(&self) -> u64 {
        self.round
    }

    /// Devices in it.
    pub fn len(&self) -> usize {
        self.devices.iter().map(|devices| devices.count as usize).sum()
    }

    /// Whether no device is in it.
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// Adds devices of one group.
    pub(super) fn add(&mut self, group: usize, sum: Accumulator, places: Range<usize>) -> Result<(), ShardError> {
        let mut groups: Vec<Option<Accumulator>> = self.groups.iter().map(|_| None).collect();
        groups[group] = Some(sum);
        let devices = vec![Devices { start: places.start as u32, count: places.len() as u32 }];
        self.absorb(Self { fingerprint: self.fingerprint, round: self.round, groups, devices })
    }

    /// Both parts as one: the same bits whichever parts are merged first.
    ///
    /// # Errors
    /// When the parts are of other rounds or runs, or a device is in both.
    pub fn merge(mut self, other: Self) -> Result<Self, ShardError> {
        self.absorb(other)?;
        Ok(self)
    }

    fn absorb(&mut self, other: Self) -> Result<(), ShardError> {
        if other.fingerprint != self.fingerprint {
            return Err(ShardError::OtherRun { expected: self.fingerprint, found: other.fingerprint });
        }
        if other.round != self.round || other.groups.len() != self.groups.len() {
            return Err(ShardError::OtherRound { expected: self.round, found: other.round });
        }
        let mut devices: Vec<Devices> = std::mem::take(&mut self.devices).into_iter().chain(other.devices).collect();
        devices.sort_by_key(|devices| devices.start);
        let overlap =
            devices.windows(2).find(|pair| pair[0].range().end > pair[1].range().start).map(|pair| pair[1].start);
        if let Some(place) = overlap {
            return Err(ShardError::Twice(place as usize));
        }
        for part in devices {
            match self.devices.last_mut().filter(|last| last.range().end == part.range().start) {
                Some(last) => last.count += part.count,
                None => self.devices.push(part),
            }
        }
        for (ours, theirs) in self.groups.iter_mut().zip(other.groups) {
            match (ours.as_mut(), theirs) {
                (Some(ours), Some(theirs)) => ours.merge(&theirs)?,
                (None, theirs) => *ours = theirs,
                (Some(_), None) => {}
            }
        }
        Ok(())
    }

    /// The sum of each group, once all devices of the round are in it.
    pub(crate) fn complete(self, spec: &RoundSpec) -> Result<Vec<Accumulator>, ShardError> {
        if self.fingerprint != spec.fingerprint() {
            return Err(ShardError::OtherRun { expected: spec.fingerprint(), found: self.fingerprint });
        }
        if self.round != spec.round() {
            return Err(ShardError::OtherRound { expected: spec.round(), found: self.round });
        }
        let (expected, found) = (spec.places().len(), self.len());
        // Parts are in order and do not overlap, so that the whole round is one part from its start.
        if !matches!(&self.devices[..], [all] if all.range() == (0..expected)) {
            return Err(ShardError::Missing { expected, found });
        }
        let sums: Vec<Accumulator> = self.groups.into_iter().flatten().collect();
        if sums.len() != spec.groups() {
            return Err(ShardError::Missing { expected, found });
        }
        Ok(sums)
    }

    /// For another process: the length of the head, the head, and each group's sum as numbers of 64 bits, all
    /// little-endian.
    ///
    /// # Errors
    /// When it can't be written, which happens to none that a shard makes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ShardError> {
        let sums: Vec<_> =
            self.groups.iter().map(|g| g.as_ref().map(Accumulator::dangerous_sum_for_simulation_only)).collect();
        let head = Head {
            fingerprint: self.fingerprint,
            round: self.round,
            reports: sums.iter().map(|sum| sum.map(|(_, reports)| reports)).collect(),
            devices: self.devices.clone(),
        };
        let head = postcard::to_stdvec(&head).map_err(|e| garbled(WHAT, "one that can be written", e.to_string()))?;
        let numbers: usize = sums.iter().flatten().map(|(sum, _)| sum.len()).sum();
        let mut bytes = Vec::with_capacity(8 + head.len() + 8 * numbers);
        bytes.extend_from_slice(&(head.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&head);
        for (sum, _) in sums.into_iter().flatten() {
            sum.iter().for_each(|k| bytes.extend_from_slice(&k.to_le_bytes()));
        }
        Ok(bytes)
    }

    /// What [`to_bytes`](Self::to_bytes) made, of the round `spec` whose groups' sums have these `parameters`.
    pub(super) fn from_bytes(
        bytes: &[u8],
        spec: &RoundSpec,
        parameters: &[ReleaseParameters],
    ) -> Result<Self, ShardError> {
        let (head, mut rest) = split_head(bytes, WHAT)?;
        let most = MOST_FIXED + MOST_OF_A_GROUP * parameters.len() + MOST_OF_DEVICES * spec.places().len();
        at_most(head, most, WHAT)?;
        let Head { fingerprint, round, reports, devices } = decoded(head, WHAT)?;
        if reports.len() != parameters.len() {
            let (expected, found) = (format!("{} groups", parameters.len()), reports.len().to_string());
            return Err(garbled(WHAT, expected, found));
        }
        check_devices(&devices, spec.places().len())?;
        check_reports(&reports, &devices, spec)?;
        let mut groups = Vec::with_capacity(parameters.len());
        for (reports, parameters) in reports.into_iter().zip(parameters) {
            let Some(reports) = reports else {
                groups.push(None);
                continue;
            };
            let (expected, found) = (8 * parameters.released_len(), rest.len());
            let Some((numbers, others)) = rest.split_at_checked(expected) else {
                return Err(garbled(WHAT, format!("{expected} bytes of numbers"), found.to_string()));
            };
            rest = others;
            let sum = numbers.as_chunks::<8>().0.iter().map(|k| i64::from_le_bytes(*k)).collect();
            groups.push(Some(Accumulator::of_partial_sum(parameters.clone(), sum, reports)?));
        }
        if !rest.is_empty() {
            return Err(garbled(WHAT, "nothing behind the numbers", format!("{} bytes", rest.len())));
        }
        Ok(Self { fingerprint, round, groups, devices })
    }
}

/// Devices have to be in order, none of them twice, and in the round.
fn check_devices(devices: &[Devices], places: usize) -> Result<(), ShardError> {
    let mut next = 0;
    for part in devices {
        let range = part.range();
        if range.start < next || range.is_empty() || range.end > places {
            let found = format!("{} from place {} on", part.count, part.start);
            return Err(garbled(WHAT, format!("devices in order, within {places} places"), found));
        }
        next = range.end;
    }
    Ok(())
}

/// Each group has as many reports as there are devices of it.
fn check_reports(reports: &[Option<u32>], devices: &[Devices], spec: &RoundSpec) -> Result<(), ShardError> {
    for (group, reports) in (0..).zip(reports) {
        let of_group = spec.range_of(group);
        let within = |part: &Devices| {
            let range = part.range();
            range.end.min(of_group.end).saturating_sub(range.start.max(of_group.start))
        };
        let expected: usize = devices.iter().map(within).sum();
        if reports.map_or(0, |reports| reports as usize) != expected || reports.is_some() != (expected > 0) {
            let expected = format!("{expected} reports of group {group}, one of each device");
            return Err(garbled(
                WHAT,
                expected,
                reports.map_or_else(|| "none".to_owned(), |reports| reports.to_string()),
            ));
        }
    }
    Ok(())
}
