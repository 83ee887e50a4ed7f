//! One fixed value of every message of secure aggregation.

use silhouette_wire::{
    Nonce,
    bounded::{Bytes, List},
    message::{
        AdvertSignature, Participation, RevealedShare, RosterEntry, SealedShare, SealedShares, SecaggAdvert,
        SecaggConsistency, SecaggInbox, SecaggMaskedInput, SecaggRevealed, SecaggRoster, SecaggShares, SecaggSurvivors,
        SecaggUnmask, Signed,
    },
};

use crate::samples::{hash, task};

fn at() -> Participation {
    Participation { task: task(), round: 3, nonce: Nonce([9; 16]) }
}

fn signature() -> AdvertSignature {
    AdvertSignature { identity: [3; 32], endorsement: [[4; 32], [5; 32]], signature: [[6; 32], [7; 32]] }
}

pub(crate) fn adverts() -> [SecaggAdvert; 2] {
    let plain = SecaggAdvert { at: at(), manifest: hash(4), share_key: [1; 32], mask_key: [2; 32], signature: None };
    [plain.clone(), SecaggAdvert { signature: Some(signature()), ..plain }]
}

pub(crate) fn roster() -> SecaggRoster {
    let entry = |member, signature| RosterEntry {
        member,
        share_key: [member as u8; 32],
        mask_key: [member as u8 + 100; 32],
        signature,
    };
    let neighbours = List::new([entry(0, None), entry(2, Some(signature()))]).unwrap();
    SecaggRoster { members: 200, own: 1, degree: 2, threshold: 2, roster: hash(8), neighbours }
}

fn sealed() -> SealedShares {
    let share = |member| SealedShare { member, sealed: Bytes::new([member as u8; 82]).unwrap() };
    List::new([share(0), share(150)]).unwrap()
}

pub(crate) fn shares() -> SecaggShares {
    SecaggShares { at: at(), shares: sealed() }
}

pub(crate) fn inbox() -> SecaggInbox {
    SecaggInbox { shares: sealed() }
}

pub(crate) fn masked_input() -> SecaggMaskedInput {
    SecaggMaskedInput { at: at(), dimension: 1000, modulus_bits: 24, byte_len: 3000, sha256: hash(5) }
}

pub(crate) fn survivors() -> SecaggSurvivors {
    let list = |names: &[u32]| List::new(names).unwrap();
    SecaggSurvivors { survivors: 170, alive: list(&[0, 150, 160]), dropped: list(&[2, 155]) }
}

pub(crate) fn consistency() -> SecaggConsistency {
    SecaggConsistency { at: at(), signature: [[6; 32], [7; 32]] }
}

pub(crate) fn unmask() -> SecaggUnmask {
    let SecaggSurvivors { survivors, alive, dropped } = survivors();
    let signatures = List::new([Signed { member: 150, signature: [[6; 32], [7; 32]] }]).unwrap();
    SecaggUnmask { survivors, alive, dropped, signatures }
}

pub(crate) fn revealed() -> SecaggRevealed {
    let shares = List::new([(0, RevealedShare::SelfMask([1; 32])), (2, RevealedShare::MaskKey([2; 32]))]).unwrap();
    SecaggRevealed { at: at(), shares }
}
