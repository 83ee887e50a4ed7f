//! The transport's questions.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use silhouette_transport::{Handler, UploadSink};
use silhouette_wire::message::{SecaggMaskedInput, SecaggReply, SecaggRequest};
use silhouette_wire::{
    CheckIn, CheckInReply, ContentHash, DeviceId, Enroll, EnrollReply, ErrorCode, Upload, UploadReply,
};
use tokio::sync::oneshot;
use tracing::{debug, error};

use super::Service;
use super::requests::{Held, Request};
use crate::enrolment;
use crate::storage::{Standing, Storage, StorageError};

impl Service {
    /// Runs a short query beside the network tasks. A store that fails is our fault, not the
    /// device's.
    async fn ask<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Storage) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, ErrorCode> {
        let storage = Arc::clone(&self.storage);
        match tokio::task::spawn_blocking(move || query(&storage)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                error!(%error, "the store failed");
                Err(ErrorCode::Internal)
            }
            Err(_) => Err(ErrorCode::Internal),
        }
    }

    /// Asked at every check-in, not only when a connection is made: a device may be revoked while
    /// it is connected.
    async fn welcome(&self, device: DeviceId) -> Result<(), ErrorCode> {
        match self.ask(move |storage| storage.standing(&device)).await? {
            Standing::Enrolled => Ok(()),
            Standing::Revoked => Err(ErrorCode::Revoked),
            Standing::Unknown => Err(ErrorCode::NotEnrolled),
        }
    }

    async fn hold(&self, device: DeviceId, request: &CheckIn) -> Result<CheckInReply, ErrorCode> {
        if request.task != *self.plan.task_id() {
            return Err(ErrorCode::UnknownTask);
        }
        self.welcome(device).await?;
        let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        let check_in = Request::CheckIn { device, last_round: request.last_round, ticket, reply };
        self.requests.send(check_in).map_err(|_| ErrorCode::Busy)?;
        let _held = Held { requests: &self.requests, device, ticket };
        // No answer: a newer check-in of this device took its place, or the conductor stopped.
        answer.await.map_err(|_| ErrorCode::Busy)
    }

    async fn announce(&self, device: DeviceId, upload: &Upload) -> Result<(), ErrorCode> {
        let (reply, answer) = oneshot::channel();
        let announce = Request::Announce { device, upload: upload.clone(), reply };
        self.requests.send(announce).map_err(|_| ErrorCode::Busy)?;
        match answer.await.map_err(|_| ErrorCode::Busy)? {
            Err(ErrorCode::Late) if self.counted(device, upload).await? => Ok(()),
            verdict => verdict,
        }
    }

    /// Whether exactly this report is in the sum of a round that is over.
    async fn counted(&self, device: DeviceId, upload: &Upload) -> Result<bool, ErrorCode> {
        let (round, nonce) = (upload.round, upload.nonce);
        let digest = self.ask(move |storage| storage.receipt(round, &device, &nonce)).await?;
        Ok(digest == Some(upload.sha256))
    }

    async fn report(&self, device: DeviceId, upload: Upload, body: Vec<u8>) -> Result<UploadReply, ErrorCode> {
        let (reply, answer) = oneshot::channel();
        let report = Request::Report { device, upload: upload.clone(), body, reply };
        self.requests.send(report).map_err(|_| ErrorCode::Busy)?;
        match answer.await.map_err(|_| ErrorCode::Busy)? {
            UploadReply::Refused(ErrorCode::Late) if self.counted(device, &upload).await? => {
                Ok(UploadReply::Receipt { round: upload.round, sha256: upload.sha256, duplicate: true })
            }
            reply => Ok(reply),
        }
    }

    /// Held until the step is over.
    async fn masked(&self, device: DeviceId, request: SecaggRequest, body: Vec<u8>) -> SecaggReply {
        let (reply, answer) = oneshot::channel();
        let sent = self.requests.send(Request::Masked { device, request, body, reply });
        let reply = match sent {
            Ok(()) => answer.await.unwrap_or(SecaggReply::Refused(ErrorCode::Busy)),
            Err(_) => SecaggReply::Refused(ErrorCode::Busy),
        };
        if let SecaggReply::Refused(code) = reply {
            self.refused(device, code);
        }
        reply
    }

    fn refused(&self, device: DeviceId, code: ErrorCode) {
        debug!(%device, code = code.number(), "refused");
        self.metrics.refused(code);
    }
}

impl Handler for Service {
    async fn on_connect(&self, device: DeviceId) -> Result<(), ErrorCode> {
        let verdict = self.welcome(device).await;
        if let Err(code) = verdict {
            debug!(%device, code = code.number(), "turned away");
        }
        verdict
    }

    async fn on_check_in(&self, device: DeviceId, request: CheckIn) -> CheckInReply {
        debug!(%device, "checks in");
        self.hold(device, &request).await.unwrap_or_else(CheckInReply::Refused)
    }

    async fn on_fetch(&self, device: DeviceId, hash: ContentHash) -> Option<Arc<[u8]>> {
        let content = self.models.get(hash).await?;
        debug!(%device, %hash, "fetches");
        self.metrics.sent(content.len() as u64);
        Some(content)
    }

    async fn on_upload_begin(&self, device: DeviceId, upload: &Upload) -> Result<UploadSink, ErrorCode> {
        match self.announce(device, upload).await {
            Ok(()) => Ok(UploadSink::exactly(self.plan.parameters_of(upload.round).byte_len() as u64)),
            Err(code) => {
                self.refused(device, code);
                Err(code)
            }
        }
    }

    async fn on_upload_end(&self, device: DeviceId, upload: Upload, body: Vec<u8>) -> UploadReply {
        self.metrics.received(body.len() as u64);
        let reply = self.report(device, upload, body).await.unwrap_or_else(UploadReply::Refused);
        if let UploadReply::Refused(code) = reply {
            self.refused(device, code);
        }
        reply
    }

    async fn on_secagg(&self, device: DeviceId, request: SecaggRequest) -> SecaggReply {
        self.masked(device, request, Vec::new()).await
    }

    async fn on_masked_begin(&self, device: DeviceId, announced: &SecaggMaskedInput) -> Result<UploadSink, ErrorCode> {
        let (reply, answer) = oneshot::channel();
        let announce = Request::AnnounceMasked { device, announced: announced.clone(), reply };
        let verdict = match self.requests.send(announce) {
            Ok(()) => answer.await.unwrap_or(Err(ErrorCode::Busy)),
            Err(_) => Err(ErrorCode::Busy),
        };
        match verdict {
            Ok(()) => Ok(UploadSink::exactly(self.plan.parameters_of(announced.at.round).byte_len() as u64)),
            Err(code) => {
                self.refused(device, code);
                Err(code)
            }
        }
    }

    async fn on_masked_end(&self, device: DeviceId, announced: SecaggMaskedInput, body: Vec<u8>) -> SecaggReply {
        self.metrics.received(body.len() as u64);
        self.masked(device, SecaggRequest::MaskedInput(announced), body).await
    }

    async fn on_renew(&self, device: DeviceId, request: Enroll) -> EnrollReply {
        // Judged first: what is stored of a request is only what its sender has shown to hold.
        let reply = self.enroller.renew(device, &request);
        if !matches!(reply, EnrollReply::Issued(_)) {
            return reply;
        }
        let (not_after, identity) = (enrolment::certificate_end(), request.identity);
        match self.ask(move |storage| storage.renew(&device, &identity, not_after)).await {
            Ok(true) => reply,
            Ok(false) => EnrollReply::Refused(ErrorCode::Revoked),
            Err(code) => EnrollReply::Refused(code),
        }
    }
}
