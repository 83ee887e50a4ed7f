//! The aggregator's side: who is asked, who has answered, when a round is over.

use std::collections::BTreeMap;

use chacha20::ChaCha20Rng;
use rand::SeedableRng;
use silhouette_wire::message::Upload;
use silhouette_wire::{DeviceId, ErrorCode, Nonce};

pub use config::{ConfigError, RoundConfig};
pub use instruction::{Instruction, Phase};
pub use key::{DeviceKey, Histories, Participation};

use crate::Millis;
use crate::schedule::QuerySchedule;
use cohort::Cohort;

mod choice;
mod cohort;
mod config;
mod gather;
mod instruction;
mod key;

/// The state machine over all rounds of one task, for devices known by keys `D`: the ids of real ones, or whatever is
/// shorter in a simulation of many.
#[derive(Debug)]
pub struct Coordinator<D: DeviceKey = DeviceId> {
    config: RoundConfig,
    schedule: QuerySchedule,
    random: ChaCha20Rng,
    /// The last round that was opened; 0 before the first.
    round: u64,
    phase: Phase,
    waiting: BTreeMap<D, Millis>,
    gathering_since: Option<Millis>,
    /// Of the round that was opened last.
    cohort: Cohort<D>,
    reports: usize,
    histories: D::Histories,
}

impl<D: DeviceKey> Coordinator<D> {
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
            cohort: Cohort::default(),
            reports: 0,
            histories: D::Histories::default(),
        })
    }

    /// Keeps the devices' pasts there.
    #[must_use]
    pub fn keeping(mut self, histories: D::Histories) -> Self {
        self.histories = histories;
        self
    }

    /// Restores a device's past after a restart.
    pub fn remember(&mut self, device: D, participation: Participation) {
        self.histories.keep(device, participation);
    }

    /// How far the randomness of cohorts and nonces has been used, for a driver that goes on elsewhere with the same
    /// seed: a simulation, whose seed is no secret.
    pub fn random_position(&self) -> u128 {
        self.random.get_word_pos()
    }

    /// Goes on with the randomness where [`random_position`](Self::random_position) was.
    pub fn go_on_at(&mut self, random_position: u128) {
        self.random.set_word_pos(random_position);
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
    pub fn participation(&self, device: &D) -> Participation {
        self.histories.of(device)
    }

    /// Whether a device may join the next round to be opened: it was in fewer rounds of its kind than it may, and not
    /// in one too recently.
    pub fn may_join(&self, device: &D) -> bool {
        let (next, past) = (self.round + 1, self.participation(device));
        let kind = self.schedule.kind(next);
        let rested = past.last_round == 0 || next - past.last_round >= u64::from(self.config.min_separation);
        rested && past.counts.of(kind) < self.config.most_joined(kind)
    }

    /// Devices waiting for an answer to their check-in.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The nonce of a device that was asked to join the round that was opened last.
    pub fn nonce(&self, device: &D) -> Option<Nonce> {
        self.cohort.nonce(device)
    }

    /// Reports of the current round.
    pub fn reports(&self) -> usize {
        self.reports
    }

    /// A device checks in. It is answered now, or held until a cohort is chosen.
    pub fn check_in(&mut self, now: Millis, device: D) -> Vec<Instruction<D>> {
        // Who has been in as many rounds as it may waits for the end like everybody, to hear of the last model.
        if self.phase == Phase::Finished {
            return vec![Instruction::Finish { device }];
        }
        self.waiting.insert(device, now);
        if self.phase == Phase::Gathering { self.gather(now) } else { Vec::new() }
    }

    /// A device is gone while its check-in was held. An assigned device that is gone simply does
    /// not report.
    pub fn gone(&mut self, device: &D) {
        self.waiting.remove(device);
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Millis) -> Vec<Instruction<D>> {
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
    pub fn admit(&self, now: Millis, device: &D, upload: &Upload) -> Result<(), ErrorCode> {
        if upload.round < self.round || (upload.round == self.round && self.phase == Phase::Closing) {
            return Err(self.receipt(device, upload).map_or(ErrorCode::Late, |_| ErrorCode::Duplicate));
        }
        if upload.round > self.round {
            return Err(ErrorCode::UnknownRound);
        }
        let Phase::Collecting { deadline } = self.phase else { return Err(ErrorCode::Late) };
        match self.cohort.nonce(device) {
            None => Err(ErrorCode::NotSelected),
            Some(_) if self.cohort.receipt(device).is_some() => Err(ErrorCode::Duplicate),
            Some(nonce) if nonce != upload.nonce => Err(ErrorCode::BadNonce),
            Some(_) if now >= deadline => Err(ErrorCode::Late),
            Some(_) if self.reports >= self.config.most_reports() => Err(ErrorCode::Late),
            Some(_) => Ok(()),
        }
    }

    /// What stands for the report this device has in the sum under the same nonce, its digest, so that a device
    /// that lost its receipt gets it again.
    pub fn receipt(&self, device: &D, upload: &Upload) -> Option<D::Receipt> {
        let receipt = self.cohort.receipt(device)?;
        let same = upload.round == self.round && self.cohort.nonce(device) == Some(upload.nonce);
        same.then_some(receipt)
    }

    /// A report of an admitted upload was verified and is in the sum.
    pub fn reported(&mut self, device: D, receipt: D::Receipt) -> Vec<Instruction<D>> {
        if !self.cohort.takes(device, receipt) {
            return Vec::new();
        }
        self.reports += 1;
        let everyone = self.reports == self.cohort.devices().len();
        if everyone || self.reports >= self.config.most_reports() { vec![self.end()] } else { Vec::new() }
    }

    /// The masks of this many reports are off, or (with 0) there will be no sum: the round is over.
    /// In a masked round nobody's report counts by itself.
    pub fn unmasked(&mut self, reports: usize) -> Vec<Instruction<D>> {
        if !matches!(self.phase, Phase::Collecting { .. }) {
            return Vec::new();
        }
        self.reports = reports;
        vec![self.end()]
    }

    /// The driver has published (or abandoned) the round: the next one may gather.
    pub fn published(&mut self, now: Millis) -> Vec<Instruction<D>> {
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

    fn end(&mut self) -> Instruction<D> {
        self.phase = Phase::Closing;
        let (round, reports, invited) = (self.round, self.reports, self.cohort.devices().len());
        if reports >= self.config.fewest_reports() {
            Instruction::Close { round, reports, invited }
        } else {
            Instruction::Abandon { round, reports, invited }
        }
    }

    /// Answers devices that were held as long as a held check-in may last.
    fn release_the_patient(&mut self, now: Millis) -> Vec<Instruction<D>> {
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
