//! Devices that behave, and some that do not.

use std::net::SocketAddr;
use std::path::Path;

use silhouette_aggregator::{Aggregator, Listen, Running, TaskConfig};
use silhouette_privacy::noise::OpenDpNoise;
use silhouette_privacy::{Private, Release, ReleaseParameters, Rounding, release};
use silhouette_transport::client::announce;
use silhouette_transport::{CertificateDer, Connection, DeviceIdentity, PartialBody, connect, enroll};
use silhouette_wire::message::Availability;
use silhouette_wire::{
    CheckIn, CheckInReply, ContentHash, ErrorCode, Manifest, Nonce, SignedManifest, TaskId, Upload, UploadReply,
};

/// A small model: 64 hashed buckets and a bias, two outputs. A full cohort starts at once, so the
/// patience is long: on a busy machine devices come one by one.
pub(crate) const CONFIG: &str = r#"
    rounds = 2
    cohort = 3
    min_reports = 2
    deadline_ms = 20000
    gathering_ms = 20000
    hold_ms = 20000
    retry_ms = [10, 20]
    mode = "central"
    noise_multiplier = 1.0
    delta = 1e-5
    clip = 1.0

    [optimiser]
    kind = "sgd"
    learning_rate = 1.0
    momentum = 0.0

    [task]
    name = "sentiment"
    encoder = { kind = "bag", buckets_log2 = 6, words = false }

    [[task.head]]
    name = "sentiment"
    kind = "classes"
    labels = ["negative", "positive"]
    field = "sentiment"
"#;

pub(crate) fn config() -> TaskConfig {
    TaskConfig::from_toml(CONFIG).unwrap()
}

/// A running aggregator and what its devices need to know.
pub(crate) struct Site {
    pub(crate) running: Running,
    pub(crate) events: tokio::sync::broadcast::Receiver<silhouette_aggregator::Event>,
    authority: CertificateDer<'static>,
    tokens: Vec<String>,
}

impl Site {
    pub(crate) async fn start(folder: &Path, config: TaskConfig, devices: usize) -> Self {
        let aggregator = Aggregator::open(folder, config).unwrap();
        let authority = aggregator.authority().clone();
        let tokens = aggregator.create_tokens(devices).unwrap();
        let events = aggregator.events();
        let mut listen = Listen::loopback();
        listen.limits.drain = std::time::Duration::from_secs(2);
        let running = aggregator.run(listen, std::future::pending()).await.unwrap();
        Self { running, events, authority, tokens }
    }

    pub(crate) fn admin(&self) -> SocketAddr {
        self.running.addresses().admin
    }

    pub(crate) async fn enrol(&mut self) -> DeviceIdentity {
        let token = self.tokens.pop().unwrap();
        self.trade(&token).await.unwrap()
    }

    pub(crate) async fn trade(&self, token: &str) -> Result<DeviceIdentity, silhouette_transport::client::EnrollError> {
        let address = self.running.addresses().enrolment;
        enroll(address, "localhost", &self.authority, token.as_bytes()).await
    }

    pub(crate) async fn device(&mut self) -> Device {
        let identity = self.enrol().await;
        self.connect(identity).await
    }

    pub(crate) async fn connect(&self, identity: DeviceIdentity) -> Device {
        Device::connect(self.running.addresses().devices, identity).await
    }

    pub(crate) async fn stop(self) {
        self.running.stop();
        self.running.stopped().await;
    }
}

pub(crate) struct Device {
    pub(crate) connection: Connection,
    pub(crate) identity: DeviceIdentity,
}

/// A part in a round.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) manifest: Manifest,
    pub(crate) hash: ContentHash,
    pub(crate) nonce: Nonce,
    pub(crate) endorser: Option<[u8; 32]>,
}

impl Part {
    pub(crate) fn parameters(&self) -> ReleaseParameters {
        ReleaseParameters::try_from(&self.manifest).unwrap()
    }

    pub(crate) fn announce(&self, release: &Release) -> Upload {
        announce(self.manifest.task.clone(), self.manifest.round, self.nonce, self.hash, release).unwrap()
    }
}

/// Releases a vector that moves one class up by `value` and the other down, everywhere.
pub(crate) fn released(value: f32, parameters: &ReleaseParameters) -> Release {
    let noise = parameters.draw_noise(&mut OpenDpNoise::new()).unwrap();
    let mut rounding = Rounding::from_system().unwrap();
    let update: Vec<f32> = [value, -value].into_iter().cycle().take(parameters.dimension()).collect();
    release(Private::new(update), parameters, noise, &mut rounding).unwrap()
}

impl Device {
    pub(crate) async fn connect(address: SocketAddr, identity: DeviceIdentity) -> Self {
        Self { connection: connect(address, "localhost", &identity).await.unwrap(), identity }
    }

    pub(crate) async fn check_in(&self) -> CheckInReply {
        let task: TaskId = "sentiment".parse().unwrap();
        let request = CheckIn { task, last_round: 0, available: Availability::default() };
        self.connection.check_in(&request).await.unwrap()
    }

    /// Checks in until it has a part in a round.
    pub(crate) async fn part(&self) -> Part {
        loop {
            match self.check_in().await {
                CheckInReply::Assigned { manifest, nonce } => return self.read(&manifest, nonce),
                CheckInReply::Wait { min_ms, .. } => {
                    tokio::time::sleep(std::time::Duration::from_millis(min_ms)).await;
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn read(&self, manifest: &SignedManifest, nonce: Nonce) -> Part {
        let owner = self.identity.owner_public_key();
        let owner = ed25519_dalek::VerifyingKey::from_bytes(owner).unwrap();
        let (task, terms) = manifest.verify_with_task(&owner).unwrap();
        Part { manifest: terms, hash: manifest.hash(), nonce, endorser: task.endorser }
    }

    pub(crate) async fn fetch(&self, hash: ContentHash) -> Vec<u8> {
        let mut body = PartialBody::new(hash, Vec::new());
        self.connection.fetch_model(&mut body).await.unwrap();
        body.into_inner()
    }

    pub(crate) async fn upload(&self, part: &Part, release: &Release) -> UploadReply {
        self.connection.upload(&part.announce(release), release).await.unwrap()
    }

    /// A whole participation; says which round it was in.
    pub(crate) async fn take_part(&self) -> u64 {
        let part = self.part().await;
        let model = self.fetch(part.manifest.model).await;
        let model = silhouette_model::Model::from_safetensors(&model).unwrap();
        assert_eq!(model.layout().hash(), part.manifest.layout);
        let reply = self.upload(&part, &released(0.01, &part.parameters())).await;
        assert_receipt(&reply, false);
        part.manifest.round
    }
}

pub(crate) fn assert_receipt(reply: &UploadReply, again: bool) {
    assert!(matches!(reply, UploadReply::Receipt { duplicate, .. } if *duplicate == again), "{reply:?}");
}

pub(crate) fn assert_refused(reply: &UploadReply, code: ErrorCode) {
    assert_eq!(*reply, UploadReply::Refused(code));
}
