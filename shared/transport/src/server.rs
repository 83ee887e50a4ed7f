//! The aggregator's side: who may connect, in what order, how much at once, and for how long.

mod accept;
mod admission;
mod enrolment;
mod exchange;
mod handler;
mod secagg;
mod session;
mod upload;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use quinn::Endpoint;
use rustls::pki_types::CertificateDer;
use socket2::{Domain, Protocol, Socket, Type};

pub use enrolment::{Enroller, EnrolmentEndpoint, EnrolmentPolicy, TokenRefusal, TokenStore};
pub use handler::{Handler, UploadSink};

pub use crate::quic::ConfigError;
use crate::{defaults, identity::ServerIdentity, quic};

/// How much a server takes on. Every field has a default in [`crate::defaults`].
#[derive(Debug, Clone)]
pub struct ServerLimits {
    /// Connections at once; further ones are refused.
    pub max_connections: usize,
    /// Unfinished handshakes at once from which clients prove their address first.
    pub retry_above: usize,
    /// Unfinished handshakes at once from which further ones are ignored.
    pub ignore_above: usize,
    /// Uploads read at once.
    pub max_uploads: usize,
    /// Longest wait of an upload for its turn.
    pub upload_queue_timeout: Duration,
    /// Largest upload in bytes.
    pub max_upload_bytes: u64,
    /// Time for the cryptographic handshake.
    pub handshake_timeout: Duration,
    /// Time for a request to arrive once its stream is open.
    pub request_timeout: Duration,
    /// Time for a reply to be acknowledged.
    pub reply_timeout: Duration,
    /// Longest pause within a body.
    pub stall_timeout: Duration,
    /// Longest time for one whole body.
    pub transfer_timeout: Duration,
    /// Longest time a check-in is held.
    pub check_in_hold: Duration,
    /// Silence after which a connection counts as dead.
    pub idle_timeout: Duration,
    /// Time for open exchanges to finish at shutdown.
    pub drain: Duration,
    /// Between these a device comes back when the server could not keep it waiting.
    pub come_back: (Duration, Duration),
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            max_connections: defaults::MAX_CONNECTIONS,
            retry_above: defaults::RETRY_ABOVE,
            ignore_above: defaults::IGNORE_ABOVE,
            max_uploads: defaults::MAX_UPLOADS,
            upload_queue_timeout: defaults::UPLOAD_QUEUE_TIMEOUT,
            max_upload_bytes: defaults::MAX_UPLOAD_BYTES,
            handshake_timeout: defaults::HANDSHAKE_TIMEOUT,
            request_timeout: defaults::REQUEST_TIMEOUT,
            reply_timeout: defaults::REPLY_TIMEOUT,
            stall_timeout: defaults::STALL_TIMEOUT,
            transfer_timeout: defaults::TRANSFER_TIMEOUT,
            check_in_hold: defaults::CHECK_IN_HOLD,
            idle_timeout: defaults::IDLE_TIMEOUT,
            drain: defaults::DRAIN,
            come_back: defaults::COME_BACK,
        }
    }
}

/// Why an endpoint cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The certificate, the key or a limit cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The address cannot be bound.
    #[error("cannot bind {address}: {source}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

/// An open endpoint and the address it got.
#[derive(Debug)]
struct Bound {
    endpoint: Endpoint,
    address: SocketAddr,
    limits: ServerLimits,
}

impl Bound {
    fn open(
        address: SocketAddr,
        identity: &ServerIdentity,
        devices: Option<&CertificateDer<'static>>,
        alpn: &[u8],
        streams: u32,
        limits: ServerLimits,
    ) -> Result<Self, BindError> {
        let transport = quic::transport(limits.idle_timeout, streams, defaults::WAITING_WINDOW)?;
        let config = quic::server(identity, devices, alpn, transport, limits.ignore_above)?;
        let failed = |source| BindError::Address { address, source };
        let socket = socket(address).map_err(failed)?;
        let runtime = Arc::new(quinn::TokioRuntime);
        let endpoint =
            Endpoint::new(quinn::EndpointConfig::default(), Some(config), socket, runtime).map_err(failed)?;
        let address = endpoint.local_addr().map_err(failed)?;
        Ok(Self { endpoint, address, limits })
    }
}

/// The UDP socket of an endpoint, with room for what many devices send at once: in a masked round all of
/// them answer within moments. The system may grant less than is asked for.
fn socket(address: SocketAddr) -> std::io::Result<std::net::UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        // Some systems do not let an IPv6 socket serve IPv4 as well; then it serves IPv6 alone.
        let _ = socket.set_only_v6(false);
    }
    // Whatever buffer there is will do; losses are sent again.
    let _ = socket.set_recv_buffer_size(defaults::SOCKET_BUFFER);
    let _ = socket.set_send_buffer_size(defaults::SOCKET_BUFFER);
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// The endpoint enrolled devices talk to. A certificate of the device authority is mandatory.
#[derive(Debug)]
pub struct ServerEndpoint(Bound);

impl ServerEndpoint {
    /// Opens the endpoint. Port 0 picks a free port; needs a tokio runtime around it.
    pub fn bind(
        address: SocketAddr,
        identity: &ServerIdentity,
        device_authority: &CertificateDer<'static>,
        limits: ServerLimits,
    ) -> Result<Self, BindError> {
        let streams = defaults::STREAMS_PER_CONNECTION;
        Bound::open(address, identity, Some(device_authority), defaults::ALPN, streams, limits).map(Self)
    }

    /// The address devices connect to.
    pub fn local_addr(&self) -> SocketAddr {
        self.0.address
    }

    /// Serves until `shutdown` completes, then stops accepting, lets open exchanges finish within
    /// the drain time, and closes. Held check-ins are told to come back.
    pub async fn serve<H: Handler>(self, handler: Arc<H>, shutdown: impl Future<Output = ()>) {
        let Bound { endpoint, limits, .. } = self.0;
        let server = Arc::new(session::Server::new(handler, limits.clone()));
        accept::serve(endpoint, &limits, shutdown, |connection, drain| {
            session::serve(Arc::clone(&server), connection, drain)
        })
        .await;
    }
}
