//! Devices of a round, told whatever an aggregator can say. The honest messages are at hand, so that
//! the lies get past the first check; damaged ones and arbitrary bytes come on top.
#![no_main]

#[path = "secagg_world.rs"]
mod secagg_world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

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
    Advertise {
        to: u8,
    },
    /// The roster of `of`, with a byte changed if `at` falls inside.
    Roster {
        to: u8,
        of: u8,
        at: u16,
        xor: u8,
    },
    Inbox {
        to: u8,
        of: u8,
        at: u16,
        xor: u8,
    },
    /// The next honest message of the round, so that the lies meet devices in every step.
    Next {
        to: u8,
    },
    Survivors {
        to: u8,
        lists: Lists,
    },
    Unmask {
        to: u8,
        lists: Lists,
        all_signatures: bool,
    },
    Raw {
        to: u8,
        kind: u8,
        body: Vec<u8>,
    },
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

/// What an honest aggregator tells the devices; their keys are the same in every run.
struct Honest {
    rosters: Vec<SecaggRoster>,
    inboxes: Vec<SecaggInbox>,
}

fn honest(active: bool) -> &'static Honest {
    static RUNS: [OnceLock<Honest>; 2] = [OnceLock::new(), OnceLock::new()];
    RUNS[usize::from(active)].get_or_init(|| {
        let terms = terms(active);
        let mut server = server(&terms);
        let mut clients: Vec<_> = (0..DEVICES).map(|i| client(i, &terms)).collect();
        for (i, client) in (0..).zip(&mut clients) {
            let advert = client.advertise(1).expect("in time");
            server.advert(1, device(i), &advert).expect("invited");
        }
        let Ok(Closed::Rosters(mut rosters)) = server.close(1) else { panic!("everybody advertised") };
        for (id, roster) in &rosters {
            let shares = clients[usize::from(id.0[0])].share(1, roster).expect("an honest roster");
            server.shares(1, *id, &shares).expect("a member");
        }
        let Ok(Closed::Inboxes(mut inboxes)) = server.close(1) else { panic!("everybody shared") };
        rosters.sort_by_key(|(id, _)| *id);
        inboxes.sort_by_key(|(id, _)| *id);
        Honest {
            rosters: rosters.into_iter().map(|(_, roster)| roster).collect(),
            inboxes: inboxes.into_iter().map(|(_, inbox)| inbox).collect(),
        }
    })
}

fuzz_target!(|input: Input| {
    let terms = terms(input.active);
    let honest = honest(input.active);
    let mut clients: Vec<_> = (0..DEVICES).map(|i| client(i, &terms)).collect();
    let place = |of: u8| honest.rosters[usize::from(of % DEVICES)].own;
    let roster_of = |of: u8| &honest.rosters[usize::from(of % DEVICES)];
    let inbox_of = |of: u8| &honest.inboxes[usize::from(of % DEVICES)];
    let mut steps = [0; DEVICES as usize];
    let mut answers = Answers::default();
    for op in &input.ops {
        let (Op::Advertise { to }
        | Op::Roster { to, .. }
        | Op::Inbox { to, .. }
        | Op::Next { to }
        | Op::Survivors { to, .. }
        | Op::Unmask { to, .. }
        | Op::Raw { to, .. }) = op;
        let to = to % DEVICES;
        let target = &mut clients[usize::from(to)];
        let sign =
            |target: &mut silhouette_privacy::secagg::Client, answers: &mut Answers, message: &SecaggSurvivors| {
                if let Ok(signed) = target.sign(1, message) {
                    assert!(answers.signatures.insert(to, signed.signature).is_none(), "signed twice");
                }
            };
        let unmask =
            |target: &mut silhouette_privacy::secagg::Client, answers: &mut Answers, request: &SecaggUnmask| {
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
                signed.map(|(from, &signature)| Signed { member: place(*from), signature }).collect();
            signed.sort_by_key(|signed| signed.member);
            List::new(signed).expect("at most four")
        };
        match op {
            Op::Advertise { .. } => drop(target.advertise(1)),
            Op::Roster { of, at, xor, .. } => drop(target.share(1, &damaged(roster_of(*of), *at, *xor))),
            Op::Inbox { of, at, xor, .. } => {
                drop(target.mask(1, &damaged(inbox_of(*of), *at, *xor), vector()));
            }
            Op::Next { .. } => {
                let alive: Vec<u32> = (0..u32::from(DEVICES)).filter(|&name| name != place(to)).collect();
                let (survivors, alive) = (u32::from(DEVICES), List::new(alive).expect("four"));
                let step = steps[usize::from(to)];
                steps[usize::from(to)] += 1;
                match (step, input.active) {
                    (0, _) => drop(target.advertise(1)),
                    (1, _) => drop(target.share(1, roster_of(to))),
                    (2, _) => drop(target.mask(1, inbox_of(to), vector())),
                    (3, true) => {
                        sign(target, &mut answers, &SecaggSurvivors { survivors, alive, dropped: List::default() });
                    }
                    _ => {
                        let (dropped, signatures) = (List::default(), signatures(&answers));
                        unmask(target, &mut answers, &SecaggUnmask { survivors, alive, dropped, signatures });
                    }
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
