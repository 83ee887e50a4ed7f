//! One connection of an enrolled device: hello, then one task per stream.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use quinn::{Connection, RecvStream, SendStream};
use rustls::pki_types::CertificateDer;
use silhouette_wire::{
    DeviceId, ErrorCode, Hello, HelloReply, Limits, defaults::PROTOCOL_VERSION, message::AnnouncedLimits,
};
use tokio::task::JoinSet;
use tracing::debug;

use super::{Handler, ServerLimits, accept::Drain, admission::Admission, exchange};
use crate::{
    defaults::close,
    identity,
    stream::{ExchangeError, expect_end, read_frame, within, write_message},
};

/// What all connections share.
pub(super) struct Server<H> {
    pub(super) handler: Arc<H>,
    pub(super) limits: ServerLimits,
    pub(super) frames: Limits,
    pub(super) admission: Arc<Admission>,
}

impl<H> Server<H> {
    pub(super) fn new(handler: Arc<H>, limits: ServerLimits) -> Self {
        let admission = Admission::new(limits.max_uploads, limits.upload_queue_timeout);
        Self { handler, limits, frames: Limits::default(), admission }
    }
}

/// One device on one connection.
pub(super) struct Session<H> {
    pub(super) server: Arc<Server<H>>,
    pub(super) device: DeviceId,
    pub(super) connection: Connection,
    pub(super) drain: Drain,
}

pub(super) async fn serve<H: Handler>(server: Arc<Server<H>>, connection: Connection, drain: Drain) {
    let Some(device) = peer(&connection) else {
        return connection.close(close::REFUSED.into(), b"no usable certificate");
    };
    let session = Arc::new(Session { server, device, connection, drain });
    if let Err(error) = session.hello().await {
        debug!(%error, "no hello");
        return session.connection.close(close::REFUSED.into(), b"no hello");
    }
    session.exchanges().await;
}

fn peer(connection: &Connection) -> Option<DeviceId> {
    let chain = connection.peer_identity()?.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    identity::device_of(chain.first()?).ok()
}

impl<H: Handler> Session<H> {
    /// The first stream carries the hello and nothing else.
    async fn hello(&self) -> Result<(), ExchangeError> {
        let limits = &self.server.limits;
        let request = async {
            let (send, mut recv) = self.connection.accept_bi().await?;
            Ok((send, self.read_hello(&mut recv).await))
        };
        let (mut send, request) = within(limits.request_timeout, request).await?;
        let outcome = match request {
            Ok(hello) => self.greet(&hello).await,
            Err(error) => Err(error),
        };
        let reply = async {
            match &outcome {
                Ok(reply) => write_message(&mut send, reply).await,
                Err(error) => exchange::refuse(&mut send, error.code()).await,
            }
        };
        within(limits.reply_timeout, reply).await?;
        if outcome.is_err() {
            // The connection is closed next; the device should hear why.
            exchange::delivered(&mut send, limits.reply_timeout).await;
        }
        let _ = send.finish();
        outcome.map(|_| ())
    }

    async fn read_hello(&self, recv: &mut RecvStream) -> Result<Hello, ExchangeError> {
        let hello = read_frame(recv, &self.server.frames).await?.message()?;
        expect_end(recv).await?;
        Ok(hello)
    }

    async fn greet(&self, hello: &Hello) -> Result<HelloReply, ExchangeError> {
        if !hello.versions.as_slice().contains(&PROTOCOL_VERSION) {
            return Err(ExchangeError::Refused(ErrorCode::WrongVersion));
        }
        self.server.handler.on_connect(self.device).await.map_err(ExchangeError::Refused)?;
        let limits = &self.server.limits;
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(HelloReply {
            version: PROTOCOL_VERSION,
            features: 0,
            server_time_ms: since_1970.as_millis() as u64,
            limits: AnnouncedLimits {
                max_upload_bytes: limits.max_upload_bytes,
                idle_timeout_ms: limits.idle_timeout.as_millis() as u64,
            },
        })
    }

    /// Serves streams until the device leaves or the server shuts down. Dropping the set when the
    /// device leaves ends what nobody waits for any more.
    async fn exchanges(self: Arc<Self>) {
        let mut open = JoinSet::new();
        loop {
            tokio::select! {
                () = self.drain.begun() => break,
                Some(_) = open.join_next(), if !open.is_empty() => {}
                stream = self.connection.accept_bi() => match stream {
                    Ok(stream) => self.spawn(&mut open, stream),
                    Err(error) => return debug!(%error, "connection ended"),
                },
            }
        }
        while open.join_next().await.is_some() {}
        self.connection.close(close::SHUTDOWN.into(), b"shutting down");
    }

    fn spawn(self: &Arc<Self>, open: &mut JoinSet<()>, stream: (SendStream, RecvStream)) {
        let session = Arc::clone(self);
        open.spawn(async move { exchange::serve(&session, stream).await });
    }
}
