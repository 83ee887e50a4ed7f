//! Lets virtual time pass until a round has its devices.

use rand::seq::SliceRandom;
use silhouette_round::Instruction;

use super::clocked::Clock;
use super::{Federation, FederationError};
use crate::Millis;
use crate::clock::{GATHERING, GATHERING_LIMIT, PATIENCE, PULSE};
use crate::device::Streams;
use crate::past::Number;

/// Somebody who may join the round.
struct Candidate {
    user: u32,
    /// Whether it has checked in and waits.
    there: bool,
    /// Until when it is there, or when it makes sense to look for it again.
    next: Millis,
}

impl Candidate {
    /// Says whether it has left by now; whoever stays is there for longer.
    fn leaves(&mut self, now: Millis, clock: &Clock) -> bool {
        if !self.there || now < self.next {
            return false;
        }
        match clock.fleet.eligible_until(self.user as usize, now) {
            Some(until) => self.next = until,
            None => (self.there, self.next) = (false, clock.fleet.absent_until(self.user as usize, now)),
        }
        !self.there
    }

    /// Says whether it comes now, if it is away.
    fn comes(&mut self, now: Millis, clock: &Clock) -> bool {
        if self.there || now < self.next {
            return false;
        }
        if let Some(&until) = clock.busy.get(&self.user) {
            self.next = until;
            return false;
        }
        match clock.fleet.eligible_until(self.user as usize, now) {
            Some(until) => (self.there, self.next) = (true, until),
            None => self.next = clock.fleet.absent_until(self.user as usize, now),
        }
        self.there
    }
}

impl Federation<'_> {
    /// Lets time pass until the coordinator opens a round. Eligible devices check in, those asked least often first, and
    /// wait while they stay eligible; who left comes back when it is eligible again, in its old place. It is looked
    /// every minute, but for minutes in which nobody comes or goes.
    pub(super) fn gather_in_time(&mut self) -> Result<(u64, Vec<Vec<u32>>), FederationError> {
        let mut candidates = self.candidates();
        let wanted = self.shard.offers.training.parameters.min_reports() as usize;
        let begun = self.now;
        let (mut most, mut since) = (0, None);
        let Some(clock) = &mut self.clock else { return Err(FederationError::NoCohort(self.coordinator.round() + 1)) };
        let instructions = loop {
            let now = self.now;
            clock.busy.retain(|_, until| *until > now);
            for candidate in &mut candidates {
                if candidate.leaves(now, clock) {
                    self.coordinator.gone(&Number(candidate.user));
                }
            }
            let mut instructions = self.coordinator.tick(now);
            for candidate in &mut candidates {
                if opens(&instructions) {
                    break;
                }
                if candidate.comes(now, clock) {
                    since.get_or_insert(now);
                    instructions.extend(self.coordinator.check_in(now, Number(candidate.user)));
                }
            }
            let there = candidates.iter().filter(|candidate| candidate.there).count();
            most = most.max(there);
            if opens(&instructions) {
                break instructions;
            }
            // Caps don't come back with time.
            if candidates.len() < wanted || now - begun > PATIENCE {
                let (round, most_joined) =
                    (self.coordinator.round() + 1, self.shard.offers.training.max_participations);
                let waiting = candidates.len();
                return Err(FederationError::Deserted { round, there: most, wanted, waiting, most: most_joined });
            }
            self.now = next_look(now, &candidates, since).min(begun + PATIENCE + PULSE);
        };
        let there = candidates.iter().filter(|candidate| candidate.there);
        there.for_each(|candidate| self.coordinator.gone(&Number(candidate.user)));
        let assigned = |instruction: &Instruction<Number>| match instruction {
            Instruction::Assign { device, .. } => Some(device.0),
            _ => None,
        };
        Ok((self.coordinator.round(), vec![instructions.iter().filter_map(assigned).collect()]))
    }

    /// Who may join the next round, those asked least often first, ties in a random order; none is there yet. How often
    /// a device was asked counts, not how often it paid: a balanced schedule, whatever becomes of the devices.
    fn candidates(&self) -> Vec<Candidate> {
        let round = self.coordinator.round() + 1;
        let query = self.shard.offers.schedule.kind(round);
        let mut users: Vec<u32> = (0..self.pasts.len() as u32).collect();
        users.shuffle(&mut Streams::new(self.config.seed, round, 0).arrival());
        users.retain(|&user| self.coordinator.may_join(&Number(user)));
        users.sort_by_key(|&user| {
            let counts = self.coordinator.participation(&Number(user)).counts;
            (counts.of(query), counts.total())
        });
        users.into_iter().map(|user| Candidate { user, there: false, next: 0 }).collect()
    }
}

/// The first whole minute after `now` in which something can change: somebody comes or goes, or the patience with those
/// who wait since `since` is over.
fn next_look(now: Millis, candidates: &[Candidate], since: Option<Millis>) -> Millis {
    let patience = since.into_iter().flat_map(|since| [since + GATHERING, since + GATHERING_LIMIT]);
    let changes = candidates.iter().map(|candidate| candidate.next).chain(patience).filter(|&at| at > now);
    let wait = changes.min().map_or(PATIENCE, |at| at - now);
    now + wait.div_ceil(PULSE) * PULSE
}

fn opens(instructions: &[Instruction<Number>]) -> bool {
    instructions.iter().any(|instruction| matches!(instruction, Instruction::Open { .. }))
}
