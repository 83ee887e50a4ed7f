//! One folder, opened; and the same folder, served.

mod error;
mod recover;
mod running;

use std::fmt;
use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use silhouette_round::Coordinator;
use silhouette_transport::identity::IdentityError;
use silhouette_transport::server::ServerLimits;
use silhouette_transport::{CertificateAuthority, CertificateDer};
use silhouette_wire::DeviceId;
use tokio::sync::broadcast;

pub use error::{OpenError, RunError};
pub use running::{Addresses, Running};

use crate::admin::Metrics;
use crate::enrolment;
use crate::ownership::{Ownership, TaskFile};
use crate::plan::{Plan, TaskConfig};
use crate::service::{Event, State};
use crate::storage::{Progress, Storage, StorageError, files};

/// Events kept for a listener that is slow; older ones are dropped for it.
const EVENTS: usize = 1024;

/// The lock file: one aggregator per folder.
const LOCK_FILE: &str = "aggregator.lock";

/// The folder of the authority's certificate and key.
const AUTHORITY_FOLDER: &str = "authority";

/// Where to listen, and under which names. Port 0 picks a free port.
#[derive(Clone, Debug)]
pub struct Listen {
    /// Enrolled devices, UDP.
    pub devices: SocketAddr,
    /// Devices that enrol, UDP.
    pub enrolment: SocketAddr,
    /// The operator, TCP. Keep it off the public network.
    pub admin: SocketAddr,
    /// Host names and addresses under which devices reach this aggregator: they stand in its
    /// certificate.
    pub names: Vec<String>,
    /// How much is taken on at once.
    pub limits: ServerLimits,
}

impl Listen {
    /// All three on free ports of this machine alone: for tests and demonstrations.
    pub fn loopback() -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        Self { devices: any, enrolment: any, admin: any, names, limits: ServerLimits::default() }
    }
}

/// An aggregator that is ready to run.
///
/// ```no_run
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// use silhouette_aggregator::{Aggregator, Listen, TaskConfig};
///
/// let config = TaskConfig::load("sample.toml".as_ref())?;
/// let aggregator = Aggregator::open("run", config)?;
/// println!("{}", aggregator.create_tokens(1)?[0]);
/// let running = aggregator.run(Listen::loopback(), async { /* until a signal */ }).await?;
/// println!("devices: {}", running.addresses().devices);
/// running.stopped().await;
/// # Ok(()) }
/// ```
pub struct Aggregator {
    plan: Arc<Plan>,
    storage: Arc<Storage>,
    authority: Arc<CertificateAuthority>,
    ownership: Ownership,
    state: State,
    coordinator: Coordinator,
    /// The seed of a group's manifest by round and group, instead of the operating system's.
    seeds: Option<ManifestSeed>,
    metrics: Arc<Metrics>,
    events: broadcast::Sender<Event>,
    lock: File,
}

/// The seed of a group's manifest, by round and group, both as the service counts them: from 1 and from 0.
pub type ManifestSeed = fn(u64, usize) -> u64;

impl Aggregator {
    /// Opens a folder: a new one starts the task, an old one goes on after its last published
    /// round. A round that was open when the last process ended is abandoned; its charge stays.
    ///
    /// # Errors
    /// When the configuration is not usable or promises other terms than the folder was started
    /// with, when the folder is in use, damaged, or can't be written.
    pub fn open(folder: impl AsRef<Path>, config: TaskConfig) -> Result<Self, OpenError> {
        Self::open_signed(folder, config, None)
    }

    /// The same in the name of an owner that is not this aggregator: `signed` holds the terms, by the
    /// owner's signature. Later starts of the folder need no file any more.
    ///
    /// # Errors
    /// Besides those of [`open`](Self::open): when the owner signed other terms, or named another
    /// aggregator.
    pub fn open_signed(
        folder: impl AsRef<Path>,
        config: TaskConfig,
        signed: Option<TaskFile>,
    ) -> Result<Self, OpenError> {
        let folder = folder.as_ref();
        let plan = Plan::new(config)?;
        let storage = Storage::open(folder)?;
        let lock = lock(folder)?;
        let authority = authority(folder)?;
        // Checked before a new folder gets its task, and kept after an old one's was compared: terms that
        // are refused leave nothing behind.
        let pinned = storage.pinned_owner()?;
        let ownership = Ownership::establish(folder, &plan, authority.endorser(), pinned, signed)?;
        let state = recover::state(&storage, &plan)?;
        ownership.keep(folder, &storage)?;
        let coordinator = recover::coordinator(&storage, &plan, enrolment::random()?)?;
        let progress = storage.progress()?;
        let metrics = Metrics::new(&progress, plan.epsilon_after(progress.last_round));
        let told = storage.figures()?;
        if let Some(evaluation) = told.iter().rev().find_map(|(_, figures)| figures.evaluation()) {
            metrics.evaluated(evaluation);
        }
        Ok(Self {
            plan: Arc::new(plan),
            storage: Arc::new(storage),
            authority: Arc::new(authority),
            ownership,
            state,
            coordinator,
            seeds: None,
            metrics: Arc::new(metrics),
            events: broadcast::channel(EVENTS).0,
            lock,
        })
    }

    /// Takes what the operating system would be asked for from the caller: `cohorts` feeds the choice of cohorts,
    /// groups and nonces, `seeds` says each manifest's. Whoever knows them picks the company of a device and
    /// answers in its name. For a comparison with the simulator, which has no operating system.
    ///
    /// # Errors
    /// When the store fails.
    pub fn dangerous_randomness_for_simulation_only(
        mut self,
        cohorts: [u8; 32],
        seeds: ManifestSeed,
    ) -> Result<Self, OpenError> {
        self.coordinator = recover::coordinator(&self.storage, &self.plan, cohorts)?;
        self.seeds = Some(seeds);
        Ok(self)
    }

    /// The terms.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The store; it may be asked while the aggregator runs.
    pub fn storage(&self) -> &Arc<Storage> {
        &self.storage
    }

    /// Where the task stands.
    ///
    /// # Errors
    /// When the store fails.
    pub fn progress(&self) -> Result<Progress, StorageError> {
        self.storage.progress()
    }

    /// The authority's certificate: goes to a device with its token.
    pub fn authority(&self) -> &CertificateDer<'static> {
        self.authority.certificate()
    }

    /// The owner's public key, which devices pin.
    pub fn owner_public_key(&self) -> [u8; 32] {
        self.ownership.owner()
    }

    /// Makes one-time enrolment tokens; they are shown here and never again.
    ///
    /// # Errors
    /// When the system has no randomness, or the store fails.
    pub fn create_tokens(&self, count: usize) -> Result<Vec<String>, enrolment::EnrolmentError> {
        enrolment::create_tokens(&self.storage, count)
    }

    /// Revokes a device, for good. Says whether it was enrolled.
    ///
    /// # Errors
    /// When the store fails.
    pub fn revoke(&self, device: &DeviceId) -> Result<bool, StorageError> {
        self.storage.revoke(device)
    }

    /// What happens from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }
}

impl fmt::Debug for Aggregator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Aggregator").field("folder", &self.storage.folder()).finish_non_exhaustive()
    }
}

/// The enrolment authority of a folder; made if there is none.
fn authority(folder: &Path) -> Result<CertificateAuthority, IdentityError> {
    CertificateAuthority::load_or_create(&folder.join(AUTHORITY_FOLDER), "silhouette", SystemTime::now())
}

/// The public key with which a folder's enrolment authority endorses the identities of devices, for the
/// owner of a task to name; authority and key are made if there are none.
///
/// # Errors
/// When the folder can't be written, or holds something else.
pub fn endorser_public_key(folder: &Path) -> Result<[u8; 32], OpenError> {
    files::create_folders(folder)?;
    Ok(authority(folder)?.endorser())
}

/// Two aggregators on one folder would hand out two manifests for one charge.
fn lock(folder: &Path) -> Result<File, OpenError> {
    let path = folder.join(LOCK_FILE);
    let file = File::options().create(true).append(true).open(&path).map_err(StorageError::at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse),
        Err(TryLockError::Error(source)) => Err(StorageError::at(&path)(source).into()),
    }
}
