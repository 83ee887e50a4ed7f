//! Receiving one upload: announced, checked, admitted, read, hashed, handed over.

use std::sync::Arc;

use quinn::RecvStream;
use sha2::{Digest, Sha256};
use silhouette_wire::{ContentHash, ErrorCode, Upload, UploadReply};

use super::{Handler, UploadSink, session::Session};
use crate::{
    defaults::{STREAM_WINDOW, close},
    stream::{ExchangeError, next_chunk, within},
};

pub(super) async fn receive<H: Handler>(
    session: &Session<H>,
    recv: &mut RecvStream,
    upload: Upload,
) -> Result<UploadReply, ExchangeError> {
    match announced(session, recv, &upload).await {
        Ok(body) => Ok(hand_over(session, upload, body).await),
        // Refused in kind, so that the device hears a reply to its upload.
        Err(ExchangeError::Refused(code)) => {
            let _ = recv.stop(close::REFUSED.into());
            Ok(UploadReply::Refused(code))
        }
        Err(error) => Err(error),
    }
}

async fn announced<H: Handler>(
    session: &Session<H>,
    recv: &mut RecvStream,
    upload: &Upload,
) -> Result<Vec<u8>, ExchangeError> {
    let begun = session.server.handler.on_upload_begin(session.device, upload).await;
    body(session, recv, upload.byte_len, upload.sha256, begun.map_err(ExchangeError::Refused)?).await
}

/// The body that was announced with this length and hash, if it is what `sink` takes.
pub(super) async fn body<H: Handler>(
    session: &Session<H>,
    recv: &mut RecvStream,
    length: u64,
    sha256: ContentHash,
    sink: UploadSink,
) -> Result<Vec<u8>, ExchangeError> {
    let limits = &session.server.limits;
    let refused = ExchangeError::Refused;
    if length > limits.max_upload_bytes || length != sink.expected() {
        return Err(refused(ErrorCode::WrongLength));
    }
    let admission = &session.server.admission;
    let place = admission.enter(session.device, &session.connection).await.map_err(refused)?;
    let read = read(session, recv, length as usize, sha256);
    let body = within(limits.transfer_timeout, read).await?;
    drop(place);
    Ok(body)
}

/// Reads exactly what was announced. The memory grows with what arrives, not with what was
/// promised.
async fn read<H: Handler>(
    session: &Session<H>,
    recv: &mut RecvStream,
    expected: usize,
    sha256: ContentHash,
) -> Result<Vec<u8>, ExchangeError> {
    let stall = session.server.limits.stall_timeout;
    let mut body = Vec::with_capacity(expected.min(STREAM_WINDOW as usize));
    let mut hasher = Sha256::new();
    while let Some(chunk) = within(stall, next_chunk(recv)).await? {
        if chunk.len() > expected - body.len() {
            return Err(ExchangeError::Refused(ErrorCode::WrongLength));
        }
        hasher.update(&chunk);
        body.extend_from_slice(&chunk);
    }
    if body.len() != expected {
        return Err(ExchangeError::Refused(ErrorCode::WrongLength));
    }
    if ContentHash(hasher.finalize().into()) != sha256 {
        return Err(ExchangeError::Refused(ErrorCode::HashMismatch));
    }
    Ok(body)
}

/// In a task of its own: what was handed over is counted or not, whether or not the device stays.
async fn hand_over<H: Handler>(session: &Session<H>, upload: Upload, body: Vec<u8>) -> UploadReply {
    let (handler, device) = (Arc::clone(&session.server.handler), session.device);
    let counting = tokio::spawn(async move { handler.on_upload_end(device, upload, body).await });
    counting.await.unwrap_or(UploadReply::Refused(ErrorCode::Internal))
}
