//! A tap on one device's connection: it ends the encryption on both sides and writes down what goes
//! through, byte by byte. It can, because an audit holds the keys of both.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{Connection, Endpoint, RecvStream, SendStream};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::version::TLS13;
use silhouette_transport::CertificateAuthority;
use silhouette_transport::defaults::{ALPN, ENROLMENT_ALPN, SERVER_VALIDITY};
use thiserror::Error;

/// How long the other side may take to answer what was [sent as it is](send).
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there is no tap.
#[derive(Debug, Error)]
#[error("tap: {0}")]
pub struct TapError(String);

/// What one stream carried.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// Everything the device sent.
    pub up: Vec<u8>,
    /// Everything the device was sent.
    pub down: Vec<u8>,
}

type Exchanges = Arc<Mutex<Vec<Arc<Mutex<Exchange>>>>>;

/// A tap between one device and the aggregator; it ends when it is dropped.
pub struct Tap {
    address: SocketAddr,
    exchanges: Exchanges,
    listening: tokio::task::JoinHandle<()>,
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Tap {
    /// Listens for the device whose identity is in `device`, and goes on to the aggregator at `to`
    /// as that device. `authority` is the folder of the authority's certificate and key.
    ///
    /// # Errors
    /// When a key can't be read or no address is free.
    pub fn start(device: &Path, authority: &Path, to: SocketAddr) -> Result<Self, TapError> {
        Self::between(Some(device), authority, to)
    }

    /// The same for devices that have no identity yet: in front of the aggregator's enrolment.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn of_enrolment(authority: &Path, to: SocketAddr) -> Result<Self, TapError> {
        Self::between(None, authority, to)
    }

    fn between(device: Option<&Path>, authority: &Path, to: SocketAddr) -> Result<Self, TapError> {
        let authority = CertificateAuthority::load(authority).map_err(say)?;
        let endpoint = Endpoint::server(server(&authority, alpn(device))?, here()).map_err(say)?;
        let onward = endpoint_to(device, authority.certificate())?;
        let address = endpoint.local_addr().map_err(say)?;
        let exchanges = Exchanges::default();
        let listening = tokio::spawn(listen(endpoint, onward, to, Arc::clone(&exchanges)));
        Ok(Self { address, exchanges, listening })
    }

    /// Where the device has to connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything so far, stream by stream.
    pub fn exchanges(&self) -> Vec<Exchange> {
        lock(&self.exchanges).iter().map(|exchange| lock(exchange).clone()).collect()
    }
}

/// Sends bytes as they are, on a stream of their own, to `to` as this device, and waits for the stream's
/// end. Whoever is there may not like them.
///
/// # Errors
/// When no connection is made.
pub async fn send(device: &Path, authority: &Path, to: SocketAddr, bytes: &[u8]) -> Result<(), TapError> {
    let authority = CertificateAuthority::load(authority).map_err(say)?;
    let endpoint = endpoint_to(Some(device), authority.certificate())?;
    let connection = endpoint.connect(to, "localhost").map_err(say)?.await.map_err(say)?;
    let (mut out, mut back) = connection.open_bi().await.map_err(say)?;
    out.write_all(bytes).await.map_err(say)?;
    // A refusal ends the stream as well; what it says does not matter.
    let _ = out.finish();
    let _ = tokio::time::timeout(PATIENCE, back.read_to_end(1 << 20)).await;
    connection.close(0_u32.into(), b"");
    endpoint.wait_idle().await;
    Ok(())
}

fn say(error: impl std::fmt::Display) -> TapError {
    TapError(error.to_string())
}

fn here() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn alpn(device: Option<&Path>) -> Vec<u8> {
    device.map_or(ENROLMENT_ALPN, |_| ALPN).to_vec()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// The aggregator as the device sees it: its name, certified by the authority the device pins.
fn server(authority: &CertificateAuthority, alpn: Vec<u8>) -> Result<quinn::ServerConfig, TapError> {
    let folder = tempfile::tempdir().map_err(say)?;
    let names = ["localhost".to_owned()];
    let identity = authority.issue_server(&names, SystemTime::now(), SERVER_VALIDITY).map_err(say)?;
    identity.store(folder.path()).map_err(say)?;
    let (chain, key) = pem(folder.path(), "server")?;
    let mut tls = rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(say)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(say)?;
    tls.alpn_protocols = vec![alpn];
    Ok(quinn::ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).map_err(say)?)))
}

/// An endpoint that connects as the device, or as nobody.
fn endpoint_to(device: Option<&Path>, authority: &CertificateDer<'static>) -> Result<Endpoint, TapError> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone()).map_err(say)?;
    let tls = rustls::ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(say)?
        .with_root_certificates(roots);
    let mut tls = match device {
        Some(device) => {
            let (chain, key) = pem(device, "device")?;
            tls.with_client_auth_cert(chain, key).map_err(say)?
        }
        None => tls.with_no_client_auth(),
    };
    tls.alpn_protocols = vec![alpn(device)];
    let mut endpoint = Endpoint::client(here()).map_err(say)?;
    let crypto = QuicClientConfig::try_from(tls).map_err(say)?;
    endpoint.set_default_client_config(quinn::ClientConfig::new(Arc::new(crypto)));
    Ok(endpoint)
}

fn pem(folder: &Path, name: &str) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TapError> {
    let chain = CertificateDer::pem_file_iter(folder.join(format!("{name}.pem"))).map_err(say)?;
    let key = PrivateKeyDer::from_pem_file(folder.join(format!("{name}-key.pem"))).map_err(say)?;
    Ok((chain.collect::<Result<_, _>>().map_err(say)?, key))
}

async fn listen(endpoint: Endpoint, onward: Endpoint, to: SocketAddr, exchanges: Exchanges) {
    while let Some(incoming) = endpoint.accept().await {
        let (Ok(device), Ok(connecting)) = (incoming.await, onward.connect(to, "localhost")) else { continue };
        let Ok(aggregator) = connecting.await else { continue };
        tokio::spawn(relay(device, aggregator, Arc::clone(&exchanges)));
    }
}

async fn relay(device: Connection, aggregator: Connection, exchanges: Exchanges) {
    while let Ok((to_device, from_device)) = device.accept_bi().await {
        let Ok((to_aggregator, from_aggregator)) = aggregator.open_bi().await else { break };
        let exchange = Arc::<Mutex<Exchange>>::default();
        lock(&exchanges).push(Arc::clone(&exchange));
        let seen = Arc::clone(&exchange);
        tokio::spawn(copy(from_device, to_aggregator, move |chunk| lock(&seen).up.extend_from_slice(chunk)));
        let seen = exchange;
        tokio::spawn(copy(from_aggregator, to_device, move |chunk| lock(&seen).down.extend_from_slice(chunk)));
    }
    aggregator.close(0_u32.into(), b"");
}

async fn copy(mut from: RecvStream, mut to: SendStream, mut see: impl FnMut(&[u8])) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(Some(count)) = from.read(&mut buffer).await {
        see(&buffer[..count]);
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
    let _ = to.finish();
}
