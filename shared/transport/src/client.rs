//! The device's side: connect, and one method per exchange.

mod body;
mod enrolment;
mod exchange;
mod fetch;
mod secagg;
mod traffic;
mod upload;

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use quinn::Endpoint;
use rustls::pki_types::CertificateDer;
use silhouette_wire::{Hello, HelloReply, Limits, bounded::List, defaults::PROTOCOL_VERSION, message::Build};

pub use body::PartialBody;
pub use enrolment::{EnrollError, enroll, enroll_with, enrolment_request};
pub use fetch::FetchError;
pub use traffic::Traffic;
pub use upload::{UploadError, announce};

use crate::{
    defaults::{self, close},
    identity::DeviceIdentity,
    quic,
    stream::{ExchangeError, Lost, within},
};

/// How long a device waits, and how much it takes. Every field has a default in
/// [`crate::defaults`].
#[derive(Debug, Clone)]
pub struct ClientLimits {
    /// Time for the connection and the hello.
    pub connect_timeout: Duration,
    /// Time for a reply that needs no waiting.
    pub reply_timeout: Duration,
    /// Longest wait for the reply to a check-in.
    pub check_in_timeout: Duration,
    /// Longest pause within a body.
    pub stall_timeout: Duration,
    /// Longest time for one whole body, waiting for admission included.
    pub transfer_timeout: Duration,
    /// Largest content to download, in bytes.
    pub max_model_bytes: u64,
    /// Silence after which the connection counts as dead.
    pub idle_timeout: Duration,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            connect_timeout: defaults::HANDSHAKE_TIMEOUT,
            reply_timeout: defaults::REPLY_TIMEOUT,
            // The server gives up first, with a better answer.
            check_in_timeout: defaults::CHECK_IN_HOLD + defaults::REPLY_TIMEOUT,
            stall_timeout: defaults::STALL_TIMEOUT,
            transfer_timeout: defaults::TRANSFER_TIMEOUT,
            max_model_bytes: defaults::MAX_MODEL_BYTES,
            idle_timeout: defaults::IDLE_TIMEOUT,
        }
    }
}

/// Why a device cannot connect.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The identity cannot be used.
    #[error(transparent)]
    Config(#[from] quic::ConfigError),
    /// No socket can be opened.
    #[error("cannot open a socket: {0}")]
    Socket(#[from] std::io::Error),
    /// The server name or address cannot be used.
    #[error("cannot connect to this name or address: {0}")]
    Name(#[from] quinn::ConnectError),
    /// The handshake or the hello failed.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The server chose a version this device did not offer.
    #[error("the server chose version {0}, which was not offered")]
    Version(u16),
}

/// A connection to the aggregator, after the hello.
#[derive(Debug)]
pub struct Connection {
    endpoint: Endpoint,
    connection: quinn::Connection,
    frames: Limits,
    limits: ClientLimits,
    server: HelloReply,
    traffic: Arc<Traffic>,
}

/// Connects with the default limits. `server_name` has to be in the server's certificate.
pub async fn connect(
    address: SocketAddr,
    server_name: &str,
    identity: &DeviceIdentity,
) -> Result<Connection, ConnectError> {
    connect_with(address, server_name, identity, ClientLimits::default()).await
}

/// Connects, and says hello.
pub async fn connect_with(
    address: SocketAddr,
    server_name: &str,
    identity: &DeviceIdentity,
    limits: ClientLimits,
) -> Result<Connection, ConnectError> {
    let shown = Some((identity, defaults::ALPN));
    let (endpoint, connection) = dial(address, server_name, identity.authority(), shown, &limits).await?;
    let mut connection = Connection {
        endpoint,
        connection,
        frames: Limits::default(),
        server: unknown_server(),
        traffic: Arc::default(),
        limits,
    };
    connection.hello().await?;
    Ok(connection)
}

/// Stands in until the hello is answered.
fn unknown_server() -> HelloReply {
    let limits = silhouette_wire::message::AnnouncedLimits { max_upload_bytes: 0, idle_timeout_ms: 0 };
    HelloReply { version: 0, features: 0, server_time_ms: 0, limits }
}

/// Opens a socket and shakes hands. Without an identity to show it is the enrolment endpoint.
async fn dial(
    address: SocketAddr,
    server_name: &str,
    authority: &CertificateDer<'static>,
    shown: Option<(&DeviceIdentity, &[u8])>,
    limits: &ClientLimits,
) -> Result<(Endpoint, quinn::Connection), ConnectError> {
    let (identity, alpn) = shown.map_or((None, defaults::ENROLMENT_ALPN), |(identity, alpn)| (Some(identity), alpn));
    let config = quic::client(authority, identity, alpn, limits.idle_timeout)?;
    let any: SocketAddr =
        if address.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let endpoint = Endpoint::client(any)?;
    let connecting = endpoint.connect_with(config, address, server_name)?;
    let handshake = async { Ok(connecting.await?) };
    let connection = match within(limits.connect_timeout, handshake).await {
        Err(ExchangeError::TimedOut) => return Err(ExchangeError::Lost(Lost::Silent).into()),
        other => other?,
    };
    Ok((endpoint, connection))
}

impl Connection {
    async fn hello(&mut self) -> Result<(), ConnectError> {
        let request = Hello {
            versions: List::new([PROTOCOL_VERSION]).unwrap_or_default(),
            features: 0,
            build: Build::lossy(concat!("silhouette ", env!("CARGO_PKG_VERSION"))),
        };
        let reply: HelloReply = self.ask(&request, self.limits.connect_timeout).await?;
        if reply.version != PROTOCOL_VERSION {
            return Err(ConnectError::Version(reply.version));
        }
        self.server = reply;
        Ok(())
    }

    /// What the server said about itself.
    pub fn server(&self) -> &HelloReply {
        &self.server
    }

    /// Bytes moved so far, for a progress display.
    pub fn traffic(&self) -> Arc<Traffic> {
        Arc::clone(&self.traffic)
    }

    /// Whether the connection is gone, and why.
    pub fn lost(&self) -> Option<Lost> {
        self.connection.close_reason().map(Lost::from)
    }

    /// Says goodbye and waits briefly for it to leave.
    pub async fn close(self) {
        self.connection.close(close::DONE.into(), b"");
        let _ = tokio::time::timeout(FAREWELL, self.endpoint.wait_idle()).await;
    }
}

/// Time for the close frame to leave.
const FAREWELL: Duration = Duration::from_secs(1);
