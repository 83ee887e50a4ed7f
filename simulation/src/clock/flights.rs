//! Who is at work when nobody waits for anybody: devices start, finish, vanish, and fill a buffer.
//!
//! Nothing here trains. When a device finishes does not depend on what it computes, so the times of a buffer are known
//! first and its updates are made afterwards, side by side. Events come in the order of virtual time, ties in the order
//! of the devices' numbers; no thread has a say.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::{FRUITLESS_STARTS, PATIENCE, PULSE, Roster};
use crate::Millis;
use crate::trace::Outcome;

/// What devices do in time.
pub(crate) trait World {
    /// Until when the device is eligible, if it is at `t`.
    fn eligible_until(&self, device: u32, t: Millis) -> Option<Millis>;

    /// A time before which a device that is not eligible at `t` is not so either.
    fn absent_until(&self, _device: u32, t: Millis) -> Millis {
        t + 1
    }

    /// What becomes of work that it starts at `t`, and the texts it has.
    fn work(&self, device: u32, t: Millis, until: Millis) -> (Outcome, usize);
}

/// How many, and how late is too late.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Updates that make a version.
    pub(crate) buffer: usize,
    /// Devices at work, at most.
    pub(crate) concurrency: usize,
    /// Versions that may lie between the start of an update and its arrival.
    pub(crate) max_staleness: u64,
    /// Charges of one device, at most.
    pub(crate) participations: u32,
}

/// A device that started from this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Start {
    pub(crate) version: u64,
    pub(crate) device: u32,
    /// Texts it has.
    pub(crate) examples: usize,
}

#[derive(Clone, Copy, Debug)]
struct Flight {
    start: Start,
    outcome: Outcome,
    /// Charges before this one.
    participations: u32,
}

/// What happened until a buffer was full.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filled {
    /// Those in the buffer.
    pub(crate) members: Vec<Start>,
    /// Those whose ledger is charged without an update in the buffer, in the order of time: too stale, or vanished
    /// while they sent. None of them is a member of this buffer before.
    pub(crate) payers: Vec<Start>,
    /// Devices that started.
    pub(crate) started: usize,
    /// Devices that vanished.
    pub(crate) vanished: usize,
    /// Updates too stale to count.
    pub(crate) stale: usize,
}

/// Nobody got anywhere for so long, or so often, that nobody will.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deserted {
    /// No device got as far as its charge for seven days.
    Nobody {
        /// Devices that may still be charged.
        waiting: usize,
        /// Updates in the buffer by then.
        updates: usize,
    },
    /// So many devices in a row vanished.
    Fruitless {
        /// How many.
        vanished: usize,
    },
}

/// Devices at work, and those that wait for their turn.
pub(crate) struct Flights {
    limits: Limits,
    roster: Roster,
    at_work: BTreeMap<u32, Flight>,
    events: BinaryHeap<Reverse<(Millis, u32)>>,
    /// Who may not start again before there is a new version, and how often each took part: a user is in a buffer at
    /// most once, and no device pays twice for one version.
    seated: Vec<(u32, u32)>,
    now: Millis,
    /// When it makes sense to look for devices again.
    look_again: Millis,
    /// For each device, a time before which it is not eligible.
    absent: Vec<Millis>,
}

impl Flights {
    pub(crate) fn new(limits: Limits, roster: Roster) -> Self {
        let (at_work, events, absent) = (BTreeMap::new(), BinaryHeap::new(), Vec::new());
        Self { limits, roster, at_work, events, seated: Vec::new(), now: 0, look_again: 0, absent }
    }

    /// Virtual time.
    pub(crate) fn now(&self) -> Millis {
        self.now
    }

    /// Lets time pass until the buffer of this version of the model is full.
    ///
    /// # Errors
    /// When no device gets as far as its charge for seven days, or ten thousand in a row vanish.
    pub(crate) fn fill(&mut self, version: u64, world: &impl World) -> Result<Filled, Deserted> {
        let mut filled = Filled::default();
        for (device, participations) in std::mem::take(&mut self.seated) {
            self.back(device, participations);
        }
        // There are devices again who may start.
        self.look_again = self.now;
        let (mut last, mut in_vain) = (self.now, 0);
        while filled.members.len() < self.limits.buffer {
            filled.started += self.start(version, world);
            let free = self.at_work.len() < self.limits.concurrency;
            match self.events.peek() {
                Some(&Reverse((at, device))) if !free || at <= self.look_again => {
                    self.events.pop();
                    self.now = at;
                    let vanished = filled.vanished;
                    if self.land(device, version, &mut filled) {
                        last = at;
                    }
                    in_vain = if filled.vanished > vanished { in_vain + 1 } else { 0 };
                }
                _ => self.now = self.look_again,
            }
            if self.now - last > PATIENCE {
                let updates = filled.members.len();
                return Err(match in_vain {
                    // Whoever came vanished, and has used up what it may.
                    1.. if updates == 0 => Deserted::Fruitless { vanished: in_vain },
                    _ => Deserted::Nobody { waiting: self.roster.len(), updates },
                });
            }
            if in_vain >= FRUITLESS_STARTS {
                return Err(Deserted::Fruitless { vanished: in_vain });
            }
        }
        Ok(filled)
    }

    /// Starts devices as long as places are free and somebody is eligible; returns how many.
    fn start(&mut self, version: u64, world: &impl World) -> usize {
        let mut started = 0;
        while self.now >= self.look_again && self.at_work.len() < self.limits.concurrency {
            let now = self.now;
            let (mut until, mut soonest) = (None, now + PATIENCE + PULSE);
            let absent = &mut self.absent;
            let next = self.roster.take(|device| {
                let place = device as usize;
                if absent.len() <= place {
                    absent.resize(place + 1, 0);
                }
                if absent[place] <= now {
                    until = world.eligible_until(device, now);
                    if until.is_some() {
                        return true;
                    }
                    absent[place] = world.absent_until(device, now);
                }
                soonest = soonest.min(absent[place]);
                false
            });
            let (Some((device, participations)), Some(until)) = (next, until) else {
                // Nobody is there: nobody will be within the same moment, and while nobody is at work either, not before
                // the first of them comes.
                let wait = if self.at_work.is_empty() { (soonest - now).div_ceil(PULSE).max(1) } else { 1 };
                self.look_again = now + wait * PULSE;
                break;
            };
            let (outcome, examples) = world.work(device, now, until);
            let start = Start { version, device, examples };
            self.at_work.insert(device, Flight { start, outcome, participations });
            self.events.push(Reverse((outcome.over(), device)));
            started += 1;
        }
        started
    }

    /// A device's work is over, one way or the other; says whether its ledger is charged.
    fn land(&mut self, device: u32, version: u64, filled: &mut Filled) -> bool {
        let Some(Flight { start, outcome, participations }) = self.at_work.remove(&device) else { return false };
        let stale = version - start.version > self.limits.max_staleness;
        let counts = matches!(outcome, Outcome::Reports { .. }) && !stale;
        match outcome {
            Outcome::Vanishes { .. } => filled.vanished += 1,
            Outcome::Reports { .. } if stale => filled.stale += 1,
            Outcome::Reports { .. } => filled.members.push(start),
        }
        if !outcome.charges() {
            self.back(device, participations);
            return false;
        }
        if !counts {
            filled.payers.push(start);
        }
        if counts || start.version == version {
            self.seated.push((device, participations + 1));
        } else {
            self.back(device, participations + 1);
        }
        true
    }

    /// Into the roster, unless it took part as often as it may.
    fn back(&mut self, device: u32, participations: u32) {
        if participations < self.limits.participations {
            self.roster.put(device, participations);
        }
    }

    /// The versions that devices at work started from, each with how many.
    pub(crate) fn versions(&self) -> BTreeMap<u64, usize> {
        let mut versions = BTreeMap::new();
        self.at_work.values().for_each(|flight| *versions.entry(flight.start.version).or_default() += 1);
        versions
    }

    /// The run is over. Who is at work does not know: it charges its ledger when it has trained, and sends in vain.
    pub(crate) fn payers_at_the_end(&mut self) -> Vec<Start> {
        self.events.clear();
        let flights = std::mem::take(&mut self.at_work);
        flights.into_values().filter(|flight| flight.outcome.charges()).map(|flight| flight.start).collect()
    }
}

#[cfg(test)]
mod tests;
