use silhouette_privacy::noise::OpenDpNoise;
use silhouette_privacy::{ChargeError, Private, Rounding, release};
use silhouette_wire::Nonce;
use silhouette_wire::manifest::SignedManifest;
use silhouette_wire::message::{CheckInReply, UploadReply};

use super::*;
use silhouette_privacy::secagg::{Identity, endorse};

use crate::fixtures::{Device, endorser, manifest, signed, signed_active, task};

const NONCE: Nonce = Nonce([7; 16]);

fn receipt(round: u64) -> UploadReply {
    UploadReply::Receipt { round, sha256: ContentHash([1; 32]), duplicate: false }
}

#[test]
fn the_charge_is_made_before_anything_leaves() {
    for (mode, last) in [(Mode::Central, "upload"), (Mode::Distributed, "mask")] {
        let mut device = Device::new(1, vec![0.5; 5]);
        let action = device.work(0, &signed(&manifest(mode, 1, 10, 8)), NONCE);
        let name = match action {
            Action::Upload { .. } => "upload",
            Action::Mask { .. } => "mask",
            _ => "something else",
        };
        assert_eq!((device.log.as_slice(), name), (["fetch", "train", "charge"].as_slice(), last));
        assert!(device.history.account.spent_on_all() > 0.0);
    }
}

#[test]
fn an_upload_says_what_follows_and_ends_with_its_receipt() {
    let mut device = Device::new(1, vec![0.5; 5]);
    let signed = signed(&manifest(Mode::Central, 1, 10, 8));
    let Action::Upload { header, body } = device.work(0, &signed, NONCE) else { panic!("no upload") };
    assert_eq!((header.round, header.nonce, header.manifest_hash), (1, NONCE, signed.hash()));
    assert_eq!((header.dimension, header.byte_len), (5, body.as_bytes().len() as u64));
    assert_eq!(header.sha256, body.sha256());
    let actions = device.step(5, Input::Uploaded(receipt(1)));
    assert!(matches!(actions[..], [Action::Took { round: 1 }, Action::Rest(5)]));
    assert_eq!(device.session.stage(), Stage::Resting { until: 5 });
}

#[test]
fn a_masked_round_never_uploads_a_vector_as_it_is() {
    let mut device = Device::new(1, vec![0.5; 5]);
    let action = device.work(0, &signed(&manifest(Mode::Distributed, 1, 10, 8)), NONCE);
    let Action::Mask { request, vector } = action else { panic!("not masked") };
    assert!(matches!(*request, SecaggRequest::Advert(_)) && vector.is_none());
    // Whatever the aggregator says next, there is no way from here to an upload.
    let actions = device.step(1, Input::Uploaded(receipt(1)));
    assert!(matches!(actions[0], Action::Declined(_)));
}

#[test]
fn being_turned_away_from_a_masked_round_ends_it() {
    let mut device = Device::new(1, vec![0.5; 5]);
    device.work(0, &signed(&manifest(Mode::Distributed, 1, 10, 8)), NONCE);
    let actions = device.step(9, Input::Masked(SecaggReply::Refused(ErrorCode::Late)));
    assert!(matches!(actions[..], [Action::Rejected(ErrorCode::Late), Action::Rest(9)]));
}

#[test]
fn a_round_already_charged_for_is_not_joined_again() {
    let mut device = Device::new(1, vec![0.5; 5]);
    let first = signed(&manifest(Mode::Central, 4, 10, 8));
    device.work(0, &first, NONCE);
    device.step(1, Input::Uploaded(receipt(4)));
    for round in [1, 4] {
        let again = signed(&manifest(Mode::Central, round, 10, 8));
        let Action::Declined(refusal) = device.work(5_000 * round, &again, NONCE) else { panic!("joined") };
        assert_eq!(refusal, Refusal::Replay { last: 4, found: round });
    }
    assert_eq!(device.history.participations.total(), 1);
}

#[test]
fn a_clock_set_back_wins_no_round_twice() {
    let mut device = Device::new(1, vec![0.5; 5]);
    device.work(9_000_000, &signed(&manifest(Mode::Central, 4, 10, 8)), NONCE);
    device.step(9_000_001, Input::Uploaded(receipt(4)));
    let spent = device.history.account.spent_on_all();
    // The process starts again, and its clock with it: what counts is the round.
    device.session = Session::new(task(), crate::fixtures::owner().verifying_key(), crate::fixtures::policy());
    let action = device.work(0, &signed(&manifest(Mode::Central, 4, 10, 8)), NONCE);
    assert!(matches!(action, Action::Declined(Refusal::Replay { last: 4, found: 4 })));
    assert_eq!(device.history.account.spent_on_all(), spent);
    // A newer round costs what it would have cost without.
    let action = device.work(5_000, &signed(&manifest(Mode::Central, 5, 10, 8)), NONCE);
    assert!(matches!(action, Action::Upload { .. }));
    assert_eq!(device.history.account.spent_on_all(), 2.0 * spent);
}

#[test]
fn weaker_terms_are_declined_and_nothing_is_charged() {
    type Change = fn(&mut Manifest);
    let downgrades: [(&str, Change); 7] = [
        ("noise", |m| m.noise_multiplier = 0.1),
        ("delta", |m| m.delta = 0.5),
        ("clip", |m| m.clip = 1e3),
        ("epochs", |m| m.training.epochs = 1_000),
        ("grid", |m| m.clip_units -= 1),
        ("rho", |m| m.rho /= 2.0),
        ("corrupt", |m| m.corrupt_fraction = 0.4),
    ];
    for (name, change) in downgrades {
        let mut device = Device::new(1, vec![0.5; 5]);
        let mut weaker = manifest(Mode::Distributed, 1, 100, 80);
        change(&mut weaker);
        // What can't even be signed needs no refusal.
        let Ok(weaker) = SignedManifest::sign(&weaker, &crate::fixtures::owner()) else { continue };
        let action = device.work(0, &weaker, NONCE);
        assert!(matches!(action, Action::Declined(_)), "{name}");
        assert_eq!(device.history.account.spent_on_all(), 0.0, "{name}");
    }
}

#[test]
fn a_mode_below_the_policy_is_declined() {
    // The default of somebody who trusts no aggregator.
    let policy = Policy::default();
    let mut device = Device::new(1, vec![0.5; 5]);
    device.session = Session::new(task(), crate::fixtures::owner().verifying_key(), policy);
    let Action::Declined(refusal) = device.work(0, &signed(&manifest(Mode::Central, 1, 10, 8)), NONCE) else {
        panic!("joined")
    };
    assert!(matches!(refusal, Refusal::Policy { field: "mode", .. }));
}

#[test]
fn a_round_of_the_active_mode_needs_an_identity_that_the_named_endorser_endorsed() {
    let active = signed_active(&manifest(Mode::Distributed, 1, 10, 8));
    let stranger = ed25519_dalek::SigningKey::from_bytes(&[4; 32]);
    // Of the right endorser, and over another device's key.
    let mut spoiled = Device::new(1, vec![0.5; 5]);
    let other = endorse(&endorser(), &task(), &stranger.verifying_key());
    let damaged = Identity::new(ed25519_dalek::SigningKey::from_bytes(&[1; 32]), other, endorser().verifying_key());
    spoiled.session = spoiled.session.with_identity(Some(damaged));
    let others = [Device::new(1, vec![0.5; 5]), Device::new(1, vec![0.5; 5]).endorsed_by(&stranger), spoiled];
    for mut device in others {
        let Action::Declined(refusal) = device.work(0, &active, NONCE) else { panic!("joined") };
        assert!(matches!(refusal, Refusal::Endorsement { .. }), "{refusal}");
        assert_eq!((device.history.account.spent_on_all(), device.log.len()), (0.0, 0));
    }
    let mut device = Device::new(1, vec![0.5; 5]).endorsed_by(&endorser());
    let Action::Mask { request, .. } = device.work(0, &active, NONCE) else { panic!("not masked") };
    let SecaggRequest::Advert(advert) = *request else { panic!("not an advert") };
    assert!(advert.signature.is_some());
    // And a person may ask for nothing less.
    let policy = Policy { require_active_mode: true, ..Policy::default() };
    let mut device = Device::new(1, vec![0.5; 5]);
    device.session = Session::new(task(), crate::fixtures::owner().verifying_key(), policy);
    let action = device.work(0, &signed(&manifest(Mode::Distributed, 1, 10, 8)), NONCE);
    assert!(matches!(action, Action::Declined(Refusal::Policy { field: "endorser", .. })));
}

#[test]
fn a_strangers_signature_is_declined() {
    let mut device = Device::new(1, vec![0.5; 5]);
    let stranger = ed25519_dalek::SigningKey::from_bytes(&[4; 32]);
    let forged = SignedManifest::sign(&manifest(Mode::Central, 1, 10, 8), &stranger).unwrap();
    assert!(matches!(device.work(0, &forged, NONCE), Action::Declined(Refusal::Signature(_))));
}

#[test]
fn a_waiting_device_comes_back_inside_its_window() {
    for (random, until) in [(0.0, 1_100), (0.5, 1_200), (1.0, 1_300)] {
        let mut device = Device::new(1, vec![0.0; 5]);
        device.step(1_000, Input::Tick);
        let wait = CheckInReply::Wait { min_ms: 100, max_ms: 300 };
        let actions = device.step(1_000, Input::Reply(wait, random));
        assert!(matches!(actions[..], [Action::Rest(found)] if found == until));
        // Too early: nothing but the reminder.
        assert!(matches!(device.step(until - 1, Input::Tick)[..], [Action::Rest(_)]));
        assert!(matches!(device.step(until, Input::Tick)[..], [Action::CheckIn { .. }]));
    }
}

#[test]
fn what_can_not_be_charged_is_not_sent() {
    let mut device = Device::new(1, vec![0.5; 5]);
    let action = device.work(0, &signed(&manifest(Mode::Central, 1, 10, 8)), NONCE);
    assert!(matches!(action, Action::Upload { .. }));
    device.step(1, Input::Uploaded(receipt(1)));
    // Whatever let a round without noise come this far: training is where it ends.
    let silent = ReleaseParameters::new(Mode::Central, 5, 1.0, 0.0, 10, 8).unwrap();
    device.step(1, Input::Tick);
    let reply = CheckInReply::Assigned { manifest: signed(&manifest(Mode::Central, 2, 10, 8)), nonce: NONCE };
    device.step(1, Input::Reply(reply, 0.0));
    device.step(1, Input::ModelReady);
    device.session.current.as_mut().unwrap().parameters = silent.clone();
    let share = silent.draw_noise(&mut OpenDpNoise::new()).unwrap();
    let released = release(Private::new(vec![0.5_f32; 5]), &silent, share, &mut Rounding::seeded([1; 32])).unwrap();
    let actions = device.step(1, Input::Released(released));
    assert!(matches!(
        actions[..],
        [Action::Declined(Refusal::Budget(ChargeError::NotChargeable { .. })), Action::Rest(_)]
    ));
    assert_eq!(device.session.stage(), Stage::Resting { until: 1_001 });
}

#[test]
fn a_broken_connection_is_no_refund() {
    let mut device = Device::new(1, vec![0.5; 5]);
    device.work(0, &signed(&manifest(Mode::Distributed, 1, 10, 8)), NONCE);
    let spent = device.history.account.spent_on_all();
    let actions = device.step(3, Input::Disconnected);
    assert!(matches!(actions[..], [Action::Rest(_)]));
    assert_eq!(device.history.account.spent_on_all(), spent);
}
