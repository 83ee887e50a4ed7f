//! A round's life: opened and charged, closed and published, or abandoned.

use std::sync::Arc;
use std::time::Instant;

use ed25519_dalek::VerifyingKey;
use rand::TryRng;
use rand::rngs::SysRng;
use silhouette_privacy::{Accumulator, Mode};
use silhouette_round::{Instruction, MaskedRound, Phase};
use silhouette_wire::{CheckInReply, ContentHash, DeviceId, ErrorCode, Manifest, Nonce};
use tokio::task::JoinHandle;
use tracing::{error, info};

use super::Conductor;
use crate::service::event::Event;
use crate::service::opened::{Collecting, OpenError, Opened};
use crate::service::outcome::{Closed, OutcomeError, State, Stopped};
use crate::storage::{OpenedRound, RoundState};

/// A round whose result is being made beside the conductor.
pub(super) struct Making {
    round: u64,
    invited: usize,
    reports: usize,
    since: Instant,
    traffic: (u64, u64),
    result: JoinHandle<Result<State, OutcomeError>>,
}

impl Making {
    /// Waits for the result; may be asked again when the wait was broken off.
    pub(super) async fn result(&mut self) -> Result<State, OutcomeError> {
        (&mut self.result).await.unwrap_or_else(|_| Err(Stopped.into()))
    }
}

impl Conductor {
    /// Durably charged first, handed out second.
    pub(super) async fn open(&mut self, round: u64, cohort: Vec<(DeviceId, Nonce)>) {
        match self.try_open(round, &cohort).await {
            Ok(opened) => {
                info!(round, invited = cohort.len(), "round opened");
                for (device, nonce) in &cohort {
                    let manifest = opened.manifest.clone();
                    self.answer(device, CheckInReply::Assigned { manifest, nonce: *nonce });
                }
                self.opened = Some(opened);
                self.parts.metrics.round(RoundState::Open, 1);
                let spent = self.parts.plan.epsilon_after(round);
                self.parts.metrics.charged(self.parts.plan.charge().rho(), spent);
                self.tell(Event::RoundOpened { round, invited: cohort.len(), model: self.state.start });
            }
            Err(error) => {
                // Nobody gets its manifest, so nobody reports, and it is abandoned at its deadline.
                error!(round, %error, "a round could not be opened");
                for (device, _) in &cohort {
                    self.answer(device, CheckInReply::Refused(ErrorCode::Internal));
                }
            }
        }
    }

    async fn try_open(&self, round: u64, cohort: &[(DeviceId, Nonce)]) -> Result<Opened, OpenError> {
        let plan = &self.parts.plan;
        let seed = SysRng.try_next_u64().map_err(|_| OpenError::Entropy)?;
        let terms = plan.manifest_of(&self.state.parameters, round, self.state.start, seed);
        let manifest = self.parts.ownership.sign(&terms)?;
        let collecting = self.collecting(&terms, manifest.hash(), cohort)?;
        let (hash, start, charge, asked) = (manifest.hash(), self.state.start, plan.charge(), cohort.to_vec());
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
            invited: cohort.len(),
            manifest,
            collecting,
            reports: Vec::new(),
            since: Instant::now(),
            traffic: self.parts.metrics.traffic(),
        })
    }

    fn collecting(
        &self,
        terms: &Manifest,
        signed: ContentHash,
        cohort: &[(DeviceId, Nonce)],
    ) -> Result<Collecting, OpenError> {
        let parameters = self.state.parameters.clone().with_rotation(terms.seed);
        if parameters.mode() != Mode::Distributed {
            return Ok(Collecting::Plain(Accumulator::new(parameters)));
        }
        let invited = cohort.iter().copied().collect();
        let endorser = self.parts.ownership.endorser().and_then(|key| VerifyingKey::from_bytes(&key).ok());
        let round = Box::new(MaskedRound::new(terms, signed, endorser, invited, self.ticker.now())?);
        Ok(Collecting::Masked { round, parameters })
    }

    /// Hands the sum over to be unmasked, noised and published beside this task.
    pub(super) fn close(&mut self, invited: usize) {
        let Some(opened) = self.opened.take() else {
            return;
        };
        let Opened { number, collecting, reports, since, traffic, .. } = opened;
        let (state, plan) = (self.state.clone(), Arc::clone(&self.parts.plan));
        let storage = Arc::clone(&self.parts.storage);
        let count = reports.len();
        let closed = Closed { round: number, collecting, reports, now: self.ticker.now() };
        let result = tokio::task::spawn_blocking(move || state.after(closed, &plan, &storage));
        self.making = Some(Making { round: number, invited, reports: count, since, traffic, result });
    }

    pub(super) async fn made(&mut self, result: Result<State, OutcomeError>) {
        let Some(making) = self.making.take() else {
            return;
        };
        match result {
            Ok(state) => {
                self.state = state;
                self.published(&making);
            }
            Err(error) => {
                error!(round = making.round, %error, "the round's result could not be made");
                self.abandon(making.round, making.reports, making.invited).await;
            }
        }
        let instructions = self.over();
        self.carry_out(instructions).await;
    }

    fn published(&self, making: &Making) {
        let (seconds, metrics) = (making.since.elapsed().as_secs_f64(), &self.parts.metrics);
        let (up, down) = metrics.traffic();
        metrics.round(RoundState::Open, -1);
        metrics.round(RoundState::Published, 1);
        metrics.published(making.reports, seconds);
        let round = making.round;
        let clip = self.state.parameters.clip();
        info!(round, reports = making.reports, seconds, model = %self.state.published, next_clip = clip, "round published");
        self.tell(Event::RoundClosed {
            round,
            invited: making.invited,
            reports: making.reports,
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

/// Waits for the result that is being made; for ever if there is none.
pub(super) async fn made(making: &mut Option<Making>) -> Result<State, OutcomeError> {
    match making {
        Some(making) => making.result().await,
        None => std::future::pending().await,
    }
}
