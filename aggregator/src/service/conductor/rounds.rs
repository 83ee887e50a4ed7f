//! A round's life: opened and charged, closed and published, or abandoned.

use std::sync::Arc;
use std::time::Instant;

use ed25519_dalek::VerifyingKey;
use rand::TryRng;
use rand::rngs::SysRng;
use silhouette_privacy::{Accumulator, Mode, ReleaseParameters};
use silhouette_query::Figures;
use silhouette_round::{Group, Instruction, MaskedGroups, Phase};
use silhouette_wire::{CheckInReply, ContentHash, DeviceId, ErrorCode, Manifest, Nonce, QueryKind, SignedManifest};
use tokio::task::JoinHandle;
use tracing::{error, info};

use super::Conductor;
use crate::service::event::Event;
use crate::service::opened::{Collecting, OpenError, Opened};
use crate::service::outcome::{Closed, OutcomeError, Published, Stopped};
use crate::storage::{OpenedRound, RoundState};

/// A round whose result is being made beside the conductor.
pub(super) struct Making {
    round: u64,
    invited: usize,
    reports: usize,
    /// Groups that were opened.
    groups: usize,
    since: Instant,
    traffic: (u64, u64),
    result: JoinHandle<Result<Published, OutcomeError>>,
}

/// A round's devices, by group.
type Groups = Vec<Vec<(DeviceId, Nonce)>>;

impl Making {
    /// Waits for the result; may be asked again when the wait was broken off.
    pub(super) async fn result(&mut self) -> Result<Published, OutcomeError> {
        (&mut self.result).await.unwrap_or_else(|_| Err(Stopped.into()))
    }
}

impl Conductor {
    /// Durably charged first, handed out second.
    pub(super) async fn open(&mut self, round: u64, groups: Groups) {
        let invited = groups.iter().map(Vec::len).sum();
        match self.try_open(round, &groups).await {
            Ok(opened) => {
                let query = self.parts.plan.schedule().kind(round);
                info!(round, query = query.name(), invited, groups = groups.len(), "round opened");
                for (manifest, group) in opened.manifests.iter().zip(&groups) {
                    for &(device, nonce) in group {
                        self.answer(&device, CheckInReply::Assigned { manifest: manifest.clone(), nonce });
                    }
                }
                self.opened = Some(opened);
                self.parts.metrics.round(RoundState::Open, 1);
                let spent = self.parts.plan.epsilon_after(round);
                self.parts.metrics.charged(self.parts.plan.charge_of(round).rho(), spent);
                self.tell(Event::RoundOpened { round, query, invited, model: self.asked_about(round) });
            }
            Err(error) => {
                // Nobody gets its manifest, so nobody reports, and it is abandoned at its deadline.
                error!(round, %error, "a round could not be opened");
                for (device, _) in groups.iter().flatten() {
                    self.answer(device, CheckInReply::Refused(ErrorCode::Internal));
                }
            }
        }
    }

    /// The model a round is about: an evaluation is of what was published, everything else starts from the
    /// optimiser's iterate, which is another model only while iterates are averaged.
    fn asked_about(&self, round: u64) -> ContentHash {
        let evaluates = self.parts.plan.schedule().kind(round) == QueryKind::Evaluate;
        if evaluates { self.state.published } else { self.state.start }
    }

    async fn try_open(&self, round: u64, groups: &Groups) -> Result<Opened, OpenError> {
        let (terms, manifests) = self.terms(round, groups.len())?;
        let collecting = self.collecting(round, &terms, &manifests, groups)?;
        let hash = together(&manifests);
        let (start, charge, asked) = (self.asked_about(round), self.parts.plan.charge_of(round), groups.concat());
        let invited = asked.len();
        self.store(move |storage| {
            storage.open_round(&OpenedRound {
                number: round,
                manifest: hash,
                model_before: start,
                charge,
                cohort: &asked,
            })
        })
        .await?;
        Ok(Opened {
            number: round,
            invited,
            manifests,
            collecting,
            reports: Vec::new(),
            since: Instant::now(),
            traffic: self.parts.metrics.traffic(),
        })
    }

    /// The terms of each group, and the same signed: they differ in the seed, so in the hash that all
    /// keys of a masked round are derived with.
    fn terms(&self, round: u64, groups: usize) -> Result<(Vec<Manifest>, Vec<SignedManifest>), OpenError> {
        let plan = &self.parts.plan;
        let (mut terms, mut manifests) = (Vec::with_capacity(groups), Vec::with_capacity(groups));
        for group in 0..groups {
            let seed = match self.parts.seeds {
                Some(seeds) => seeds(round, group),
                None => SysRng.try_next_u64().map_err(|_| OpenError::Entropy)?,
            };
            let manifest = plan.manifest_of(&self.state.parameters, round, self.asked_about(round), seed);
            manifests.push(self.parts.ownership.sign(&manifest)?);
            terms.push(manifest);
        }
        Ok((terms, manifests))
    }

    fn collecting(
        &self,
        round: u64,
        terms: &[Manifest],
        manifests: &[SignedManifest],
        groups: &Groups,
    ) -> Result<Collecting, OpenError> {
        // Only training's clip moves.
        let trains = self.parts.plan.schedule().kind(round) == QueryKind::Train;
        let of_round = if trains { &self.state.parameters } else { self.parts.plan.parameters_of(round) };
        let of_group = |terms: &Manifest| of_round.clone().with_rotation(terms.seed);
        if of_round.mode() != Mode::Distributed {
            return Ok(Collecting::Plain(Accumulator::new(of_round.clone())));
        }
        let parameters: Vec<ReleaseParameters> = terms.iter().map(of_group).collect();
        let group = |((terms, manifest), devices): ((&Manifest, &SignedManifest), &Vec<(DeviceId, Nonce)>)| Group {
            manifest: terms.clone(),
            signed: manifest.hash(),
            invited: devices.iter().copied().collect(),
        };
        let all = terms.iter().zip(manifests).zip(groups).map(group).collect();
        let endorser = self.parts.ownership.endorser().map(|key| VerifyingKey::from_bytes(&key)).transpose();
        let endorser = endorser.map_err(|_| OpenError::Endorser)?;
        let least = self.parts.plan.config().fewest_groups() as usize;
        let round = Box::new(MaskedGroups::new(all, endorser, least, self.ticker.now())?);
        Ok(Collecting::Masked { round, parameters })
    }

    /// Hands the sum over to be unmasked, noised and published beside this task.
    pub(super) fn close(&mut self, invited: usize) {
        let Some(opened) = self.opened.take() else {
            return;
        };
        let Opened { number, collecting, reports, since, traffic, manifests, .. } = opened;
        let (state, plan) = (self.state.clone(), Arc::clone(&self.parts.plan));
        let storage = Arc::clone(&self.parts.storage);
        let count = reports.len();
        let closed = Closed { round: number, collecting, reports, now: self.ticker.now() };
        let result = tokio::task::spawn_blocking(move || state.after(closed, &plan, &storage));
        let groups = manifests.len();
        self.making = Some(Making { round: number, invited, reports: count, groups, since, traffic, result });
    }

    pub(super) async fn made(&mut self, result: Result<Published, OutcomeError>) {
        let Some(making) = self.making.take() else {
            return;
        };
        match result {
            Ok(published) => {
                self.state = published.state;
                self.published(&making, published.reports, published.groups, published.figures);
            }
            Err(error) => {
                error!(round = making.round, %error, "the round's result could not be made");
                self.abandon(making.round, making.reports, making.invited).await;
            }
        }
        let instructions = self.over();
        self.carry_out(instructions).await;
    }

    fn published(&self, making: &Making, reports: usize, groups: usize, figures: Option<Figures>) {
        let (seconds, metrics) = (making.since.elapsed().as_secs_f64(), &self.parts.metrics);
        let (up, down) = metrics.traffic();
        metrics.round(RoundState::Open, -1);
        metrics.round(RoundState::Published, 1);
        metrics.published(reports, seconds);
        let round = making.round;
        let clip = self.state.parameters.clip();
        let query = self.parts.plan.schedule().kind(round);
        let query_name = query.name();
        info!(round, query = query_name, reports, groups, seconds, model = %self.state.published, next_clip = clip, "round published");
        if let Some(evaluation) = figures.as_ref().and_then(Figures::evaluation) {
            metrics.evaluated(evaluation);
            let told = evaluation.accuracy.map(|accuracy| (accuracy.value, accuracy.standard_error));
            info!(round, accuracy_and_standard_error = ?told, "the model was evaluated privately");
        }
        self.tell(Event::RoundClosed {
            round,
            query,
            figures,
            invited: making.invited,
            reports,
            groups,
            groups_lost: making.groups.saturating_sub(groups),
            seconds,
            epsilon: self.parts.plan.epsilon_after(round),
            rho: metrics.rho(),
            model: self.state.published,
            bytes_up: up - making.traffic.0,
            bytes_down: down - making.traffic.1,
        });
    }

    pub(super) async fn abandon(&self, round: u64, reports: usize, invited: usize) {
        match self.store(move |storage| storage.abandon_round(round, reports)).await {
            Ok(()) => {
                self.parts.metrics.round(RoundState::Open, -1);
                self.parts.metrics.round(RoundState::Abandoned, 1);
            }
            Err(error) => error!(round, %error, "a round could not be marked as abandoned"),
        }
        info!(round, reports, "round abandoned");
        let epsilon = self.parts.plan.epsilon_after(round);
        self.tell(Event::RoundAbandoned { round, invited, reports, epsilon });
    }

    /// The round is over in the store; the coordinator goes on.
    pub(super) fn over(&mut self) -> Vec<Instruction> {
        let instructions = self.coordinator.published(self.ticker.now());
        self.announce_the_end();
        instructions
    }

    pub(super) fn announce_the_end(&mut self) {
        if self.coordinator.phase() == Phase::Finished && !self.finished {
            self.finished = true;
            let (round, model) = (self.coordinator.round(), self.state.published);
            info!(round, %model, "training is over");
            self.tell(Event::Finished { round, model });
        }
    }
}

/// What names a round's terms in the store: its manifest's hash, or that of its groups' hashes in a
/// row.
fn together(manifests: &[SignedManifest]) -> ContentHash {
    match manifests {
        [manifest] => manifest.hash(),
        all => ContentHash::of(&all.iter().map(|manifest| manifest.hash().0).collect::<Vec<_>>().concat()),
    }
}

/// Waits for the result that is being made; for ever if there is none.
pub(super) async fn made(making: &mut Option<Making>) -> Result<Published, OutcomeError> {
    match making {
        Some(making) => making.result().await,
        None => std::future::pending().await,
    }
}
