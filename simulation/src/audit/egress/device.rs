//! One person's device: a folder, as an app or `silhouette join` has it, behind a tap.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use silhouette_aggregator::create_tokens;
use silhouette_client::ledger::Caps;
use silhouette_client::participant::End;
use silhouette_client::{DeviceFolder, Participant, ParticipantConfig};
use silhouette_model::NativeEngine;
use silhouette_round::{Conditions, Policy};
use silhouette_text::Event;
use silhouette_transport::{CertificateAuthority, enroll};
use tokio::sync::watch;

use super::site::Site;
use super::{EgressError, Tap, part};

/// A device that is enrolled and holds its person's texts.
pub(super) struct Device {
    folder: PathBuf,
    pub(super) tap: Tap,
    participant: Option<Participant>,
}

impl Device {
    /// Makes the folder, imports the texts, and enrols through the tap.
    pub(super) async fn enrol(site: &Site, number: usize, texts: &[Event]) -> Result<Self, EgressError> {
        let root = site.device(number);
        let device = DeviceFolder::open_or_create(&root).map_err(part("device"))?;
        device.store().map_err(part("device"))?.import(texts).map_err(part("device"))?;
        let tokens = create_tokens(site.running.storage(), 1).map_err(part("token"))?;
        let token = tokens.first().ok_or_else(|| part("token")("none was made"))?;
        let authority = CertificateAuthority::load(&site.authority()).map_err(part("authority"))?;
        let address = site.enrolment.address();
        let identity =
            enroll(address, "localhost", authority.certificate(), token.as_bytes()).await.map_err(part("enrolment"))?;
        identity.store(&device.identity_folder()).map_err(part("enrolment"))?;
        let tap = Tap::start(&device.identity_folder(), &site.authority(), site.devices_address())?;
        let task = identity.tasks().first().cloned().ok_or_else(|| part("enrolment")("no task was named"))?;
        let willing = || Conditions { consent: true, fit_to_train: true };
        // The default policy, but for the mode: the person agreed to the one that is looked at.
        let policy = Policy { weakest_mode: site.mode, ..Policy::default() };
        let config = ParticipantConfig::new(tap.address(), "localhost", task, willing).policy(policy);
        let texts = device.store().map_err(part("device"))?.events().map_err(part("device"))?;
        // What is sent is looked at, not what it costs.
        let caps = Caps { task_rho: 1e9, device_rho: 1e9 };
        let ledger = Box::new(device.ledger_under(caps).map_err(part("ledger"))?);
        let participant = Participant::new(config, identity, Arc::new(NativeEngine), texts, ledger, device.models());
        Ok(Self { folder: root, tap, participant: Some(participant) })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn identity(&self) -> PathBuf {
        self.folder.join("identity")
    }

    /// Everything its store holds, unsealed, as the person would export it.
    pub(super) fn export(&self) -> Result<Vec<u8>, EgressError> {
        let store = DeviceFolder::open(&self.folder).map_err(part("device"))?.store().map_err(part("device"))?;
        let mut export = Vec::new();
        store.export_jsonl(&mut export).map_err(part("device"))?;
        Ok(export)
    }
}

/// All devices take part until the task is over.
pub(super) async fn finish(devices: &mut [Device]) -> Result<(), EgressError> {
    let mut joined = Vec::new();
    for device in devices {
        let Some(mut participant) = device.participant.take() else { continue };
        joined.push(tokio::spawn(async move { participant.run(watch::channel(false).1, |_| {}).await }));
    }
    for (device, participant) in joined.into_iter().enumerate() {
        match participant.await.map_err(part("device"))?.map_err(part("device"))? {
            End::Finished { cached: true, .. } => {}
            end => return Err(EgressError::Unfinished { device, found: format!("{end:?}") }),
        }
    }
    Ok(())
}
