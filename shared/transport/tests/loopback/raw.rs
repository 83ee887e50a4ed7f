//! A device built by hand from quinn and rustls, to say what the client never would.

use std::sync::Arc;

use quinn::{Connection, ConnectionError, Endpoint, RecvStream, SendStream};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    version::TLS13,
};
use silhouette_transport::DeviceIdentity;
use silhouette_wire::{Hello, HelloReply, Limits, Message, bounded::List, decode_frame, encode_frame};

use crate::world::{NAME, World};

pub(crate) fn tls(world: &World, identity: Option<&DeviceIdentity>, alpn: &[u8]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(world.ca().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let directory = tempfile::tempdir().unwrap();
            identity.store(directory.path()).unwrap();
            let chain = CertificateDer::from_pem_file(directory.path().join("device.pem"));
            let key = PrivateKeyDer::from_pem_file(directory.path().join("device-key.pem"));
            builder.with_client_auth_cert(vec![chain.unwrap()], key.unwrap()).unwrap()
        }
    };
    config.alpn_protocols = vec![alpn.to_vec()];
    config
}

pub(crate) fn quic(tls: ClientConfig) -> quinn::ClientConfig {
    let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(tls).unwrap();
    quinn::ClientConfig::new(Arc::new(crypto))
}

pub(crate) async fn connect(
    world: &World,
    identity: Option<&DeviceIdentity>,
    alpn: &[u8],
) -> Result<Connection, ConnectionError> {
    let endpoint = Endpoint::client(crate::world::local()).unwrap();
    let config = quic(tls(world, identity, alpn));
    endpoint.connect_with(config, world.address, NAME).unwrap().await
}

/// Sends bytes on a new stream, ends it, and returns all that comes back.
pub(crate) async fn exchange(connection: &Connection, bytes: &[u8]) -> Vec<u8> {
    let (mut send, mut recv) = connection.open_bi().await.unwrap();
    // The server may stop reading before the end.
    let _ = send.write_all(bytes).await;
    let _ = send.finish();
    recv.read_to_end(100_000).await.unwrap()
}

/// Like [`exchange`], but leaves the sending side open.
pub(crate) async fn open(connection: &Connection, bytes: &[u8]) -> (SendStream, RecvStream) {
    let (mut send, recv) = connection.open_bi().await.unwrap();
    send.write_all(bytes).await.unwrap();
    (send, recv)
}

pub(crate) fn read<M: Message>(bytes: &[u8]) -> M {
    decode_frame(&mut &bytes[..], &Limits::default()).unwrap()
}

pub(crate) fn hello(version: u16) -> Vec<u8> {
    let versions = List::new([version]).unwrap();
    encode_frame(&Hello { versions, features: 0, build: Default::default() }).unwrap()
}

/// A connection past its hello.
pub(crate) async fn greeted(world: &World) -> Connection {
    let connection = connect(world, Some(&world.device()), b"silhouette/1").await.unwrap();
    read::<HelloReply>(&exchange(&connection, &hello(1)).await);
    connection
}
