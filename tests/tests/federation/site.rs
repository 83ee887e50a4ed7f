//! An aggregator in this process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use silhouette_aggregator::{Aggregator, Event, Listen, ManifestSeed, Running, TaskConfig};
use silhouette_model::Model;
use silhouette_tests::device::Device;
use silhouette_text::Event as Text;
use silhouette_wire::ContentHash;
use tokio::sync::broadcast::Receiver;

pub(crate) struct Site {
    pub(crate) running: Running,
    folder: PathBuf,
    events: Receiver<Event>,
}

impl Site {
    pub(crate) async fn start(folder: PathBuf, terms: TaskConfig) -> Self {
        Self::of(Aggregator::open(&folder, terms).unwrap(), folder).await
    }

    /// One that asks its operating system neither for cohorts nor for manifests' seeds.
    pub(crate) async fn seeded(folder: PathBuf, terms: TaskConfig, cohorts: [u8; 32], seeds: ManifestSeed) -> Self {
        let aggregator = Aggregator::open(&folder, terms).unwrap();
        Self::of(aggregator.dangerous_randomness_for_simulation_only(cohorts, seeds).unwrap(), folder).await
    }

    async fn of(aggregator: Aggregator, folder: PathBuf) -> Self {
        let events = aggregator.events();
        let running = aggregator.run(Listen::loopback(), std::future::pending()).await.unwrap();
        Self { running, folder, events }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.addresses().devices
    }

    /// One enrolled device per person, their folders below `place`.
    pub(crate) async fn enrol(&self, place: &Path, people: &[Vec<Text>]) -> Vec<Device> {
        let mut devices = Vec::new();
        for (number, events) in people.iter().enumerate() {
            let folder = place.join(format!("device-{number}"));
            devices.push(Device::enrol(folder, events, &self.folder, self.running.addresses().enrolment).await);
        }
        devices
    }

    /// How the next round ended.
    pub(crate) async fn next_end(&mut self) -> Event {
        loop {
            match self.events.recv().await.unwrap() {
                Event::RoundOpened { .. } => {}
                event => return event,
            }
        }
    }

    /// A model it published.
    pub(crate) fn model(&self, hash: ContentHash) -> Model {
        let file = self.folder.join("models").join(format!("{hash}.safetensors"));
        Model::from_safetensors(&std::fs::read(file).unwrap()).unwrap()
    }

    pub(crate) async fn stop(self) {
        self.running.stop();
        self.running.stopped().await;
    }
}
