//! The devices of the demo: each with its own folder, store, ledger, certificate and connection.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use silhouette_aggregator::Running;
use silhouette_client::ledger::Caps;
use silhouette_client::participant::ParticipateError;
use silhouette_client::{DeviceFolder, Participant, ParticipantConfig, ParticipantEvent, participant::Transferred};
use silhouette_model::{Engine, Task};
use silhouette_round::{Conditions, Policy};
use silhouette_simulation::synth::SynthUser;
use silhouette_transport::{CertificateDer, enroll};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use crate::terminal;
use whim::Whim;

mod whim;

/// Devices enrolled at a time: each makes a key and a handshake, and there are few cores.
const AT_ONCE: usize = 16;

/// How a device's last round went: its number, and why it declined if it did.
pub(crate) type Attendance = (usize, Option<String>);

/// The devices.
pub(crate) struct Fleet {
    folders: Vec<PathBuf>,
    running: JoinSet<Result<Transferred, ParticipateError>>,
    ready: Vec<(DeviceFolder, silhouette_transport::DeviceIdentity)>,
    stop: watch::Sender<bool>,
}

impl Fleet {
    /// Gives every person a device: texts into its store, a token into a certificate.
    pub(crate) async fn enrol(
        folder: &Path,
        people: &[&SynthUser],
        tokens: &[String],
        authority: &CertificateDer<'static>,
        running: &Running,
        quiet: bool,
    ) -> anyhow::Result<Self> {
        let bar = terminal::bar(people.len() as u64, quiet);
        bar.set_message("devices enrol");
        let admission = Arc::new(Semaphore::new(AT_ONCE));
        let address = running.addresses().enrolment;
        let mut enrolling = JoinSet::new();
        for (number, (person, token)) in people.iter().zip(tokens).enumerate() {
            let place = folder.join("devices").join(&person.id);
            let (events, token) = (person.events.clone(), token.clone());
            let (authority, admission) = (authority.clone(), Arc::clone(&admission));
            enrolling.spawn(async move {
                let _permit = admission.acquire().await?;
                let device = tokio::task::spawn_blocking(move || -> anyhow::Result<DeviceFolder> {
                    let device = DeviceFolder::open_or_create(&place)?;
                    device.store()?.import(&events)?;
                    Ok(device)
                })
                .await??;
                let identity = enroll(address, "localhost", &authority, token.as_bytes()).await.context("enrolling")?;
                identity.store(&device.identity_folder())?;
                anyhow::Ok((number, device, identity))
            });
        }
        let mut ready = Vec::with_capacity(people.len());
        while let Some(enrolled) = enrolling.join_next().await {
            ready.push(enrolled??);
            bar.inc(1);
        }
        bar.finish_and_clear();
        ready.sort_by_key(|(number, ..)| *number);
        let folders = ready.iter().map(|(_, device, _)| device.root().to_owned()).collect();
        let ready = ready.into_iter().map(|(_, device, identity)| (device, identity)).collect();
        Ok(Self { folders, running: JoinSet::new(), ready, stop: watch::channel(false).0 })
    }

    /// Lets every device take part and reports who does and who declines.
    pub(crate) fn start(
        &mut self,
        address: SocketAddr,
        task: &Task,
        budget: f64,
        engine: &Arc<dyn Engine>,
        drop: f64,
    ) -> anyhow::Result<mpsc::UnboundedReceiver<Attendance>> {
        let id = task.id()?;
        let (reports, attendance) = mpsc::unbounded_channel();
        for (number, (device, identity)) in std::mem::take(&mut self.ready).into_iter().enumerate() {
            let consent = || Conditions { consent: true, fit_to_train: true };
            let config = ParticipantConfig::new(address, "localhost", id.clone(), consent).policy(policy(&device));
            let (engine, stopped, reports) = (Arc::clone(engine), self.stop.subscribe(), reports.clone());
            self.running.spawn(async move {
                let (events, ledger) = match open(&device, budget) {
                    Ok(opened) => opened,
                    Err(error) => {
                        let _ = reports.send((number, Some(error.to_string())));
                        return Ok(Transferred::default());
                    }
                };
                let mut participant = Participant::new(config, identity, engine, events, ledger, device.models());
                let whim = Whim::new(drop);
                let observer = |event: ParticipantEvent| {
                    whim.consider(&event);
                    let declined = match event {
                        ParticipantEvent::Declined(refusal) => Some(refusal.to_string()),
                        ParticipantEvent::Took { .. } => None,
                        _ => return,
                    };
                    // Nobody listening is fine.
                    let _ = reports.send((number, declined));
                };
                let ended = whim.run(&mut participant, stopped, observer).await;
                if let Err(error) = &ended {
                    // It takes part no more: whoever counts the devices has to know now.
                    let _ = reports.send((number, Some(error.to_string())));
                }
                ended.map(|_| participant.transferred())
            });
        }
        Ok(attendance)
    }

    /// Waits until every device knows that training is over, and adds up what they moved.
    pub(crate) async fn finish(&mut self) -> anyhow::Result<Transferred> {
        let mut moved = Transferred::default();
        // A device that lost its last answer must not hold up the end.
        let patience = tokio::time::sleep(std::time::Duration::from_secs(10));
        tokio::pin!(patience);
        loop {
            let ended = tokio::select! {
                ended = self.running.join_next() => ended,
                () = &mut patience, if !*self.stop.borrow() => {
                    self.stop.send_replace(true);
                    continue;
                }
            };
            let Some(ended) = ended else { return Ok(moved) };
            let device = ended?.context("a device of the demo failed")?;
            moved.up += device.up;
            moved.down += device.down;
        }
    }

    /// The devices' folders, in the order of the people.
    pub(crate) fn folders(&self) -> &[PathBuf] {
        &self.folders
    }
}

type Opened =
    (silhouette_privacy::Private<Vec<silhouette_text::Event>>, Box<dyn silhouette_client::ledger::ChargeBook>);

/// The made-up people agree to one promise: their ledgers hold what it costs and no more.
fn open(device: &DeviceFolder, budget: f64) -> anyhow::Result<Opened> {
    let caps = Caps { task_rho: budget, device_rho: budget };
    Ok((device.store()?.events()?, Box::new(device.ledger_under(caps)?)))
}

/// The device's own policy.
fn policy(device: &DeviceFolder) -> Policy {
    device.policy().terms.clone()
}
