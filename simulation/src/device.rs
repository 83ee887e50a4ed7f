//! A virtual device: the production session without a network.

use std::sync::Arc;

use ed25519_dalek::{SigningKey, VerifyingKey};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};
use silhouette_client::{Draws, Work, local_round};
use silhouette_model::{Engine, Examples, Model};
use silhouette_privacy::noise::simulation::StreamKey;
use silhouette_privacy::secagg::{Entropy, Identity, MaskedVector, endorse};
use silhouette_privacy::{Account, Charge, Mode, Release, Rounding};
use silhouette_round::{Action, Conditions, History, Input, Policy, Refusal, Session, Verified};
use silhouette_wire::message::{SecaggReply, SecaggRequest};
use silhouette_wire::{DeviceId, Nonce, QueryKind, TaskId};

use crate::config::Attack;
use crate::federation::FederationError;
use crate::past::Past;

pub use poison::PoisonError;

mod poison;

/// Randomness of one device in one round, each purpose its own stream.
pub(crate) struct Streams {
    seed: [u8; 32],
    round: u64,
    device: u64,
}

impl Streams {
    pub(crate) fn new(seed: u64, round: u64, device: u64) -> Self {
        Self { seed: seed_of(seed), round, device }
    }

    pub(crate) fn noise(&self, purpose: &str) -> silhouette_privacy::noise::simulation::SeededNoise {
        StreamKey::dangerous_for_simulation_only(self.seed, self.round, self.device, purpose).noise()
    }

    fn bytes(&self, purpose: &str) -> [u8; 32] {
        Sha256::new()
            .chain_update(self.seed)
            .chain_update(self.round.to_le_bytes())
            .chain_update(self.device.to_le_bytes())
            .chain_update(purpose.as_bytes())
            .finalize()
            .into()
    }

    /// The order in which devices come.
    pub(crate) fn arrival(&self) -> ChaCha20Rng {
        ChaCha20Rng::from_seed(self.bytes("arrival"))
    }

    pub(crate) fn rounding(&self) -> Rounding {
        Rounding::seeded(self.bytes("rounding"))
    }

    pub(crate) fn order(&self) -> u64 {
        let bytes = self.bytes("order");
        u64::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]])
    }
}

fn seed_of(seed: u64) -> [u8; 32] {
    Sha256::new().chain_update(b"silhouette/simulation/1\0").chain_update(seed.to_le_bytes()).finalize().into()
}

/// What a virtual device has for the aggregator.
pub(crate) enum Outward {
    /// A request of a masked round.
    Mask { request: Box<SecaggRequest>, vector: Option<MaskedVector> },
    /// The release itself, for an aggregator in the same process.
    Release(Release),
    /// Nothing more in this round.
    Done,
}

/// What all devices of a run have in common.
pub(crate) struct Kind {
    pub(crate) task: TaskId,
    pub(crate) owner: VerifyingKey,
    /// Rho a device may spend.
    pub(crate) cap: f64,
    /// Who endorsed the devices, in the active mode, and the seed of their long-term keys.
    pub(crate) authority: Option<SigningKey>,
    pub(crate) seed: u64,
}

impl Kind {
    /// What device `number` signs in the active mode: its long-term key, endorsed.
    pub(crate) fn identity(&self, number: usize) -> Option<Identity> {
        let authority = self.authority.as_ref()?;
        let key = SigningKey::from_bytes(&Streams::new(self.seed, 0, number as u64 + 1).bytes("identity"));
        let endorsement = endorse(authority, &self.task, &key.verifying_key());
        Some(Identity::new(key, endorsement, authority.verifying_key()))
    }
}

/// A device of the simulation, for one round.
pub(crate) struct VirtualDevice {
    pub(crate) id: DeviceId,
    number: u64,
    session: Session,
    history: History,
    attack: Option<Attack>,
}

/// The id of device `number`.
pub(crate) fn id_of(number: usize) -> DeviceId {
    let mut id = [0; 32];
    id[..8].copy_from_slice(&(number as u64).to_be_bytes());
    DeviceId(id)
}

/// What a virtual device needs of its surroundings in one round.
pub(crate) struct Surroundings<'a> {
    pub(crate) now: u64,
    pub(crate) seed: u64,
    pub(crate) engine: &'a dyn Engine,
    pub(crate) model: &'a Model,
    pub(crate) examples: &'a Examples,
    /// Whether releases are handed over as they are: without announcing them, and in masked rounds without masks,
    /// which cancel in the sum.
    pub(crate) in_process: bool,
}

/// Its person agreed, it is charging.
const WILLING: Conditions = Conditions { consent: true, fit_to_train: true };

impl VirtualDevice {
    pub(crate) fn new(number: usize, kind: &Kind, past: Past, attack: Option<Attack>) -> Self {
        // The simulator stands for every device's owner: any noise is accepted, nothing weaker.
        let policy = Policy {
            weakest_mode: Mode::Central,
            min_corrupt_fraction: 0.0,
            min_noise_multiplier: 1e-6,
            min_reports: 1,
            max_delta: 1.0,
            max_epochs: 1000,
            ..Policy::default()
        };
        let mut account = Account::new(kind.cap, kind.cap);
        if let Some(spent) = past.spent() {
            account.record(&kind.task, spent);
        }
        let (last_round, participations) = (past.last_round(), past.participations());
        Self {
            id: id_of(number),
            number: number as u64,
            session: Session::new(kind.task.clone(), kind.owner, policy).with_identity(kind.identity(number)),
            history: History { last_round, participations, account },
            attack,
        }
    }

    /// What is to be kept of it.
    pub(crate) fn past(&self) -> Past {
        let History { last_round, participations, ref account } = self.history;
        Past::new(account.billionths_spent_on_all(), last_round, participations)
    }

    /// One round from the check-in to the first thing that leaves; the session decides, this only
    /// carries out.
    pub(crate) fn begin(
        &mut self,
        around: &Surroundings<'_>,
        verified: &Arc<Verified>,
        nonce: Nonce,
    ) -> Result<Outward, FederationError> {
        self.step(around, Input::Tick);
        let actions = self.step(around, Input::Verified(Arc::clone(verified), nonce));
        self.carry_on(around, actions)
    }

    /// The aggregator's answer in a masked round.
    pub(crate) fn masked(&mut self, around: &Surroundings<'_>, reply: SecaggReply) -> Result<Outward, FederationError> {
        let actions = self.step(around, Input::Masked(reply));
        self.carry_on(around, actions)
    }

    /// A round from the check-in to the charge, for a device whose update never counts: it came too late, or vanished
    /// while it sent. The session decides as for any other; what it would have trained is left out, since nobody sees
    /// it, and its ledger is charged what the round's terms cost.
    pub(crate) fn begin_in_vain(
        &mut self,
        now: u64,
        examples: usize,
        verified: &Arc<Verified>,
    ) -> Result<(), FederationError> {
        // Nothing is uploaded, so no nonce is.
        let inputs = [Input::Tick, Input::Verified(Arc::clone(verified), Nonce([0; 16])), Input::ModelReady];
        let mut actions = Vec::new();
        for input in inputs {
            actions = self.session.step(now, input, &self.history, examples, WILLING);
        }
        match actions.drain(..).next() {
            Some(Action::Train { manifest, parameters }) => {
                let charge = Charge::of(parameters.rho()).map_err(|e| FederationError::Device(e.into()))?;
                self.pay(&manifest.task, manifest.query, manifest.round, charge)
            }
            Some(Action::Declined(refusal)) => Err(FederationError::Device(refusal)),
            _ => Err(FederationError::Device(Refusal::Device("the session stopped".into()))),
        }
    }

    /// Its ledger is charged.
    fn pay(&mut self, task: &TaskId, query: QueryKind, round: u64, charge: Charge) -> Result<(), FederationError> {
        self.history.account.charge(task, charge).map_err(|e| FederationError::Device(e.into()))?;
        self.history.last_round = round;
        self.history.participations.add(query);
        Ok(())
    }

    fn carry_on(&mut self, around: &Surroundings<'_>, mut actions: Vec<Action>) -> Result<Outward, FederationError> {
        loop {
            let Some(action) = actions.drain(..).next() else {
                return Err(FederationError::Device(Refusal::Device("the session stopped".into())));
            };
            let input = match action {
                Action::Fetch(_) => Input::ModelReady,
                Action::Train { manifest, parameters } => {
                    let work = Work {
                        engine: around.engine,
                        model: around.model,
                        examples: around.examples,
                        manifest: &manifest,
                        parameters: &parameters,
                    };
                    Input::Released(self.release(around, &work)?)
                }
                Action::Charge { task, query, round, charge, .. } => {
                    self.pay(&task, query, round, charge)?;
                    if around.in_process {
                        let release = self.session.dangerous_unmasked_release_for_simulation_only(around.now);
                        let gone = || FederationError::Device(Refusal::Device("the release is gone".into()));
                        return release.map(Outward::Release).ok_or_else(gone);
                    }
                    Input::Charged
                }
                Action::DrawEntropy => {
                    let streams = Streams::new(around.seed, self.history.last_round, self.number + 1);
                    Input::Entropy(Box::new(Entropy::dangerous_for_simulation_only(streams.bytes("masks"))))
                }
                Action::Mask { request, vector } => return Ok(Outward::Mask { request, vector }),
                Action::Took { .. } => return Ok(Outward::Done),
                Action::Declined(refusal) => return Err(FederationError::Device(refusal)),
                _ => return Err(FederationError::Device(Refusal::Device("an unexpected action".into()))),
            };
            actions = self.step(around, input);
        }
    }

    /// What it sends: a release of its update, or what its attack says.
    fn release(&self, around: &Surroundings<'_>, work: &Work<'_>) -> Result<Release, FederationError> {
        let (round, device) = (work.manifest.round, self.number + 1);
        match self.attack {
            None => Ok(local_round(work, Draws::dangerous_for_simulation_only(seed_of(around.seed), round, device))?),
            Some(attack) => Ok(poison::poisoned(attack, work, &Streams::new(around.seed, round, device))?),
        }
    }

    fn step(&mut self, around: &Surroundings<'_>, input: Input) -> Vec<Action> {
        self.session.step(around.now, input, &self.history, around.examples.len(), WILLING)
    }
}

#[cfg(test)]
mod tests;
