//! What the aggregator refuses from devices, and what false shares do.

use std::collections::BTreeSet;

use ed25519_dalek::SigningKey;
use silhouette_wire::bounded::List;
use silhouette_wire::message::{RevealedShare, SecaggAdvert};
use silhouette_wire::{ErrorCode, Nonce};

use super::world::{Dropouts, NOW, World, authority, client, device, server, terms};
use crate::secagg::{Adversary, Failure, Invited, Refused, Server, Step, Terms};

#[test]
fn adverts_that_would_spoil_the_round() {
    let terms = terms(5, 3, Adversary::Curious);
    let advert = |i| client(i, &terms, 1).advertise(NOW).unwrap();
    let mut server = server(&terms);
    let mut refused = |i, advert: &SecaggAdvert| server.advert(NOW, device(i), advert).unwrap_err();
    let good = advert(0);
    assert_eq!(refused(9, &good), Refused::Unknown);
    assert_eq!(refused(0, &SecaggAdvert { share_key: [0; 32], ..good.clone() }), Refused::Key);
    assert_eq!(refused(0, &SecaggAdvert { mask_key: [0; 32], ..good.clone() }), Refused::Key);
    assert_eq!(refused(0, &SecaggAdvert { share_key: good.mask_key, ..good.clone() }), Refused::Key);
    let signed = client(0, &Terms { adversary: Adversary::Active, ..terms.clone() }, 1).advertise(NOW).unwrap();
    assert_eq!(refused(0, &signed), Refused::Signature);
    server.advert(NOW, device(0), &good).unwrap();
    let copied = SecaggAdvert { share_key: good.share_key, ..advert(1) };
    assert_eq!(server.advert(NOW, device(1), &copied), Err(Refused::Key));
    let crossed = SecaggAdvert { mask_key: good.share_key, ..advert(1) };
    assert_eq!(server.advert(NOW, device(1), &crossed), Err(Refused::Key));
    assert_eq!(server.advert(NOW, device(1), &advert(1)), Ok(()));
    // Too early for the rest.
    let mut world = World::until_lists(terms, &Dropouts::default());
    let revealed =
        world.clients[0].unmask(NOW, &world.trace.requests.iter().find(|(i, _)| *i == 0).unwrap().1).unwrap();
    assert_eq!(server.revealed(NOW, device(0), &revealed), Err(Refused::Early));
}

#[test]
fn sybils_without_endorsement_or_twice() {
    let terms = terms(5, 3, Adversary::Active);
    let mut server = server(&terms);
    let good = client(0, &terms, 1).advertise(NOW).unwrap();
    let mut signed = good.signature.unwrap();
    signed.endorsement[0][0] ^= 1;
    let unendorsed = SecaggAdvert { signature: Some(signed), ..good.clone() };
    assert_eq!(server.advert(NOW, device(0), &unendorsed), Err(Refused::Signature));
    assert_eq!(
        server.advert(NOW, device(0), &SecaggAdvert { signature: None, ..good.clone() }),
        Err(Refused::Signature)
    );
    server.advert(NOW, device(0), &good).unwrap();
    let other = client(1, &terms, 1).advertise(NOW).unwrap();
    let twice = SecaggAdvert { signature: good.signature, ..other };
    assert_eq!(server.advert(NOW, device(1), &twice), Err(Refused::Key));
}

#[test]
fn rounds_that_cannot_be_opened() {
    let good = terms(5, 3, Adversary::Curious);
    let invited: Invited = (0..6).map(|i| (device(i), Nonce([0; 16]))).collect();
    let found = Server::new(good.clone(), invited, None).err();
    assert_eq!(found, Some(Failure::Invited { cohort: 5, found: 6 }));
    let authority = SigningKey::verifying_key(&authority());
    assert_eq!(Server::new(good.clone(), Invited::new(), Some(authority)).err(), Some(Failure::Authority));
    let odd = Terms { modulus_bits: 20, ..good.clone() };
    assert!(matches!(Server::new(odd, Invited::new(), None).err(), Some(Failure::Terms(_))));
    let gamma = Terms { corrupt_fraction: f64::NAN, ..good };
    assert!(matches!(Server::new(gamma, Invited::new(), None).err(), Some(Failure::Terms(_))));
    // More members than the active mode's graph can hold.
    let many = terms(300, 280, Adversary::Active);
    assert!(many.graph_parameters(257).is_err() && many.graph_parameters(256).is_ok());
}

type Shares = Vec<(u32, RevealedShare)>;

/// Six devices asked for shares; device 5 dropped out.
fn asked() -> World {
    let dropouts = Dropouts { input: BTreeSet::from([5]), ..Dropouts::default() };
    World::until_lists(terms(6, 4, Adversary::Curious), &dropouts)
}

#[test]
fn shares_of_the_wrong_secret_or_member_are_refused() {
    let mut world = asked();
    let (i, request) = world.trace.requests[0].clone();
    let good = world.clients[i as usize].unmask(NOW, &request).unwrap();
    let mut send = |change: &dyn Fn(&mut Shares)| {
        let mut shares = good.shares.as_slice().to_vec();
        change(&mut shares);
        let message = silhouette_wire::message::SecaggRevealed { shares: List::new(shares).unwrap(), ..good.clone() };
        world.server.revealed(NOW, device(i), &message)
    };
    assert_eq!(send(&|s| s.truncate(2)), Err(Refused::Members));
    assert_eq!(send(&|s| s[0].0 = 99), Err(Refused::Members));
    let flip = |share| match share {
        RevealedShare::SelfMask(y) => RevealedShare::MaskKey(y),
        RevealedShare::MaskKey(y) => RevealedShare::SelfMask(y),
    };
    for rank in 0..good.shares.as_slice().len() {
        assert_eq!(send(&|s| s[rank].1 = flip(s[rank].1)), Err(Refused::Members));
    }
    assert_eq!(send(&|_| ()), Ok(()));
    assert_eq!(world.server.revealed(NOW, device(5), &good).err(), Some(Refused::Nonce));
}

#[test]
fn a_false_share_ends_the_round_instead_of_a_wrong_sum() {
    // A holder changes its share of a survivor's self mask, or of a lost member's key.
    for of_key in [false, true] {
        let mut world = asked();
        let mut liar = true;
        for (i, request) in world.trace.requests.clone() {
            let mut message = world.clients[i as usize].unmask(NOW, &request).unwrap();
            if std::mem::take(&mut liar) {
                let mut shares = message.shares.as_slice().to_vec();
                for (_, share) in &mut shares {
                    match share {
                        RevealedShare::SelfMask(y) if !of_key => y[3] ^= 1,
                        RevealedShare::MaskKey(y) if of_key => y[3] ^= 1,
                        _ => {}
                    }
                }
                message.shares = List::new(shares).unwrap();
            }
            world.server.revealed(NOW, device(i), &message).unwrap();
        }
        let why = world.server.close(NOW).unwrap_err().why;
        assert!(matches!(why, Failure::FalseShare { .. }), "{why}");
    }
}

#[test]
fn too_few_answers_end_the_round() {
    let mut world = asked();
    let ended = world.unmask(&(1..5).collect()).unwrap_err();
    assert!(matches!(ended.why, Failure::Unrecoverable { step: Step::Unmask, .. }));
    assert_eq!(ended.lost.iter().filter(|lost| lost.step == Step::Unmask).count(), 4);
}

#[test]
fn refusals_have_a_code_for_the_wire() {
    let codes = [
        (Refused::Late, ErrorCode::Late),
        (Refused::Duplicate, ErrorCode::Duplicate),
        (Refused::Unknown, ErrorCode::NotSelected),
        (Refused::Nonce, ErrorCode::BadNonce),
        (Refused::OtherRound, ErrorCode::UnknownRound),
        (Refused::Size, ErrorCode::WrongLength),
        (Refused::Hash, ErrorCode::HashMismatch),
        (Refused::Members, ErrorCode::Malformed),
    ];
    assert!(codes.iter().all(|(refused, code)| refused.code() == *code));
}
