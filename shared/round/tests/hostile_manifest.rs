//! An aggregator that asks for more than a device gives: each is refused before anything is fetched,
//! trained, charged or sent.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use ed25519_dalek::SigningKey;
use silhouette_privacy::{Account, Charge, Mode, ReleaseParameters};
use silhouette_round::{Action, Conditions, History, Input, Participations, Policy, Refusal, Session};
use silhouette_wire::defaults::PROTOCOL_VERSION;
use silhouette_wire::manifest::{Correlation, LocalTraining, Manifest, QueryKind, SignedManifest};
use silhouette_wire::{CheckInReply, ContentHash, Extensions, Nonce, TaskId};

const READY: Conditions = Conditions { consent: true, fit_to_train: true };

fn owner() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

fn task() -> TaskId {
    "reviews".parse().unwrap()
}

/// Terms that the strict policy below just accepts.
fn manifest() -> Manifest {
    let p = ReleaseParameters::new(Mode::Local, 100, 1.0, 2.0, 10, 5).unwrap();
    Manifest {
        protocol: PROTOCOL_VERSION,
        task: task(),
        round: 6,
        query: QueryKind::Train,
        mode: Mode::Local,
        model: ContentHash([1; 32]),
        layout: ContentHash([2; 32]),
        dimension: 100,
        clip: p.clip(),
        adaptive_clip: None,
        noise_multiplier: p.noise_multiplier(),
        correlation: Correlation::Independent,
        clip_units: p.clip_units(),
        modulus_bits: p.modulus_bits(),
        cohort: 10,
        min_reports: 5,
        corrupt_fraction: 0.0,
        rho: p.rho(),
        delta: 1e-6,
        max_participations: 4,
        min_separation: 2,
        deadline_ms: 60_000,
        held_out: 0,
        training: LocalTraining { epochs: 2, batch: 8, learning_rate: 0.1, proximal_mu: 0.0, shuffled: true },
        seed: 1,
        extensions: Extensions::default(),
    }
}

/// The same with another noise, and the charge that follows from it.
fn with_noise(mode: Mode, z: f64) -> Manifest {
    let p = ReleaseParameters::new(mode, 100, 1.0, z, 10, 5).unwrap();
    Manifest { mode, noise_multiplier: z, modulus_bits: p.modulus_bits(), rho: p.rho(), ..manifest() }
}

fn policy() -> Policy {
    Policy {
        weakest_mode: Mode::Local,
        min_corrupt_fraction: 0.1,
        require_active_mode: false,
        min_noise_multiplier: 2.0,
        min_reports: 5,
        max_clip: 1.0,
        max_delta: 1e-6,
        allowed_queries: vec![QueryKind::Train, QueryKind::LabelCounts],
        min_examples: 3,
        max_epochs: 2,
    }
}

/// Took part twice, in round 4 last; one more charge of 1/8 fits, two do not.
fn history() -> History {
    let mut account = Account::new(0.4, 1.0);
    for _ in 0..2 {
        account.charge(&task(), Charge::of(0.125).unwrap()).unwrap();
    }
    History { last_round: 4, participations: Participations::in_training(2), account }
}

struct Device {
    policy: Policy,
    history: History,
    examples: usize,
    conditions: Conditions,
}

impl Default for Device {
    fn default() -> Self {
        Self { policy: policy(), history: history(), examples: 3, conditions: READY }
    }
}

impl Device {
    /// What the session does with these terms, signed by `key`.
    fn answer(&self, manifest: &Manifest, key: &SigningKey) -> Vec<Action> {
        let mut session = Session::new(task(), owner().verifying_key(), self.policy.clone());
        let mut step = |input| session.step(0, input, &self.history, self.examples, self.conditions);
        assert!(matches!(step(Input::Tick)[..], [Action::CheckIn { .. }]));
        let manifest = SignedManifest::sign(manifest, key).unwrap();
        step(Input::Reply(CheckInReply::Assigned { manifest, nonce: Nonce([1; 16]) }, 0.0))
    }

    /// The objection: the one thing that happens besides going back to rest.
    fn refuses(&self, manifest: &Manifest) -> Refusal {
        match &self.answer(manifest, &owner())[..] {
            [Action::Declined(refusal), Action::Rest(_)] => refusal.clone(),
            _ => panic!("the terms were not declined"),
        }
    }
}

fn refused(change: impl FnOnce(&mut Manifest)) -> Refusal {
    let mut manifest = manifest();
    change(&mut manifest);
    Device::default().refuses(&manifest)
}

fn policy_field(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Policy { field, .. } => field,
        other => panic!("{other}"),
    }
}

#[test]
fn good_terms_are_accepted() {
    // Without this the refusals below would prove nothing.
    let actions = Device::default().answer(&manifest(), &owner());
    assert!(matches!(actions[..], [Action::Fetch(model)] if model == ContentHash([1; 32])));
}

#[test]
fn terms_of_another_owner_are_refused() {
    let stranger = SigningKey::from_bytes(&[4; 32]);
    let actions = Device::default().answer(&manifest(), &stranger);
    assert!(matches!(actions[..], [Action::Declined(Refusal::Signature(_)), Action::Rest(_)]));
}

#[test]
fn a_replayed_round_is_refused() {
    for round in [1, 3, 4] {
        assert_eq!(refused(|m| m.round = round), Refusal::Replay { last: 4, found: round });
    }
}

#[test]
fn another_task_is_refused() {
    let found: TaskId = "other".parse().unwrap();
    assert_eq!(refused(|m| m.task = found.clone()), Refusal::Task { expected: task(), found });
}

#[test]
fn a_downgrade_is_refused_by_its_field() {
    let device = Device::default();
    assert_eq!(policy_field(device.refuses(&with_noise(Mode::Central, 2.0))), "mode");
    assert_eq!(policy_field(refused(|m| m.mode = Mode::Distributed)), "mode");
    assert_eq!(policy_field(device.refuses(&with_noise(Mode::Local, 1.999))), "noise_multiplier");
    assert_eq!(policy_field(device.refuses(&with_noise(Mode::Local, 0.01))), "noise_multiplier");
    assert_eq!(policy_field(refused(|m| m.min_reports = 4)), "min_reports");
    assert_eq!(policy_field(refused(|m| m.clip = 1.001)), "clip");
    assert_eq!(policy_field(refused(|m| m.delta = 2e-6)), "delta");
    assert_eq!(policy_field(refused(|m| m.delta = 0.999_999)), "delta");
    assert_eq!(policy_field(refused(|m| m.training.epochs = 3)), "epochs");
}

#[test]
fn a_masked_round_that_counts_on_the_noise_of_all_its_devices_is_refused() {
    let device = Device {
        policy: Policy { weakest_mode: Mode::Distributed, min_corrupt_fraction: 0.1, ..policy() },
        ..Device::default()
    };
    // Everything else follows from gamma, as a device recomputes it.
    let with_gamma = |gamma| {
        let p = ReleaseParameters::new(Mode::Distributed, 100, 1.0, 2.0, 10, 8).unwrap();
        let p = p.with_corrupt_fraction(gamma).unwrap();
        let (corrupt_fraction, clip_units) = (p.corrupt_fraction(), p.clip_units());
        Manifest { corrupt_fraction, clip_units, cohort: 10, min_reports: 8, ..with_noise(Mode::Distributed, 2.0) }
    };
    for gamma in [0.0, 0.099] {
        assert_eq!(policy_field(device.refuses(&with_gamma(gamma))), "corrupt_fraction", "{gamma}");
    }
    assert!(matches!(device.answer(&with_gamma(0.1), &owner())[..], [Action::Fetch(_)]));
}

#[test]
fn a_charge_that_does_not_follow_from_the_noise_is_refused() {
    for rho in [0.125 * (1.0 - 1e-6), 0.125 * (1.0 + 1e-6), 1e-9, 1.0] {
        assert!(matches!(refused(|m| m.rho = rho), Refusal::Rho { found, .. } if found == rho));
    }
}

#[test]
fn a_spent_budget_and_the_limits_of_participation_are_kept() {
    let with = |change: fn(&mut History)| {
        let mut device = Device::default();
        change(&mut device.history);
        device.refuses(&manifest())
    };
    assert!(matches!(with(|h| h.account.record(&task(), Charge::of(0.1).unwrap())), Refusal::Budget(_)));
    assert_eq!(
        with(|h| h.participations = Participations::in_training(4)),
        Refusal::Participations { query: QueryKind::Train, most: 4, found: 4 }
    );
    assert_eq!(with(|h| h.last_round = 5), Refusal::Separation { least: 2, found: 1 });
}

#[test]
fn a_kind_of_query_that_the_policy_does_not_name_is_refused() {
    let of_kind = |query| {
        let training = LocalTraining { epochs: 0, batch: 0, learning_rate: 0.0, proximal_mu: 0.0, shuffled: false };
        Manifest { query, held_out: 20, training, ..manifest() }
    };
    let device = Device::default();
    let refusal = device.refuses(&of_kind(QueryKind::Evaluate));
    assert_eq!(
        refusal.to_string(),
        "query: the policy asks for one of: train, label_counts, the manifest offers evaluate"
    );
    assert!(matches!(device.answer(&of_kind(QueryKind::LabelCounts), &owner())[..], [Action::Fetch(_)]));
    // Participations are counted kind by kind: four in training leave the others free.
    let mut tired = Device::default();
    tired.history.participations = Participations::in_training(4);
    assert!(matches!(tired.answer(&of_kind(QueryKind::LabelCounts), &owner())[..], [Action::Fetch(_)]));
    (0..4).for_each(|_| tired.history.participations.add(QueryKind::LabelCounts));
    let refusal = tired.refuses(&of_kind(QueryKind::LabelCounts));
    assert_eq!(refusal, Refusal::Participations { query: QueryKind::LabelCounts, most: 4, found: 4 });
    // One budget for all kinds: what training left decides.
    let mut poor = Device::default();
    poor.history.account.record(&task(), Charge::of(0.1).unwrap());
    assert!(matches!(poor.refuses(&of_kind(QueryKind::LabelCounts)), Refusal::Budget(_)));
}

#[test]
fn without_consent_texts_or_power_nothing_is_done() {
    let with = |change: fn(&mut Device)| {
        let mut device = Device::default();
        change(&mut device);
        device.refuses(&manifest())
    };
    assert_eq!(with(|d| d.conditions.consent = false), Refusal::Consent);
    assert_eq!(with(|d| d.conditions.fit_to_train = false), Refusal::Conditions);
    assert_eq!(with(|d| d.examples = 2), Refusal::Examples { least: 3 });
}
