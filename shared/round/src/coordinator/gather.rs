//! From the devices that are there to an open round.

use super::choice::{choose, split};
use super::cohort::Cohort;
use super::key::{DeviceKey, Histories};
use super::{Coordinator, Instruction, Phase};
use crate::Millis;

impl<D: DeviceKey> Coordinator<D> {
    /// For a driver that knows everybody who is there, as a simulation does: these check in one after the other until
    /// the round opens, and who is not invited then leaves again. Returns the round's groups, each with its devices in
    /// order; nothing where no round opens, and then nobody waits. The same rounds as with
    /// [`check_in`](Self::check_in) and [`gone`](Self::gone) for each, without a list of who waits since when.
    pub fn convene(&mut self, now: Millis, devices: impl IntoIterator<Item = D>) -> Option<Vec<Vec<D>>> {
        if self.phase != Phase::Gathering || !self.waiting.is_empty() {
            return None;
        }
        let mut eligible = Vec::new();
        for device in devices {
            if !self.may_join(&device) {
                continue;
            }
            eligible.push(device);
            if self.groups_for(now, eligible.len()).is_none() {
                continue;
            }
            // Who checks in twice is one device.
            eligible.sort_unstable();
            eligible.dedup();
            let Some(groups) = self.groups_for(now, eligible.len()) else { continue };
            let group_of = self.begin(now, eligible, groups);
            return Some(self.groups(&group_of, groups));
        }
        None
    }

    /// The cohort, group by group.
    fn groups(&self, group_of: &[u16], groups: usize) -> Vec<Vec<D>> {
        let devices = self.cohort.devices();
        if group_of.is_empty() {
            return vec![devices.to_vec()];
        }
        let mut all: Vec<Vec<D>> = (0..groups).map(|_| Vec::with_capacity(devices.len().div_ceil(groups))).collect();
        devices.iter().zip(group_of).for_each(|(device, group)| all[usize::from(*group)].push(*device));
        all
    }

    /// Opens the round when the cohort is complete, or when the gathering time is over and the
    /// cohort is at least `min_reports` and the spares, or enough groups of that size; after the limit, without spares.
    pub(super) fn gather(&mut self, now: Millis) -> Vec<Instruction<D>> {
        let wanted = self.config.invitations();
        // While too few wait, who of them may join makes no difference, and is not worth a look at all of them.
        let patient = self.gathering_since.is_some_and(|since| !self.patience_over(now, since));
        if self.waiting.len() < wanted && patient {
            return Vec::new();
        }
        let eligible: Vec<D> = self.waiting.keys().filter(|device| self.may_join(device)).copied().collect();
        match self.groups_for(now, eligible.len()) {
            Some(groups) => self.open(now, eligible, groups),
            None => Vec::new(),
        }
    }

    fn patience_over(&self, now: Millis, since: Millis) -> bool {
        now.saturating_sub(since) >= self.config.gathering
    }

    /// How many groups a round would open with, if it opens with so many devices that may join.
    fn groups_for(&mut self, now: Millis, eligible: usize) -> Option<usize> {
        if eligible == 0 {
            return None;
        }
        let since = *self.gathering_since.get_or_insert(now);
        let over = now.saturating_sub(since) >= self.config.gathering_limit;
        // A full cohort is more than enough, whatever the spares.
        let full = eligible >= self.config.invitations();
        let groups = self.config.groups_of(eligible, if over || full { 0 } else { self.config.spares });
        let opens = full || (self.patience_over(now, since) && groups > 0);
        opens.then_some(groups)
    }

    fn open(&mut self, now: Millis, eligible: Vec<D>, groups: usize) -> Vec<Instruction<D>> {
        let group_of = self.begin(now, eligible, groups);
        let devices = self.cohort.devices();
        for device in devices {
            self.waiting.remove(device);
        }
        let mut instructions = Vec::with_capacity(1 + devices.len());
        instructions.push(Instruction::Open { round: self.round, invited: devices.len() });
        let groups = group_of.into_iter().map(usize::from).chain(std::iter::repeat(0));
        let assigned = self.cohort.invitations().zip(groups);
        instructions.extend(assigned.map(|((device, nonce), group)| Instruction::Assign { device, nonce, group }));
        instructions
    }

    /// Chooses the next round's cohort and opens it; the group of each of its devices.
    fn begin(&mut self, now: Millis, eligible: Vec<D>, groups: usize) -> Vec<u16> {
        let kind = self.schedule.kind(self.round + 1);
        let invited = self.config.invitations_of(groups);
        let chosen = choose::<D>(eligible, invited, kind, &self.histories, &mut self.random);
        let group_of = split(chosen.len(), groups, &mut self.random);
        self.round += 1;
        self.reports = 0;
        self.gathering_since = None;
        self.phase = Phase::Collecting { deadline: now + self.config.deadline };
        for &device in &chosen {
            let mut past = self.histories.of(&device);
            past.last_round = self.round;
            past.counts.add(kind);
            self.histories.keep(device, past);
        }
        self.cohort = Cohort::new(chosen, &mut self.random);
        group_of
    }
}
