//! The attack list of the privacy specification, as far as it meets secure aggregation.

use std::collections::BTreeSet;

use silhouette_wire::ContentHash;
use silhouette_wire::bounded::List;
use silhouette_wire::message::{SecaggMaskedInput, SecaggUnmask};

use super::world::{DEADLINE, Dropouts, NOW, World, client, device, identity, nonce, plain_sum, terms};
use crate::secagg::{Abort, Adversary, Advertise, Closed, Entropy, Failure, Policy, Refused, Step, Terms};

/// Ten devices have sent their inputs; device 9 dropped out before.
fn waiting() -> World {
    let dropouts = Dropouts { input: BTreeSet::from([9]), ..Dropouts::default() };
    World::until_lists(terms(10, 7, Adversary::Curious), &dropouts)
}

fn list(names: impl IntoIterator<Item = u32>) -> List<u32, 255> {
    List::new(names.into_iter().collect::<Vec<_>>()).unwrap()
}

fn request(world: &World, index: u32) -> SecaggUnmask {
    world.trace.requests.iter().find(|(i, _)| *i == index).unwrap().1.clone()
}

#[test]
fn r3_with_overlapping_lists() {
    let mut world = waiting();
    let mut both = request(&world, 0);
    let victim = both.alive.as_slice()[2];
    both.dropped = list([both.dropped.as_slice(), &[victim]].concat());
    assert_eq!(world.clients[0].unmask(NOW, &both), Err(Abort::Overlap { member: victim }));
    // And it has nothing left to give to an honest request.
    let honest = request(&world, 0);
    assert_eq!(world.clients[0].unmask(NOW, &honest), Err(Abort::Over));
}

#[test]
fn r3_with_own_id_dropped_or_alive() {
    for alive in [true, false] {
        let mut world = waiting();
        let own = world.place(0);
        let mut message = request(&world, 0);
        let names = if alive { &mut message.alive } else { &mut message.dropped };
        *names = list([names.as_slice(), &[own]].concat());
        assert_eq!(world.clients[0].unmask(NOW, &message), Err(Abort::Own));
    }
}

#[test]
fn second_r3() {
    let mut world = waiting();
    let message = request(&world, 0);
    assert!(world.clients[0].unmask(NOW, &message).is_ok());
    assert_eq!(world.clients[0].unmask(NOW, &message), Err(Abort::SecondUnmask));
    let mut other = message;
    let moved = other.alive.as_slice()[0];
    other.alive = list(other.alive.as_slice()[1..].to_vec());
    other.dropped = list([other.dropped.as_slice(), &[moved]].concat());
    other.survivors -= 1;
    assert_eq!(world.clients[0].unmask(NOW, &other), Err(Abort::Over));
}

#[test]
fn two_clients_given_different_models() {
    // Another model is another manifest, and every key hangs on its hash: the shares do not open.
    let terms = terms(5, 3, Adversary::Curious);
    let mut world = World::new(terms.clone(), 1);
    let other = Terms { manifest: ContentHash([5; 32]), ..terms };
    world.clients[0] = client(0, &other, 1);
    for i in 0..5_u32 {
        let mut advert = world.clients[i as usize].advertise(NOW).unwrap();
        if i == 0 {
            assert_eq!(world.server.advert(NOW, device(0), &advert), Err(Refused::Manifest));
            // An aggregator that plays along.
            advert.manifest = ContentHash([4; 32]);
        }
        world.server.advert(NOW, device(i), &advert).unwrap();
    }
    let Closed::Rosters(rosters) = world.server.close(NOW).unwrap() else { panic!() };
    for (device, mut roster) in rosters {
        let i = u32::from_le_bytes(device.0[..4].try_into().unwrap());
        if i == 0 {
            // The roster's hash binds the manifest: the device notices at once.
            assert_eq!(world.clients[0].share(NOW, &roster), Err(Abort::RosterHash));
            world.clients[0] = client(0, &other, 1);
            world.clients[0].advertise(NOW).unwrap();
            let entry = |entry: &silhouette_wire::message::RosterEntry| *entry;
            let mut all: Vec<_> = roster.neighbours.as_slice().iter().map(entry).collect();
            let own = client(0, &other, 1).advertise(NOW).unwrap();
            all.push(silhouette_wire::message::RosterEntry {
                member: roster.own,
                share_key: own.share_key,
                mask_key: own.mask_key,
                signature: None,
            });
            all.sort_by_key(|entry| entry.member);
            roster.roster = crate::secagg::transcript::roster(&other, all.iter());
        }
        let shares = world.clients[i as usize].share(NOW, &roster).unwrap();
        world.server.shares(NOW, device, &shares).unwrap();
    }
    let Closed::Inboxes(inboxes) = world.server.close(NOW).unwrap() else { panic!() };
    for (device, inbox) in inboxes {
        let i = u32::from_le_bytes(device.0[..4].try_into().unwrap());
        let bytes = world.inputs[i as usize].clone();
        let result = world.clients[i as usize].mask_bytes(NOW, &inbox, 16, bytes);
        assert!(matches!(result, Err(Abort::Sealed { .. })), "device {i}");
    }
}

#[test]
fn sum_of_masks_from_different_manifests_does_not_decode() {
    // The masks alone, had the shares been waved through: keys of one pair under two manifests
    // leave uniform bytes behind.
    use crate::secagg::keys::{KeyPair, Purpose};
    use crate::secagg::mask::{Sign, apply};
    let pair = |byte| KeyPair::of_secret(&zeroize::Zeroizing::new([byte; 32]));
    let (a, b) = (pair(1), pair(2));
    let sum = |of_a: u8, of_b: u8| {
        let seed = |own: &KeyPair, peer: &KeyPair, manifest| {
            own.agree(peer.public()).unwrap().derive(ContentHash([manifest; 32]), Purpose::Mask, 0, 1)
        };
        let mut sum = vec![0; 2000];
        apply(&mut sum, 16, &[(seed(&a, &b, of_a), Sign::of_pair(0, 1)), (seed(&b, &a, of_b), Sign::of_pair(1, 0))]);
        sum
    };
    assert!(sum(4, 4).iter().all(|&b| b == 0));
    assert!(sum(4, 5).iter().filter(|&&b| b == 0).count() < 40);
}

#[test]
fn n_min_of_one_and_cohorts_of_one() {
    let start = |terms: Terms, least| {
        let entropy = Entropy::dangerous_for_simulation_only([1; 32]);
        Advertise::new(terms.clone(), Policy { min_reports: least }, nonce(0), identity(0, &terms), entropy).err()
    };
    for (cohort, least) in [(1, 1), (2, 2), (10, 1), (10, 0), (10, 2), (10, 11)] {
        assert!(
            matches!(start(terms(cohort, least, Adversary::Curious), 0), Some(Abort::Terms(_))),
            "{cohort} {least}"
        );
    }
    // A sum over one honest member is its input.
    let corrupt = Terms { corrupt_fraction: 0.4, ..terms(10, 5, Adversary::Curious) };
    assert!(matches!(start(corrupt, 0), Some(Abort::Terms(_))));
    // The device's own floor.
    let floor = start(terms(10, 6, Adversary::Curious), 7);
    assert_eq!(floor, Some(Abort::Policy { least: 7, found: 6 }));
    assert_eq!(start(terms(10, 6, Adversary::Curious), 6), None);
    // No identity where one is needed, and the reverse.
    let entropy = || Entropy::dangerous_for_simulation_only([1; 32]);
    let active = terms(10, 6, Adversary::Active);
    let found = Advertise::new(active.clone(), Policy { min_reports: 2 }, nonce(0), None, entropy());
    assert_eq!(found.err(), Some(Abort::Identity));
    let passive = terms(10, 6, Adversary::Curious);
    let found = Advertise::new(passive, Policy { min_reports: 2 }, nonce(0), identity(0, &active), entropy());
    assert_eq!(found.err(), Some(Abort::Identity));
}

#[test]
fn all_but_one_drop_out() {
    let dropouts = Dropouts { input: (1..10).collect(), ..Dropouts::default() };
    let mut world = World::new(terms(10, 3, Adversary::Curious), 1);
    let ended = world.run(&dropouts).unwrap_err();
    assert_eq!(ended.why, Failure::TooFew { step: Step::MaskedInput, least: 3, found: 1 });
    assert!(world.trace.requests.is_empty());
    assert_eq!(ended.lost.len(), 9);
}

#[test]
fn an_aggregator_that_asks_below_n_min_gets_nothing() {
    let mut world = waiting();
    let mut message = request(&world, 0);
    let moved: Vec<u32> = message.alive.as_slice()[..3].to_vec();
    message.alive = list(message.alive.as_slice()[3..].to_vec());
    message.dropped =
        list(moved.into_iter().chain(message.dropped.as_slice().iter().copied()).collect::<BTreeSet<_>>());
    // Five neighbours and the device itself are six of seven.
    message.survivors = 6;
    assert_eq!(world.clients[0].unmask(NOW, &message), Err(Abort::TooFewSurvivors { least: 7, found: 6 }));
    // Claiming more than the list holds does not help on the complete graph.
    let mut other = request(&world, 1);
    other.survivors += 1;
    assert_eq!(world.clients[1].unmask(NOW, &other), Err(Abort::SurvivorCount));
}

#[test]
fn replay_of_a_frame_leaves_the_sum_unchanged() {
    let mut world = World::new(terms(6, 4, Adversary::Curious), 1);
    let adverts: Vec<_> = (0..6).map(|i| world.clients[i].advertise(NOW).unwrap()).collect();
    for (i, advert) in (0..).zip(&adverts) {
        world.server.advert(NOW, device(i), advert).unwrap();
        assert_eq!(world.server.advert(NOW, device(i), advert), Err(Refused::Duplicate));
    }
    // Somebody else's advert under another name: the nonce is not its own.
    assert_eq!(world.server.advert(NOW, device(1), &adverts[0]), Err(Refused::Nonce));
    let Closed::Rosters(rosters) = world.server.close(NOW).unwrap() else { panic!() };
    assert_eq!(world.server.advert(NOW, device(0), &adverts[0]), Err(Refused::Late));
    let mut shares = Vec::new();
    for (i, (device, roster)) in rosters.iter().enumerate() {
        let index = u32::from_le_bytes(device.0[..4].try_into().unwrap()) as usize;
        shares.push((*device, world.clients[index].share(NOW, roster).unwrap()));
        world.server.shares(NOW, *device, &shares[i].1).unwrap();
        assert_eq!(world.server.shares(NOW, *device, &shares[i].1), Err(Refused::Duplicate));
    }
    let Closed::Inboxes(inboxes) = world.server.close(NOW).unwrap() else { panic!() };
    assert_eq!(world.server.shares(NOW, shares[0].0, &shares[0].1), Err(Refused::Late));
    world.trace.inboxes =
        inboxes.iter().map(|(d, m)| (u32::from_le_bytes(d.0[..4].try_into().unwrap()), m.clone())).collect();
    let mut inputs = Vec::new();
    for (i, inbox) in world.trace.inboxes.clone() {
        let bytes = world.inputs[i as usize].clone();
        let (message, vector) = world.clients[i as usize].mask_bytes(NOW, &inbox, 16, bytes).unwrap();
        world.server.masked_input(NOW, device(i), &message, vector.as_bytes()).unwrap();
        let again = world.server.masked_input(NOW, device(i), &message, vector.as_bytes());
        assert_eq!(again, Err(Refused::Duplicate));
        inputs.push((i, message, vector));
    }
    let Closed::Unmask(requests) = world.server.close(NOW).unwrap() else { panic!() };
    let (i, message, vector) = &inputs[0];
    assert_eq!(world.server.masked_input(NOW, device(*i), message, vector.as_bytes()), Err(Refused::Late));
    for (device, request) in requests {
        let index = u32::from_le_bytes(device.0[..4].try_into().unwrap()) as usize;
        let revealed = world.clients[index].unmask(NOW, &request).unwrap();
        world.server.revealed(NOW, device, &revealed).unwrap();
        assert_eq!(world.server.revealed(NOW, device, &revealed), Err(Refused::Duplicate));
    }
    let Closed::Sum(sum) = world.server.close(NOW).unwrap() else { panic!() };
    assert_eq!(sum.values(), plain_sum(&world.terms, world.inputs.iter()));
    assert_eq!(world.server.close(NOW).unwrap_err().why, Failure::Over);
}

#[test]
fn replay_of_a_round() {
    // The messages of one round in the next one: other keys, so nothing opens and nothing fits.
    let mut old = World::until_lists(terms(5, 3, Adversary::Curious), &Dropouts::default());
    let next = Terms { round: 4, ..terms(5, 3, Adversary::Curious) };
    let mut new = World::new(next, 2);
    let stale = client(0, &old.terms, 1).advertise(NOW).unwrap();
    assert_eq!(new.server.advert(NOW, device(0), &stale), Err(Refused::OtherRound));
    new.advertise(&BTreeSet::new()).unwrap();
    let roster = old.trace.rosters[0].clone();
    assert!(new.clients[roster.0 as usize].share(NOW, &roster.1).is_err());
    new = World::new(new.terms.clone(), 2);
    new.advertise(&BTreeSet::new()).unwrap();
    new.share(&BTreeSet::new()).unwrap();
    let (_, inbox) = old.trace.inboxes[1].clone();
    let (index, _) = old.trace.inboxes[1];
    let bytes = new.inputs[index as usize].clone();
    assert!(new.clients[index as usize].mask_bytes(NOW, &inbox, 16, bytes).is_err());
    // The old devices answer their own round only once.
    let (i, request) = old.trace.requests[0].clone();
    assert!(old.clients[i as usize].unmask(NOW, &request).is_ok());
    assert!(old.clients[i as usize].unmask(NOW, &request).is_err());
}

#[test]
fn wrong_length_and_empty_vectors_leave_the_round_unaffected() {
    let mut world = World::new(terms(4, 3, Adversary::Curious), 1);
    world.advertise(&BTreeSet::new()).unwrap();
    world.share(&BTreeSet::new()).unwrap();
    let mut kept = Vec::new();
    for (i, inbox) in world.trace.inboxes.clone() {
        let bytes = world.inputs[i as usize].clone();
        let (message, vector) = world.clients[i as usize].mask_bytes(NOW, &inbox, 16, bytes).unwrap();
        let send = |world: &mut World, message: &SecaggMaskedInput, body: &[u8]| {
            world.server.masked_input(NOW, device(i), message, body)
        };
        let body = vector.as_bytes();
        assert_eq!(send(&mut world, &message, &[]), Err(Refused::Size));
        assert_eq!(send(&mut world, &message, &body[1..]), Err(Refused::Size));
        assert_eq!(send(&mut world, &message, &[body, &[0]].concat()), Err(Refused::Size));
        let wide = SecaggMaskedInput { modulus_bits: 32, ..message.clone() };
        assert_eq!(send(&mut world, &wide, body), Err(Refused::Size));
        let mut changed = body.to_vec();
        changed[0] ^= 1;
        assert_eq!(send(&mut world, &message, &changed), Err(Refused::Hash));
        kept.push((i, message, vector));
    }
    for (i, message, vector) in kept {
        world.server.masked_input(NOW, device(i), &message, vector.as_bytes()).unwrap();
    }
    let Closed::Unmask(requests) = world.server.close(NOW).unwrap() else { panic!() };
    world.trace.requests =
        requests.into_iter().map(|(d, m)| (u32::from_le_bytes(d.0[..4].try_into().unwrap()), m)).collect();
    let sum = world.unmask(&BTreeSet::new()).unwrap();
    assert_eq!(sum.values(), plain_sum(&world.terms, world.inputs.iter()));
    // And on the device: a vector of the wrong size never leaves.
    let mut world = World::new(terms(4, 3, Adversary::Curious), 1);
    world.advertise(&BTreeSet::new()).unwrap();
    world.share(&BTreeSet::new()).unwrap();
    let (i, inbox) = world.trace.inboxes[0].clone();
    let size = world.clients[i as usize].mask_bytes(NOW, &inbox, 16, vec![0; 38]);
    assert!(matches!(size, Err(Abort::Size { expected: 40, found: 38, .. })));
}

#[test]
fn nothing_happens_after_the_deadline() {
    let late = DEADLINE + 1;
    let mut world = World::new(terms(4, 3, Adversary::Curious), 1);
    assert_eq!(client(0, &world.terms, 1).advertise(late).err(), Some(Abort::Deadline));
    let advert = client(0, &world.terms, 1).advertise(NOW).unwrap();
    assert_eq!(world.server.advert(late, device(0), &advert), Err(Refused::Late));
    world.advertise(&BTreeSet::new()).unwrap();
    let roster = world.trace.rosters[0].clone();
    assert_eq!(world.clients[roster.0 as usize].share(late, &roster.1).err(), Some(Abort::Deadline));
    let mut world = waiting();
    let message = request(&world, 0);
    assert_eq!(world.clients[0].unmask(late, &message), Err(Abort::Deadline));
    assert_eq!(world.clients[0].unmask(NOW, &message), Err(Abort::Over));
    let mut world = World::new(terms(4, 3, Adversary::Curious), 1);
    assert_eq!(world.server.close(late).unwrap_err().why, Failure::Deadline);
}
