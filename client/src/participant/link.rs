//! The connection: made when needed, made again when lost, its bytes counted across all of them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use silhouette_transport::client::{ClientLimits, ConnectError, connect_with};
use silhouette_transport::{Connection, DeviceIdentity, ExchangeError, Lost};
use silhouette_wire::ErrorCode;

use super::config::{ParticipantConfig, Retries};
use super::event::ParticipantEvent;
use crate::local::jitter;

/// A certificate that ends sooner than this is renewed: two of the seven days it lives, so that a
/// device that is on once a day gets two chances.
const RENEW_BEFORE: Duration = Duration::from_secs(2 * 24 * 3600);

/// Bytes of messages and bodies in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transferred {
    /// Sent.
    pub up: u64,
    /// Received.
    pub down: u64,
}

/// The way to the aggregator.
pub(super) struct Link {
    address: SocketAddr,
    server_name: String,
    limits: ClientLimits,
    retries: Retries,
    identity: DeviceIdentity,
    identity_folder: Option<PathBuf>,
    connection: Option<Connection>,
    /// By connections that are gone.
    before: Transferred,
}

impl Link {
    pub(super) fn new(config: &ParticipantConfig, identity: DeviceIdentity) -> Self {
        Self {
            address: config.address,
            server_name: config.server_name.clone(),
            limits: config.limits.clone(),
            retries: config.retries,
            identity,
            identity_folder: config.identity_folder.clone(),
            connection: None,
            before: Transferred::default(),
        }
    }

    pub(super) fn identity(&self) -> &DeviceIdentity {
        &self.identity
    }

    /// The connection, made with patience if there is none.
    pub(super) async fn connection(
        &mut self,
        observer: &mut impl FnMut(ParticipantEvent),
    ) -> Result<&Connection, ConnectError> {
        if self.connection.as_ref().is_some_and(|c| c.lost().is_some()) {
            self.forget();
        }
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let connection = self.connect(observer).await?;
                observer(ParticipantEvent::Connected);
                self.renew(&connection, observer).await;
                connection
            }
        };
        Ok(self.connection.insert(connection))
    }

    async fn connect(&self, observer: &mut impl FnMut(ParticipantEvent)) -> Result<Connection, ConnectError> {
        for attempt in 0_u32.. {
            let limits = self.limits.clone();
            match connect_with(self.address, &self.server_name, &self.identity, limits).await {
                Ok(connection) => return Ok(connection),
                Err(error) if is_final(&error) => return Err(error),
                Err(error) => {
                    let retry_in = wait(&self.retries, attempt);
                    observer(ParticipantEvent::ConnectionFailed { reason: error.to_string(), retry_in });
                    tokio::time::sleep(retry_in).await;
                }
            }
        }
        // Unreachable for four billion tries; then the peer counts as silent.
        Err(ExchangeError::Lost(Lost::Silent).into())
    }

    /// Asks for a new certificate if this one ends soon. Nothing hangs on it today: what fails is
    /// reported and tried again at the next connection.
    async fn renew(&mut self, connection: &Connection, observer: &mut impl FnMut(ParticipantEvent)) {
        let Some(folder) = self.identity_folder.clone() else { return };
        let left = self.identity.expires().duration_since(SystemTime::now()).unwrap_or_default();
        if left > RENEW_BEFORE {
            return;
        }
        let renewed = match connection.renew(&mut self.identity).await {
            // A few small files, once in days: not worth a thread.
            Ok(()) => self.identity.store(&folder).map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        };
        observer(match renewed {
            Ok(()) => ParticipantEvent::Renewed,
            Err(reason) => ParticipantEvent::Interrupted { exchange: "renewal", reason },
        });
    }

    /// Drops the connection, keeping its counts; the next use makes a new one.
    pub(super) fn forget(&mut self) {
        self.before = self.transferred();
        self.connection = None;
    }

    /// Says goodbye.
    pub(super) async fn close(&mut self) {
        self.before = self.transferred();
        if let Some(connection) = self.connection.take() {
            connection.close().await;
        }
    }

    pub(super) fn transferred(&self) -> Transferred {
        let now = self.connection.as_ref().map(Connection::traffic);
        Transferred {
            up: self.before.up + now.as_ref().map_or(0, |t| t.up()),
            down: self.before.down + now.as_ref().map_or(0, |t| t.down()),
        }
    }
}

/// Waits double from the first to the longest, each shortened by up to a half, so that devices cut
/// off together do not return together.
pub(super) fn wait(retries: &Retries, attempt: u32) -> Duration {
    let doubled = retries.first_wait.saturating_mul(1 << attempt.min(16));
    doubled.min(retries.longest_wait).mul_f64(1.0 - jitter() / 2.0)
}

/// Errors that no patience mends.
fn is_final(error: &ConnectError) -> bool {
    match error {
        ConnectError::Config(_) | ConnectError::Name(_) | ConnectError::Version(_) => true,
        ConnectError::Exchange(ExchangeError::Lost(Lost::Certificate { .. } | Lost::Protocol)) => true,
        ConnectError::Exchange(ExchangeError::Refused(code)) => {
            matches!(code, ErrorCode::Revoked | ErrorCode::NotEnrolled | ErrorCode::WrongVersion)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let retries =
            Retries { first_wait: Duration::from_secs(1), longest_wait: Duration::from_secs(10), ..Retries::default() };
        for (attempt, most) in [(0, 1.0), (1, 2.0), (3, 8.0), (4, 10.0), (u32::MAX, 10.0)] {
            let wait = wait(&retries, attempt).as_secs_f64();
            assert!((most / 2.0..=most).contains(&wait), "{attempt}: {wait}");
        }
    }

    #[test]
    fn only_what_patience_can_mend_is_tried_again() {
        let lost = |lost| is_final(&ExchangeError::Lost(lost).into());
        assert!(lost(Lost::Certificate { alert: 45 }));
        assert!(!lost(Lost::Silent) && !lost(Lost::NotAccepting) && !lost(Lost::Closed { code: 1 }));
        assert!(is_final(&ExchangeError::Refused(ErrorCode::Revoked).into()));
        assert!(!is_final(&ExchangeError::Refused(ErrorCode::Busy).into()));
    }
}
