//! What several test modules start from: a task owner, terms, and devices with a session each.

use ed25519_dalek::SigningKey;
use silhouette_privacy::noise::OpenDpNoise;
use silhouette_privacy::secagg::{Identity, endorse};
use silhouette_privacy::{Account, Mode, Private, Release, ReleaseParameters, Rounding, release};
use silhouette_wire::manifest::{LocalTraining, Manifest, QueryKind, SignedManifest, SignedTask, TaskTerms};
use silhouette_wire::message::CheckInReply;
use silhouette_wire::{ContentHash, DeviceId, Nonce, TaskId};

use crate::{Action, Conditions, History, Input, Millis, Policy, Session, Terms};

pub(crate) const WILLING: Conditions = Conditions { consent: true, fit_to_train: true };

pub(crate) fn owner() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

pub(crate) fn task() -> TaskId {
    "reviews".parse().unwrap()
}

/// A round of `cohort` devices, of whom `min_reports` must report, over five numbers.
pub(crate) fn manifest(mode: Mode, round: u64, cohort: u32, min_reports: u32) -> Manifest {
    let terms = Terms {
        task: task(),
        query: QueryKind::Train,
        layout: ContentHash::of(b"layout"),
        parameters: ReleaseParameters::new(mode, 5, 1.0, 2.0, cohort, min_reports).unwrap(),
        delta: 1e-6,
        max_participations: 100,
        min_separation: 1,
        deadline: 10_000,
        held_out: 0,
        training: LocalTraining { epochs: 1, batch: 1, learning_rate: 0.1, proximal_mu: 0.0, shuffled: true },
    };
    terms.manifest(round, ContentHash::of(b"model"), 3)
}

pub(crate) fn signed(manifest: &Manifest) -> SignedManifest {
    SignedManifest::sign(manifest, &owner()).unwrap()
}

/// The authority that endorses identities.
pub(crate) fn endorser() -> SigningKey {
    SigningKey::from_bytes(&[8; 32])
}

/// Terms whose owner named the endorser: a masked round runs in the active mode.
pub(crate) fn signed_active(manifest: &Manifest) -> SignedManifest {
    let endorser = endorser().verifying_key().to_bytes();
    let terms = TaskTerms::up_to(manifest, owner().verifying_key().to_bytes(), Some(endorser));
    SignedManifest::sign_round(manifest, &SignedTask::sign(&terms, &owner()).unwrap(), &owner()).unwrap()
}

/// The identity of device `number`, endorsed by `authority`.
pub(crate) fn identity(number: u8, authority: &SigningKey) -> Identity {
    let key = SigningKey::from_bytes(&[number; 32]);
    let endorsement = endorse(authority, &task(), &key.verifying_key());
    Identity::new(key, endorsement, authority.verifying_key())
}

/// A device that trains by saying what it is told, and keeps its books in memory.
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    pub(crate) session: Session,
    pub(crate) history: History,
    pub(crate) update: Vec<f32>,
    /// The masked vector to send next.
    pub(crate) vector: Option<Vec<u8>>,
    /// Everything that it did, by name.
    pub(crate) log: Vec<&'static str>,
}

/// The default, of a person who trusts the aggregator too.
pub(crate) fn policy() -> Policy {
    Policy { weakest_mode: Mode::Central, ..Policy::default() }
}

impl Device {
    pub(crate) fn new(number: u8, update: Vec<f32>) -> Self {
        Self {
            id: DeviceId([number; 32]),
            session: Session::new(task(), owner().verifying_key(), policy()),
            history: History { account: Account::new(100.0, 100.0), ..History::default() },
            update,
            vector: None,
            log: Vec::new(),
        }
    }

    /// With an identity that `authority` endorsed.
    pub(crate) fn endorsed_by(mut self, authority: &SigningKey) -> Self {
        let identity = identity(self.id.0[0], authority);
        self.session = Session::new(task(), owner().verifying_key(), policy()).with_identity(Some(identity));
        self
    }

    pub(crate) fn step(&mut self, now: Millis, input: Input) -> Vec<Action> {
        self.session.step(now, input, &self.history, 3, WILLING)
    }

    /// The body that goes with the next request.
    pub(crate) fn body(&mut self) -> Vec<u8> {
        self.vector.take().unwrap_or_default()
    }

    fn released(&self, parameters: &ReleaseParameters) -> Release {
        let noise = parameters.draw_noise(&mut OpenDpNoise::new()).unwrap();
        let mut rounding = Rounding::seeded([self.id.0[0]; 32]);
        release(Private::new(self.update.clone()), parameters, noise, &mut rounding).unwrap()
    }

    /// From a check-in to the first action that needs the aggregator, or that says the round is over.
    pub(crate) fn work(&mut self, now: Millis, signed: &SignedManifest, nonce: Nonce) -> Action {
        assert!(matches!(self.step(now, Input::Tick).remove(0), Action::CheckIn { .. }));
        let reply = CheckInReply::Assigned { manifest: signed.clone(), nonce };
        let action = self.step(now, Input::Reply(reply, 0.0)).remove(0);
        self.carry_on(now, action)
    }

    /// Carries out what a device does by itself.
    pub(crate) fn carry_on(&mut self, now: Millis, mut action: Action) -> Action {
        loop {
            let input = match action {
                Action::Fetch(_) => {
                    self.log.push("fetch");
                    Input::ModelReady
                }
                Action::Train { parameters, .. } => {
                    self.log.push("train");
                    Input::Released(self.released(&parameters))
                }
                Action::Charge { round, charge, .. } => {
                    self.log.push("charge");
                    self.history.account.charge(&task(), charge).unwrap();
                    self.history.last_round = round;
                    self.history.participations.add(QueryKind::Train);
                    Input::Charged
                }
                Action::DrawEntropy => Input::Entropy(Box::new(
                    silhouette_privacy::secagg::Entropy::dangerous_for_simulation_only([self.id.0[0]; 32]),
                )),
                outward => return outward,
            };
            action = self.step(now, input).remove(0);
        }
    }
}
