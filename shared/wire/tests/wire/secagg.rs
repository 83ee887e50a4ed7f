//! Messages of secure aggregation: what is refused, and how large they may become.

use proptest::{collection::vec, prelude::*};
use silhouette_wire::{
    bounded::{Bytes, List},
    defaults::{MAX_NEIGHBOURS, SEALED_SHARE_BYTES},
    message::{
        AdvertSignature, RevealedShare, RosterEntry, SealedShare, SecaggAdvert, SecaggConsistency, SecaggInbox,
        SecaggMaskedInput, SecaggRevealed, SecaggRoster, SecaggShares, SecaggSurvivors, SecaggUnmask, Signed,
    },
    *,
};

use crate::secagg_samples as samples;

fn refused<M: Message + std::fmt::Debug>(message: &M, code: ErrorCode) {
    assert_eq!(encode_frame(message), Err(EncodeError::Inconsistent(code)), "{message:?}");
}

#[test]
fn sets_have_one_spelling() {
    let list = |names: &[u32]| List::new(names).unwrap();
    for alive in [list(&[3, 3]), list(&[4, 3]), list(&[1 << 20])] {
        refused(&SecaggSurvivors { alive: alive.clone(), ..samples::survivors() }, ErrorCode::Malformed);
        refused(&SecaggSurvivors { dropped: alive.clone(), ..samples::survivors() }, ErrorCode::Malformed);
        refused(&SecaggUnmask { alive, ..samples::unmask() }, ErrorCode::Malformed);
    }
    let twice = List::new([samples::unmask().signatures.as_slice()[0]; 2]).unwrap();
    refused(&SecaggUnmask { signatures: twice, ..samples::unmask() }, ErrorCode::Malformed);
    let share = samples::shares().shares.as_slice()[0].clone();
    let twice = List::new([share.clone(), share]).unwrap();
    refused(&SecaggShares { shares: twice.clone(), ..samples::shares() }, ErrorCode::Malformed);
    refused(&SecaggInbox { shares: twice }, ErrorCode::Malformed);
}

#[test]
fn a_request_for_both_secrets_of_a_member_has_no_encoding() {
    let both = List::new([0, 2]).unwrap();
    refused(&SecaggUnmask { dropped: both.clone(), ..samples::unmask() }, ErrorCode::Malformed);
    refused(&SecaggSurvivors { dropped: both, ..samples::survivors() }, ErrorCode::Malformed);
    let shares = List::new([(2, RevealedShare::SelfMask([1; 32])), (2, RevealedShare::MaskKey([1; 32]))]).unwrap();
    refused(&SecaggRevealed { shares, ..samples::revealed() }, ErrorCode::Malformed);
}

#[test]
fn lengths_are_exact() {
    let short = SealedShare { member: 1, sealed: Bytes::new([0; SEALED_SHARE_BYTES - 1]).unwrap() };
    refused(&SecaggInbox { shares: List::new([short]).unwrap() }, ErrorCode::WrongLength);
    assert!(Bytes::<SEALED_SHARE_BYTES>::new([0; SEALED_SHARE_BYTES + 1]).is_err());
    refused(&SecaggMaskedInput { byte_len: 2999, ..samples::masked_input() }, ErrorCode::WrongLength);
    refused(&SecaggMaskedInput { modulus_bits: 20, ..samples::masked_input() }, ErrorCode::Malformed);
    refused(&SecaggMaskedInput { dimension: 0, byte_len: 0, ..samples::masked_input() }, ErrorCode::WrongDimension);
}

#[test]
fn a_roster_agrees_with_itself() {
    let good = samples::roster;
    refused(&SecaggRoster { own: 200, ..good() }, ErrorCode::Malformed);
    refused(&SecaggRoster { degree: 3, ..good() }, ErrorCode::Malformed);
    refused(&SecaggRoster { threshold: 3, ..good() }, ErrorCode::Malformed);
    refused(&SecaggRoster { members: 2, ..good() }, ErrorCode::Malformed);
    refused(&SecaggRoster { members: (1 << 20) + 1, ..good() }, ErrorCode::Malformed);
}

#[test]
fn more_neighbours_than_places_are_refused() {
    // 256 entries of the smallest encoding, behind an honest count.
    let mut body = vec![1, 0x80, 2];
    body.extend((0..256_u32).flat_map(|name| if name < 128 { vec![name as u8] } else { vec![name as u8, 1] }));
    body.extend([0, 0]);
    assert_eq!(decode_body::<SecaggSurvivors>(&body).unwrap_err(), DecodeError::Layout);
    assert!(List::<u32, MAX_NEIGHBOURS>::new(vec![0; 256]).is_err());
}

#[test]
fn the_largest_messages_fit_their_limits() {
    let names: Vec<u32> = (0..MAX_NEIGHBOURS as u32).map(|i| (1 << 20) - 256 + i).collect();
    let limits = Limits::default();
    let fits = |length: usize, kind| assert!(length as u64 <= limits.of(kind), "{kind:?} takes {length}");
    let signature = AdvertSignature { identity: [255; 32], endorsement: [[255; 32]; 2], signature: [[255; 32]; 2] };
    let entry = |&member| RosterEntry { member, share_key: [255; 32], mask_key: [255; 32], signature: Some(signature) };
    let neighbours = List::new(names.iter().map(entry).collect::<Vec<_>>()).unwrap();
    let roster = SecaggRoster {
        members: 1 << 20,
        own: (1 << 20) - 1,
        degree: 255,
        threshold: 255,
        roster: ContentHash([255; 32]),
        neighbours,
    };
    fits(encode_frame(&roster).unwrap().len(), MessageType::SecaggRoster);
    let share = |&member| SealedShare { member, sealed: Bytes::new([255; SEALED_SHARE_BYTES]).unwrap() };
    let shares = List::new(names.iter().map(share).collect::<Vec<_>>()).unwrap();
    fits(encode_frame(&SecaggInbox { shares }).unwrap().len(), MessageType::SecaggInbox);
    let signed = |&member| Signed { member, signature: [[255; 32]; 2] };
    let signatures = List::new(names.iter().map(signed).collect::<Vec<_>>()).unwrap();
    let unmask =
        SecaggUnmask { survivors: 1 << 20, alive: List::new(names).unwrap(), dropped: List::default(), signatures };
    fits(encode_frame(&unmask).unwrap().len(), MessageType::SecaggUnmask);
}

fn canonical<M: Message>(body: &[u8]) {
    if let Ok((message, extensions)) = decode_body::<M>(body) {
        assert_eq!(encode_body(&message, &extensions).unwrap(), body);
    }
}

proptest! {
    #[test]
    fn noise_never_panics(body in vec(any::<u8>(), 0..400)) {
        canonical::<SecaggAdvert>(&body);
        canonical::<SecaggRoster>(&body);
        canonical::<SecaggShares>(&body);
        canonical::<SecaggInbox>(&body);
        canonical::<SecaggMaskedInput>(&body);
        canonical::<SecaggSurvivors>(&body);
        canonical::<SecaggConsistency>(&body);
        canonical::<SecaggUnmask>(&body);
        canonical::<SecaggRevealed>(&body);
    }

    #[test]
    fn one_flipped_bit_never_panics(place: usize, bit in 0..8_u8) {
        let mut body = encode_body(&samples::unmask(), &Extensions::default()).unwrap();
        let place = place % body.len();
        body[place] ^= 1 << bit;
        canonical::<SecaggUnmask>(&body);
    }

    #[test]
    fn any_two_sets_survive_the_journey(names in proptest::collection::btree_set(0..1_u32 << 20, 0..200), survivors in 0..=1_u32 << 20) {
        let (alive, dropped): (Vec<u32>, Vec<u32>) = names.iter().partition(|name| **name % 3 > 0);
        let message = SecaggSurvivors { survivors, alive: List::new(alive).unwrap(), dropped: List::new(dropped).unwrap() };
        let body = encode_body(&message, &Extensions::default()).unwrap();
        prop_assert_eq!(decode_body::<SecaggSurvivors>(&body).unwrap().0, message);
    }
}
