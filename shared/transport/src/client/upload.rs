use quinn::{RecvStream, SendStream};
use silhouette_privacy::Release;
use silhouette_wire::{ContentHash, ErrorCode, Nonce, TaskId, Upload, UploadReply};

use super::Connection;
use crate::{
    defaults::CHUNK_BYTES,
    stream::{ExchangeError, expect_end, within, write_message},
};

/// Why an upload has no reply. The same upload may be sent again: it is counted once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UploadError {
    /// The announcement does not describe the release. Nothing was sent.
    #[error("the announcement does not describe the release")]
    OtherRelease,
    /// The server takes no uploads of this size. Nothing was sent.
    #[error("the server takes at most {limit} bytes")]
    TooLarge {
        /// What the server announced.
        limit: u64,
    },
    /// The exchange failed; whether the upload was counted is open.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
}

/// Describes a release for its upload.
///
/// Fails when the release is longer than any manifest allows.
pub fn announce(
    task: TaskId,
    round: u64,
    nonce: Nonce,
    manifest_hash: ContentHash,
    release: &Release,
) -> Result<Upload, ErrorCode> {
    let dimension = u32::try_from(release.dimension()).map_err(|_| ErrorCode::WrongDimension)?;
    let bytes = release.as_bytes();
    Ok(Upload {
        task,
        round,
        nonce,
        manifest_hash,
        dimension,
        modulus_bits: release.modulus_bits(),
        byte_len: bytes.len() as u64,
        sha256: ContentHash::of(bytes),
    })
}

fn describes(upload: &Upload, release: &Release) -> bool {
    let bytes = release.as_bytes();
    upload.dimension as usize == release.dimension()
        && upload.modulus_bits == release.modulus_bits()
        && upload.byte_len == bytes.len() as u64
        && upload.sha256 == ContentHash::of(bytes)
}

impl Connection {
    /// Sends a release. There is no way to send anything else.
    pub async fn upload(&self, upload: &Upload, release: &Release) -> Result<UploadReply, UploadError> {
        if !describes(upload, release) {
            return Err(UploadError::OtherRelease);
        }
        let limit = self.server.limits.max_upload_bytes;
        if upload.byte_len > limit {
            return Err(UploadError::TooLarge { limit });
        }
        let exchange = async {
            let (mut send, mut recv) = self.connection.open_bi().await?;
            match self.send(&mut send, upload, release.as_bytes()).await {
                // The server stopped reading; its reply says why.
                Ok(()) | Err(ExchangeError::Abandoned) => {}
                Err(error) => return Err(error),
            }
            self.verdict(&mut recv).await
        };
        match within(self.limits.transfer_timeout, exchange).await {
            Err(ExchangeError::Refused(code)) => Ok(UploadReply::Refused(code)),
            reply => Ok(reply?),
        }
    }

    async fn send(&self, send: &mut SendStream, upload: &Upload, body: &[u8]) -> Result<(), ExchangeError> {
        self.traffic.sent(write_message(send, upload).await?);
        for chunk in body.chunks(CHUNK_BYTES) {
            send.write_all(chunk).await?;
            self.traffic.sent(chunk.len() as u64);
        }
        let _ = send.finish();
        Ok(())
    }

    async fn verdict(&self, recv: &mut RecvStream) -> Result<UploadReply, ExchangeError> {
        let reply = self.reply(recv).await?;
        expect_end(recv).await?;
        Ok(reply)
    }
}
