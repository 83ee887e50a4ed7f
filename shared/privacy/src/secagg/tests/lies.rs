//! What a device makes of each single lie in a roster, an inbox or a list.

use std::collections::BTreeSet;

use ed25519_dalek::SigningKey;
use silhouette_wire::ContentHash;
use silhouette_wire::bounded::List;
use silhouette_wire::message::{RosterEntry, SecaggRoster, SecaggSurvivors, SecaggUnmask};

use super::world::{Dropouts, NOW, World, client, terms};
use crate::secagg::{Abort, Adversary, GraphParameters, Terms, endorse, transcript};

fn rostered(adversary: Adversary) -> World {
    let mut world = World::new(terms(6, 4, adversary), 1);
    world.advertise(&BTreeSet::new()).unwrap();
    world
}

/// Device 0's answer to its roster after a change, and the change again with the hash corrected.
fn told(adversary: Adversary, change: impl Fn(&mut SecaggRoster, &mut Vec<RosterEntry>)) -> [Option<Abort>; 2] {
    [false, true].map(|rehash| {
        let mut world = rostered(adversary);
        let (_, mut roster) = world.trace.rosters.iter().find(|(i, _)| *i == 0).unwrap().clone();
        let mut entries = roster.neighbours.as_slice().to_vec();
        change(&mut roster, &mut entries);
        if rehash {
            let own = client(0, &world.terms, 1).advertise(NOW).unwrap();
            let (share_key, mask_key, signature) = (own.share_key, own.mask_key, own.signature);
            let mut all = entries.clone();
            all.push(RosterEntry { member: roster.own, share_key, mask_key, signature });
            all.sort_by_key(|entry| entry.member);
            roster.roster = transcript::roster(&world.terms, all.iter());
        }
        roster.neighbours = List::new(entries).unwrap();
        world.clients[0].share(NOW, &roster).err()
    })
}

#[test]
fn rosters_that_contradict_the_terms_or_themselves() {
    let curious = Adversary::Curious;
    assert_eq!(told(curious, |_, _| ()), [None, None]);
    for found in [3, 7, 0] {
        let members = Some(Abort::Members { least: 4, most: 6, found });
        assert_eq!(told(curious, |roster, _| roster.members = found), [members.clone(), members]);
    }
    let parameters = Some(Abort::GraphParameters);
    assert_eq!(told(curious, |roster, _| roster.threshold -= 1), [parameters.clone(), parameters.clone()]);
    assert_eq!(told(curious, |roster, _| roster.degree -= 1), [parameters.clone(), parameters]);
    let neighbours = Some(Abort::Neighbours);
    assert_eq!(told(curious, |roster, _| roster.own = 6)[0], neighbours);
    assert_eq!(told(curious, |_, entries| entries.truncate(4)), [neighbours.clone(), neighbours.clone()]);
    assert_eq!(told(curious, |_, entries| entries[1] = entries[0]), [neighbours.clone(), neighbours.clone()]);
    let swap = |_: &mut SecaggRoster, entries: &mut Vec<RosterEntry>| {
        (entries[0].mask_key, entries[1].mask_key) = (entries[1].mask_key, entries[0].mask_key);
    };
    assert_eq!(told(curious, swap), [neighbours.clone(), neighbours]);
    let hash = told(curious, |_, entries| entries[0].share_key[0] ^= 1);
    assert_eq!(hash[0], Some(Abort::RosterHash));
    assert_eq!(told(curious, |roster, _| roster.roster = ContentHash([0; 32]))[0], Some(Abort::RosterHash));
}

#[test]
fn identical_and_weak_public_keys() {
    let curious = Adversary::Curious;
    let twice = told(curious, |_, entries| entries[1].share_key = entries[0].share_key);
    assert!(twice.iter().all(|abort| matches!(abort, Some(Abort::RepeatedKey { .. }))));
    let both = told(curious, |_, entries| entries[1].share_key = entries[1].mask_key);
    assert!(both.iter().all(|abort| matches!(abort, Some(Abort::RepeatedKey { .. }))));
    // The device's own key under another name.
    let world = rostered(curious);
    let own = client(0, &world.terms, 1).advertise(NOW).unwrap().share_key;
    let mirrored = told(curious, move |_, entries| entries[3].share_key = own);
    assert!(mirrored.iter().all(|abort| matches!(abort, Some(Abort::RepeatedKey { .. }))));
    let weak = told(curious, |_, entries| entries[2].share_key = [0; 32]);
    assert!(matches!(weak[1], Some(Abort::WeakKey { .. })));
}

#[test]
fn man_in_the_middle_keys_in_the_active_mode() {
    // The aggregator puts keys of its own in a neighbour's place. Without signatures nobody can
    // tell; that is what the active mode is for.
    let swap = |_: &mut SecaggRoster, entries: &mut Vec<RosterEntry>| entries[0].share_key = [77; 32];
    assert_eq!(told(Adversary::Curious, swap)[1], None);
    assert!(told(Adversary::Active, swap).iter().all(|abort| matches!(abort, Some(Abort::AdvertSignature { .. }))));
    let unsigned = told(Adversary::Active, |_, entries| entries[0].signature = None);
    assert!(unsigned.iter().all(|abort| matches!(abort, Some(Abort::AdvertSignature { .. }))));
    // A sybil with a well-made advert that no authority endorsed.
    let sybil = |roster: &mut SecaggRoster, entries: &mut Vec<RosterEntry>| {
        let _ = roster;
        let terms = terms(6, 4, Adversary::Active);
        let key = SigningKey::from_bytes(&[99; 32]);
        let fake = SigningKey::from_bytes(&[98; 32]);
        let endorsement = endorse(&fake, &terms.task, &key.verifying_key());
        let identity = crate::secagg::Identity::new(key, endorsement, fake.verifying_key());
        let (share_key, mask_key) = (entries[0].share_key, entries[0].mask_key);
        entries[0].signature = Some(identity.sign_advert(&terms, &share_key, &mask_key));
    };
    assert!(told(Adversary::Active, sybil).iter().all(|abort| matches!(abort, Some(Abort::AdvertSignature { .. }))));
    // One device under two names.
    let twice = told(Adversary::Active, |_, entries| entries[1].signature = entries[0].signature);
    assert!(twice.iter().all(|abort| matches!(abort, Some(Abort::RepeatedKey { .. }))));
}

#[test]
fn inboxes_that_lie() {
    let start = || {
        let mut world = rostered(Adversary::Curious);
        world.share(&BTreeSet::from([5])).unwrap();
        let inbox = world.trace.inboxes.iter().find(|(i, _)| *i == 0).unwrap().1.clone();
        let entries = inbox.shares.as_slice().to_vec();
        (world, entries)
    };
    let answer = |mut world: World, entries: Vec<_>| {
        let inbox = silhouette_wire::message::SecaggInbox { shares: List::new(entries).unwrap() };
        let bytes = world.inputs[0].clone();
        world.clients[0].mask_bytes(NOW, &inbox, 16, bytes).err()
    };
    let (world, entries) = start();
    assert_eq!(answer(world, entries), None);
    let (world, mut entries) = start();
    entries[1] = entries[0].clone();
    assert_eq!(answer(world, entries.clone()), Some(Abort::Repeated { member: entries[0].member }));
    let (world, mut entries) = start();
    entries[0].member = world.place(0);
    assert_eq!(answer(world, entries), Some(Abort::Own));
    let (world, mut entries) = start();
    entries[0].member = 6;
    assert_eq!(answer(world, entries), Some(Abort::Unknown { member: 6 }));
    // Two senders exchanged: each was sealed for this pair and direction only.
    let (world, mut entries) = start();
    (entries[0].sealed, entries[1].sealed) = (entries[1].sealed.clone(), entries[0].sealed.clone());
    assert_eq!(answer(world, entries.clone()), Some(Abort::Sealed { member: entries[0].member }));
    let (world, mut entries) = start();
    let threshold = u32::from(world.trace.rosters[0].1.threshold);
    entries.truncate(threshold as usize - 1);
    assert_eq!(answer(world, entries), Some(Abort::TooFewAlive { threshold, found: threshold - 1 }));
}

#[test]
fn rosters_that_differ_between_neighbours() {
    // On a ring a device can't recompute the hash; but whoever was told another one can't open its
    // neighbours' shares.
    let graph = Some(GraphParameters { degree: 4, threshold: 2 });
    let terms = Terms { graph, ..terms(9, 4, Adversary::Curious) };
    let mut world = World::new(terms.clone(), 1);
    world.advertise(&BTreeSet::new()).unwrap();
    let seal = |hash: ContentHash, index: u32| {
        let mut device = client(index, &terms, 1);
        device.advertise(NOW).unwrap();
        let (_, mut roster) = world.trace.rosters.iter().find(|(i, _)| *i == index).unwrap().clone();
        let parameters = terms.graph_parameters(9).unwrap();
        let graph = crate::secagg::Graph::new(9, parameters, terms.manifest, hash).unwrap();
        let entry = |member| {
            let from =
                |roster: &SecaggRoster| roster.neighbours.as_slice().iter().find(|e| e.member == member).copied();
            world.trace.rosters.iter().find_map(|(_, roster)| from(roster)).unwrap()
        };
        roster.roster = hash;
        roster.neighbours = List::new(graph.neighbours(roster.own).into_iter().map(entry).collect::<Vec<_>>()).unwrap();
        (roster.own, device.share(NOW, &roster).unwrap(), device, graph)
    };
    let (a, sealed, _, first) = seal(ContentHash([1; 32]), 0);
    let (receiver, _, mut device, second) = (1..9)
        .map(|index| seal(ContentHash([2; 32]), index))
        .find(|(place, _, _, second)| first.neighbours(a).contains(place) && second.neighbours(a).contains(place))
        .unwrap();
    assert!(second.neighbours(receiver).contains(&a));
    let share = sealed.shares.as_slice().iter().find(|share| share.member == receiver).unwrap();
    let share = silhouette_wire::message::SealedShare { member: a, sealed: share.sealed.clone() };
    let inbox = silhouette_wire::message::SecaggInbox { shares: List::new([share]).unwrap() };
    let answer = device.mask_bytes(NOW, &inbox, 16, vec![0; 40]);
    assert_eq!(answer.err(), Some(Abort::Sealed { member: a }));
}

fn lists(world: &World) -> SecaggUnmask {
    world.trace.requests.iter().find(|(i, _)| *i == 0).unwrap().1.clone()
}

#[test]
fn lists_that_lie() {
    let names = |names: Vec<u32>| List::new(names).unwrap();
    // Device 1 never shared, device 2 never sent its input.
    let dropouts = Dropouts { share: BTreeSet::from([1]), input: BTreeSet::from([2]), ..Dropouts::default() };
    let start = || World::until_lists(terms(8, 4, Adversary::Curious), &dropouts);
    let answer = |change: &dyn Fn(&World, &mut SecaggUnmask)| {
        let mut world = start();
        let mut message = lists(&world);
        change(&world, &mut message);
        world.clients[0].unmask(NOW, &message).err()
    };
    assert_eq!(answer(&|_, _| ()), None);
    let push = |list: &List<u32, 255>, name: u32| names([list.as_slice(), &[name]].concat());
    assert_eq!(answer(&|_, m| m.alive = push(&m.alive, 8)), Some(Abort::Unknown { member: 8 }));
    let member = lists(&start()).alive.as_slice()[0];
    assert_eq!(answer(&|_, m| m.alive = push(&m.alive, m.alive.as_slice()[0])), Some(Abort::Repeated { member }));
    assert_eq!(answer(&|_, m| m.alive = names(m.alive.as_slice()[1..].to_vec())), Some(Abort::Missing { member }));
    // Dead earlier, listed alive; or listed as dropped, though it gave no shares.
    let member = start().place(1);
    assert_eq!(answer(&|w, m| m.alive = push(&m.alive, w.place(1))), Some(Abort::Returned { member }));
    assert_eq!(answer(&|w, m| m.dropped = push(&m.dropped, w.place(1))), Some(Abort::Returned { member }));
    // Fewer than t alive.
    let threshold = u32::from(start().trace.rosters[0].1.threshold);
    let few = answer(&|_, m| {
        let all = [m.alive.as_slice(), m.dropped.as_slice()].concat();
        m.alive = names(all[..threshold as usize - 1].to_vec());
        m.dropped = names(all[threshold as usize - 1..].to_vec());
    });
    assert_eq!(few, Some(Abort::TooFewAlive { threshold, found: threshold - 1 }));
}

/// Eight devices in the active mode, waiting for their lists; device 7 dropped out.
fn active() -> World {
    let dropouts = Dropouts { input: BTreeSet::from([7]), ..Dropouts::default() };
    World::until_lists(terms(8, 5, Adversary::Active), &dropouts)
}

#[test]
fn two_u3_lists() {
    let mut world = active();
    let (i, survivors) = world.trace.survivors[0].clone();
    let client = &mut world.clients[i as usize];
    client.sign(NOW, &survivors).unwrap();
    assert_eq!(client.sign(NOW, &survivors), Err(Abort::SecondSurvivorList));
    assert!(client.is_over());
}

#[test]
fn survivors_other_than_those_signed() {
    let mut world = active();
    let signed: Vec<_> = world.trace.survivors.clone();
    world.consistency(&BTreeSet::new()).unwrap();
    let (i, mut request) = world.trace.requests[0].clone();
    let moved = request.alive.as_slice()[0];
    request.alive = List::new(request.alive.as_slice()[1..].to_vec()).unwrap();
    let dropped: BTreeSet<u32> = request.dropped.as_slice().iter().copied().chain([moved]).collect();
    request.dropped = List::new(dropped.into_iter().collect::<Vec<_>>()).unwrap();
    request.survivors -= 1;
    assert_eq!(world.clients[i as usize].unmask(NOW, &request), Err(Abort::OtherSurvivors));
    assert_eq!(signed.len(), 7);
}

#[test]
fn signatures_that_are_few_false_or_of_strangers() {
    let start = || {
        let mut world = active();
        world.consistency(&BTreeSet::new()).unwrap();
        let (i, request) = world.trace.requests[0].clone();
        (world, i, request)
    };
    let answer = |change: &dyn Fn(&World, &mut Vec<silhouette_wire::message::Signed>)| {
        let (mut world, i, mut request) = start();
        let mut signatures = request.signatures.as_slice().to_vec();
        change(&world, &mut signatures);
        request.signatures = List::new(signatures).unwrap();
        world.clients[i as usize].unmask(NOW, &request).err()
    };
    assert_eq!(answer(&|_, _| ()), None);
    let threshold = u32::from(start().0.trace.rosters[0].1.threshold);
    // The device's own signature counts: t of others make more than t.
    let few = answer(&|_, s| s.truncate(threshold as usize - 1));
    assert_eq!(few, Some(Abort::TooFewSignatures { threshold, found: threshold }));
    assert_eq!(answer(&|_, s| s.truncate(threshold as usize)), None);
    let (_, _, request) = start();
    let member = request.signatures.as_slice()[0].member;
    assert_eq!(answer(&|_, s| s[0].signature[1][0] ^= 1), Some(Abort::SurvivorSignature { member }));
    assert_eq!(answer(&|_, s| s.push(s[0])), Some(Abort::Repeated { member }));
    let dropped = start().0.place(7);
    assert_eq!(answer(&|_, s| s[0].member = dropped), Some(Abort::Unknown { member: dropped }));
    let other = request.signatures.as_slice()[1].signature;
    assert_eq!(answer(&|_, s| s[0].signature = other), Some(Abort::SurvivorSignature { member }));
}

#[test]
fn messages_out_of_order() {
    let mut world = active();
    let list = world.trace.survivors[0].1.clone();
    let request = SecaggUnmask {
        survivors: list.survivors,
        alive: list.alive.clone(),
        dropped: list.dropped.clone(),
        signatures: List::default(),
    };
    let (i, roster) = world.trace.rosters[0].clone();
    assert_eq!(world.clients[i as usize].share(NOW, &roster).err(), Some(Abort::OutOfOrder));
    assert_eq!(world.clients[i as usize].share(NOW, &roster).err(), Some(Abort::Over));
    let mut early = client(0, &world.terms, 1);
    early.advertise(NOW).unwrap();
    assert_eq!(early.unmask(NOW, &request), Err(Abort::OutOfOrder));
    let mut early = client(0, &world.terms, 1);
    assert_eq!(early.sign(NOW, &SecaggSurvivors { ..list }).err(), Some(Abort::OutOfOrder));
}
