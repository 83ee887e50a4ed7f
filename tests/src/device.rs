//! One person's device: a folder, as an app or `silhouette join` has it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use silhouette_aggregator::{Storage, create_tokens};
use silhouette_client::ledger::Caps;
use silhouette_client::{DeviceFolder, Participant, ParticipantConfig, Randomness};
use silhouette_model::NativeEngine;
use silhouette_round::{Conditions, Policy};
use silhouette_text::Event;
use silhouette_transport::client::ClientLimits;
use silhouette_transport::{CertificateAuthority, DeviceIdentity, enroll};
use silhouette_wire::{Mode, TaskId};

/// A device that is enrolled and holds its person's texts.
pub struct Device {
    folder: PathBuf,
}

impl Device {
    /// Makes the folder, imports the texts, and enrols with a fresh token of the aggregator whose
    /// folder and enrolment address are given.
    pub async fn enrol(folder: PathBuf, events: &[Event], aggregator: &Path, enrolment: SocketAddr) -> Self {
        let device = DeviceFolder::open_or_create(&folder).unwrap();
        device.store().unwrap().import(events).unwrap();
        let token = create_tokens(&Storage::open(aggregator).unwrap(), 1).unwrap().remove(0);
        let authority = CertificateAuthority::load(&aggregator.join("authority")).unwrap();
        let identity = enroll(enrolment, "localhost", authority.certificate(), token.as_bytes()).await.unwrap();
        identity.store(&device.identity_folder()).unwrap();
        Self { folder }
    }

    /// Takes in more of its person's texts.
    pub fn import(&self, events: &[Event]) {
        DeviceFolder::open_or_create(&self.folder).unwrap().store().unwrap().import(events).unwrap();
    }

    /// A device that is there.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its certificate and key.
    pub fn identity(&self) -> DeviceIdentity {
        DeviceIdentity::load(&self.folder.join("identity")).unwrap()
    }

    /// The rounds it was charged for, read from its ledger by hand.
    pub fn charged(&self) -> Vec<u64> {
        DeviceFolder::audit_ledger(&self.folder).unwrap().records.iter().map(|record| record.round).collect()
    }

    /// What takes part for it at `address`. Its person accepts any noise: these tests look at
    /// something else, and what a policy refuses is tested in `round`.
    pub fn participant(&self, address: SocketAddr, randomness: Randomness) -> Participant {
        let identity = self.identity();
        let task: TaskId = identity.tasks()[0].clone();
        let device = DeviceFolder::open_or_create(&self.folder).unwrap();
        let policy = Policy { min_noise_multiplier: 1e-3, weakest_mode: Mode::Central, ..Policy::default() };
        // A cut connection is noticed soon; on a busy machine the exchange is tried again.
        let limits = ClientLimits { transfer_timeout: Duration::from_secs(3), ..ClientLimits::default() };
        let config =
            ParticipantConfig::new(address, "localhost", task, || Conditions { consent: true, fit_to_train: true })
                .policy(policy)
                .limits(limits)
                .randomness(randomness);
        let caps = Caps { task_rho: 1e6, device_rho: 1e6 };
        Participant::new(
            config,
            identity,
            Arc::new(NativeEngine),
            device.store().unwrap().events().unwrap(),
            Box::new(device.ledger_under(caps).unwrap()),
            device.models(),
        )
    }
}
