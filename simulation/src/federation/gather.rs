//! Who takes part in a round.

use rand::seq::SliceRandom;

use super::{Federation, FederationError};
use crate::device::Streams;
use crate::past::Number;

impl Federation<'_> {
    /// Those that were asked least often check in first, ties in a random order, so that the
    /// coordinator, which opens as soon as enough devices wait, has the choice it would make among
    /// all of them: a balanced schedule. Who was not chosen leaves again, or the coordinator would open
    /// the next round with those alone as soon as this one is over.
    pub(super) fn gather(&mut self) -> Result<(u64, Vec<Vec<u32>>), FederationError> {
        self.now += 1_000;
        let round = self.coordinator.round() + 1;
        let order = match &self.config.schedule {
            Some(schedule) => schedule[round as usize - 1].clone(),
            None => self.least_asked_first(round),
        };
        let groups = self.coordinator.convene(self.now, order.into_iter().map(Number));
        let groups = groups.ok_or(FederationError::NoCohort(round))?;
        let of_group = |group: Vec<Number>| group.into_iter().map(|Number(user)| user).collect();
        Ok((round, groups.into_iter().map(of_group).collect()))
    }

    fn least_asked_first(&self, round: u64) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.pasts.len() as u32).collect();
        order.shuffle(&mut Streams::new(self.config.seed, round, 0).arrival());
        let query = self.shard.offers.schedule.kind(round);
        order.sort_by_key(|&user| {
            let joined = self.pasts[user as usize].participations();
            (joined.of(query), joined.total())
        });
        order
    }
}
