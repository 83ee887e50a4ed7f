//! Rounds on the virtual clock: over-selection, a deadline, and devices that are late or vanish.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand::seq::SliceRandom;
use silhouette_round::{Instruction, Phase};

use super::clocked::Payer;
use super::{Federation, FederationError, RoundRecord, Workers};
use crate::Millis;
use crate::clock::{PATIENCE, PULSE, World};
use crate::device::Streams;
use crate::past::Number;
use crate::trace::Outcome;

/// An invited device and what becomes of it.
struct Invited {
    user: u32,
    examples: usize,
    outcome: Outcome,
}

impl Federation<'_> {
    /// One round. Who reports before it closes is in the sum. Who is later, or vanishes while it sends, has charged its
    /// ledger all the same: a device charges before anything leaves it, and cannot know what becomes of it. Who
    /// vanishes before has released nothing and is charged nothing. Where a round is abandoned, everybody who finished
    /// has paid and nothing comes of it.
    pub(super) fn timed(&mut self, workers: Option<&mut dyn Workers>) -> Result<RoundRecord, FederationError> {
        let (round, groups) = self.next_round()?;
        let query = self.shard.offers.schedule.kind(round);
        let base = self.base_of(query);
        let invited = self.invited(&groups.concat(), round);
        let (reports, closed, enough) = self.await_reports(&invited);
        self.now = closed;
        let mut counted = vec![false; invited.len()];
        reports.iter().filter(|_| enough).for_each(|&place| counted[place] = true);
        let counts = |place: usize| counted[place];
        let group: Vec<u32> = (0..invited.len()).filter(|&i| counts(i)).map(|i| invited[i].user).collect();
        let payers: Vec<Payer> = (0..invited.len())
            .filter(|&i| invited[i].outcome.charges() && !counts(i))
            .map(|i| (invited[i].user as usize, invited[i].examples))
            .collect();
        let dropped = invited.iter().filter(|d| matches!(d.outcome, Outcome::Vanishes { .. })).count();
        let late = invited.len() - dropped - reports.len();
        // Who is late sends all the same, and so does everybody whose round is abandoned.
        let sent = invited.len() - dropped;
        let byte_len = self.shard.offers.of(query).parameters.byte_len();
        if let Some(clock) = &mut self.clock {
            let still = invited.iter().filter(|device| device.outcome.over() > closed);
            clock.busy.extend(still.map(|device| (device.user, device.outcome.over())));
        }
        let groups = if enough { vec![group] } else { Vec::new() };
        let record = self.reported(round, &groups, workers)?;
        self.charge_in_vain(round, base, &payers)?;
        Ok(RoundRecord {
            invited: invited.len(),
            late: Some(late),
            dropped: Some(dropped),
            clock_seconds: Some(closed as f64 / 1e3),
            bytes_up: (sent * byte_len) as u64,
            bytes_down: (invited.len() * self.shape.bytes()) as u64,
            ..record
        })
    }

    /// Lets time pass until the coordinator opens a round. Eligible devices check in, those asked least often first, and
    /// wait while they stay eligible.
    pub(super) fn gather_in_time(&mut self) -> Result<(u64, Vec<Vec<u32>>), FederationError> {
        let mut order = self.order_in_time();
        let wanted = self.shard.offers.training.parameters.min_reports() as usize;
        let begun = self.now;
        let mut most = 0;
        let Some(clock) = &mut self.clock else { return Err(FederationError::NoCohort(self.coordinator.round() + 1)) };
        let mut waiting: Vec<u32> = Vec::new();
        let instructions = loop {
            let now = self.now;
            clock.busy.retain(|_, until| *until > now);
            let (stay, gone): (Vec<u32>, Vec<u32>) =
                waiting.into_iter().partition(|&user| clock.fleet.eligible_until(user as usize, now).is_some());
            gone.iter().for_each(|user| self.coordinator.gone(&Number(*user)));
            waiting = stay;
            // Who left comes back when it is eligible again, in its old place.
            let left = |user: &u32| gone.binary_search(user).is_ok();
            order.iter_mut().filter(|(user, _)| left(user)).for_each(|entry| entry.1 = false);
            let mut instructions = self.coordinator.tick(now);
            for (user, there) in &mut order {
                if opens(&instructions) {
                    break;
                }
                let free = !*there && !clock.busy.contains_key(user);
                if free && clock.fleet.eligible_until(*user as usize, now).is_some() {
                    *there = true;
                    waiting.push(*user);
                    instructions.extend(self.coordinator.check_in(now, Number(*user)));
                }
            }
            waiting.sort_unstable();
            most = most.max(waiting.len());
            if opens(&instructions) {
                break instructions;
            }
            // Caps don't come back with time.
            if order.len() < wanted || now - begun > PATIENCE {
                let (round, most_joined) =
                    (self.coordinator.round() + 1, self.shard.offers.training.max_participations);
                return Err(FederationError::Deserted {
                    round,
                    there: most,
                    wanted,
                    waiting: order.len(),
                    most: most_joined,
                });
            }
            self.now += PULSE;
        };
        waiting.iter().for_each(|&user| self.coordinator.gone(&Number(user)));
        let assigned = |instruction: &Instruction<Number>| match instruction {
            Instruction::Assign { device, .. } => Some(device.0),
            _ => None,
        };
        Ok((self.coordinator.round(), vec![instructions.iter().filter_map(assigned).collect()]))
    }

    /// Who may join the next round, those asked least often first, ties in a random order; none is there yet. How often
    /// a device was asked counts, not how often it paid: a balanced schedule, whatever becomes of the devices.
    fn order_in_time(&self) -> Vec<(u32, bool)> {
        let round = self.coordinator.round() + 1;
        let query = self.shard.offers.schedule.kind(round);
        let mut users: Vec<u32> = (0..self.pasts.len() as u32).collect();
        users.shuffle(&mut Streams::new(self.config.seed, round, 0).arrival());
        users.retain(|&user| self.coordinator.may_join(&Number(user)));
        users.sort_by_key(|&user| {
            let counts = self.coordinator.participation(&Number(user)).counts;
            (counts.of(query), counts.total())
        });
        users.into_iter().map(|user| (user, false)).collect()
    }

    /// What becomes of the devices that are invited now.
    fn invited(&self, users: &[u32], round: u64) -> Vec<Invited> {
        let Some(clock) = &self.clock else { return Vec::new() };
        let devices = self.devices(clock, self.shard.offers.schedule.kind(round));
        let of = |&user: &u32| {
            // It was eligible when it was chosen, this moment.
            let until = devices.eligible_until(user, self.now).unwrap_or(self.now);
            let (outcome, examples) = devices.work(user, self.now, until);
            Invited { user, examples, outcome }
        };
        users.iter().map(of).collect()
    }

    /// Reports in the order of time, ties in the order of the devices, until the round closes: the places of those that
    /// came in time, when it closed, and whether they are enough.
    fn await_reports(&mut self, invited: &[Invited]) -> (Vec<usize>, Millis, bool) {
        let Phase::Collecting { deadline } = self.coordinator.phase() else { return (Vec::new(), self.now, false) };
        let at = |(place, device): (usize, &Invited)| match device.outcome {
            Outcome::Reports { reported, .. } => Some(Reverse((reported, device.user, place))),
            Outcome::Vanishes { .. } => None,
        };
        let mut coming: BinaryHeap<_> = invited.iter().enumerate().filter_map(at).collect();
        let mut places = Vec::new();
        while let Some(Reverse((at, user, place))) = coming.pop().filter(|next| next.0.0 < deadline) {
            places.push(place);
            let instructions = self.coordinator.reported(Number(user), ());
            if let Some(enough) = closes(&instructions) {
                return (places, at, enough);
            }
        }
        let enough = closes(&self.coordinator.tick(deadline)).unwrap_or(false);
        (places, deadline, enough)
    }
}

fn opens(instructions: &[Instruction<Number>]) -> bool {
    instructions.iter().any(|instruction| matches!(instruction, Instruction::Open { .. }))
}

/// Whether the round is over, and if so with enough reports.
fn closes(instructions: &[Instruction<Number>]) -> Option<bool> {
    instructions.iter().find_map(|instruction| match instruction {
        Instruction::Close { .. } => Some(true),
        Instruction::Abandon { .. } => Some(false),
        _ => None,
    })
}
