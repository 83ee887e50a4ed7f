//! The aggregator of a round, told whatever devices can say: honest messages in any order and under
//! any name, damaged ones, arbitrary bytes, steps closed at any time. It never panics, and a sum that
//! comes out of honest messages alone is the plain sum.
#![no_main]

#[path = "secagg_world.rs"]
mod secagg_world;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use secagg_world::{DEVICES, client, device, server, terms, vector};
use silhouette_privacy::secagg::{Closed, Server};
use silhouette_wire::message::{
    SecaggAdvert, SecaggConsistency, SecaggInbox, SecaggMaskedInput, SecaggRevealed, SecaggRoster, SecaggShares,
    SecaggSurvivors, SecaggUnmask,
};
use silhouette_wire::{DeviceId, Message, decode_body, encode_body};

#[derive(Arbitrary, Debug)]
enum Op {
    /// A device answers what it was last told, under the name of `name`; a byte may change.
    Step {
        from: u8,
        name: u8,
        place: u16,
        xor: u8,
    },
    Close {
        late: bool,
    },
    Raw {
        name: u8,
        kind: u8,
        body: Vec<u8>,
    },
}

#[derive(Arbitrary, Debug)]
struct Input {
    active: bool,
    ops: Vec<Op>,
}

/// What a device was last told.
#[derive(Clone)]
enum Told {
    Nothing,
    Invited,
    Roster(SecaggRoster),
    Inbox(SecaggInbox),
    Survivors(SecaggSurvivors),
    Unmask(SecaggUnmask),
}

/// The message, damaged if `xor` says so, and whether it still is what the device said.
fn damaged<M: Message + Clone + PartialEq>(message: &M, place: u16, xor: u8) -> (M, bool) {
    let Ok(mut body) = encode_body(message, &Default::default()) else { return (message.clone(), true) };
    if let Some(byte) = body.get_mut(usize::from(place)) {
        *byte ^= xor;
    }
    let changed = decode_body(&body).map_or_else(|_| message.clone(), |(message, _)| message);
    let same = changed == *message;
    (changed, same)
}

fn raw(server: &mut Server, id: DeviceId, kind: u8, body: &[u8]) -> bool {
    match kind % 5 {
        0 => decode_body::<SecaggAdvert>(body).is_ok_and(|(m, _)| server.advert(1, id, &m).is_ok()),
        1 => decode_body::<SecaggShares>(body).is_ok_and(|(m, _)| server.shares(1, id, &m).is_ok()),
        2 => decode_body::<SecaggMaskedInput>(body).is_ok_and(|(m, _)| server.masked_input(1, id, &m, body).is_ok()),
        3 => decode_body::<SecaggConsistency>(body).is_ok_and(|(m, _)| server.consistency(1, id, &m).is_ok()),
        _ => decode_body::<SecaggRevealed>(body).is_ok_and(|(m, _)| server.revealed(1, id, &m).is_ok()),
    }
}

fuzz_target!(|input: Input| {
    let terms = terms(input.active);
    let mut server = server(&terms);
    let mut clients: Vec<_> = (0..DEVICES).map(|i| client(i, &terms)).collect();
    let mut told = vec![Told::Invited; usize::from(DEVICES)];
    let mut honest = true;
    for op in &input.ops {
        match op {
            Op::Step { from, name, place, xor } => {
                let from = usize::from(from % DEVICES);
                let id = device(name % DEVICES);
                let client = &mut clients[from];
                let (taken, same) = match std::mem::replace(&mut told[from], Told::Nothing) {
                    Told::Nothing => continue,
                    Told::Invited => {
                        let Ok(message) = client.advertise(1) else { continue };
                        let (message, same) = damaged(&message, *place, *xor);
                        (server.advert(1, id, &message).is_ok(), same)
                    }
                    Told::Roster(roster) => {
                        let Ok(message) = client.share(1, &roster) else { continue };
                        let (message, same) = damaged(&message, *place, *xor);
                        (server.shares(1, id, &message).is_ok(), same)
                    }
                    Told::Inbox(inbox) => {
                        let Ok((message, vector)) = client.mask(1, &inbox, vector()) else { continue };
                        let (message, same) = damaged(&message, *place, *xor);
                        (server.masked_input(1, id, &message, vector.as_bytes()).is_ok(), same)
                    }
                    Told::Survivors(list) => {
                        let Ok(message) = client.sign(1, &list) else { continue };
                        let (message, same) = damaged(&message, *place, *xor);
                        (server.consistency(1, id, &message).is_ok(), same)
                    }
                    Told::Unmask(request) => {
                        let Ok(message) = client.unmask(1, &request) else { continue };
                        let (message, same) = damaged(&message, *place, *xor);
                        (server.revealed(1, id, &message).is_ok(), same)
                    }
                };
                honest &= same || !taken;
            }
            Op::Raw { name, kind, body } => honest &= !raw(&mut server, device(name % DEVICES), *kind, body),
            Op::Close { late } => {
                let index = |id: DeviceId| usize::from(id.0[0]);
                match server.close(if *late { 101 } else { 1 }) {
                    Ok(Closed::Rosters(m)) => m.into_iter().for_each(|(id, m)| told[index(id)] = Told::Roster(m)),
                    Ok(Closed::Inboxes(m)) => m.into_iter().for_each(|(id, m)| told[index(id)] = Told::Inbox(m)),
                    Ok(Closed::Survivors(m)) => m.into_iter().for_each(|(id, m)| told[index(id)] = Told::Survivors(m)),
                    Ok(Closed::Unmask(m)) => {
                        assert!(m.len() >= 3, "a request below t + 1 survivors");
                        m.into_iter().for_each(|(id, m)| told[index(id)] = Told::Unmask(m));
                    }
                    Ok(Closed::Sum(sum)) => {
                        assert!(sum.survivors.len() >= 4, "a sum below N_min");
                        if honest {
                            let one = silhouette_wire::unpack(vector().as_bytes(), 16).expect("packed");
                            let count = sum.survivors.len() as i64;
                            assert_eq!(sum.values(), one.iter().map(|v| v * count).collect::<Vec<_>>());
                        }
                    }
                    Err(_) => assert!(server.step().is_none()),
                }
            }
        }
    }
});
