//! What the conductor is told and asked.

use silhouette_wire::message::{SecaggMaskedInput, SecaggReply, SecaggRequest};
use silhouette_wire::{CheckInReply, DeviceId, ErrorCode, Upload, UploadReply};
use tokio::sync::{mpsc, oneshot};

pub(crate) enum Request {
    /// A device offers to take part; the answer may come much later. The ticket tells two check-ins
    /// of one device apart.
    CheckIn { device: DeviceId, last_round: u64, ticket: u64, reply: oneshot::Sender<CheckInReply> },
    /// Nobody waits for the answer to this check-in any more.
    Gone { device: DeviceId, ticket: u64 },
    /// May this upload be sent? Its body was not read yet.
    Announce { device: DeviceId, upload: Upload, reply: oneshot::Sender<Result<(), ErrorCode>> },
    /// May this masked vector be sent? It was not read yet.
    AnnounceMasked { device: DeviceId, announced: SecaggMaskedInput, reply: oneshot::Sender<Result<(), ErrorCode>> },
    /// A request in a masked round, with the vector if it is one; the answer comes when the step is
    /// over.
    Masked { device: DeviceId, request: SecaggRequest, body: Vec<u8>, reply: oneshot::Sender<SecaggReply> },
    /// An upload whose bytes have the announced hash.
    Report { device: DeviceId, upload: Upload, body: Vec<u8>, reply: oneshot::Sender<UploadReply> },
}

/// Withdraws a held check-in when the device goes away: the future that waits for the answer is
/// dropped then, and this with it.
pub(super) struct Held<'a> {
    pub(super) requests: &'a mpsc::UnboundedSender<Request>,
    pub(super) device: DeviceId,
    pub(super) ticket: u64,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // No conductor, no check-ins held.
        let _ = self.requests.send(Request::Gone { device: self.device, ticket: self.ticket });
    }
}
