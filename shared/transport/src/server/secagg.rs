//! The exchanges of a secure aggregation: a request now, its reply when the step is over.

use std::sync::Arc;

use quinn::{RecvStream, SendStream};
use silhouette_wire::{
    ErrorCode, Refusal,
    message::{SecaggMaskedInput, SecaggReply, SecaggRequest},
};
use tokio::time::sleep;

use super::{Handler, exchange::answer, session::Session, upload};
use crate::{defaults::close, stream::ExchangeError};

/// Holds the reply until the handler has one, the device gives up, or waiting makes no sense.
pub(super) async fn step<H: Handler>(
    session: &Session<H>,
    send: &mut SendStream,
    request: SecaggRequest,
) -> Result<(), ExchangeError> {
    let reply = tokio::select! {
        biased;
        reply = session.server.handler.on_secagg(session.device, request) => reply,
        _ = send.stopped() => return Err(ExchangeError::Abandoned),
        () = session.drain.begun() => SecaggReply::Refused(ErrorCode::Busy),
        () = sleep(session.server.limits.check_in_hold) => SecaggReply::Refused(ErrorCode::Late),
    };
    respond(session, send, reply).await
}

/// A masked vector: announced, admitted, read, hashed, handed over.
pub(super) async fn masked_input<H: Handler>(
    session: &Session<H>,
    send: &mut SendStream,
    recv: &mut RecvStream,
    announced: SecaggMaskedInput,
) -> Result<(), ExchangeError> {
    let body = async {
        let sink = session.server.handler.on_masked_begin(session.device, &announced).await;
        let sink = sink.map_err(ExchangeError::Refused)?;
        upload::body(session, recv, announced.byte_len, announced.sha256, sink).await
    };
    let body = match body.await {
        Ok(body) => body,
        Err(ExchangeError::Refused(code)) => {
            let _ = recv.stop(close::REFUSED.into());
            return respond(session, send, SecaggReply::Refused(code)).await;
        }
        Err(error) => return Err(error),
    };
    // In a task of its own: what was handed over is in the sum, whether or not the device stays.
    let (handler, device) = (Arc::clone(&session.server.handler), session.device);
    let folding = tokio::spawn(async move { handler.on_masked_end(device, announced, body).await });
    let reply = tokio::select! {
        biased;
        reply = folding => reply.unwrap_or(SecaggReply::Refused(ErrorCode::Internal)),
        _ = send.stopped() => return Err(ExchangeError::Abandoned),
        () = session.drain.begun() => SecaggReply::Refused(ErrorCode::Busy),
    };
    respond(session, send, reply).await
}

async fn respond<H: Handler>(
    session: &Session<H>,
    send: &mut SendStream,
    reply: SecaggReply,
) -> Result<(), ExchangeError> {
    match reply {
        SecaggReply::Roster(message) => answer(session, send, &message).await,
        SecaggReply::Inbox(message) => answer(session, send, &message).await,
        SecaggReply::Survivors(message) => answer(session, send, &message).await,
        SecaggReply::Unmask(message) => answer(session, send, &message).await,
        SecaggReply::Done(message) => answer(session, send, &message).await,
        SecaggReply::Refused(code) => answer(session, send, &Refusal { code }).await,
    }
}
