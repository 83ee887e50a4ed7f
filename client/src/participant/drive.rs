//! Carrying out the session's actions.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use ed25519_dalek::VerifyingKey;
use silhouette_privacy::Release;
use silhouette_privacy::secagg::MaskedVector;
use silhouette_round::{Action, History, Input, Millis, Session};
use silhouette_transport::client::{FetchError, UploadError};
use silhouette_transport::{ExchangeError, PartialBody};
use silhouette_wire::message::{CheckIn, SecaggRequest, Upload};
use silhouette_wire::{ContentHash, TaskId};

use super::event::{End, ParticipantEvent};
use super::link::wait;
use super::material::blocking;
use super::{Participant, ParticipateError};
use crate::ledger::{Entry, SpendError};
use crate::local::jitter;

/// What an action led to.
enum Next {
    /// The session has to be told.
    Tell(Input),
    /// It was a report.
    Nothing,
    /// The task is over.
    End(End),
}

/// One run of a participant.
pub(super) struct Drive<'p, F> {
    participant: &'p mut Participant,
    session: Session,
    observer: F,
    started: Instant,
}

impl<'p, F: FnMut(ParticipantEvent)> Drive<'p, F> {
    pub(super) fn new(participant: &'p mut Participant, owner: VerifyingKey, observer: F) -> Self {
        let config = &participant.config;
        let identity = participant.link.identity().secagg_identity(&config.task);
        let session = Session::new(config.task.clone(), owner, config.policy.clone()).with_identity(identity);
        Self { participant, session, observer, started: Instant::now() }
    }

    pub(super) async fn run(&mut self) -> Result<End, ParticipateError> {
        let mut input = Input::Tick;
        loop {
            let mut next = None;
            for action in self.step(input) {
                match self.perform(action).await? {
                    Next::Tell(input) => next = Some(input),
                    Next::Nothing => {}
                    Next::End(end) => return Ok(end),
                }
            }
            input = next.unwrap_or(Input::Tick);
        }
    }

    fn now(&self) -> Millis {
        Millis::try_from(self.started.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    fn step(&mut self, input: Input) -> Vec<Action> {
        let history = self.history();
        let examples = self.participant.material.examples();
        let conditions = (self.participant.config.conditions)();
        self.session.step(self.now(), input, &history, examples, conditions)
    }

    fn history(&self) -> History {
        let ledger = self.participant.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.history(&self.participant.config.task)
    }

    async fn perform(&mut self, action: Action) -> Result<Next, ParticipateError> {
        Ok(match action {
            Action::CheckIn { task, last_round } => Next::Tell(self.check_in(task, last_round).await?),
            Action::Fetch(model) => Next::Tell(self.fetch_enough(model).await?),
            Action::Train { manifest, parameters } => {
                (self.observer)(ParticipantEvent::Training { round: manifest.round, query: manifest.query });
                let draws = self.participant.config.randomness.draws(manifest.round);
                let released = match draws {
                    Ok(draws) => self.participant.material.work(manifest, parameters, draws).await,
                    Err(error) => Err(error.to_string()),
                };
                Next::Tell(released.map_or_else(Input::Failed, Input::Released))
            }
            Action::Charge { task, query, round, manifest, charge } => {
                Next::Tell(self.charge(Entry { task, query, round, manifest, charge }).await?)
            }
            Action::Upload { header, body } => Next::Tell(self.upload(&header, &body).await?),
            Action::DrawEntropy => {
                let entropy = self.participant.config.randomness.entropy(self.history().last_round);
                Next::Tell(entropy.map_or_else(|e| Input::Failed(e.to_string()), |e| Input::Entropy(Box::new(e))))
            }
            Action::Mask { request, vector } => Next::Tell(self.mask(&request, vector.as_ref()).await?),
            Action::Rest(until) => {
                let rest = Duration::from_millis(until.saturating_sub(self.now()));
                if !rest.is_zero() {
                    (self.observer)(ParticipantEvent::Resting(rest));
                    tokio::time::sleep(rest).await;
                }
                Next::Tell(Input::Tick)
            }
            Action::Finish(model) => Next::End(self.finish(model).await?),
            Action::Took { round } => self.report(ParticipantEvent::Took { round }),
            Action::Declined(refusal) => self.report(ParticipantEvent::Declined(refusal)),
            Action::Rejected(code) => self.report(ParticipantEvent::Rejected(code)),
        })
    }

    fn report(&mut self, event: ParticipantEvent) -> Next {
        (self.observer)(event);
        Next::Nothing
    }

    fn interrupted(&mut self, exchange: &'static str, reason: &(dyn std::fmt::Display + Sync)) {
        (self.observer)(ParticipantEvent::Interrupted { exchange, reason: reason.to_string() });
    }

    async fn check_in(&mut self, task: TaskId, last_round: u64) -> Result<Input, ParticipateError> {
        let request = CheckIn { task, last_round, available: self.participant.config.available };
        let connection = self.participant.link.connection(&mut self.observer).await?;
        (self.observer)(ParticipantEvent::CheckedIn { last_round });
        match connection.check_in(&request).await {
            Ok(reply) => Ok(Input::Reply(reply, jitter())),
            Err(error) => {
                self.interrupted("check-in", &error);
                self.participant.link.forget();
                Ok(Input::Disconnected)
            }
        }
    }

    /// Fetches the model and checks that it leaves enough to learn from.
    async fn fetch_enough(&mut self, model: ContentHash) -> Result<Input, ParticipateError> {
        let input = self.fetch(model).await?;
        let least = self.participant.config.policy.min_examples;
        if matches!(input, Input::ModelReady) && self.participant.material.examples() < least {
            return Ok(Input::Failed(format!("expected at least {least} texts labelled for this task")));
        }
        Ok(input)
    }

    async fn fetch(&mut self, model: ContentHash) -> Result<Input, ParticipateError> {
        match self.participant.material.load(model).await {
            Ok(true) => {
                (self.observer)(ParticipantEvent::ModelReady { model, cached: true });
                return Ok(Input::ModelReady);
            }
            Ok(false) => {}
            Err(reason) => return Ok(Input::Failed(reason)),
        }
        let mut body = PartialBody::new(model, Vec::new());
        for attempt in 0..self.participant.config.retries.fetch {
            let connection = self.participant.link.connection(&mut self.observer).await?;
            match connection.fetch_model(&mut body).await {
                Ok(()) => return Ok(self.fetched(model, body.into_inner()).await),
                Err(error @ (FetchError::Exchange(_) | FetchError::Cut)) => {
                    self.pause("fetch", &error, attempt).await;
                }
                Err(error) => return Ok(Input::Failed(error.to_string())),
            }
        }
        Ok(Input::Disconnected)
    }

    async fn fetched(&mut self, model: ContentHash, bytes: Vec<u8>) -> Input {
        match self.participant.material.keep(model, bytes).await {
            Ok(()) => {
                (self.observer)(ParticipantEvent::ModelReady { model, cached: false });
                Input::ModelReady
            }
            Err(reason) => Input::Failed(reason),
        }
    }

    /// The last model is worth a few tries; without it the task is over all the same.
    async fn finish(&mut self, model: ContentHash) -> Result<End, ParticipateError> {
        let cached = matches!(self.fetch(model).await?, Input::ModelReady);
        Ok(End::Finished { model, cached })
    }

    async fn charge(&mut self, entry: Entry) -> Result<Input, ParticipateError> {
        let ledger = Arc::clone(&self.participant.ledger);
        let (round, charge) = (entry.round, entry.charge);
        let written = blocking(move || {
            let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
            ledger.charge(&entry)
        });
        match written.await {
            Ok(Ok(())) => {
                (self.observer)(ParticipantEvent::Charged { round, rho: charge.rho() });
                Ok(Input::Charged)
            }
            Ok(Err(error @ (SpendError::Write { .. } | SpendError::Interrupted { .. }))) => Err(error.into()),
            Ok(Err(error)) => Ok(Input::Failed(error.to_string())),
            Err(reason) => Ok(Input::Failed(reason)),
        }
    }

    /// The same nonce and bytes each time: however often they arrive, they count once.
    async fn upload(&mut self, header: &Upload, body: &Release) -> Result<Input, ParticipateError> {
        for attempt in 0..self.participant.config.retries.upload {
            let connection = self.participant.link.connection(&mut self.observer).await?;
            (self.observer)(ParticipantEvent::Uploading {
                round: header.round,
                bytes: header.byte_len,
                attempt: attempt + 1,
            });
            match connection.upload(header, body).await {
                Ok(reply) => return Ok(Input::Uploaded(reply)),
                Err(error) if is_broken(&error) => self.pause("upload", &error, attempt).await,
                Err(error) => return Ok(Input::Failed(error.to_string())),
            }
        }
        Ok(Input::Disconnected)
    }

    /// Once: a step of a masked round that was cut off is lost, and the device with it.
    async fn mask(
        &mut self,
        request: &SecaggRequest,
        vector: Option<&MaskedVector>,
    ) -> Result<Input, ParticipateError> {
        let (at, exchange) = match request {
            SecaggRequest::Advert(message) => (&message.at, 0),
            SecaggRequest::Shares(message) => (&message.at, 1),
            SecaggRequest::MaskedInput(message) => (&message.at, 2),
            SecaggRequest::Revealed(message) => (&message.at, 3),
            SecaggRequest::Consistency(message) => (&message.at, 4),
        };
        (self.observer)(ParticipantEvent::Masking { round: at.round, exchange });
        let connection = self.participant.link.connection(&mut self.observer).await?;
        if let SecaggRequest::MaskedInput(message) = request {
            let (round, bytes) = (message.at.round, message.byte_len);
            (self.observer)(ParticipantEvent::Uploading { round, bytes, attempt: 1 });
        }
        match connection.secagg(request, vector).await {
            Ok(reply) => Ok(Input::Masked(reply)),
            Err(error) if is_broken(&error) => {
                self.interrupted("masked round", &error);
                self.participant.link.forget();
                Ok(Input::Disconnected)
            }
            Err(error) => Ok(Input::Failed(error.to_string())),
        }
    }

    async fn pause(&mut self, exchange: &'static str, reason: &(dyn std::fmt::Display + Sync), attempt: u32) {
        self.interrupted(exchange, reason);
        self.participant.link.forget();
        tokio::time::sleep(wait(&self.participant.config.retries, attempt)).await;
    }
}

/// Whether the exchange may go through on another connection.
fn is_broken(error: &UploadError) -> bool {
    matches!(
        error,
        UploadError::Exchange(
            ExchangeError::Lost(_) | ExchangeError::Abandoned | ExchangeError::Ended | ExchangeError::TimedOut
        )
    )
}
