//! Rounds on the virtual clock: over-selection, a deadline, and devices that are late or vanish.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use silhouette_round::{Instruction, Phase};

use super::clocked::{Fruitless, Payer};
use super::{Federation, FederationError, RoundRecord, Workers};
use crate::Millis;
use crate::clock::{FRUITLESS_ROUNDS, World};
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
        self.note_reports(round, reports.len(), dropped, late)?;
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

    /// Ends a run whose rounds get no report any more.
    fn note_reports(
        &mut self,
        round: u64,
        reports: usize,
        vanished: usize,
        late: usize,
    ) -> Result<(), FederationError> {
        let Some(clock) = &mut self.clock else { return Ok(()) };
        if reports > 0 {
            clock.fruitless = Fruitless::default();
            return Ok(());
        }
        let before = clock.fruitless;
        let Fruitless { rounds, vanished, late } =
            Fruitless { rounds: before.rounds + 1, vanished: before.vanished + vanished, late: before.late + late };
        clock.fruitless = Fruitless { rounds, vanished, late };
        if rounds >= FRUITLESS_ROUNDS {
            return Err(FederationError::NoReports { round, rounds, vanished, late });
        }
        Ok(())
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

/// Whether the round is over, and if so with enough reports.
fn closes(instructions: &[Instruction<Number>]) -> Option<bool> {
    instructions.iter().find_map(|instruction| match instruction {
        Instruction::Close { .. } => Some(true),
        Instruction::Abandon { .. } => Some(false),
        _ => None,
    })
}
