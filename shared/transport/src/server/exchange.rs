//! One stream: one request, one reply.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use quinn::{RecvStream, SendStream};
use silhouette_wire::{
    BodyHeader, CheckIn, CheckInReply, Enroll, EnrollReply, ErrorCode, Fetch, Message, MessageType, Refusal,
    message::SecaggRequest,
};
use tokio::time::{sleep, timeout};
use tracing::debug;

use super::{Handler, secagg, session::Session, upload};
use crate::{
    defaults::{CHUNK_BYTES, close},
    stream::{ExchangeError, Frame, expect_end, read_frame, within, write_message},
};

pub(super) async fn serve<H: Handler>(session: &Session<H>, (mut send, mut recv): (SendStream, RecvStream)) {
    let reply_timeout = session.server.limits.reply_timeout;
    if let Err(error) = dispatch(session, &mut send, &mut recv).await {
        debug!(%error, "exchange failed");
        if matches!(error, ExchangeError::Lost(_)) {
            return;
        }
        // The device may still be sending; it is not read any further.
        let _ = recv.stop(close::REFUSED.into());
        let refusal = within(reply_timeout, refuse(&mut send, error.code()));
        if refusal.await.is_err() {
            return;
        }
    }
    delivered(&mut send, reply_timeout).await;
}

pub(super) async fn refuse(send: &mut SendStream, code: ErrorCode) -> Result<u64, ExchangeError> {
    write_message(send, &Refusal { code }).await
}

/// Ends a reply and waits until the peer has it: closing the connection earlier could lose it.
pub(super) async fn delivered(send: &mut SendStream, limit: Duration) {
    if send.finish().is_ok() {
        let _ = timeout(limit, send.stopped()).await;
    }
}

async fn dispatch<H: Handler>(
    session: &Session<H>,
    send: &mut SendStream,
    recv: &mut RecvStream,
) -> Result<(), ExchangeError> {
    let limits = &session.server.limits;
    let request = async {
        let frame = read_frame(recv, &session.server.frames).await?;
        // An upload goes on with its body; everything else ends here.
        if !matches!(frame.kind, MessageType::Upload | MessageType::SecaggMaskedInput) {
            expect_end(recv).await?;
        }
        Ok(frame)
    };
    let frame = within(limits.request_timeout, request).await?;
    match frame.kind {
        MessageType::CheckIn => check_in(session, send, frame.message()?).await,
        MessageType::Fetch => fetch(session, send, frame.message()?).await,
        MessageType::Upload => {
            let reply = upload::receive(session, recv, frame.message()?).await?;
            answer(session, send, &reply).await
        }
        MessageType::SecaggAdvert => secagg::step(session, send, SecaggRequest::Advert(frame.message()?)).await,
        MessageType::SecaggShares => secagg::step(session, send, SecaggRequest::Shares(frame.message()?)).await,
        MessageType::SecaggMaskedInput => secagg::masked_input(session, send, recv, frame.message()?).await,
        MessageType::SecaggConsistency => {
            secagg::step(session, send, SecaggRequest::Consistency(frame.message()?)).await
        }
        MessageType::SecaggRevealed => secagg::step(session, send, SecaggRequest::Revealed(frame.message()?)).await,
        MessageType::Enroll => renew(session, send, &frame).await,
        _ => Err(ExchangeError::Refused(ErrorCode::Malformed)),
    }
}

pub(super) async fn answer<H: Handler, M: Message>(
    session: &Session<H>,
    send: &mut SendStream,
    reply: &M,
) -> Result<(), ExchangeError> {
    let writing = write_message(send, reply);
    within(session.server.limits.reply_timeout, writing).await.map(|_| ())
}

/// Holds the reply until the handler has one, the device gives up, or waiting makes no sense.
async fn check_in<H: Handler>(
    session: &Session<H>,
    send: &mut SendStream,
    request: CheckIn,
) -> Result<(), ExchangeError> {
    let limits = &session.server.limits;
    let reply = tokio::select! {
        biased;
        reply = session.server.handler.on_check_in(session.device, request) => reply,
        _ = send.stopped() => return Err(ExchangeError::Abandoned),
        () = session.drain.begun() => come_back(limits.come_back),
        () = sleep(limits.check_in_hold) => come_back(limits.come_back),
    };
    answer(session, send, &reply).await
}

fn come_back((min, max): (Duration, Duration)) -> CheckInReply {
    let (min_ms, max_ms) = (min.as_millis() as u64, max.as_millis() as u64);
    CheckInReply::Wait { min_ms: min_ms.min(max_ms), max_ms }
}

async fn fetch<H: Handler>(session: &Session<H>, send: &mut SendStream, request: Fetch) -> Result<(), ExchangeError> {
    let Fetch { hash, offset } = request;
    let content: Arc<[u8]> = session
        .server
        .handler
        .on_fetch(session.device, hash)
        .await
        .ok_or(ExchangeError::Refused(ErrorCode::UnknownContent))?;
    let total_len = content.len() as u64;
    if offset > total_len {
        return Err(ExchangeError::Refused(ErrorCode::WrongLength));
    }
    answer(session, send, &BodyHeader { hash, total_len, offset }).await?;
    let limits = &session.server.limits;
    // Shared, not copied: a thousand devices fetching one model hold one model.
    let mut rest = Bytes::from_owner(content).split_off(offset as usize);
    let body = async {
        while !rest.is_empty() {
            let chunk = rest.split_to(rest.len().min(CHUNK_BYTES));
            let writing = async { Ok(send.write_chunk(chunk).await?) };
            within(limits.stall_timeout, writing).await?;
        }
        Ok(())
    };
    if within(limits.transfer_timeout, body).await.is_err() {
        // Too late for a refusal: it would pass for content.
        let _ = send.reset(close::REFUSED.into());
    }
    Ok(())
}

/// A new certificate for the key the device is connected with. The certificate in use is the
/// token.
async fn renew<H: Handler>(session: &Session<H>, send: &mut SendStream, frame: &Frame) -> Result<(), ExchangeError> {
    let request: Enroll = frame.message()?;
    let reply = if request.token.as_slice().is_empty() {
        session.server.handler.on_renew(session.device, request).await
    } else {
        EnrollReply::Refused(ErrorCode::Malformed)
    };
    answer(session, send, &reply).await
}
