//! What a federation is between two rounds, to be put down and taken up again.

use std::fmt::Display;
use std::sync::Arc;

use silhouette_model::Model;
use silhouette_privacy::{Charge, NoiseTree};
use silhouette_query::ServerOptimiser;
use silhouette_round::Participation;

use super::{Federation, FederationError, coordinator};
use crate::past::{Number, Past};

/// Everything that the next round depends on beside the data set, the settings and the model at the start.
pub(crate) struct State {
    /// Rounds that are over.
    pub(crate) round: u64,
    /// The run's own clock, in milliseconds.
    pub(crate) now: u64,
    /// How far the coordinator's randomness has been used.
    pub(crate) random_position: u128,
    /// Clip norm of the next round of training.
    pub(crate) clip: f64,
    /// The server optimiser; the next round starts from its iterate.
    pub(crate) optimiser: Vec<u8>,
    /// What was published last, where it is not the iterate.
    pub(crate) averaged: Option<Vec<f32>>,
    /// The noise that the last published model carries, where it is a tree's.
    pub(crate) tree: Option<Vec<u8>>,
    /// What each device has spent and joined.
    pub(crate) pasts: Arc<Vec<Past>>,
}

/// A state that is none of this run.
fn odd(what: &'static str, expected: &dyn Display, found: &dyn Display) -> FederationError {
    FederationError::State { what, expected: expected.to_string(), found: found.to_string() }
}

impl Federation<'_> {
    /// The state after a round; of a federation that is not within one.
    pub(crate) fn state(&self) -> State {
        State {
            round: self.coordinator.round(),
            now: self.now,
            random_position: self.coordinator.random_position(),
            clip: self.shard.offers.training.parameters.clip(),
            optimiser: self.optimiser.to_bytes(),
            averaged: self.averaged.as_ref().map(|model| model.values().to_vec()),
            tree: self.tree.as_ref().map(|tree| tree.to_bytes().to_vec()),
            pasts: Arc::clone(&self.pasts),
        }
    }

    /// Goes on from a state of this run. Nothing changes unless all of it fits.
    pub(crate) fn restore(&mut self, state: State) -> Result<(), FederationError> {
        let (round, all) = (state.round, self.shard.offers.schedule.rounds());
        if round > all {
            return Err(odd("rounds", &format!("at most {all}"), &round));
        }
        self.check_pasts(&state)?;
        let mut coordinator = coordinator(&self.shard, round)?;
        for (user, past) in (0..).zip(&*state.pasts).filter(|(_, past)| past.last_round() > 0) {
            let participation = Participation { last_round: past.last_round(), counts: past.participations() };
            coordinator.remember(Number(user), participation);
        }
        coordinator.go_on_at(state.random_position);
        let recipe = self.shard.data.recipe.optimiser;
        let optimiser = ServerOptimiser::from_bytes(recipe, self.model.values().len(), &state.optimiser)?;
        let task = &self.shard.data.task;
        let model = Model::with_values(task.clone(), optimiser.iterate().to_vec())?;
        let averaged = state.averaged.map(|values| Model::with_values(task.clone(), values)).transpose()?;
        let mut parameters = self.shard.offers.training.parameters.clone();
        if self.config.adaptive_clip.is_some() {
            parameters = parameters.with_clip(state.clip)?;
        } else if parameters.clip().to_bits() != state.clip.to_bits() {
            return Err(odd("clip", &parameters.clip(), &state.clip));
        }
        let tree = match (&self.tree, state.tree) {
            (None, None) => None,
            (Some(_), Some(bytes)) => {
                let tree = NoiseTree::from_bytes(&parameters, &bytes).map_err(|e| odd("tree", &"its noise", &e))?;
                if tree.last_round() != round {
                    return Err(odd("tree", &format!("the noise of round {round}"), &tree.last_round()));
                }
                Some(tree)
            }
            (expected, _) => return Err(odd("tree", &if expected.is_some() { "one" } else { "none" }, &"the other")),
        };
        self.coordinator = coordinator;
        self.pasts = state.pasts;
        self.optimiser = optimiser;
        self.file = self.shape.hash(&model);
        self.model = Arc::new(model);
        self.averaged = averaged.map(Arc::new);
        self.shard.offers.training.parameters = parameters;
        self.tree = tree;
        self.now = state.now;
        self.gathered = None;
        Ok(())
    }

    /// Nobody has joined a round to come, or spent more than there is.
    fn check_pasts(&self, state: &State) -> Result<(), FederationError> {
        let (expected, found) = (self.pasts.len(), state.pasts.len());
        if expected != found {
            return Err(odd("devices", &expected, &found));
        }
        let cap = self.shard.offers.kind.cap;
        for past in &*state.pasts {
            let spent = past.spent().map_or(0.0, Charge::rho);
            if past.last_round() > state.round {
                return Err(odd("last round of a device", &format!("at most {}", state.round), &past.last_round()));
            }
            if spent > cap {
                return Err(odd("rho spent by a device", &format!("at most {cap}"), &spent));
            }
        }
        Ok(())
    }

    /// The hash of what was published last.
    pub(crate) fn published_hash(&self) -> String {
        self.averaged.as_ref().map_or(self.file, |model| self.shape.hash(model)).to_string()
    }
}
