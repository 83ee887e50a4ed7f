//! The one task that owns the round.

mod clock;
mod masked;
mod rounds;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use silhouette_round::{Coordinator, Instruction, Millis};
use silhouette_wire::message::SecaggReply;
use silhouette_wire::{CheckInReply, ContentHash, DeviceId, ErrorCode, Nonce, Upload, UploadReply};
use tokio::sync::{mpsc, oneshot};
use tracing::{debug, error, warn};

use super::Parts;
use super::event::Event;
use super::opened::{Collecting, Opened};
use super::outcome::{State, Stopped, StoreError};
use super::requests::Request;
use crate::storage::{Storage, StorageError};

use clock::Ticker;
use rounds::{Making, made};

/// Decides about everything that changes a round.
pub(crate) struct Conductor {
    parts: Parts,
    coordinator: Coordinator,
    state: State,
    inbox: mpsc::UnboundedReceiver<Request>,
    held: HashMap<DeviceId, (u64, oneshot::Sender<CheckInReply>)>,
    /// Requests of a masked round whose step is not over.
    masked_held: HashMap<DeviceId, oneshot::Sender<SecaggReply>>,
    /// The last masked round that came to a sum, and whose vectors are in it.
    unmasked: (u64, HashMap<DeviceId, ContentHash>),
    opened: Option<Opened>,
    making: Option<Making>,
    ticker: Ticker,
    finished: bool,
}

impl Conductor {
    pub(crate) fn new(
        parts: Parts,
        coordinator: Coordinator,
        state: State,
        inbox: mpsc::UnboundedReceiver<Request>,
    ) -> Self {
        Self {
            parts,
            coordinator,
            state,
            inbox,
            held: HashMap::new(),
            masked_held: HashMap::new(),
            unmasked: (0, HashMap::new()),
            opened: None,
            making: None,
            ticker: Ticker::new(),
            finished: false,
        }
    }

    /// Works until `stop` completes, then lets a result that is being made be published; an open
    /// round is abandoned.
    pub(crate) async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        self.announce_the_end();
        loop {
            let due = self.ticker.due(self.next_tick());
            tokio::select! {
                () = &mut stop => break,
                request = self.inbox.recv() => match request {
                    Some(request) => self.serve(request).await,
                    None => break,
                },
                () = due => self.tick().await,
                made = made(&mut self.making) => self.made(made).await,
            }
            self.parts.metrics.waiting(self.coordinator.waiting());
        }
        self.stop().await;
    }

    async fn stop(mut self) {
        if let Some(making) = &mut self.making {
            let made = making.result().await;
            self.made(made).await;
        }
        if let Some(opened) = self.opened.take() {
            warn!(round = opened.number, "stopped with an open round, which is abandoned");
            self.abandon(opened.number, opened.reports.len(), opened.invited).await;
        }
    }

    fn next_tick(&self) -> Option<Millis> {
        let masked = match &self.opened {
            Some(Opened { collecting: Collecting::Masked { round, .. }, .. }) => round.next_tick(),
            _ => None,
        };
        self.coordinator.next_tick().into_iter().chain(masked).min()
    }

    async fn tick(&mut self) {
        // First: a masked round's last step ends with the round, and then there is a sum.
        let stepped = self.tick_masked().await;
        let instructions = self.coordinator.tick(self.ticker.now());
        self.ticker.ticked(stepped || !instructions.is_empty());
        self.carry_out(instructions).await;
    }

    async fn serve(&mut self, request: Request) {
        match request {
            Request::CheckIn { device, last_round, reply, .. } if last_round > self.coordinator.round() => {
                // Its ledger has rounds that this folder never opened: the folder was put back from an old
                // copy. With it a device would be released twice for one charge, where the noise is a tree's.
                let known = self.coordinator.round();
                error!(%device, last_round, known, "a device is ahead of this folder: was it restored from a copy?");
                let _ = reply.send(CheckInReply::Refused(ErrorCode::UnknownRound));
            }
            Request::CheckIn { device, ticket, reply, .. } => {
                // An older check-in of the same device loses its place: its sender is dropped.
                self.held.insert(device, (ticket, reply));
                let instructions = self.coordinator.check_in(self.ticker.now(), device);
                self.carry_out(instructions).await;
            }
            Request::Gone { device, ticket } => {
                if self.held.get(&device).is_some_and(|(held, _)| *held == ticket) {
                    self.held.remove(&device);
                    self.coordinator.gone(&device);
                }
            }
            Request::Announce { device, upload, reply } => {
                let verdict = match self.admit(&device, &upload) {
                    // Let it come again: only the end of an upload can be answered with a receipt.
                    Err(ErrorCode::Duplicate) if self.is_counted(&device, &upload) => Ok(()),
                    verdict => verdict,
                };
                let _ = reply.send(verdict);
            }
            Request::AnnounceMasked { device, announced, reply } => {
                let _ = reply.send(self.admit_masked(&device, &announced));
            }
            Request::Masked { device, request, body, reply } => self.masked(device, &request, &body, reply).await,
            Request::Report { device, upload, body, reply } => self.report(device, &upload, &body, reply).await,
        }
    }

    fn admit(&self, device: &DeviceId, upload: &Upload) -> Result<(), ErrorCode> {
        self.coordinator.admit(self.ticker.now(), device, upload)?;
        let opened = self.opened.as_ref().ok_or(ErrorCode::Late)?;
        opened.fits(&self.parts.plan, upload)
    }

    /// Whether the sum holds exactly this report of this device.
    fn is_counted(&self, device: &DeviceId, upload: &Upload) -> bool {
        self.coordinator.receipt(device, upload) == Some(upload.sha256)
    }

    /// Judged again although it was judged when it was announced: the round may have closed, and
    /// the same upload may have come twice at once. The receipt leaves after the fold.
    ///
    /// The fold runs right here: it takes about a millisecond per megabyte, and it has to be over
    /// before the next message anyway.
    async fn report(&mut self, device: DeviceId, upload: &Upload, body: &[u8], reply: oneshot::Sender<UploadReply>) {
        let (round, sha256) = (upload.round, upload.sha256);
        let folded = self.admit(&device, upload).and_then(|()| {
            let opened = self.opened.as_mut().ok_or(ErrorCode::Late)?;
            opened.fold(device, upload, body)
        });
        let answer = match folded {
            Ok(()) => UploadReply::Receipt { round, sha256, duplicate: false },
            Err(ErrorCode::Duplicate) if self.is_counted(&device, upload) => {
                UploadReply::Receipt { round, sha256, duplicate: true }
            }
            Err(code) => UploadReply::Refused(code),
        };
        let _ = reply.send(answer);
        if folded.is_ok() {
            debug!(%device, round, "report folded");
            let instructions = self.coordinator.reported(device, sha256);
            self.carry_out(instructions).await;
        }
    }

    /// In order. What an instruction leads to goes to the end of the queue.
    async fn carry_out(&mut self, instructions: Vec<Instruction>) {
        let mut queue = VecDeque::from(instructions);
        while let Some(instruction) = queue.pop_front() {
            match instruction {
                Instruction::Open { round, .. } => {
                    let groups = take_assignments(&mut queue);
                    self.open(round, groups).await;
                }
                Instruction::Wait { device, min, max } => {
                    self.answer(&device, CheckInReply::Wait { min_ms: min, max_ms: max });
                }
                Instruction::Finish { device } => {
                    let (model, round) = (self.state.published, self.coordinator.round());
                    self.answer(&device, CheckInReply::Finished { model, round });
                }
                Instruction::Close { invited, .. } => self.close(invited),
                Instruction::Abandon { round, reports, invited } => {
                    // The sum is dropped unseen.
                    self.opened = None;
                    self.abandon(round, reports, invited).await;
                    queue.extend(self.over());
                }
                // Assignments follow an `Open`, which takes them.
                _ => {}
            }
        }
    }

    fn answer(&mut self, device: &DeviceId, reply: CheckInReply) {
        if let Some((_, sender)) = self.held.remove(device) {
            // A device that left meanwhile hears nothing; if it was asked, it does not report.
            let _ = sender.send(reply);
        }
    }

    fn tell(&self, event: Event) {
        // Nobody listening is fine.
        let _ = self.parts.events.send(event);
    }

    /// Writes beside the network tasks; the conductor waits, because what follows depends on it.
    async fn store<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Storage) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let storage = Arc::clone(&self.parts.storage);
        let written = tokio::task::spawn_blocking(move || write(&storage)).await;
        Ok(written.map_err(|_| Stopped)??)
    }
}

/// The assignments at the head of the queue, by group: the cohort of the round that was just opened.
fn take_assignments(queue: &mut VecDeque<Instruction>) -> Vec<Vec<(DeviceId, Nonce)>> {
    let mut groups = Vec::new();
    while let Some(&Instruction::Assign { device, nonce, group }) = queue.front() {
        if groups.len() <= group {
            groups.resize_with(group + 1, Vec::new);
        }
        groups[group].push((device, nonce));
        queue.pop_front();
    }
    groups
}
