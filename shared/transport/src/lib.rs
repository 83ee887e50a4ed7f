//! QUIC with certificates on both ends, between a device and the aggregator.
//!
//! A device opens one connection, says [`Hello`](silhouette_wire::Hello), and then opens one
//! bidirectional stream per exchange: check in, fetch a model, upload a release. The messages are
//! those of `silhouette-wire`; this crate moves them, with a deadline on every wait and a bound on
//! every buffer.
//!
//! - [`identity`]: the authority that issues certificates, and what a device keeps.
//! - [`server`]: the endpoint devices talk to, the endpoint they enrol at, and the [`Handler`] an
//!   aggregator implements.
//! - [`client`]: the device's side.
//!
//! ```no_run
//! # async fn device() -> Result<(), Box<dyn std::error::Error>> {
//! use silhouette_transport::{client, identity::DeviceIdentity};
//! use silhouette_wire::{CheckIn, TaskId, message::Availability};
//!
//! let identity = DeviceIdentity::load("identity".as_ref())?;
//! let connection = client::connect("192.0.2.7:4433".parse()?, "aggregator", &identity).await?;
//! let task = TaskId::new("news")?;
//! let request = CheckIn { task, last_round: 0, available: Availability::default() };
//! println!("{:?}", connection.check_in(&request).await?);
//! # Ok(()) }
//! ```
//!
//! TLS 1.3 only, early data off on both ends, no datagrams, no unidirectional streams. The only thing
//! that fits into an upload is a [`Release`](silhouette_privacy::Release), so nothing that has not
//! been through the privacy mechanism leaves by this door.
//!
//! What it does not do: it does not hide the device's address, it does not decide who may take part,
//! and it keeps nothing across a restart except the files of [`identity`].

pub mod client;
pub mod defaults;
pub mod identity;
mod quic;
pub mod server;
mod stream;

pub use client::{Connection, PartialBody, Traffic, connect, enroll};
pub use identity::{CertificateAuthority, DeviceIdentity, DeviceKey, ServerIdentity};
pub use rustls::pki_types::CertificateDer;
pub use server::{Enroller, EnrolmentEndpoint, Handler, ServerEndpoint, TokenStore, UploadSink};
pub use stream::{ExchangeError, Lost};
