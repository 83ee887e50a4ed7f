use proptest::{collection::vec, prelude::*};
use silhouette_wire::{
    bounded::{Bytes, List},
    message::{AnnouncedLimits, Availability, Build, Issued},
    *,
};

use crate::samples;

fn hash() -> impl Strategy<Value = ContentHash> {
    any::<[u8; 32]>().prop_map(ContentHash)
}

fn code() -> impl Strategy<Value = ErrorCode> {
    any::<u16>().prop_map(ErrorCode::from_number)
}

fn task() -> impl Strategy<Value = TaskId> {
    vec(prop_oneof![Just('a'), Just('z'), Just('0'), Just('.'), Just('_'), Just('-')], 1..=64)
        .prop_map(|name| TaskId::new(name.into_iter().collect::<String>()).unwrap())
}

fn extensions() -> impl Strategy<Value = Extensions> {
    proptest::collection::btree_map(any::<u16>(), vec(any::<u8>(), 0..40), 0..16).prop_map(|items| {
        let item = |(id, bytes)| Extension { id, critical: false, bytes: Bytes::new(bytes).unwrap() };
        Extensions::new(items.into_iter().map(item).collect()).unwrap()
    })
}

fn survives<M: Message + PartialEq + std::fmt::Debug>(message: &M, extensions: &Extensions) {
    let body = encode_body(message, extensions).unwrap();
    assert!(body.len() as u64 <= Limits::default().of(M::TYPE));
    let (back, also) = decode_body::<M>(&body).unwrap();
    assert_eq!((&back, &also), (message, extensions));
}

/// Whatever decodes is the one spelling of its value.
fn canonical<M: Message>(body: &[u8]) {
    if let Ok((message, extensions)) = decode_body::<M>(body) {
        assert_eq!(encode_body(&message, &extensions).unwrap(), body);
    }
}

proptest! {
    #[test]
    fn hello(versions in vec(any::<u16>(), 0..=8), features: u64, build: String, time: u64, extensions in extensions()) {
        let versions = List::new(versions).unwrap();
        survives(&Hello { versions, features, build: Build::lossy(&build) }, &extensions);
        let limits = AnnouncedLimits { max_upload_bytes: time, idle_timeout_ms: features };
        survives(&HelloReply { version: 1, features, server_time_ms: time, limits }, &extensions);
    }

    #[test]
    fn check_in(task in task(), last_round: u64, hints: [bool; 3], model in hash(), code in code(), ends: (u64, u64)) {
        let [charging, unmetered, idle] = hints;
        let available = Availability { charging, unmetered, idle };
        let none = Extensions::default();
        survives(&CheckIn { task, last_round, available }, &none);
        survives(&CheckInReply::Finished { model, round: last_round }, &none);
        survives(&CheckInReply::Refused(code), &none);
        let (min_ms, max_ms) = (ends.0.min(ends.1), ends.0.max(ends.1));
        survives(&CheckInReply::Wait { min_ms, max_ms }, &none);
    }

    #[test]
    fn fetch_and_upload(task in task(), hash in hash(), round: u64, nonce: [u8; 16], dimension in 1..=1_u32 << 24, offset: u64, extra: u64, duplicate: bool) {
        let none = Extensions::default();
        survives(&Fetch { hash, offset }, &none);
        survives(&BodyHeader { hash, offset, total_len: offset.saturating_add(extra) }, &none);
        for modulus_bits in [16, 24, 32] {
            let byte_len = u64::from(dimension) * u64::from(modulus_bits / 8);
            let nonce = Nonce(nonce);
            survives(&Upload { task: task.clone(), round, nonce, manifest_hash: hash, dimension, modulus_bits, byte_len, sha256: hash }, &none);
        }
        survives(&UploadReply::Receipt { round, sha256: hash, duplicate }, &none);
    }

    #[test]
    fn enroll(token in vec(any::<u8>(), 0..=128), csr in vec(any::<u8>(), 0..=4096), tasks in vec(task(), 0..=64), owner_public_key: [u8; 32], code in code(), extensions in extensions()) {
        let (identity, possession) = (owner_public_key, [owner_public_key; 2]);
        let request = Enroll { token: token.clone().try_into().unwrap(), csr_der: csr.clone().try_into().unwrap(), identity, possession };
        survives(&request, &extensions);
        let endorsements = List::new(vec![possession; tasks.len()]).unwrap();
        let certificate_chain_der = List::new([Bytes::new(csr).unwrap()]).unwrap();
        let ca_der = Bytes::new(token).unwrap();
        let issued = Issued { certificate_chain_der, ca_der, owner_public_key, tasks: List::new(tasks).unwrap(), endorser: identity, endorsements };
        survives(&EnrollReply::Issued(issued), &extensions);
        survives(&EnrollReply::Refused(code), &extensions);
        survives(&Refusal { code }, &extensions);
    }

    #[test]
    fn manifest(round in 1..u64::MAX, clip in 1e-9..1e9, z in 1e-3..1e3, seed: u64, cohort in 1..1_u32 << 20) {
        let manifest = Manifest { round, clip, noise_multiplier: z, seed, cohort, min_reports: cohort, ..samples::manifest() };
        let signed = SignedManifest::sign(&manifest, &samples::key()).unwrap();
        prop_assert_eq!(signed.verify(&samples::key().verifying_key()).unwrap(), manifest);
        survives(&CheckInReply::Assigned { manifest: signed, nonce: Nonce([0; 16]) }, &Extensions::default());
    }

    #[test]
    fn noise_never_panics(body in vec(any::<u8>(), 0..400)) {
        let _ = FrameHeader::decode(&mut body.as_slice(), &Limits::default());
        canonical::<Hello>(&body);
        canonical::<HelloReply>(&body);
        canonical::<CheckIn>(&body);
        canonical::<CheckInReply>(&body);
        canonical::<Fetch>(&body);
        canonical::<BodyHeader>(&body);
        canonical::<Upload>(&body);
        canonical::<UploadReply>(&body);
        canonical::<Enroll>(&body);
        canonical::<EnrollReply>(&body);
        canonical::<Refusal>(&body);
    }

    #[test]
    fn damaged_messages_never_panic(place: usize, bit in 0..8_u8) {
        let body = encode_body(&samples::check_in_replies()[0], &Extensions::default()).unwrap();
        let mut damaged = body;
        let place = place % damaged.len();
        damaged[place] ^= 1 << bit;
        canonical::<CheckInReply>(&damaged);
    }
}
