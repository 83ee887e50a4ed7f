//! The aggregator's side: who is asked, who has answered, when a round is over.

use std::collections::{BTreeMap, BTreeSet};

use chacha20::ChaCha20Rng;
use rand::{Rng, SeedableRng};
use silhouette_wire::message::Upload;
use silhouette_wire::{ContentHash, DeviceId, ErrorCode, Nonce};

pub use config::{ConfigError, RoundConfig};
pub use instruction::{Instruction, Phase};

use crate::Millis;
use crate::participations::Participations;
use crate::schedule::QuerySchedule;

mod config;
mod instruction;

/// A device's part in the current round.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Assignment {
    Asked(Nonce),
    Reported(Nonce, ContentHash),
}

/// A device's past in this task, kept by the driver across restarts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Participation {
    /// The last round it was assigned to; 0 for none.
    pub last_round: u64,
    /// Rounds it was assigned to, by kind of query.
    pub counts: Participations,
}

/// The state machine over all rounds of one task.
#[derive(Debug)]
pub struct Coordinator {
    config: RoundConfig,
    schedule: QuerySchedule,
    random: ChaCha20Rng,
    /// The last round that was opened; 0 before the first.
    round: u64,
    phase: Phase,
    waiting: BTreeMap<DeviceId, Millis>,
    gathering_since: Option<Millis>,
    assigned: BTreeMap<DeviceId, Assignment>,
    reports: usize,
    history: BTreeMap<DeviceId, Participation>,
}

impl Coordinator {
    /// A coordinator that goes on after `last_round` (0 for a new task). `seed` feeds the choice of
    /// the cohort and the nonces: from the operating system in a real aggregator.
    ///
    /// # Errors
    /// When the configuration contradicts itself.
    pub fn new(config: RoundConfig, last_round: u64, seed: [u8; 32]) -> Result<Self, ConfigError> {
        config.validate()?;
        let schedule = config.schedule()?;
        let phase = if last_round >= schedule.rounds() { Phase::Finished } else { Phase::Gathering };
        Ok(Self {
            config,
            schedule,
            random: ChaCha20Rng::from_seed(seed),
            round: last_round,
            phase,
            waiting: BTreeMap::new(),
            gathering_since: None,
            assigned: BTreeMap::new(),
            reports: 0,
            history: BTreeMap::new(),
        })
    }

    /// Restores a device's past after a restart.
    pub fn remember(&mut self, device: DeviceId, participation: Participation) {
        self.history.insert(device, participation);
    }

    /// The current phase.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The last round that was opened; 0 before the first.
    pub fn round(&self) -> u64 {
        self.round
    }

    /// A device's past in this task.
    pub fn participation(&self, device: &DeviceId) -> Participation {
        self.history.get(device).copied().unwrap_or_default()
    }

    /// Whether a device may join the next round to be opened: it was in fewer rounds of its kind than it may, and not
    /// in one too recently.
    pub fn may_join(&self, device: &DeviceId) -> bool {
        let (next, past) = (self.round + 1, self.participation(device));
        let kind = self.schedule.kind(next);
        let rested = past.last_round == 0 || next - past.last_round >= u64::from(self.config.min_separation);
        rested && past.counts.of(kind) < self.config.most_joined(kind)
    }

    /// Devices waiting for an answer to their check-in.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Reports of the current round.
    pub fn reports(&self) -> usize {
        self.reports
    }

    /// A device checks in. It is answered now, or held until a cohort is chosen.
    pub fn check_in(&mut self, now: Millis, device: DeviceId) -> Vec<Instruction> {
        // Who has been in as many rounds as it may waits for the end like everybody, to hear of the last model.
        if self.phase == Phase::Finished {
            return vec![Instruction::Finish { device }];
        }
        self.waiting.insert(device, now);
        if self.phase == Phase::Gathering { self.gather(now) } else { Vec::new() }
    }

    /// A device is gone while its check-in was held. An assigned device that is gone simply does
    /// not report.
    pub fn gone(&mut self, device: &DeviceId) {
        self.waiting.remove(device);
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Millis) -> Vec<Instruction> {
        let mut instructions = self.release_the_patient(now);
        match self.phase {
            Phase::Gathering => instructions.extend(self.gather(now)),
            Phase::Collecting { deadline } if now >= deadline => instructions.push(self.end()),
            _ => {}
        }
        instructions
    }

    /// The next time at which [`tick`](Self::tick) has something to do, if any.
    pub fn next_tick(&self) -> Option<Millis> {
        let held = self.waiting.values().min().map(|since| since + self.config.hold);
        let phase = match self.phase {
            Phase::Gathering => self.gathering_since.map(|since| since + self.config.gathering),
            Phase::Collecting { deadline } => Some(deadline),
            _ => None,
        };
        held.into_iter().chain(phase).min()
    }

    /// May this device send this upload? Asked before a byte of its body is read.
    ///
    /// # Errors
    /// The code to refuse it with. [`ErrorCode::Duplicate`] means that its report is in the sum:
    /// see [`receipt`](Self::receipt).
    pub fn admit(&self, now: Millis, device: &DeviceId, upload: &Upload) -> Result<(), ErrorCode> {
        if upload.round < self.round || (upload.round == self.round && self.phase == Phase::Closing) {
            return Err(self.receipt(device, upload).map_or(ErrorCode::Late, |_| ErrorCode::Duplicate));
        }
        if upload.round > self.round {
            return Err(ErrorCode::UnknownRound);
        }
        let Phase::Collecting { deadline } = self.phase else { return Err(ErrorCode::Late) };
        match self.assigned.get(device) {
            None => Err(ErrorCode::NotSelected),
            Some(Assignment::Reported(..)) => Err(ErrorCode::Duplicate),
            Some(Assignment::Asked(nonce)) if *nonce != upload.nonce => Err(ErrorCode::BadNonce),
            Some(Assignment::Asked(_)) if now >= deadline => Err(ErrorCode::Late),
            Some(Assignment::Asked(_)) if self.reports >= self.config.most_reports() => Err(ErrorCode::Late),
            Some(Assignment::Asked(_)) => Ok(()),
        }
    }

    /// The digest of the report this device has in the sum under the same nonce, so that a device
    /// that lost its receipt gets it again.
    pub fn receipt(&self, device: &DeviceId, upload: &Upload) -> Option<ContentHash> {
        match self.assigned.get(device) {
            Some(Assignment::Reported(nonce, digest)) if upload.round == self.round && *nonce == upload.nonce => {
                Some(*digest)
            }
            _ => None,
        }
    }

    /// A report of an admitted upload was verified and is in the sum.
    pub fn reported(&mut self, device: DeviceId, digest: ContentHash) -> Vec<Instruction> {
        let Some(Assignment::Asked(nonce)) = self.assigned.get(&device).cloned() else { return Vec::new() };
        self.assigned.insert(device, Assignment::Reported(nonce, digest));
        self.reports += 1;
        let everyone = self.reports == self.assigned.len();
        if everyone || self.reports >= self.config.most_reports() { vec![self.end()] } else { Vec::new() }
    }

    /// The masks of this many reports are off, or (with 0) there will be no sum: the round is over.
    /// In a masked round nobody's report counts by itself.
    pub fn unmasked(&mut self, reports: usize) -> Vec<Instruction> {
        if !matches!(self.phase, Phase::Collecting { .. }) {
            return Vec::new();
        }
        self.reports = reports;
        vec![self.end()]
    }

    /// The driver has published (or abandoned) the round: the next one may gather.
    pub fn published(&mut self, now: Millis) -> Vec<Instruction> {
        if self.phase != Phase::Closing {
            return Vec::new();
        }
        if self.round >= self.schedule.rounds() {
            self.phase = Phase::Finished;
            let devices: Vec<_> = std::mem::take(&mut self.waiting).into_keys().collect();
            return devices.into_iter().map(|device| Instruction::Finish { device }).collect();
        }
        self.phase = Phase::Gathering;
        self.gathering_since = None;
        self.gather(now)
    }

    fn end(&mut self) -> Instruction {
        self.phase = Phase::Closing;
        let (round, reports, invited) = (self.round, self.reports, self.assigned.len());
        if reports >= self.config.fewest_reports() {
            Instruction::Close { round, reports, invited }
        } else {
            Instruction::Abandon { round, reports, invited }
        }
    }

    /// Devices that may join the round to be opened.
    fn eligible(&self) -> Vec<DeviceId> {
        self.waiting.keys().filter(|device| self.may_join(device)).copied().collect()
    }

    /// Opens the round when the cohort is complete, or when the gathering time is over and the
    /// cohort is at least `min_reports`, or enough groups of that size.
    fn gather(&mut self, now: Millis) -> Vec<Instruction> {
        let wanted = self.config.invitations();
        let patience_over = |since: Millis| now.saturating_sub(since) >= self.config.gathering;
        // While too few wait, who of them may join makes no difference, and is not worth a look at all of them.
        if self.waiting.len() < wanted && self.gathering_since.is_some_and(|since| !patience_over(since)) {
            return Vec::new();
        }
        let eligible = self.eligible();
        if eligible.is_empty() {
            return Vec::new();
        }
        let since = *self.gathering_since.get_or_insert(now);
        let patience_over = patience_over(since);
        let groups = self.config.groups_of(eligible.len());
        if eligible.len() >= wanted || (patience_over && groups > 0) {
            self.open(now, &eligible, groups)
        } else {
            Vec::new()
        }
    }

    fn open(&mut self, now: Millis, eligible: &[DeviceId], groups: usize) -> Vec<Instruction> {
        let chosen = self.choose(eligible, self.config.invitations_of(groups));
        let group_of = self.split(chosen.len(), groups);
        self.round += 1;
        self.reports = 0;
        self.gathering_since = None;
        self.phase = Phase::Collecting { deadline: now + self.config.deadline };
        self.assigned.clear();
        let mut instructions = vec![Instruction::Open { round: self.round, invited: chosen.len() }];
        for (device, group) in chosen.into_iter().zip(group_of) {
            let mut nonce = [0; 16];
            self.random.fill_bytes(&mut nonce);
            let nonce = Nonce(nonce);
            self.waiting.remove(&device);
            self.assigned.insert(device, Assignment::Asked(nonce));
            let past = self.history.entry(device).or_default();
            past.last_round = self.round;
            past.counts.add(self.schedule.kind(self.round));
            instructions.push(Instruction::Assign { device, nonce, group });
        }
        instructions
    }

    /// Those that took part in rounds of this kind least often, and then in any, ties broken at random: a
    /// balanced schedule, under which nobody takes part in any kind more often than its average, rounded up,
    /// while everybody is there.
    fn choose(&mut self, eligible: &[DeviceId], wanted: usize) -> BTreeSet<DeviceId> {
        let kind = self.schedule.kind(self.round + 1);
        let joined = |d: &DeviceId| self.history.get(d).map_or((0, 0), |p| (p.counts.of(kind), p.counts.total()));
        let mut order: Vec<_> = eligible.iter().map(|d| (joined(d), self.random.next_u64(), *d)).collect();
        order.sort_unstable();
        order.into_iter().take(wanted).map(|(_, _, device)| device).collect()
    }

    /// A group for each of the chosen, at random, so that nobody can pick its company; sizes differ by
    /// one at most.
    fn split(&mut self, chosen: usize, groups: usize) -> Vec<usize> {
        if groups <= 1 {
            return vec![0; chosen];
        }
        let mut places: Vec<(u64, usize)> = (0..chosen).map(|place| (self.random.next_u64(), place)).collect();
        places.sort_unstable();
        let mut group_of = vec![0; chosen];
        for (rank, (_, place)) in places.into_iter().enumerate() {
            group_of[place] = rank % groups;
        }
        group_of
    }

    /// Answers devices that were held as long as a held check-in may last.
    fn release_the_patient(&mut self, now: Millis) -> Vec<Instruction> {
        let hold = self.config.hold;
        let over: Vec<_> =
            self.waiting.iter().filter(|&(_, &since)| now.saturating_sub(since) >= hold).map(|(d, _)| *d).collect();
        over.into_iter()
            .map(|device| {
                self.waiting.remove(&device);
                Instruction::Wait { device, min: self.config.retry.0, max: self.config.retry.1 }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
