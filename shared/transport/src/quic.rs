//! The QUIC and TLS settings of both ends, built by hand.
//!
//! quinn's convenience constructors turn early data on. Early data can be replayed, and it may be
//! sent before the device has shown its certificate, so none of them is used here.

use std::{sync::Arc, time::Duration};

use quinn::{
    IdleTimeout, TransportConfig, VarInt,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};
use rustls::{
    RootCertStore,
    client::{Resumption, WebPkiServerVerifier},
    crypto::CryptoProvider,
    pki_types::CertificateDer,
    server::{NoServerSessionStorage, WebPkiClientVerifier},
    version::TLS13,
};

use crate::{
    defaults::{ADMITTED_WINDOW, INCOMING_BUFFER_BYTES, KEEP_ALIVE, SEND_WINDOW, STREAM_WINDOW, WAITING_WINDOW},
    identity::{DeviceIdentity, ServerIdentity},
};

/// The settings cannot be used: a certificate or key is not what TLS expects.
#[derive(Debug, thiserror::Error)]
#[error("the certificate or key cannot be used: {0}")]
pub struct ConfigError(Box<dyn std::error::Error + Send + Sync>);

impl ConfigError {
    fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

/// The cryptography, passed on explicitly: the process-wide default belongs to the program.
pub(crate) fn provider() -> CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

fn roots(authority: &CertificateDer<'static>) -> Result<Arc<RootCertStore>, ConfigError> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone()).map_err(ConfigError::new)?;
    Ok(Arc::new(roots))
}

/// Settings of a server. With `devices` set, a certificate of that authority is mandatory.
pub(crate) fn server(
    identity: &ServerIdentity,
    devices: Option<&CertificateDer<'static>>,
    alpn: &[u8],
    transport: TransportConfig,
    max_incoming: usize,
) -> Result<quinn::ServerConfig, ConfigError> {
    let provider = Arc::new(provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])
        .map_err(ConfigError::new)?;
    let builder = match devices {
        Some(authority) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(roots(authority)?, provider)
                .build()
                .map_err(ConfigError::new)?;
            builder.with_client_cert_verifier(verifier)
        }
        None => builder.with_no_client_auth(),
    };
    let mut tls = builder.with_single_cert(identity.chain(), identity.key()).map_err(ConfigError::new)?;
    tls.alpn_protocols = vec![alpn.to_vec()];
    // No early data, and no resumption either: a resumed session would skip the check of the
    // certificate's end, and a device that checks in once a day gains nothing from it.
    tls.max_early_data_size = 0;
    tls.send_tls13_tickets = 0;
    tls.session_storage = Arc::new(NoServerSessionStorage {});
    let crypto = QuicServerConfig::try_from(tls).map_err(ConfigError::new)?;
    let mut config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    config
        .transport_config(Arc::new(transport))
        .max_incoming(max_incoming)
        .incoming_buffer_size(WAITING_WINDOW.into())
        .incoming_buffer_size_total(INCOMING_BUFFER_BYTES);
    Ok(config)
}

/// Settings of a device: trusts one authority, and shows its certificate if it has one.
pub(crate) fn client(
    authority: &CertificateDer<'static>,
    identity: Option<&DeviceIdentity>,
    alpn: &[u8],
    idle: Duration,
) -> Result<quinn::ClientConfig, ConfigError> {
    let provider = Arc::new(provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(roots(authority)?, provider.clone())
        .build()
        .map_err(ConfigError::new)?;
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .map_err(ConfigError::new)?
        .with_webpki_verifier(verifier);
    let mut tls = match identity {
        Some(identity) => {
            builder.with_client_auth_cert(identity.chain(), identity.private_key()).map_err(ConfigError::new)?
        }
        None => builder.with_no_client_auth(),
    };
    tls.alpn_protocols = vec![alpn.to_vec()];
    tls.enable_early_data = false;
    tls.resumption = Resumption::disabled();
    let crypto = QuicClientConfig::try_from(tls).map_err(ConfigError::new)?;
    let mut config = quinn::ClientConfig::new(Arc::new(crypto));
    // The device never accepts a stream: every exchange is its own.
    let mut transport = transport(idle, 0, ADMITTED_WINDOW)?;
    transport.keep_alive_interval(Some(KEEP_ALIVE.min(idle / 3)));
    config.transport_config(Arc::new(transport));
    Ok(config)
}

/// What both ends share. `streams` is how many the peer may open, `window` what it may send unread.
pub(crate) fn transport(idle: Duration, streams: u32, window: u32) -> Result<TransportConfig, ConfigError> {
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(streams.into())
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(STREAM_WINDOW.into())
        .receive_window(window.into())
        .send_window(SEND_WINDOW)
        .max_idle_timeout(Some(IdleTimeout::try_from(idle).map_err(ConfigError::new)?))
        .datagram_receive_buffer_size(None);
    Ok(transport)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_idle_times_are_refused() {
        assert!(transport(Duration::MAX, 1, WAITING_WINDOW).is_err());
    }
}
