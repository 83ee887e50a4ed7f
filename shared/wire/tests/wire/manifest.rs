use silhouette_wire::{
    Extension, Extensions, Manifest, ManifestError, QueryKind, SignedManifest,
    bounded::Bytes,
    manifest::{SignError, VerifyError},
};

use crate::samples::{key, manifest};

#[test]
fn signed_and_verified() {
    let signed = SignedManifest::sign(&manifest(), &key()).unwrap();
    assert_eq!(signed.verify(&key().verifying_key()), Ok(manifest()));
}

#[test]
fn another_owner_is_refused() {
    let other = ed25519_dalek::SigningKey::from_bytes(&[8; 32]);
    let signed = SignedManifest::sign(&manifest(), &other).unwrap();
    assert_eq!(signed.verify(&key().verifying_key()), Err(VerifyError::Signature));
}

#[test]
fn every_changed_byte_is_noticed() {
    let signed = SignedManifest::sign(&manifest(), &key()).unwrap();
    let bytes = postcard::to_stdvec(&signed).unwrap();
    // The first two bytes are the length.
    for place in 2..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let changed: SignedManifest = postcard::from_bytes(&changed).unwrap();
        assert_eq!(changed.verify(&key().verifying_key()), Err(VerifyError::Signature));
    }
}

#[test]
fn signature_over_the_bare_bytes_is_refused() {
    use ed25519_dalek::Signer;
    let bytes = postcard::to_stdvec(&manifest()).unwrap();
    let signature = key().sign(&bytes).to_bytes();
    let mut forged = postcard::to_stdvec(&Bytes::<4096>::new(bytes).unwrap()).unwrap();
    forged.extend(signature);
    let forged: SignedManifest = postcard::from_bytes(&forged).unwrap();
    assert_eq!(forged.verify(&key().verifying_key()), Err(VerifyError::Signature));
}

#[test]
fn weak_key_is_refused() {
    // The identity point signs everything for everybody unless verification is strict.
    let mut identity = [0; 32];
    identity[0] = 1;
    let weak = ed25519_dalek::VerifyingKey::from_bytes(&identity).unwrap();
    let mut bytes = postcard::to_stdvec(&SignedManifest::sign(&manifest(), &key()).unwrap()).unwrap();
    let start = bytes.len() - 64;
    bytes[start..].fill(0);
    bytes[start] = 1;
    let signed: SignedManifest = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(signed.verify(&weak), Err(VerifyError::Signature));
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

#[test]
fn class_sums_need_no_training() {
    let mut sums = manifest();
    sums.query = QueryKind::ClassSums;
    sums.training.epochs = 0;
    sums.training.batch = 0;
    sums.training.learning_rate = 0.0;
    assert_eq!(sums.validate(), Ok(()));
    sums.training.learning_rate = f64::NAN;
    assert!(sums.validate().is_err());
}

#[test]
fn errors_name_field_range_and_value() {
    let mut wrong = manifest();
    wrong.min_reports = 101;
    let text = wrong.validate().unwrap_err().to_string();
    assert_eq!(text, "manifest field min_reports: expected 1 to cohort, found 101");
}
