//! Masked rounds: requests held until their step is over, then the sum and nothing else.

use silhouette_privacy::secagg::Refused;
use silhouette_round::GroupsEffect;
use silhouette_wire::message::{SecaggMaskedInput, SecaggReply, SecaggRequest};
use silhouette_wire::{DeviceId, ErrorCode, UploadReply};
use tokio::sync::oneshot;
use tracing::{debug, warn};

use super::Conductor;
use crate::service::opened::{Collecting, Opened};

impl Conductor {
    /// Before a byte of a masked vector is read.
    pub(super) fn admit_masked(&self, device: &DeviceId, announced: &SecaggMaskedInput) -> Result<(), ErrorCode> {
        let Some(Opened { collecting: Collecting::Masked { round, parameters }, .. }) = &self.opened else {
            return Err(ErrorCode::Late);
        };
        round.admit_input(device).map_err(Refused::code)?;
        // All groups release vectors of one length.
        if parameters.first().is_none_or(|p| announced.dimension as usize != p.released_len()) {
            return Err(ErrorCode::WrongDimension);
        }
        Ok(())
    }

    /// A request in a masked round: held, or refused.
    pub(super) async fn masked(
        &mut self,
        device: DeviceId,
        request: &SecaggRequest,
        body: &[u8],
        reply: oneshot::Sender<SecaggReply>,
    ) {
        if let Some(receipt) = self.late_receipt(&device, request) {
            let _ = reply.send(receipt);
            return;
        }
        let now = self.ticker.now();
        let Some(Opened { collecting: Collecting::Masked { round, .. }, .. }) = &mut self.opened else {
            let _ = reply.send(SecaggReply::Refused(ErrorCode::Late));
            return;
        };
        match round.receive(now, device, request, body) {
            Ok(effects) => {
                self.masked_held.insert(device, reply);
                self.carry_out_masked(effects).await;
            }
            Err(refused) => {
                debug!(%device, %refused, "refused in a masked round");
                let _ = reply.send(SecaggReply::Refused(refused.code()));
            }
        }
    }

    /// Masks come off as soon as enough shares are in: whoever reveals its own after that is in the
    /// sum all the same, and hears so.
    fn late_receipt(&self, device: &DeviceId, request: &SecaggRequest) -> Option<SecaggReply> {
        let SecaggRequest::Revealed(message) = request else { return None };
        let (round, digests) = &self.unmasked;
        let sha256 = *digests.get(device).filter(|_| message.at.round == *round)?;
        Some(SecaggReply::Done(UploadReply::Receipt { round: *round, sha256, duplicate: false }))
    }

    /// The end of a step may have come.
    pub(super) async fn tick_masked(&mut self) -> bool {
        let now = self.ticker.now();
        let Some(Opened { collecting: Collecting::Masked { round, .. }, .. }) = &mut self.opened else {
            return false;
        };
        let effects = round.tick(now);
        let useful = !effects.is_empty();
        self.carry_out_masked(effects).await;
        useful
    }

    async fn carry_out_masked(&mut self, effects: Vec<GroupsEffect>) {
        for effect in effects {
            match effect {
                GroupsEffect::Reply { device, reply } => {
                    if let Some(held) = self.masked_held.remove(&device) {
                        // A device that left meanwhile hears nothing.
                        let _ = held.send(reply);
                    }
                }
                GroupsEffect::Lost { group, devices, ended } => {
                    warn!(group, why = %ended, lost = ended.lost.len(), "a group ended without a sum");
                    for device in devices {
                        if let Some(held) = self.masked_held.remove(&device) {
                            let _ = held.send(SecaggReply::Refused(ErrorCode::Late));
                        }
                    }
                }
                GroupsEffect::Finish => self.over_masked(true).await,
                GroupsEffect::Failed => {
                    warn!("a masked round ended without a sum");
                    self.over_masked(false).await;
                }
                _ => {}
            }
        }
    }

    /// The masked round is over: with a sum to be unmasked beside this task, or with nothing.
    async fn over_masked(&mut self, complete: bool) {
        for (_, held) in self.masked_held.drain() {
            let _ = held.send(SecaggReply::Refused(ErrorCode::Late));
        }
        let reports = match &mut self.opened {
            Some(Opened { number, collecting: Collecting::Masked { round, .. }, reports, .. }) if complete => {
                *reports = round.digests().collect();
                self.unmasked = (*number, reports.iter().copied().collect());
                reports.len()
            }
            _ => 0,
        };
        let instructions = self.coordinator.unmasked(reports);
        // Boxed: carrying out instructions may lead here again.
        Box::pin(self.carry_out(instructions)).await;
    }
}
