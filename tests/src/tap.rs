//! A tap on one device's connection: it ends the encryption on both sides and writes down what goes
//! through, byte by byte. It can, because a test holds the keys of both.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{Connection, Endpoint, RecvStream, SendStream};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::version::TLS13;
use silhouette_transport::CertificateAuthority;
use silhouette_transport::defaults::SERVER_VALIDITY;

/// The protocol that enrolled devices speak.
const ALPN: &[u8] = b"silhouette/1";

/// What one stream carried.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// Everything the device sent.
    pub up: Vec<u8>,
    /// Everything the device was sent.
    pub down: Vec<u8>,
}

/// A tap between one device and the aggregator.
pub struct Tap {
    address: SocketAddr,
    exchanges: Arc<Mutex<Vec<Arc<Mutex<Exchange>>>>>,
}

impl Tap {
    /// Listens for the device whose identity is in `device`, and goes on to the aggregator at `to`
    /// as that device. `authority` is the folder of the authority's certificate and key.
    pub fn start(device: &Path, authority: &Path, to: SocketAddr) -> Self {
        let authority = CertificateAuthority::load(authority).unwrap();
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let endpoint = Endpoint::server(server(&authority), here).unwrap();
        let mut onward = Endpoint::client(here).unwrap();
        onward.set_default_client_config(client(device, authority.certificate()));
        let address = endpoint.local_addr().unwrap();
        let exchanges = Arc::default();
        tokio::spawn(listen(endpoint, onward, to, Arc::clone(&exchanges)));
        Self { address, exchanges }
    }

    /// Where the device has to connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything so far, stream by stream.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.lock().unwrap().iter().map(|exchange| exchange.lock().unwrap().clone()).collect()
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// The aggregator as the device sees it: its name, certified by the authority the device pins.
fn server(authority: &CertificateAuthority) -> quinn::ServerConfig {
    let folder = tempfile::tempdir().unwrap();
    let names = ["localhost".to_owned()];
    authority.issue_server(&names, SystemTime::now(), SERVER_VALIDITY).unwrap().store(folder.path()).unwrap();
    let (chain, key) = pem(folder.path(), "server");
    let mut tls = rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    quinn::ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).unwrap()))
}

/// The device as the aggregator sees it.
fn client(device: &Path, authority: &CertificateDer<'static>) -> quinn::ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone()).unwrap();
    let (chain, key) = pem(device, "device");
    let mut tls = rustls::ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .unwrap();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()))
}

fn pem(folder: &Path, name: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let chain = CertificateDer::pem_file_iter(folder.join(format!("{name}.pem"))).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join(format!("{name}-key.pem"))).unwrap();
    (chain.map(Result::unwrap).collect(), key)
}

type Exchanges = Arc<Mutex<Vec<Arc<Mutex<Exchange>>>>>;

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
        exchanges.lock().unwrap().push(Arc::clone(&exchange));
        let seen = Arc::clone(&exchange);
        tokio::spawn(copy(from_device, to_aggregator, move |chunk| seen.lock().unwrap().up.extend_from_slice(chunk)));
        let seen = exchange;
        tokio::spawn(copy(from_aggregator, to_device, move |chunk| seen.lock().unwrap().down.extend_from_slice(chunk)));
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
