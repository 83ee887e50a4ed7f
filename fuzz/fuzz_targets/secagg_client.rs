//! Devices of a round, told whatever an aggregator can say. The honest messages are at hand, so that
//! the lies get past the first check; damaged ones and arbitrary bytes come on top.
#![no_main]

#[path = "secagg_world.rs"]
mod secagg_world;

use std::collections::{BTreeMap, BTreeSet};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use secagg_world::{DEVICES, client, device, server, terms, vector};
use silhouette_privacy::secagg::Closed;
use silhouette_wire::bounded::List;
use silhouette_wire::message::{
    RevealedShare, SecaggInbox, SecaggRoster, SecaggSurvivors, SecaggUnmask, SignatureBytes, Signed,
};
use silhouette_wire::{Message, decode_body};

/// A claim about who survived.
#[derive(Arbitrary, Debug)]
struct Lists {
    survivors: u8,
    alive: Vec<u8>,
    dropped: Vec<u8>,
}

#[derive(Arbitrary, Debug)]
enum Op {
    Advertise { to: u8 },
    /// The roster of `of`, with a byte changed if `place` falls inside.
    Roster { to: u8, of: u8, place: u16, xor: u8 },
    Inbox { to: u8, of: u8, place: u16, xor: u8 },
    /// The truth, as far as the aggregator knows it.
    HonestLists { to: u8, sign: bool },
    Survivors { to: u8, lists: Lists },
    Unmask { to: u8, lists: Lists, all_signatures: bool },
    Raw { to: u8, kind: u8, body: Vec<u8> },
}

#[derive(Arbitrary, Debug)]
struct Input {
    active: bool,
    ops: Vec<Op>,
}

/// The message with one byte of its encoding changed, if that still decodes.
fn damaged<M: Message + Clone>(message: &M, place: u16, xor: u8) -> M {
    let Ok(mut body) = silhouette_wire::encode_body(message, &Default::default()) else { return message.clone() };
    if let Some(byte) = body.get_mut(usize::from(place)) {
        *byte ^= xor;
    }
    decode_body(&body).map_or_else(|_| message.clone(), |(message, _)| message)
}

fn list(names: &[u8]) -> List<u32, 255> {
    List::new(names.iter().take(255).map(|&name| u32::from(name % (DEVICES + 2))).collect::<Vec<_>>())
        .expect("at most 255")
}

fn lists(lists: &Lists) -> SecaggSurvivors {
    let survivors = u32::from(lists.survivors % (DEVICES + 2));
    SecaggSurvivors { survivors, alive: list(&lists.alive), dropped: list(&lists.dropped) }
}

/// What the devices said.
#[derive(Default)]
struct Answers {
    revealed: BTreeSet<u8>,
    signatures: BTreeMap<u8, SignatureBytes>,
}

fuzz_target!(|input: Input| {
    let terms = terms(input.active);
    let mut honest = server(&terms);
    let mut twins: Vec<_> = (0..DEVICES).map(|i| client(i, &terms)).collect();
    let mut clients: Vec<_> = (0..DEVICES).map(|i| client(i, &terms)).collect();
    // The honest run of the twins, whose keys are the same: rosters and inboxes.
    for i in 0..DEVICES {
        let advert = twins[usize::from(i)].advertise(1).expect("in time");
        honest.advert(1, device(i), &advert).expect("invited");
    }
    let Ok(Closed::Rosters(rosters)) = honest.close(1) else { panic!("everybody advertised") };
    let mut places = BTreeMap::new();
    for (id, roster) in &rosters {
        places.insert(id.0[0], roster.own);
        let shares = twins[usize::from(id.0[0])].share(1, roster).expect("an honest roster");
        honest.shares(1, *id, &shares).expect("a member");
    }
    let Ok(Closed::Inboxes(inboxes)) = honest.close(1) else { panic!("everybody shared") };
    let roster_of = |of: u8| rosters.iter().find(|(id, _)| id.0[0] == of % DEVICES).expect("a member").1.clone();
    let inbox_of = |of: u8| inboxes.iter().find(|(id, _)| id.0[0] == of % DEVICES).expect("a member").1.clone();

    let mut answers = Answers::default();
    for op in &input.ops {
        let (Op::Advertise { to }
        | Op::Roster { to, .. }
        | Op::Inbox { to, .. }
        | Op::HonestLists { to, .. }
        | Op::Survivors { to, .. }
        | Op::Unmask { to, .. }
        | Op::Raw { to, .. }) = op;
        let to = to % DEVICES;
        let target = &mut clients[usize::from(to)];
        let sign = |target: &mut silhouette_privacy::secagg::Client, answers: &mut Answers, message: &SecaggSurvivors| {
            if let Ok(signed) = target.sign(1, message) {
                assert!(answers.signatures.insert(to, signed.signature).is_none(), "signed twice");
            }
        };
        let unmask = |target: &mut silhouette_privacy::secagg::Client, answers: &mut Answers, request: &SecaggUnmask| {
            let Ok(answer) = target.unmask(1, request) else { return };
            assert!(answers.revealed.insert(to), "answered twice");
            let mut owners = BTreeSet::new();
            for (owner, share) in answer.shares.as_slice() {
                assert!(owners.insert(*owner), "two shares of one member");
                let is_alive = request.alive.as_slice().contains(owner);
                assert!(is_alive != request.dropped.as_slice().contains(owner), "overlapping lists were answered");
                assert_eq!(is_alive, matches!(share, RevealedShare::SelfMask(_)));
            }
            assert!(request.survivors >= 4, "below N_min");
        };
        let signatures = |answers: &Answers| {
            let signed = answers.signatures.iter().filter(|(from, _)| **from != to);
            let mut signed: Vec<Signed> =
                signed.map(|(from, &signature)| Signed { member: places[from], signature }).collect();
            signed.sort_by_key(|signed| signed.member);
            List::new(signed).expect("at most four")
        };
        match op {
            Op::Advertise { .. } => drop(target.advertise(1)),
            Op::Roster { of, place, xor, .. } => drop(target.share(1, &damaged(&roster_of(*of), *place, *xor))),
            Op::Inbox { of, place, xor, .. } => {
                drop(target.mask(1, &damaged(&inbox_of(*of), *place, *xor), vector()));
            }
            Op::HonestLists { sign: first, .. } => {
                let alive: Vec<u32> = (0..u32::from(DEVICES)).filter(|&name| name != places[&to]).collect();
                let alive = List::new(alive).expect("four");
                let survivors = u32::from(DEVICES);
                let message = SecaggSurvivors { survivors, alive, dropped: List::default() };
                if *first && input.active {
                    sign(target, &mut answers, &message);
                } else {
                    let SecaggSurvivors { survivors, alive, dropped } = message;
                    let request = SecaggUnmask { survivors, alive, dropped, signatures: signatures(&answers) };
                    unmask(target, &mut answers, &request);
                }
            }
            Op::Survivors { lists: claim, .. } => sign(target, &mut answers, &lists(claim)),
            Op::Unmask { lists: claim, all_signatures, .. } => {
                let SecaggSurvivors { survivors, alive, dropped } = lists(claim);
                let signatures = if *all_signatures { signatures(&answers) } else { List::default() };
                unmask(target, &mut answers, &SecaggUnmask { survivors, alive, dropped, signatures });
            }
            Op::Raw { kind, body, .. } => match kind % 4 {
                0 => drop(decode_body::<SecaggRoster>(body).map(|(message, _)| target.share(1, &message))),
                1 => drop(decode_body::<SecaggInbox>(body).map(|(message, _)| target.mask(1, &message, vector()))),
                2 => drop(decode_body::<SecaggSurvivors>(body).map(|(m, _)| sign(target, &mut answers, &m))),
                _ => drop(decode_body::<SecaggUnmask>(body).map(|(m, _)| unmask(target, &mut answers, &m))),
            },
        }
    }
});
