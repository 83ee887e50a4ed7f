//! Taking part: the asynchronous driver of the device's session.
//!
//! All decisions are those of [`Session`](silhouette_round::Session), which is the same in the
//! simulator; this driver connects, moves bytes, and calls [`local_round`](crate::local_round) and
//! the ledger. The order it keeps: noise, training, release, charge made durable, and only then the
//! first byte of the upload.

mod config;
mod drive;
mod event;
mod link;
mod material;

use std::sync::{Arc, Mutex};

use ed25519_dalek::VerifyingKey;
use silhouette_model::Engine;
use silhouette_privacy::Private;
use silhouette_text::Event;
use silhouette_transport::DeviceIdentity;
use silhouette_transport::client::ConnectError;
use thiserror::Error;
use tokio::sync::watch;

use self::drive::Drive;
use self::link::Link;
use self::material::Material;
use crate::ledger::{ChargeBook, SpendError};
use crate::models::ModelCache;

pub use self::config::{ParticipantConfig, Retries};
pub use self::event::{End, ParticipantEvent};
pub use self::link::Transferred;

/// Why a participant can't go on. What can be tried again later is no error: it is retried.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ParticipateError {
    /// The aggregator does not accept this device, or this device does not accept the aggregator.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The ledger could not be written; what was spent is known only after opening it again.
    #[error(transparent)]
    Ledger(#[from] SpendError),
    /// The owner's key in the identity is no Ed25519 key.
    #[error("identity: the task owner's key is not an ed25519 key")]
    OwnerKey,
}

/// One device taking part in one task.
///
/// ```no_run
/// use std::sync::Arc;
/// use silhouette_client::{DeviceFolder, Participant, ParticipantConfig};
/// use silhouette_model::NativeEngine;
/// use silhouette_round::Conditions;
/// use silhouette_transport::DeviceIdentity;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let device = DeviceFolder::open_or_create("device")?;
/// let identity = DeviceIdentity::load(&device.identity_folder())?;
/// let consent = || Conditions { consent: true, fit_to_train: true };
/// let config = ParticipantConfig::new("192.0.2.1:4433".parse()?, "aggregator", "reviews".parse()?, consent)
///     .policy(device.policy().terms.clone());
/// let mut participant = Participant::new(
///     config,
///     identity,
///     Arc::new(NativeEngine),
///     device.store()?.events()?,
///     Box::new(device.ledger()?),
///     device.models(),
/// );
/// let (_stop, stopped) = tokio::sync::watch::channel(false);
/// let end = participant.run(stopped, |event| println!("{event}")).await?;
/// println!("{end:?}, {:?}", participant.transferred());
/// # Ok(())
/// # }
/// ```
pub struct Participant {
    config: ParticipantConfig,
    ledger: Arc<Mutex<Box<dyn ChargeBook>>>,
    material: Material,
    link: Link,
}

impl Participant {
    /// A device that trains on `events` and writes its charges into `ledger`.
    pub fn new(
        config: ParticipantConfig,
        identity: DeviceIdentity,
        engine: Arc<dyn Engine>,
        events: Private<Vec<Event>>,
        ledger: Box<dyn ChargeBook>,
        models: ModelCache,
    ) -> Self {
        let link = Link::new(&config, identity);
        let material = Material::new(engine, events, models, config.encoder_weights.clone());
        Self { config, ledger: Arc::new(Mutex::new(ledger)), material, link }
    }

    /// Takes part until the task is over or `stop` turns true, telling `observer` what happens.
    /// Needs a tokio runtime with its time and I/O drivers. Dropping the future is safe: a charge
    /// under way is finished, its upload is not begun.
    ///
    /// # Errors
    /// When the device is refused for good, or its ledger can't be written.
    pub async fn run(
        &mut self,
        stop: watch::Receiver<bool>,
        observer: impl FnMut(ParticipantEvent),
    ) -> Result<End, ParticipateError> {
        let owner = VerifyingKey::from_bytes(self.link.identity().owner_public_key())
            .map_err(|_| ParticipateError::OwnerKey)?;
        let end = {
            let mut drive = Drive::new(self, owner, observer);
            tokio::select! {
                biased;
                () = stopped(stop) => Ok(End::Stopped),
                end = drive.run() => end,
            }
        };
        self.link.close().await;
        end
    }

    /// Drops the connection without a word, as a device does whose network is gone.
    pub fn vanish(&mut self) {
        self.link.forget();
    }

    /// Bytes of messages and bodies moved so far.
    pub fn transferred(&self) -> Transferred {
        self.link.transferred()
    }
}

/// Completes when told to stop; never if nobody is left who could tell.
async fn stopped(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|&stop| stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
