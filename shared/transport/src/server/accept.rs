//! The accept loop both endpoints share.

use std::{pin::pin, sync::Arc, time::Duration};

use quinn::{Connection, Endpoint, Incoming};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::timeout,
};
use tracing::{debug, warn};

use super::ServerLimits;
use crate::defaults::close;

/// Tells every connection that the server is shutting down.
#[derive(Debug, Clone)]
pub(super) struct Drain(watch::Receiver<bool>);

impl Drain {
    /// Completes when the shutdown begins.
    pub(super) async fn begun(&self) {
        let mut receiver = self.0.clone();
        // An error means the accept loop is gone, which is a shutdown too.
        let _ = receiver.wait_for(|draining| *draining).await;
    }
}

/// Time for the close frames to leave after the drain; they are not worth more.
const FAREWELL: Duration = Duration::from_secs(1);

pub(super) async fn serve<F, S>(
    endpoint: Endpoint,
    limits: &ServerLimits,
    shutdown: impl Future<Output = ()>,
    session: F,
) where
    F: Fn(Connection, Drain) -> S,
    S: Future<Output = ()> + Send + 'static,
{
    let gate = Gate::new(limits);
    let (drain, draining) = watch::channel(false);
    let draining = Drain(draining);
    let mut sessions = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    let (handshakes, mut connected) = tokio::sync::mpsc::channel::<Admitted>(1);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = sessions.join_next(), if !sessions.is_empty() => {}
            Some(admitted) = connected.recv() => {
                let session = session(admitted.connection, draining.clone());
                let place = admitted.place;
                sessions.spawn(async move {
                    session.await;
                    drop(place);
                });
            }
            incoming = endpoint.accept() => match incoming {
                None => break,
                Some(incoming) => {
                    if let Some(pending) = gate.admit(incoming) {
                        let handshakes = handshakes.clone();
                        tokio::spawn(async move { pending.shake_hands(&handshakes).await });
                    }
                }
            },
        }
    }
    // Also keeps handshakes that are still under way from becoming sessions.
    drop(connected);
    endpoint.set_server_config(None);
    drain.send_replace(true);
    let finished = timeout(limits.drain, async { while sessions.join_next().await.is_some() {} });
    if finished.await.is_err() {
        warn!(open = sessions.len(), "connections cut off at the end of the drain time");
    }
    endpoint.close(close::SHUTDOWN.into(), b"shutting down");
    let _ = timeout(FAREWELL, endpoint.wait_idle()).await;
}

/// Decides about connections before any cryptography is spent on them.
struct Gate {
    places: Arc<Semaphore>,
    half_open: Arc<Semaphore>,
    retry_below: usize,
    handshake_timeout: Duration,
}

struct Pending {
    incoming: Incoming,
    place: OwnedSemaphorePermit,
    half_open: OwnedSemaphorePermit,
    timeout: Duration,
}

struct Admitted {
    connection: Connection,
    place: OwnedSemaphorePermit,
}

impl Gate {
    fn new(limits: &ServerLimits) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits.max_connections)),
            half_open: Arc::new(Semaphore::new(limits.ignore_above)),
            retry_below: limits.ignore_above.saturating_sub(limits.retry_above),
            handshake_timeout: limits.handshake_timeout,
        }
    }

    /// The ladder: normal, then proof of the address, then silence. A full house says so.
    fn admit(&self, incoming: Incoming) -> Option<Pending> {
        let Ok(half_open) = Arc::clone(&self.half_open).try_acquire_owned() else {
            incoming.ignore();
            return None;
        };
        if self.half_open.available_permits() < self.retry_below
            && !incoming.remote_address_validated()
            && incoming.may_retry()
        {
            // Fails only when no retry is possible, which was just ruled out.
            let _ = incoming.retry();
            return None;
        }
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            incoming.refuse();
            return None;
        };
        let timeout = self.handshake_timeout;
        Some(Pending { incoming, place, half_open, timeout })
    }
}

impl Pending {
    async fn shake_hands(self, done: &tokio::sync::mpsc::Sender<Admitted>) {
        let Self { incoming, place, half_open, timeout: limit } = self;
        let handshake = async { incoming.accept()?.await };
        let connection = match timeout(limit, handshake).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return debug!(%error, "handshake failed"),
            Err(_) => return debug!("handshake took too long"),
        };
        drop(half_open);
        if let Err(refused) = done.send(Admitted { connection, place }).await {
            refused.0.connection.close(close::SHUTDOWN.into(), b"shutting down");
        }
    }
}
