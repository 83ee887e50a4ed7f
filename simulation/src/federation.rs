//! The rounds: coordinator, devices and accumulator wired together in one process.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use silhouette_client::LocalRoundError;
use silhouette_model::{Engine, EngineError, Model, ModelError, TaskError};
use silhouette_privacy::{
    Accumulator, FinishError, FoldError, Mode, NoisySum, ParameterError, Release, ReleaseParameters, release,
};
use silhouette_query::train::{absorb, contribute};
use silhouette_query::{OptimiserError, ServerOptimiser};
use silhouette_round::{Coordinator, Instruction, Refusal, RoundConfig};
use silhouette_wire::defaults::PROTOCOL_VERSION;
use silhouette_wire::manifest::{Manifest, QueryKind, SignError, SignedManifest};
use silhouette_wire::message::{Upload, UploadReply};
use silhouette_wire::{ContentHash, DeviceId, ErrorCode, Extensions, Nonce, TaskId};
use thiserror::Error;

use crate::config::{ConfigError, PrivacyChoice, SimulationConfig};
use crate::dataset::Dataset;
use crate::device::{Streams, Surroundings, VirtualDevice};

/// Why a run stopped.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FederationError {
    /// The settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The task.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The release's public numbers.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// The manifest could not be made.
    #[error(transparent)]
    Manifest(#[from] SignError),
    /// A device did not take part.
    #[error("a device did not take part: {0}")]
    Device(Refusal),
    /// A device's contribution was not made.
    #[error(transparent)]
    Contribute(#[from] LocalRoundError),
    /// The aggregator refused an upload.
    #[error("the aggregator refused an upload: {0}")]
    Refused(ErrorCode),
    /// An upload did not fit the sum.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// No result could be made.
    #[error(transparent)]
    Finish(#[from] FinishError),
    /// The server optimiser.
    #[error(transparent)]
    Optimiser(#[from] OptimiserError),
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Prediction.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The round configuration.
    #[error(transparent)]
    Round(#[from] silhouette_round::ConfigError),
    /// No cohort could be formed.
    #[error("round {0}: no cohort could be formed")]
    NoCohort(u64),
}

/// What a round did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoundRecord {
    /// The round, from 1; 0 describes the start.
    pub round: u64,
    /// Devices invited.
    pub invited: usize,
    /// Reports in the sum.
    pub reports: usize,
    /// Accuracy on texts of held-out people.
    pub accuracy: Option<f64>,
    /// Macro F1 there.
    pub macro_f1: Option<f64>,
    /// Mean cross-entropy there.
    pub loss: Option<f64>,
    /// Epsilon the most charged device has spent.
    pub epsilon: Option<f64>,
    /// Rho the most charged device has spent.
    pub rho: Option<f64>,
    /// Payload the devices sent.
    pub bytes_up: u64,
    /// Payload the devices fetched.
    pub bytes_down: u64,
    /// Seconds, evaluation left out.
    pub seconds: f64,
    /// The published model.
    pub model_sha256: String,
}

/// A federation in one process.
pub(crate) struct Federation<'a> {
    config: &'a SimulationConfig,
    data: &'a Dataset,
    engine: &'a dyn Engine,
    owner: SigningKey,
    task: TaskId,
    coordinator: Coordinator,
    devices: Vec<VirtualDevice>,
    optimiser: ServerOptimiser,
    /// What the next round's devices start from.
    model: Model,
    terms: Terms,
    now: u64,
}

/// What stays the same over all rounds.
struct Terms {
    mode: Mode,
    noise_multiplier: f64,
    cohort: u32,
    participations: u32,
    delta: f64,
}

/// One invited device with the nonce of its one upload.
type Invitation = (usize, Nonce);

impl<'a> Federation<'a> {
    pub(crate) fn new(
        data: &'a Dataset,
        config: &'a SimulationConfig,
        engine: &'a dyn Engine,
    ) -> Result<Self, FederationError> {
        let users = data.train.len();
        let plan = config.plan(users)?;
        let (mode, delta) = match config.privacy {
            PrivacyChoice::None => (Mode::Central, 0.0),
            PrivacyChoice::Budget { mode, delta, .. } => (mode, delta),
        };
        let cohort = config.cohort_of(users)?;
        let participations = plan.as_ref().map_or(u32::MAX, |p| p.participations_per_user as u32);
        let terms = Terms {
            mode,
            noise_multiplier: plan.as_ref().map_or(0.0, |p| p.noise_multiplier.get()),
            cohort,
            participations,
            delta,
        };
        let rounds = RoundConfig {
            rounds: config.rounds,
            cohort,
            min_reports: cohort,
            max_participations: participations,
            ..RoundConfig::default()
        };
        let owner = SigningKey::from_bytes(&seed_bytes(config.seed, b"owner"));
        // A hair above the plan: the ledger counts in billionths of rho, each charge rounded up.
        let cap = plan.as_ref().map_or(0.0, |p| p.rho_total.get() * (1.0 + 1e-6) + 1e-6);
        let task = data.task.id()?;
        let device = |i| VirtualDevice::new(i, task.clone(), owner.verifying_key(), cap);
        let model = Model::new(data.task.clone(), config.seed);
        Ok(Self {
            coordinator: Coordinator::new(rounds, 0, seed_bytes(config.seed, b"cohort"))?,
            devices: (0..users).map(device).collect(),
            optimiser: ServerOptimiser::new(data.recipe.optimiser, model.values())?,
            config,
            data,
            engine,
            owner,
            task,
            model,
            terms,
            now: 0,
        })
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// One round; the record has no evaluation yet. Returns the model to publish.
    pub(crate) fn round(&mut self) -> Result<(RoundRecord, Model), FederationError> {
        let started = Instant::now();
        let (round, invitations) = self.gather()?;
        let parameters = self.parameters()?;
        let base = self.model.to_safetensors()?;
        let sum = if matches!(self.config.privacy, PrivacyChoice::None) {
            self.collect(round, &invitations, &parameters, None)?
        } else {
            let signed = SignedManifest::sign(&self.manifest(round, &parameters, ContentHash::of(&base)), &self.owner)?;
            self.collect(round, &invitations, &parameters, Some(&signed))?
        };
        let published = absorb(&mut self.optimiser, &self.model, &sum, round, self.config.rounds)?;
        let published = Model::with_values(self.data.task.clone(), published)?;
        self.model = Model::with_values(self.data.task.clone(), self.optimiser.iterate().to_vec())?;
        self.coordinator.published(self.now);
        let rho = self.devices.iter().map(VirtualDevice::spent).fold(0.0, f64::max);
        let record = RoundRecord {
            round,
            invited: invitations.len(),
            reports: sum.reports() as usize,
            accuracy: None,
            macro_f1: None,
            loss: None,
            epsilon: self.epsilon(rho),
            rho: (rho > 0.0).then_some(rho),
            bytes_up: (invitations.len() * parameters.byte_len()) as u64,
            bytes_down: (invitations.len() * base.len()) as u64,
            seconds: started.elapsed().as_secs_f64(),
            model_sha256: published.content_hash()?.to_string(),
        };
        Ok((record, published))
    }

    fn epsilon(&self, rho: f64) -> Option<f64> {
        use silhouette_privacy::accounting::{Delta, Rho, zcdp};
        let (rho, delta) = (Rho::new(rho).ok()?, Delta::new(self.terms.delta).ok()?);
        (rho.get() > 0.0).then(|| zcdp::epsilon(rho, delta).get())
    }

    /// Everybody checks in; the coordinator chooses.
    fn gather(&mut self) -> Result<(u64, Vec<Invitation>), FederationError> {
        self.now += 1_000;
        let mut instructions = Vec::new();
        for device in &self.devices {
            if instructions.iter().any(|i| matches!(i, Instruction::Open { .. })) {
                break;
            }
            instructions.extend(self.coordinator.check_in(self.now, device.id));
        }
        let mut invitations = Vec::new();
        let mut opened = None;
        for instruction in instructions {
            match instruction {
                Instruction::Open { round, .. } => opened = Some(round),
                Instruction::Assign { device, nonce } => invitations.push((number(&device), nonce)),
                _ => {}
            }
        }
        opened.map(|round| (round, invitations)).ok_or_else(|| FederationError::NoCohort(self.coordinator.round() + 1))
    }

    fn parameters(&self) -> Result<ReleaseParameters, ParameterError> {
        let t = &self.terms;
        let d = self.model.layout().total();
        let p = ReleaseParameters::new(t.mode, d, self.data.recipe.clip, t.noise_multiplier, t.cohort, t.cohort)?;
        // Without noise the grid itself is the only error: make it fine.
        if t.noise_multiplier == 0.0 { p.with_grid(1 << 24, 32) } else { Ok(p) }
    }

    fn manifest(&self, round: u64, p: &ReleaseParameters, model: ContentHash) -> Manifest {
        Manifest {
            protocol: PROTOCOL_VERSION,
            task: self.task.clone(),
            round,
            query: QueryKind::Train,
            mode: p.mode(),
            model,
            layout: self.model.layout().hash(),
            dimension: p.dimension() as u32,
            clip: p.clip(),
            noise_multiplier: p.noise_multiplier(),
            clip_units: p.clip_units(),
            modulus_bits: p.modulus_bits(),
            cohort: p.cohort(),
            min_reports: p.min_reports(),
            corrupt_fraction: 0.0,
            rho: p.rho(),
            delta: self.terms.delta,
            max_participations: self.terms.participations,
            min_separation: 1,
            deadline_ms: 120_000,
            training: self.data.recipe.training,
            seed: self.config.seed.wrapping_add(round),
            extensions: Extensions::default(),
        }
    }

    /// Trains the invited devices over the worker threads, each with its own partial sum, and adds
    /// the partial sums up. Memory is one sum per thread, whatever the cohort. Sums of integers
    /// have the same bits however the devices fall on the threads.
    fn collect(
        &mut self,
        round: u64,
        invitations: &[Invitation],
        parameters: &ReleaseParameters,
        signed: Option<&SignedManifest>,
    ) -> Result<NoisySum, FederationError> {
        let desk = Desk {
            coordinator: Mutex::new(&mut self.coordinator),
            devices: claim(&mut self.devices, invitations),
            next: AtomicUsize::new(0),
            invitations,
            parameters,
            signed,
            seed: self.config.seed,
            round,
            now: self.now,
            engine: self.engine,
            model: &self.model,
            data: self.data,
        };
        let threads = self.config.threads.clamp(1, invitations.len().max(1));
        let parts: Vec<Result<Accumulator, FederationError>> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| desk.work())).collect();
            workers.into_iter().map(|w| w.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        });
        let mut sum = Accumulator::new(parameters.clone());
        for part in parts {
            sum.merge(&part?)?;
        }
        let mut noise = Streams::new(self.config.seed, round, 0).noise("central");
        Ok(sum.finish(&mut noise)?)
    }
}

/// What the workers of one round share.
struct Desk<'a> {
    coordinator: Mutex<&'a mut Coordinator>,
    devices: Vec<Mutex<&'a mut VirtualDevice>>,
    next: AtomicUsize,
    invitations: &'a [Invitation],
    parameters: &'a ReleaseParameters,
    signed: Option<&'a SignedManifest>,
    seed: u64,
    round: u64,
    now: u64,
    engine: &'a dyn Engine,
    model: &'a Model,
    data: &'a Dataset,
}

impl Desk<'_> {
    fn work(&self) -> Result<Accumulator, FederationError> {
        let mut sum = Accumulator::new(self.parameters.clone());
        loop {
            let i = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(&(user, nonce)) = self.invitations.get(i) else { return Ok(sum) };
            let around = Surroundings {
                now: self.now,
                seed: self.seed,
                engine: self.engine,
                model: self.model,
                examples: &self.data.train[user].examples,
            };
            let mut device = lock(&self.devices[i]);
            match self.signed {
                Some(signed) => {
                    let (header, release) = device.take_part(&around, signed, nonce)?;
                    let reply = self.receive(device.id, &header, &release, &mut sum)?;
                    device.answered(&around, Ok(reply));
                }
                None => self.contribute_openly(&around, user, device.id, &mut sum)?,
            }
        }
    }

    /// A round without noise: no manifest can express it and no device's session would accept it,
    /// so the simulator asks the release code directly.
    fn contribute_openly(
        &self,
        around: &Surroundings<'_>,
        user: usize,
        device: DeviceId,
        sum: &mut Accumulator,
    ) -> Result<(), FederationError> {
        let streams = Streams::new(self.seed, self.round, user as u64 + 1);
        let share = self.parameters.draw_noise(&mut streams.noise("none")).map_err(LocalRoundError::from)?;
        let training = &self.data.recipe.training;
        let update = contribute(self.engine, self.model, around.examples, training, streams.order())?;
        let released =
            release(update, self.parameters, share, &mut streams.rounding()).map_err(LocalRoundError::from)?;
        sum.fold_release(&released)?;
        // Nobody asks for a receipt, so nobody needs its digest.
        lock(&self.coordinator).reported(device, ContentHash([0; 32]));
        Ok(())
    }

    /// The aggregator's side of one upload: admission, the sum, the receipt.
    fn receive(
        &self,
        device: DeviceId,
        header: &Upload,
        release: &Release,
        sum: &mut Accumulator,
    ) -> Result<UploadReply, FederationError> {
        lock(&self.coordinator).admit(self.now, &device, header).map_err(FederationError::Refused)?;
        sum.fold_release(release)?;
        lock(&self.coordinator).reported(device, header.sha256);
        Ok(UploadReply::Receipt { round: header.round, sha256: header.sha256, duplicate: false })
    }
}

/// The invited devices, in the order of the invitations.
fn claim<'d>(devices: &'d mut [VirtualDevice], invitations: &[Invitation]) -> Vec<Mutex<&'d mut VirtualDevice>> {
    let mut all: Vec<Option<&'d mut VirtualDevice>> = devices.iter_mut().map(Some).collect();
    invitations.iter().filter_map(|&(user, _)| all[user].take()).map(Mutex::new).collect()
}

/// A poisoned lock means that another worker has panicked, which ends the run anyway.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn number(device: &DeviceId) -> usize {
    let mut first = [0; 8];
    first.copy_from_slice(&device.0[..8]);
    u64::from_be_bytes(first) as usize
}

fn seed_bytes(seed: u64, purpose: &[u8]) -> [u8; 32] {
    ContentHash::of(&[b"silhouette/simulation/seed\0", purpose, &seed.to_le_bytes()].concat()).0
}
