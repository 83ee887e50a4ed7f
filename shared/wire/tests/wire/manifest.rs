use ed25519_dalek::SigningKey;
use silhouette_wire::{
    AdaptiveClip, ContentHash, Correlation, Extension, Extensions, Manifest, ManifestError, Mode, QueryKind,
    SignedManifest, SignedTask, TaskTerms,
    bounded::Bytes,
    manifest::{SignError, VerifyError},
};

use crate::samples::{key, manifest};

/// The aggregator's key, which the owner named.
fn round_key() -> SigningKey {
    SigningKey::from_bytes(&[6; 32])
}

/// What the owner allows: the rounds up to the manifest's, signed by the aggregator's key.
fn terms() -> TaskTerms {
    TaskTerms::up_to(&manifest(), round_key().verifying_key().to_bytes(), None)
}

#[test]
fn the_aggregator_chooses_round_model_and_seed_alone() {
    let task = SignedTask::sign(&terms(), &key()).unwrap();
    let judge = |change: &dyn Fn(&mut Manifest)| {
        let mut round = manifest();
        change(&mut round);
        let signed = SignedManifest::sign_round(&round, &task, &round_key()).unwrap();
        let read = signed.verify_with_task(&key().verifying_key());
        read.map(|read| assert_eq!(read, (terms(), round))).map_err(|error| match error {
            VerifyError::NotAllowed(error) => error.field,
            other => panic!("{other}"),
        })
    };
    assert_eq!(judge(&|_| ()), Ok(()));
    assert_eq!(judge(&|m| m.round -= 1), Ok(()));
    assert_eq!(judge(&|m| m.model = ContentHash([8; 32])), Ok(()));
    assert_eq!(judge(&|m| m.seed += 1), Ok(()));
    assert_eq!(judge(&|m| m.round += 1), Err("round"));
    assert_eq!(judge(&|m| m.mode = if m.mode == Mode::Central { Mode::Local } else { Mode::Central }), Err("mode"));
    assert_eq!(judge(&|m| m.layout = ContentHash([8; 32])), Err("layout"));
    assert_eq!(judge(&|m| m.dimension += 1), Err("dimension"));
    assert_eq!(judge(&|m| m.clip *= 2.0), Err("clip"));
    assert_eq!(judge(&|m| m.noise_multiplier *= 0.5), Err("noise_multiplier"));
    assert_eq!(judge(&|m| m.clip_units += 1), Err("clip_units"));
    assert_eq!(judge(&|m| m.modulus_bits = if m.modulus_bits == 16 { 24 } else { 16 }), Err("modulus_bits"));
    assert_eq!(judge(&|m| m.cohort += 1), Err("cohort"));
    assert_eq!(judge(&|m| m.min_reports -= 1), Err("min_reports"));
    assert_eq!(judge(&|m| m.corrupt_fraction = 0.0), Err("corrupt_fraction"));
    assert_eq!(judge(&|m| m.rho *= 0.5), Err("rho"));
    assert_eq!(judge(&|m| m.delta *= 2.0), Err("delta"));
    assert_eq!(judge(&|m| m.max_participations += 1), Err("max_participations"));
    assert_eq!(judge(&|m| m.min_separation += 1), Err("min_separation"));
    assert_eq!(judge(&|m| m.deadline_ms += 1), Err("deadline_ms"));
    assert_eq!(judge(&|m| m.training.epochs += 1), Err("training"));
}

#[test]
fn a_key_that_the_owner_did_not_name_signs_no_round() {
    let task = SignedTask::sign(&terms(), &key()).unwrap();
    // Not even the owner's own, when it named another.
    for stranger in [key(), SigningKey::from_bytes(&[9; 32])] {
        let signed = SignedManifest::sign_round(&manifest(), &task, &stranger).unwrap();
        assert_eq!(signed.verify(&key().verifying_key()), Err(VerifyError::RoundSignature));
    }
    // A round signed for one task's terms is none of another's, though both allow it.
    let other =
        SignedTask::sign(&TaskTerms { endorser: Some(key().verifying_key().to_bytes()), ..terms() }, &key()).unwrap();
    let signed = postcard::to_stdvec(&SignedManifest::sign_round(&manifest(), &task, &round_key()).unwrap()).unwrap();
    let tail = &signed[postcard::to_stdvec(&task).unwrap().len()..];
    let moved = [postcard::to_stdvec(&other).unwrap(), tail.to_vec()].concat();
    let moved: SignedManifest = postcard::from_bytes(&moved).unwrap();
    assert_eq!(moved.verify(&key().verifying_key()), Err(VerifyError::RoundSignature));
}

#[test]
fn a_signed_task_survives_taking_apart() {
    let task = SignedTask::sign(&terms(), &key()).unwrap();
    let (bytes, signature) = task.parts();
    let again = SignedTask::from_parts(bytes, signature).unwrap();
    assert_eq!((&again, again.verify(&key().verifying_key())), (&task, Ok(terms())));
    assert!(SignedTask::from_parts(&[0; 5000], signature).is_err());
    let mut bytes = bytes.to_vec();
    bytes[3] ^= 1;
    let changed = SignedTask::from_parts(&bytes, signature).unwrap();
    assert_eq!(changed.verify(&key().verifying_key()), Err(VerifyError::Signature));
}

#[test]
fn signed_and_verified() {
    let signed = SignedManifest::sign(&manifest(), &key()).unwrap();
    assert_eq!(signed.verify(&key().verifying_key()), Ok(manifest()));
}

#[test]
fn another_owner_is_refused() {
    let other = SigningKey::from_bytes(&[8; 32]);
    let signed = SignedManifest::sign(&manifest(), &other).unwrap();
    assert_eq!(signed.verify(&key().verifying_key()), Err(VerifyError::Signature));
}

#[test]
fn every_changed_byte_is_noticed() {
    let signed = SignedManifest::sign(&manifest(), &key()).unwrap();
    let bytes = postcard::to_stdvec(&signed).unwrap();
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        // A changed length is no manifest at all.
        let Ok(changed) = postcard::from_bytes::<SignedManifest>(&changed) else { continue };
        let refused = changed.verify(&key().verifying_key());
        assert!(matches!(refused, Err(VerifyError::Signature | VerifyError::RoundSignature)), "{place}: {refused:?}");
    }
}

#[test]
fn signature_over_the_bare_bytes_is_refused() {
    use ed25519_dalek::Signer;
    let signed = |bytes: Vec<u8>| {
        let signature = key().sign(&bytes).to_bytes();
        let mut signed = postcard::to_stdvec(&Bytes::<4096>::new(bytes).unwrap()).unwrap();
        signed.extend(signature);
        signed
    };
    let bare_task = signed(postcard::to_stdvec(&terms()).unwrap());
    let bare_round = signed(postcard::to_stdvec(&manifest()).unwrap());
    let good_task = postcard::to_stdvec(&SignedTask::sign(&terms(), &key()).unwrap()).unwrap();
    let verified = |task: Vec<u8>| {
        let forged: SignedManifest = postcard::from_bytes(&[task, bare_round.clone()].concat()).unwrap();
        forged.verify(&key().verifying_key())
    };
    assert_eq!(verified(bare_task), Err(VerifyError::Signature));
    assert_eq!(verified(good_task), Err(VerifyError::RoundSignature));
}

#[test]
fn weak_key_is_refused() {
    // The identity point signs everything for everybody unless verification is strict.
    let mut identity = [0; 32];
    identity[0] = 1;
    let weak = ed25519_dalek::VerifyingKey::from_bytes(&identity).unwrap();
    let forge = |mut bytes: Vec<u8>| {
        let start = bytes.len() - 64;
        bytes[start..].fill(0);
        bytes[start] = 1;
        bytes
    };
    let task = forge(postcard::to_stdvec(&SignedTask::sign(&terms(), &key()).unwrap()).unwrap());
    let task: SignedTask = postcard::from_bytes(&task).unwrap();
    assert_eq!(task.verify(&weak), Err(VerifyError::Signature));
    // Nor does an owner sign it, or what is no key, as the key of rounds or of endorsements.
    for key_bytes in [identity, [2; 32]] {
        let named = |terms: TaskTerms| match SignedTask::sign(&terms, &key()) {
            Err(SignError::Field(error)) => error.field,
            other => panic!("{other:?}"),
        };
        assert_eq!(named(TaskTerms { round_key: key_bytes, ..terms() }), "round_key");
        assert_eq!(named(TaskTerms { endorser: Some(key_bytes), ..terms() }), "endorser");
    }
}

#[test]
fn unknown_critical_extension_is_refused() {
    let item = |critical| Extension { id: 5, critical, bytes: Bytes::default() };
    let with = |critical| Manifest { extensions: Extensions::new(vec![item(critical)]).unwrap(), ..manifest() };
    assert!(matches!(SignedManifest::sign(&with(true), &key()), Err(SignError::Extensions(_))));
    let signed = SignedManifest::sign(&with(false), &key()).unwrap();
    assert_eq!(signed.verify(&key().verifying_key()), Ok(with(false)));
}

#[test]
fn ranges() {
    fn field(change: impl FnOnce(&mut Manifest)) -> Result<(), &'static str> {
        let mut changed = manifest();
        change(&mut changed);
        changed.validate().map_err(|error: ManifestError| error.field)
    }
    assert_eq!(field(|_| ()), Ok(()));
    assert_eq!(field(|m| m.protocol = 2), Err("protocol"));
    assert_eq!(field(|m| m.round = 0), Err("round"));
    assert_eq!(field(|m| m.dimension = 0), Err("dimension"));
    assert_eq!(field(|m| m.dimension = (1 << 24) + 1), Err("dimension"));
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(field(|m| m.clip = bad), Err("clip"));
        assert_eq!(field(|m| m.noise_multiplier = bad), Err("noise_multiplier"));
        assert_eq!(field(|m| m.rho = bad), Err("rho"));
        assert_eq!(field(|m| m.delta = bad), Err("delta"));
        assert_eq!(field(|m| m.training.learning_rate = bad), Err("training.learning_rate"));
    }
    assert_eq!(field(|m| m.delta = 1.0), Err("delta"));
    for bad in [0.0, -0.1, 1.0, f64::NAN] {
        assert_eq!(field(|m| adaptive(m).quantile = bad), Err("adaptive_clip.quantile"));
    }
    for bad in [0.0, 2.1, f64::NAN] {
        assert_eq!(field(|m| adaptive(m).learning_rate = bad), Err("adaptive_clip.learning_rate"));
    }
    // Half of the noise multiplier, 1.25: nothing would be left for the value.
    for bad in [0.0, 0.625, f64::NAN, f64::INFINITY] {
        assert_eq!(field(|m| adaptive(m).count_noise = bad), Err("adaptive_clip.count_noise"));
    }
    assert_eq!(field(|m| adaptive(m).count_noise = 0.626), Ok(()));
    assert_eq!(field(|m| m.clip_units = 0), Err("clip_units"));
    assert_eq!(field(|m| m.clip_units = 1 << 23), Err("clip_units"));
    assert_eq!(field(|m| m.modulus_bits = 20), Err("modulus_bits"));
    assert_eq!(field(|m| m.cohort = 0), Err("cohort"));
    assert_eq!(field(|m| m.min_reports = 0), Err("min_reports"));
    assert_eq!(field(|m| m.min_reports = 101), Err("min_reports"));
    assert_eq!(field(|m| m.corrupt_fraction = 1.0), Err("corrupt_fraction"));
    assert_eq!(field(|m| m.corrupt_fraction = f64::NAN), Err("corrupt_fraction"));
    assert_eq!(field(|m| m.max_participations = 0), Err("max_participations"));
    assert_eq!(field(|m| m.min_separation = 0), Err("min_separation"));
    assert_eq!(field(|m| m.deadline_ms = 0), Err("deadline_ms"));
    assert_eq!(field(|m| m.training.epochs = 0), Err("training.epochs"));
    assert_eq!(field(|m| m.training.batch = 0), Err("training.batch"));
    assert_eq!(field(|m| m.training.proximal_mu = -0.1), Err("training.proximal_mu"));
}

fn adaptive(m: &mut Manifest) -> &mut AdaptiveClip {
    m.adaptive_clip.insert(AdaptiveClip { quantile: 0.5, learning_rate: 0.2, count_noise: 5.0, largest: 9.0 })
}

#[test]
fn a_tree_of_noise_is_for_mode_central_and_one_clip() {
    let central = |rounds| Manifest { mode: Mode::Central, correlation: Correlation::Tree { rounds }, ..manifest() };
    let field = |m: Manifest| m.validate().map_err(|error: ManifestError| error.field);
    assert_eq!(field(central(3)), Ok(()));
    assert_eq!(field(central(1 << 16)), Ok(()));
    // The sample is round 3.
    assert_eq!(field(central(2)), Err("round"));
    assert_eq!(field(central(0)), Err("correlation.rounds"));
    assert_eq!(field(central((1 << 16) + 1)), Err("correlation.rounds"));
    for mode in [Mode::Local, Mode::Distributed] {
        assert_eq!(field(Manifest { mode, ..central(8) }), Err("correlation"));
    }
    let mut both = central(8);
    adaptive(&mut both);
    assert_eq!(field(both), Err("correlation"));
}

#[test]
fn the_owner_agrees_to_how_the_clip_moves() {
    let mut first = manifest();
    adaptive(&mut first);
    let terms = TaskTerms::up_to(&first, round_key().verifying_key().to_bytes(), None);
    let moved = Manifest { clip: 7.0, ..first.clone() };
    assert_eq!(terms.allows(&moved), Ok(()));
    // It starts where the owner says, and stays below what the owner says.
    assert_eq!(terms.allows(&Manifest { round: 1, ..first.clone() }), Ok(()));
    assert_eq!(terms.allows(&Manifest { round: 1, ..moved.clone() }).unwrap_err().field, "clip");
    assert_eq!(Manifest { clip: 9.1, ..moved.clone() }.validate().unwrap_err().field, "clip");
    // Where the first round counts labels, training and its clip start with the second.
    let counts = Manifest { held_out: 0, ..of_kind(QueryKind::LabelCounts) };
    let counting = terms.clone().and_up_to(&counts).unwrap();
    assert_eq!(counting.allows(&Manifest { round: 2, ..first.clone() }), Ok(()));
    assert_eq!(counting.allows(&Manifest { round: 2, ..moved.clone() }).unwrap_err().field, "clip");
    assert_eq!(terms.allows(&Manifest { round: 2, ..moved.clone() }), Ok(()));
    let mut looser = moved.clone();
    adaptive(&mut looser).largest = 90.0;
    assert_eq!(terms.allows(&looser).unwrap_err().field, "adaptive_clip");
    let mut faster = moved.clone();
    adaptive(&mut faster).learning_rate = 1.0;
    assert_eq!(terms.allows(&faster).unwrap_err().field, "adaptive_clip");
    let quieter = Manifest { noise_multiplier: 1.0, ..moved };
    assert_eq!(terms.allows(&quieter).unwrap_err().field, "noise_multiplier");
}

#[test]
fn other_kinds_need_no_training() {
    for query in [QueryKind::Evaluate, QueryKind::LabelCounts] {
        let mut other = of_kind(query);
        assert_eq!(other.validate(), Ok(()));
        other.training.learning_rate = f64::NAN;
        assert!(other.validate().is_err());
        let mut moving = of_kind(query);
        moving.noise_multiplier = 1.25;
        adaptive(&mut moving);
        assert_eq!(moving.validate().unwrap_err().field, "adaptive_clip");
    }
    // Nothing could be evaluated.
    assert_eq!(Manifest { held_out: 0, ..of_kind(QueryKind::Evaluate) }.validate().unwrap_err().field, "held_out");
    assert_eq!(Manifest { held_out: 51, ..manifest() }.validate().unwrap_err().field, "held_out");
}

/// A round of another kind, of a task that holds texts out.
fn of_kind(query: QueryKind) -> Manifest {
    let mut other = Manifest { query, held_out: 20, dimension: 5, noise_multiplier: 4.0, rho: 0.001, ..manifest() };
    (other.training.epochs, other.training.batch, other.training.learning_rate) = (0, 0, 0.0);
    other
}

#[test]
fn the_owner_signs_the_terms_of_each_kind() {
    let (train, evaluate) = (Manifest { held_out: 20, ..manifest() }, of_kind(QueryKind::Evaluate));
    let terms = TaskTerms::up_to(&train, round_key().verifying_key().to_bytes(), None).and_up_to(&evaluate).unwrap();
    let task = SignedTask::sign(&terms, &key()).unwrap();
    let judge = |round: &Manifest| {
        let signed = SignedManifest::sign_round(round, &task, &round_key()).unwrap();
        signed.verify(&key().verifying_key()).map(|read| assert_eq!(read, *round)).map_err(|error| match error {
            VerifyError::NotAllowed(error) => error.field,
            other => panic!("{other}"),
        })
    };
    assert_eq!(judge(&train), Ok(()));
    assert_eq!(judge(&evaluate), Ok(()));
    // No kind can be passed off as another, or be had at another's price.
    assert_eq!(judge(&Manifest { query: QueryKind::Evaluate, ..train.clone() }), Err("dimension"));
    assert_eq!(judge(&of_kind(QueryKind::LabelCounts)), Err("query"));
    assert_eq!(judge(&Manifest { rho: train.rho, ..evaluate.clone() }), Err("rho"));
    assert_eq!(judge(&Manifest { held_out: 10, ..train.clone() }), Err("held_out"));
    let named = |other: Manifest| {
        let both = TaskTerms::up_to(&train, round_key().verifying_key().to_bytes(), None).and_up_to(&other).unwrap();
        match SignedTask::sign(&both, &key()) {
            Err(SignError::Field(error)) => error.field,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(named(train.clone()), "query");
    assert_eq!(named(Manifest { held_out: 10, ..evaluate.clone() }), "held_out");
    assert_eq!(named(Manifest { cohort: 90, ..evaluate.clone() }), "cohort");
    assert_eq!(named(Manifest { round: 4, ..evaluate.clone() }), "round");
    assert_eq!(named(Manifest { mode: Mode::Central, ..evaluate }), "mode");
}

#[test]
fn errors_name_field_range_and_value() {
    let mut wrong = manifest();
    wrong.min_reports = 101;
    let text = wrong.validate().unwrap_err().to_string();
    assert_eq!(text, "manifest field min_reports: expected 1 to cohort, found 101");
}
