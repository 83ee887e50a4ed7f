//! An aggregator that lies at random, against honest devices.
//!
//! It may deliver anything to anybody, as often as it likes: two or three lists of survivors,
//! overlapping lists, lists with names added, taken out or moved, messages of other devices and of
//! other steps, the same message again. Whatever the devices answer is written down. Then:
//!
//! 1. no device ever reveals shares of both secrets of a neighbour, or answers twice;
//! 2. (lying aggregator, SemiMalicious and Active) no member's two secrets can both be put together;
//! 3. (Active) if any sum of inputs can be unmasked, it covers at least `N_min` inputs.
//!
//! Not a failure: a round that ends without a sum.

use std::collections::{BTreeMap, BTreeSet};

use rand::{Rng, SeedableRng};
use silhouette_wire::bounded::List;
use silhouette_wire::message::{RevealedShare, SecaggRevealed, SecaggSurvivors, SecaggUnmask, Signed};

use super::world::{Dropouts, NOW, World, terms};
use crate::secagg::{Adversary, Terms};

struct Liar {
    dice: chacha20::ChaCha20Rng,
}

impl Liar {
    fn below(&mut self, bound: usize) -> usize {
        self.dice.next_u32() as usize % bound.max(1)
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// A list of survivors: a random subset of those that shared, of a size around `N_min`.
    fn subset(&mut self, all: &BTreeSet<u32>, least: usize) -> BTreeSet<u32> {
        let mut names: Vec<u32> = all.iter().copied().collect();
        let keep = (least + self.below(4)).saturating_sub(1).min(names.len());
        while names.len() > keep {
            names.remove(self.below(names.len()));
        }
        names.into_iter().collect()
    }

    /// Small damage: a name added, removed, doubled or moved; a wrong count.
    fn damage(&mut self, own: u32, message: &mut SecaggSurvivors) {
        let mut alive = message.alive.as_slice().to_vec();
        let mut dropped = message.dropped.as_slice().to_vec();
        let any = self.below(14) as u32;
        match self.below(8) {
            0 => alive.push(any),
            1 => dropped.push(any),
            2 => dropped.extend(alive.first().copied()),
            3 => drop(alive.pop()),
            4 => alive.push(own),
            5 => dropped.push(own),
            6 => message.survivors = any,
            _ => (alive, dropped) = (dropped, alive),
        }
        message.alive = List::new(alive).unwrap();
        message.dropped = List::new(dropped).unwrap();
    }
}

/// The lists for one device when `claim` are said to have survived.
fn lists(own: u32, shared: &BTreeSet<u32>, claim: &BTreeSet<u32>) -> SecaggSurvivors {
    let (alive, dropped): (Vec<u32>, Vec<u32>) =
        shared.iter().filter(|member| **member != own).partition(|member| claim.contains(member));
    SecaggSurvivors {
        survivors: claim.len() as u32,
        alive: List::new(alive).unwrap(),
        dropped: List::new(dropped).unwrap(),
    }
}

#[derive(Default)]
struct Record {
    /// (holder, owner) -> the kinds revealed, in places.
    revealed: BTreeMap<(u32, u32), Vec<bool>>,
    answers: BTreeMap<u32, usize>,
    aborts: usize,
}

impl Record {
    fn note(&mut self, holder: u32, answer: &SecaggRevealed) {
        *self.answers.entry(holder).or_default() += 1;
        for (owner, share) in answer.shares.as_slice() {
            let is_self_mask = matches!(share, RevealedShare::SelfMask(_));
            self.revealed.entry((holder, *owner)).or_default().push(is_self_mask);
        }
    }

    fn recoverable(&self, is_self_mask: bool, threshold: usize) -> BTreeSet<u32> {
        let mut holders: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for ((holder, owner), kinds) in &self.revealed {
            if kinds.contains(&is_self_mask) {
                holders.entry(*owner).or_default().insert(*holder);
            }
        }
        holders.into_iter().filter(|(_, holders)| holders.len() >= threshold).map(|(owner, _)| owner).collect()
    }
}

/// One round under a liar; whether a sum could be unmasked, and how many answers and aborts.
fn round(seed: u64, adversary: Adversary) -> (bool, usize, usize) {
    let mut dice = [0; 32];
    dice[..8].copy_from_slice(&seed.to_le_bytes());
    let mut liar = Liar { dice: chacha20::ChaCha20Rng::from_seed(dice) };
    let n = 5 + liar.below(8) as u32;
    let least = (n * 2 / 3).max(3);
    let terms = Terms { dimension: 2, ..terms(n, least, adversary) };
    let silent = |liar: &mut Liar| (0..n).filter(|_| liar.chance(5)).collect();
    let dropouts = Dropouts { share: silent(&mut liar), ..Dropouts::default() };
    let mut world = World::new(terms.clone(), seed);
    if world.advertise(&BTreeSet::new()).and_then(|()| world.share(&dropouts.share)).is_err() {
        return (false, 0, 0);
    }
    let threshold = usize::from(world.trace.rosters[0].1.threshold);
    let place: BTreeMap<u32, u32> = world.trace.rosters.iter().map(|(i, roster)| (*i, roster.own)).collect();
    let shared: BTreeSet<u32> = world.trace.inboxes.iter().map(|(i, _)| place[i]).collect();
    let mut record = Record::default();
    // Inputs are asked for; a wrong inbox first, now and then.
    let mut sent = BTreeSet::new();
    for (i, inbox) in world.trace.inboxes.clone() {
        if liar.chance(3) {
            let other = world.trace.inboxes[liar.below(world.trace.inboxes.len())].1.clone();
            let bytes = world.inputs[i as usize].clone();
            record.aborts += usize::from(world.clients[i as usize].mask_bytes(NOW, &other, 16, bytes).is_err());
        }
        let bytes = world.inputs[i as usize].clone();
        if world.clients[i as usize].mask_bytes(NOW, &inbox, 16, bytes).is_ok() {
            sent.insert(place[&i]);
        }
    }
    let claims: Vec<BTreeSet<u32>> = (0..3).map(|_| liar.subset(&shared, least as usize)).collect();
    ask(&mut world, &mut liar, &mut record, &place, &shared, &claims);
    judge(&terms, &record, &sent, &shared, threshold)
}

/// The claim to tell this member; one that says it survived, mostly, as it knows better.
fn pick(liar: &mut Liar, truthful: bool, claims: &[BTreeSet<u32>], member: u32) -> Option<usize> {
    let claim = if truthful { 0 } else { liar.below(claims.len()) };
    (claims[claim].contains(&member) || liar.chance(5)).then_some(claim)
}

/// Several passes of lies over all devices, in any order.
fn ask(
    world: &mut World,
    liar: &mut Liar,
    record: &mut Record,
    place: &BTreeMap<u32, u32>,
    shared: &BTreeSet<u32>,
    claims: &[BTreeSet<u32>],
) {
    let active = world.terms.adversary == Adversary::Active;
    let devices: Vec<u32> = world.trace.inboxes.iter().map(|(i, _)| *i).collect();
    let mut signatures: Vec<(usize, Signed)> = Vec::new();
    let truthful = liar.chance(40);
    if active {
        for round in 0..devices.len() + liar.below(3) {
            // Everybody once, a few a second time.
            let i = devices.get(round).copied().unwrap_or(devices[0]);
            let Some(claim) = pick(liar, truthful, claims, place[&i]) else { continue };
            let mut message = lists(place[&i], shared, &claims[claim]);
            if liar.chance(4) {
                liar.damage(place[&i], &mut message);
            }
            match world.clients[i as usize].sign(NOW, &message) {
                Ok(signed) => signatures.push((claim, Signed { member: place[&i], signature: signed.signature })),
                Err(_) => record.aborts += 1,
            }
        }
    }
    for _ in 0..2 * devices.len() {
        let i = devices[liar.below(devices.len())];
        let Some(claim) = pick(liar, truthful, claims, place[&i]) else { continue };
        let mut message = lists(place[&i], shared, &claims[claim]);
        if liar.chance(4) {
            liar.damage(place[&i], &mut message);
        }
        // Signatures for this claim, or carelessly all of them.
        let all = liar.chance(10);
        let fitting = signatures.iter().filter(|(of, signed)| (all || *of == claim) && signed.member != place[&i]);
        let signatures: Vec<Signed> = fitting.map(|(_, signed)| *signed).collect();
        let SecaggSurvivors { survivors, alive, dropped } = message;
        let request = SecaggUnmask { survivors, alive, dropped, signatures: List::new(signatures).unwrap() };
        match world.clients[i as usize].unmask(NOW, &request) {
            Ok(answer) => record.note(place[&i], &answer),
            Err(_) => record.aborts += 1,
        }
    }
}

fn judge(
    terms: &Terms,
    record: &Record,
    sent: &BTreeSet<u32>,
    shared: &BTreeSet<u32>,
    threshold: usize,
) -> (bool, usize, usize) {
    assert!(record.revealed.values().all(|kinds| kinds.len() == 1), "a holder revealed twice");
    assert!(record.answers.values().all(|&answers| answers == 1), "a device answered twice");
    let open = record.recoverable(true, threshold);
    let broken = record.recoverable(false, threshold);
    if terms.adversary != Adversary::Curious {
        assert!(open.is_disjoint(&broken), "both secrets of one member left");
    }
    // On the complete graph everybody whose key is not broken hangs together: the inputs of all of
    // them can be unmasked, or of none.
    let together: BTreeSet<u32> = shared.difference(&broken).copied().collect();
    let exposed = !open.is_empty() && together.is_subset(&open) && together.is_subset(sent);
    if exposed && terms.adversary == Adversary::Active {
        assert!(together.len() >= terms.min_reports as usize, "a sum over {} was exposed", together.len());
    }
    (exposed, record.answers.len(), record.aborts)
}

#[test]
fn for_no_honest_member_do_both_secrets_leave_and_no_sum_is_below_n_min() {
    for adversary in [Adversary::Curious, Adversary::SemiMalicious, Adversary::Active] {
        let (mut exposed, mut answers, mut aborts) = (0, 0, 0);
        for seed in 0..250 {
            let (sum, answered, aborted) = round(seed, adversary);
            exposed += usize::from(sum);
            answers += answered;
            aborts += aborted;
        }
        // The liar gets somewhere, and is caught: neither side of the test is empty.
        println!("{adversary:?}: {exposed} sums, {answers} answers, {aborts} aborts in 250 rounds");
        assert!(exposed >= 10 && answers > 150 && aborts > 300, "{adversary:?} {exposed} {answers} {aborts}");
    }
}
