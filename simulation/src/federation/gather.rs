//! Who takes part in a round.

use rand::seq::SliceRandom;
use silhouette_round::Instruction;
use silhouette_wire::Nonce;

use super::{Federation, FederationError, number};
use crate::device::{Streams, id_of};

/// One invited device with the nonce of its one upload.
pub(super) type Invitation = (usize, Nonce);

impl Federation<'_> {
    /// Those that were asked least often check in first, ties in a random order, so that the
    /// coordinator, which opens as soon as enough devices wait, has the choice it would make among
    /// all of them: a balanced schedule. Who was not chosen leaves again, or the coordinator would open
    /// the next round with those alone as soon as this one is over.
    pub(super) fn gather(&mut self) -> Result<(u64, Vec<Vec<Invitation>>), FederationError> {
        self.now += 1_000;
        let round = self.coordinator.round() + 1;
        let order: Vec<usize> = match &self.config.schedule {
            Some(schedule) => schedule[round as usize - 1].iter().map(|&user| user as usize).collect(),
            None => {
                let mut order: Vec<usize> = (0..self.pasts.len()).collect();
                order.shuffle(&mut Streams::new(self.config.seed, round, 0).arrival());
                let query = self.shard.offers.schedule.kind(round);
                order.sort_by_key(|&user| {
                    let joined = self.pasts[user].participations();
                    (joined.of(query), joined.total())
                });
                order
            }
        };
        let (mut instructions, mut came) = (Vec::new(), 0);
        for &user in &order {
            if instructions.iter().any(|i| matches!(i, Instruction::Open { .. })) {
                break;
            }
            instructions.extend(self.coordinator.check_in(self.now, id_of(user)));
            came += 1;
        }
        order[..came].iter().for_each(|&user| self.coordinator.gone(&id_of(user)));
        let mut groups: Vec<Vec<Invitation>> = Vec::new();
        let mut opened = None;
        for instruction in instructions {
            match instruction {
                Instruction::Open { round, .. } => opened = Some(round),
                Instruction::Assign { device, nonce, group } => {
                    if groups.len() <= group {
                        groups.resize_with(group + 1, Vec::new);
                    }
                    groups[group].push((number(&device), nonce));
                }
                _ => {}
            }
        }
        opened.map(|round| (round, groups)).ok_or_else(|| FederationError::NoCohort(self.coordinator.round() + 1))
    }
}
