//! A scripted aggregator and one device.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use ed25519_dalek::SigningKey;
use silhouette_client::keys::FileKeyStore;
use silhouette_client::ledger::{Caps, Ledger, Record};
use silhouette_client::models::ModelCache;
use silhouette_client::participant::{End, ParticipateError, Retries, Transferred};
use silhouette_client::{DeviceFolder, Participant, ParticipantConfig, ParticipantEvent};
use silhouette_model::{BagSpec, EncoderSpec, Model, NativeEngine, Task};
use silhouette_privacy::{Mode, Private, ReleaseParameters};
use silhouette_round::{Conditions, Policy, Terms};
use silhouette_text::Event;
use silhouette_transport::client::ClientLimits;
use silhouette_transport::defaults::{DEVICE_VALIDITY, SERVER_VALIDITY};
use silhouette_transport::identity::EnrolmentTerms;
use silhouette_transport::server::ServerLimits;
use silhouette_transport::{CertificateAuthority, DeviceIdentity, DeviceKey, Handler, ServerEndpoint, UploadSink};
use silhouette_wire::manifest::{LocalTraining, Manifest, QueryKind, SignedManifest};
use silhouette_wire::{CheckIn, CheckInReply, ContentHash, DeviceId, ErrorCode, Nonce, TaskId, Upload, UploadReply};
use tempfile::TempDir;
use tokio::sync::watch;

const NAME: &str = "aggregator.test";
pub(crate) const SEED: [u8; 32] = [9; 32];

/// What goes wrong, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// The first upload never gets leave to send.
    BeginStalls,
    /// The first upload counts, its receipt comes too late.
    ReceiptLost,
    /// Every upload is refused.
    Refuses,
    /// Check-ins are held for ever.
    Holds,
    /// The first check-in is told to come back after 300 to 400 milliseconds.
    Waits,
    /// The model's last number is not a number; its hash is right and signed.
    NanModel,
}

/// What the aggregator saw.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    pub(crate) uploads: Vec<(Upload, Vec<u8>)>,
    /// Records in the device's ledger when each announcement arrived.
    pub(crate) charged_when_begun: Vec<usize>,
}

struct Script {
    fault: Fault,
    faults: AtomicU32,
    replies: Mutex<VecDeque<CheckInReply>>,
    model: Arc<[u8]>,
    expected: u64,
    device: PathBuf,
    seen: Mutex<Seen>,
}

impl Script {
    fn fails_now(&self, fault: Fault) -> bool {
        self.fault == fault && self.faults.fetch_add(1, Ordering::SeqCst) == 0
    }
}

impl Handler for Script {
    async fn on_check_in(&self, _: DeviceId, _: CheckIn) -> CheckInReply {
        if self.fault == Fault::Holds {
            std::future::pending::<()>().await;
        }
        if self.fails_now(Fault::Waits) {
            return CheckInReply::Wait { min_ms: 300, max_ms: 400 };
        }
        let next = self.replies.lock().unwrap().pop_front();
        next.unwrap_or_else(|| CheckInReply::Finished { model: ContentHash::of(&self.model), round: 2 })
    }

    async fn on_fetch(&self, _: DeviceId, hash: ContentHash) -> Option<Arc<[u8]>> {
        (hash == ContentHash::of(&self.model)).then(|| self.model.clone())
    }

    async fn on_upload_begin(&self, _: DeviceId, _: &Upload) -> Result<UploadSink, ErrorCode> {
        let charged = DeviceFolder::audit_ledger(&self.device).unwrap().records.len();
        self.seen.lock().unwrap().charged_when_begun.push(charged);
        if self.fails_now(Fault::BeginStalls) {
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
        Ok(UploadSink::exactly(self.expected))
    }

    async fn on_upload_end(&self, _: DeviceId, upload: Upload, body: Vec<u8>) -> UploadReply {
        if self.fault == Fault::Refuses {
            return UploadReply::Refused(ErrorCode::Late);
        }
        let (round, sha256) = (upload.round, upload.sha256);
        let duplicate = {
            let mut seen = self.seen.lock().unwrap();
            seen.uploads.push((upload, body));
            seen.uploads.len() > 1
        };
        if self.fails_now(Fault::ReceiptLost) {
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
        UploadReply::Receipt { round, sha256, duplicate }
    }
}

/// How a run ended and what was seen of it.
pub(crate) struct Run {
    pub(crate) end: Result<End, ParticipateError>,
    pub(crate) events: Vec<ParticipantEvent>,
    pub(crate) transferred: Transferred,
}

pub(crate) struct World {
    pub(crate) model: Vec<u8>,
    pub(crate) caps: Caps,
    mode: Mode,
    folder: TempDir,
    authority: CertificateAuthority,
    device_authority: Option<CertificateAuthority>,
    address: SocketAddr,
    script: Arc<Script>,
}

fn owner() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

/// Six texts, four of them labelled.
fn content() -> Vec<(&'static str, Option<&'static str>)> {
    vec![
        ("the match ended with a late goal", Some("sport")),
        ("今天的足球比赛很精彩", Some("sport")),
        ("the new guitar sounds warm", Some("music")),
        ("这首歌的吉他很好听", Some("music")),
        ("nothing is known of this one", None),
        ("这一条没有标签", None),
    ]
}

pub(crate) fn events() -> Vec<Event> {
    let event = |(text, topic): (&str, Option<&str>)| {
        let mut event = Event::new("me", text);
        event.extra.extend(topic.map(|t| ("topic".to_owned(), t.into())));
        event
    };
    content().into_iter().map(event).collect()
}

fn authority() -> CertificateAuthority {
    CertificateAuthority::create("test", SystemTime::now()).unwrap()
}

fn model() -> Model {
    let encoder = EncoderSpec::Bag(BagSpec { buckets_log2: 10, words: false, ..BagSpec::default() });
    Model::new(Task::of_labels("topic", ["music".into(), "sport".into()].into(), encoder).unwrap(), 1)
}

fn manifest(model: &Model, round: u64, mode: Mode) -> Manifest {
    let p = ReleaseParameters::new(mode, model.layout().total(), 1.0, 2.0, 10, 2).unwrap();
    let terms = Terms {
        task: model.task().id().unwrap(),
        query: QueryKind::Train,
        layout: model.layout().hash(),
        parameters: p,
        delta: 1e-6,
        max_participations: 100,
        min_separation: 1,
        deadline: 60_000,
        held_out: 0,
        training: LocalTraining { epochs: 2, batch: 4, learning_rate: 0.5, proximal_mu: 0.0, shuffled: true },
    };
    terms.manifest(round, model.content_hash().unwrap(), 3)
}

impl World {
    /// An aggregator that assigns these rounds, one a check-in, and then ends the task.
    pub(crate) async fn start(rounds: &[u64], mode: Mode, fault: Fault) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let model = model();
        let mut bytes = model.to_safetensors().unwrap();
        if fault == Fault::NanModel {
            let last = bytes.len() - 4;
            bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
        }
        let assigned = |&round: &u64| {
            let manifest = Manifest { model: ContentHash::of(&bytes), ..manifest(&model, round, mode) };
            CheckInReply::Assigned {
                manifest: SignedManifest::sign(&manifest, &owner()).unwrap(),
                nonce: Nonce([round as u8; 16]),
            }
        };
        let parameters = ReleaseParameters::try_from(&manifest(&model, 1, mode)).unwrap();
        let script = Arc::new(Script {
            fault,
            faults: AtomicU32::new(0),
            replies: Mutex::new(rounds.iter().map(assigned).collect()),
            model: bytes.clone().into(),
            expected: parameters.byte_len() as u64,
            device: folder.path().to_owned(),
            seen: Mutex::default(),
        });
        let authority = authority();
        let identity = authority.issue_server(&[NAME.to_owned()], SystemTime::now(), SERVER_VALIDITY).unwrap();
        let any = "127.0.0.1:0".parse().unwrap();
        let endpoint = ServerEndpoint::bind(any, &identity, authority.certificate(), ServerLimits::default()).unwrap();
        let address = endpoint.local_addr();
        tokio::spawn(endpoint.serve(Arc::clone(&script), std::future::pending()));
        let caps = Caps { task_rho: 10.0, device_rho: 10.0 };
        Self { model: bytes, caps, mode, folder, authority, device_authority: None, address, script }
    }

    /// From now on the device's certificate is of an authority the aggregator does not know.
    pub(crate) fn foreign_device(&mut self) {
        self.device_authority = Some(authority());
    }

    /// From now on the device knocks where nobody answers; the socket keeps the place.
    pub(crate) fn move_away(&mut self) -> std::net::UdpSocket {
        let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        self.address = silent.local_addr().unwrap();
        silent
    }

    /// The device's charges, read while it may be at work.
    pub(crate) fn records(&self) -> Vec<Record> {
        DeviceFolder::audit_ledger(self.folder.path()).unwrap().records
    }

    pub(crate) fn model_hash(&self) -> ContentHash {
        ContentHash::of(&self.model)
    }

    pub(crate) fn parsed_model(&self) -> Model {
        Model::from_safetensors(&self.model).unwrap()
    }

    pub(crate) fn manifest(&self, round: u64) -> Manifest {
        manifest(&self.parsed_model(), round, self.mode)
    }

    pub(crate) fn seen(&self) -> Seen {
        self.script.seen.lock().unwrap().clone()
    }

    pub(crate) fn stop_after(&self, time: Duration) -> watch::Receiver<bool> {
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(async move {
            tokio::time::sleep(time).await;
            let _ = stop.send(true);
        });
        stopped
    }

    pub(crate) async fn run(
        &self,
        conditions: Conditions,
        change: impl FnOnce(ParticipantConfig) -> ParticipantConfig,
    ) -> Run {
        self.run_until(conditions, watch::channel(false).1, change).await
    }

    pub(crate) async fn run_until(
        &self,
        conditions: Conditions,
        stop: watch::Receiver<bool>,
        change: impl FnOnce(ParticipantConfig) -> ParticipantConfig,
    ) -> Run {
        let task: TaskId = "topic".parse().unwrap();
        let limits = ClientLimits { transfer_timeout: Duration::from_millis(700), ..ClientLimits::default() };
        let retries = Retries { first_wait: Duration::from_millis(50), ..Retries::default() };
        // Its person trusts the aggregator with mode central, too.
        let trusting = Policy { weakest_mode: Mode::Central, ..Policy::default() };
        let config = ParticipantConfig::new(self.address, NAME, task.clone(), move || conditions).policy(trusting);
        let mut participant = Participant::new(
            change(config.limits(limits).retries(retries)),
            self.identity(task),
            Arc::new(NativeEngine),
            Private::new(events()),
            Box::new(self.ledger()),
            ModelCache::new(self.folder.path().join("models")),
        );
        let mut events = Vec::new();
        let end = participant.run(stop, |event| events.push(event)).await;
        Run { end, events, transferred: participant.transferred() }
    }

    fn ledger(&self) -> Ledger {
        let place = self.folder.path();
        let keys = Arc::new(FileKeyStore::new(place.join("key")));
        Ledger::open(place.join("ledger.jsonl"), self.caps, keys).unwrap()
    }

    fn identity(&self, task: TaskId) -> DeviceIdentity {
        let key = DeviceKey::generate().unwrap();
        let issuer = self.device_authority.as_ref().unwrap_or(&self.authority);
        let issued = issuer.issue_device(&key.signing_request().unwrap(), SystemTime::now(), DEVICE_VALIDITY).unwrap();
        let terms = EnrolmentTerms::unendorsed(owner().verifying_key().to_bytes(), vec![task]);
        DeviceIdentity::new(key, vec![issued.certificate], self.authority.certificate().clone(), terms).unwrap()
    }
}
