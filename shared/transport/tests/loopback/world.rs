//! An authority, an aggregator that remembers what it saw, and devices.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use silhouette_privacy::{Mode, Private, Release, ReleaseParameters, Rounding, noise::OpenDpNoise, release};
use silhouette_transport::{
    CertificateAuthority, CertificateDer, DeviceIdentity, DeviceKey, Enroller, EnrolmentEndpoint, Handler,
    ServerEndpoint, TokenStore, UploadSink, client,
    defaults::{DEVICE_VALIDITY, SERVER_VALIDITY},
    identity::EnrolmentTerms,
    server::{EnrolmentPolicy, ServerLimits, TokenRefusal},
};
use silhouette_wire::{
    CheckIn, CheckInReply, ContentHash, DeviceId, Enroll, EnrollReply, ErrorCode, Nonce, TaskId, Upload, UploadReply,
    message::Availability,
};
use tokio::{
    sync::{Notify, oneshot},
    task::JoinHandle,
};

pub(crate) const NAME: &str = "aggregator.test";
pub(crate) const DIMENSION: usize = 1000;

/// Each token works for one device.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<HashMap<Vec<u8>, Option<DeviceId>>>);

impl TokenStore for Tokens {
    async fn consume(&self, token: &[u8], device: DeviceId, _: [u8; 32]) -> Result<(), TokenRefusal> {
        let mut tokens = self.0.lock().unwrap();
        let user = tokens.get_mut(token).ok_or(TokenRefusal::Unknown)?;
        match user {
            Some(user) if *user != device => Err(TokenRefusal::Used),
            _ => {
                *user = Some(device);
                Ok(())
            }
        }
    }
}

/// What the aggregator does and what it has seen.
pub(crate) struct Recorder {
    pub(crate) model: Arc<[u8]>,
    /// Bytes an upload has to have.
    pub(crate) expected: u64,
    /// Held check-ins wait for this when `hold` is set.
    pub(crate) hold: bool,
    pub(crate) chosen: Notify,
    pub(crate) waiting: AtomicUsize,
    pub(crate) begun: AtomicUsize,
    pub(crate) uploads: Mutex<HashMap<(DeviceId, u64), Vec<u8>>>,
    pub(crate) revoked: Mutex<Vec<DeviceId>>,
    pub(crate) slow_end: Duration,
    renewals: Arc<Enroller<Tokens>>,
}

impl Handler for Recorder {
    async fn on_connect(&self, device: DeviceId) -> Result<(), ErrorCode> {
        let revoked = self.revoked.lock().unwrap().contains(&device);
        if revoked { Err(ErrorCode::Revoked) } else { Ok(()) }
    }

    async fn on_check_in(&self, _: DeviceId, request: CheckIn) -> CheckInReply {
        if request.task != task() {
            return CheckInReply::Refused(ErrorCode::UnknownTask);
        }
        if self.hold {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            self.chosen.notified().await;
        }
        CheckInReply::Finished { model: ContentHash::of(&self.model), round: 7 }
    }

    async fn on_fetch(&self, _: DeviceId, hash: ContentHash) -> Option<Arc<[u8]>> {
        (hash == ContentHash::of(&self.model)).then(|| self.model.clone())
    }

    async fn on_upload_begin(&self, _: DeviceId, _: &Upload) -> Result<UploadSink, ErrorCode> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        Ok(UploadSink::exactly(self.expected))
    }

    async fn on_upload_end(&self, device: DeviceId, upload: Upload, body: Vec<u8>) -> UploadReply {
        tokio::time::sleep(self.slow_end).await;
        let key = (device, upload.round);
        let duplicate = self.uploads.lock().unwrap().insert(key, body).is_some();
        UploadReply::Receipt { round: upload.round, sha256: upload.sha256, duplicate }
    }

    async fn on_renew(&self, device: DeviceId, request: Enroll) -> EnrollReply {
        self.renewals.renew(device, &request)
    }
}

pub(crate) struct Settings {
    pub(crate) limits: ServerLimits,
    pub(crate) dimension: usize,
    pub(crate) model_bytes: usize,
    pub(crate) hold: bool,
    pub(crate) slow_end: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: ServerLimits::default(),
            dimension: DIMENSION,
            model_bytes: 300_000,
            hold: false,
            slow_end: Duration::ZERO,
        }
    }
}

pub(crate) struct World {
    pub(crate) authority: Arc<CertificateAuthority>,
    pub(crate) address: SocketAddr,
    pub(crate) enrolment: SocketAddr,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) enroller: Arc<Enroller<Tokens>>,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

pub(crate) fn task() -> TaskId {
    TaskId::new("news").unwrap()
}

pub(crate) fn local() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

pub(crate) fn authority() -> CertificateAuthority {
    CertificateAuthority::create("test authority", SystemTime::now()).unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let authority = Arc::new(authority());
        let names = [NAME.to_owned()];
        let identity = authority.issue_server(&names, SystemTime::now(), SERVER_VALIDITY).unwrap();
        let policy = EnrolmentPolicy::new([3; 32], vec![task()]);
        let enroller = Arc::new(Enroller::new(Arc::clone(&authority), Tokens::default(), policy));
        let main = ServerEndpoint::bind(local(), &identity, authority.certificate(), settings.limits).unwrap();
        let door = EnrolmentEndpoint::bind(local(), &identity, ServerLimits::default()).unwrap();
        let (address, enrolment) = (main.local_addr(), door.local_addr());
        let recorder = Arc::new(Recorder {
            model: (0..settings.model_bytes).map(|place| (place % 251) as u8).collect(),
            expected: 3 * settings.dimension as u64,
            hold: settings.hold,
            chosen: Notify::new(),
            waiting: AtomicUsize::new(0),
            begun: AtomicUsize::new(0),
            uploads: Mutex::default(),
            revoked: Mutex::default(),
            slow_end: settings.slow_end,
            renewals: Arc::clone(&enroller),
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let handler = Arc::clone(&recorder);
        let serving = tokio::spawn(async move {
            main.serve(handler, async { drop(stopped.await) }).await;
        });
        tokio::spawn(door.serve(Arc::clone(&enroller), std::future::pending()));
        let (stop, serving) = (Some(stop), Some(serving));
        Self { authority, address, enrolment, recorder, enroller, stop, serving }
    }

    pub(crate) fn ca(&self) -> &CertificateDer<'static> {
        self.authority.certificate()
    }

    pub(crate) fn add_token(&self, token: &[u8]) {
        self.enroller.tokens().0.lock().unwrap().insert(token.to_vec(), None);
    }

    /// A device with a certificate, without the detour over the network.
    pub(crate) fn device(&self) -> DeviceIdentity {
        device_of(&self.authority, self.ca(), SystemTime::now())
    }

    pub(crate) async fn connect(&self) -> client::Connection {
        client::connect(self.address, NAME, &self.device()).await.unwrap()
    }

    /// Begins the shutdown.
    pub(crate) fn stop(&mut self) -> JoinHandle<()> {
        self.stop.take().unwrap().send(()).unwrap();
        self.serving.take().unwrap()
    }
}

/// A device certified by `signer` at some time, trusting `trusted`.
pub(crate) fn device_of(
    signer: &CertificateAuthority,
    trusted: &CertificateDer<'static>,
    now: SystemTime,
) -> DeviceIdentity {
    let key = DeviceKey::generate().unwrap();
    let csr = key.signing_request().unwrap();
    let issued = signer.issue_device(&csr, now, DEVICE_VALIDITY).unwrap();
    assert_eq!(issued.device, key.device_id());
    let terms = EnrolmentTerms::unendorsed([3; 32], vec![task()]);
    DeviceIdentity::new(key, vec![issued.certificate], trusted.clone(), terms).unwrap()
}

pub(crate) fn check_in() -> CheckIn {
    CheckIn { task: task(), last_round: 0, available: Availability::default() }
}

/// A released vector, the only thing that can be uploaded.
pub(crate) fn released(dimension: usize) -> Release {
    let parameters =
        ReleaseParameters::new(Mode::Central, dimension, 1.0, 1.0, 2, 1).unwrap().with_grid(1 << 10, 24).unwrap();
    let share = parameters.draw_noise(&mut OpenDpNoise::new()).unwrap();
    let update: Vec<f32> = (0..dimension).map(|place| (place as f32).sin()).collect();
    let mut rounding = Rounding::from_system().unwrap();
    release(Private::new(update), &parameters, share, &mut rounding).unwrap()
}

pub(crate) fn announce(round: u64, release: &Release) -> Upload {
    client::announce(task(), round, Nonce([1; 16]), ContentHash([2; 32]), release).unwrap()
}
