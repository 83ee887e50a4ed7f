use std::sync::Arc;

use silhouette_wire::{
    CheckIn, CheckInReply, ContentHash, DeviceId, Enroll, EnrollReply, ErrorCode, Upload, UploadReply,
    message::{SecaggMaskedInput, SecaggReply, SecaggRequest},
};

/// Leave to send an upload, given after its announcement was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadSink {
    expected: u64,
}

impl UploadSink {
    /// Takes exactly this many bytes, a number that follows from the manifest and never from what
    /// the device announced.
    pub const fn exactly(bytes: u64) -> Self {
        Self { expected: bytes }
    }

    pub(super) const fn expected(self) -> u64 {
        self.expected
    }
}

/// What the aggregator does with requests. Every method is called with the device its certificate
/// names; all of them may run at the same time.
pub trait Handler: Send + Sync + 'static {
    /// A device connected. Called before anything it asks for; the place to turn away a device whose
    /// certificate is still valid but which was revoked.
    fn on_connect(&self, device: DeviceId) -> impl Future<Output = Result<(), ErrorCode>> + Send {
        let _ = device;
        async { Ok(()) }
    }

    /// A device offers to take part. May take as long as it takes to choose the cohort; the future is
    /// dropped when the device goes away.
    fn on_check_in(&self, device: DeviceId, request: CheckIn) -> impl Future<Output = CheckInReply> + Send;

    /// A device asks for content, such as the model of a round.
    fn on_fetch(&self, device: DeviceId, hash: ContentHash) -> impl Future<Output = Option<Arc<[u8]>>> + Send;

    /// A device announces an upload. Nothing of its body has been read. May be called again for the
    /// same upload, and need not be followed by [`Handler::on_upload_end`].
    fn on_upload_begin(
        &self,
        device: DeviceId,
        upload: &Upload,
    ) -> impl Future<Output = Result<UploadSink, ErrorCode>> + Send;

    /// An upload arrived whole and has the announced hash. Runs to its end even when the device goes
    /// away meanwhile; a device that missed the reply sends the same upload again.
    fn on_upload_end(
        &self,
        device: DeviceId,
        upload: Upload,
        body: Vec<u8>,
    ) -> impl Future<Output = UploadReply> + Send;

    /// A device's request in a secure aggregation other than its masked input. May take as long as
    /// the step does; the future is dropped when the device goes away. Refused unless implemented.
    fn on_secagg(&self, device: DeviceId, request: SecaggRequest) -> impl Future<Output = SecaggReply> + Send {
        let _ = (device, request);
        async { SecaggReply::Refused(ErrorCode::Malformed) }
    }

    /// A device announces its masked vector. Nothing of it has been read.
    fn on_masked_begin(
        &self,
        device: DeviceId,
        announced: &SecaggMaskedInput,
    ) -> impl Future<Output = Result<UploadSink, ErrorCode>> + Send {
        let _ = (device, announced);
        async { Err(ErrorCode::Malformed) }
    }

    /// A masked vector arrived whole and has the announced hash. Answered when the step is over.
    fn on_masked_end(
        &self,
        device: DeviceId,
        announced: SecaggMaskedInput,
        body: Vec<u8>,
    ) -> impl Future<Output = SecaggReply> + Send {
        let _ = (device, announced, body);
        async { SecaggReply::Refused(ErrorCode::Malformed) }
    }

    /// A device wants a new certificate for the key it connected with. Refused unless implemented;
    /// see [`Enroller::renew`](super::Enroller::renew).
    fn on_renew(&self, device: DeviceId, request: Enroll) -> impl Future<Output = EnrollReply> + Send {
        let _ = (device, request);
        async { EnrollReply::Refused(ErrorCode::NotEnrolled) }
    }
}
