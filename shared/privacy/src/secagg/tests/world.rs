//! A round in one process: devices, an aggregator, and a script of who drops out where.

use std::collections::BTreeSet;

use ed25519_dalek::SigningKey;
use rand::{Rng, SeedableRng};
use silhouette_wire::message::{SecaggInbox, SecaggRoster, SecaggSurvivors, SecaggUnmask};
use silhouette_wire::{ContentHash, DeviceId, Nonce, TaskId};

use crate::secagg::{
    Adversary, Advertise, Client, Closed, Ended, Entropy, Identity, Invited, MaskedVector, Policy, Server, Sum, Terms,
    endorse,
};

pub(super) const DEADLINE: u64 = 1_000;
pub(super) const NOW: u64 = 10;

pub(super) fn terms(cohort: u32, min_reports: u32, adversary: Adversary) -> Terms {
    Terms {
        task: TaskId::new("news.en-1").unwrap(),
        round: 3,
        manifest: ContentHash([4; 32]),
        dimension: 20,
        modulus_bits: 16,
        cohort,
        min_reports,
        corrupt_fraction: 0.0,
        adversary,
        graph: None,
        deadline: DEADLINE,
    }
}

pub(super) fn device(index: u32) -> DeviceId {
    let mut id = [7; 32];
    id[..4].copy_from_slice(&index.to_le_bytes());
    DeviceId(id)
}

pub(super) fn nonce(index: u32) -> Nonce {
    let mut nonce = [3; 16];
    nonce[..4].copy_from_slice(&index.to_le_bytes());
    Nonce(nonce)
}

pub(super) fn authority() -> SigningKey {
    SigningKey::from_bytes(&[42; 32])
}

fn seed(index: u32, salt: u64) -> [u8; 32] {
    let mut seed = [9; 32];
    seed[..4].copy_from_slice(&index.to_le_bytes());
    seed[4..12].copy_from_slice(&salt.to_le_bytes());
    seed
}

pub(super) fn identity(index: u32, terms: &Terms) -> Option<Identity> {
    let key = SigningKey::from_bytes(&seed(index, 77));
    let endorsement = endorse(&authority(), &terms.task, &key.verifying_key());
    let identity = Identity::new(key, endorsement, authority().verifying_key());
    (terms.adversary == Adversary::Active).then_some(identity)
}

pub(super) fn client(index: u32, terms: &Terms, salt: u64) -> Client {
    let entropy = Entropy::dangerous_for_simulation_only(seed(index, salt));
    let policy = Policy { min_reports: 2 };
    Client::new(Advertise::new(terms.clone(), policy, nonce(index), identity(index, terms), entropy).unwrap())
}

pub(super) fn server(terms: &Terms) -> Server {
    let invited: Invited = (0..terms.cohort).map(|i| (device(i), nonce(i))).collect();
    let authority = (terms.adversary == Adversary::Active).then(|| authority().verifying_key());
    Server::new(terms.clone(), invited, authority).unwrap()
}

/// A device's input: packed, any bytes at all.
pub(super) fn input(index: u32, terms: &Terms) -> Vec<u8> {
    let mut bytes = vec![0; terms.byte_len()];
    chacha20::ChaCha20Rng::from_seed(seed(index, 1)).fill_bytes(&mut bytes);
    bytes
}

/// The plain sum modulo 2^b, entry by entry in u64.
pub(super) fn plain_sum<'a>(terms: &Terms, inputs: impl Iterator<Item = &'a Vec<u8>>) -> Vec<i64> {
    let width = usize::from(terms.modulus_bits / 8);
    let mut sums = vec![0_u64; terms.dimension];
    for bytes in inputs {
        for (sum, entry) in sums.iter_mut().zip(bytes.chunks_exact(width)) {
            *sum += entry.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte));
        }
    }
    let modulus = 1_u64 << terms.modulus_bits;
    let lift = |sum: u64| {
        if sum % modulus >= modulus / 2 { (sum % modulus) as i64 - modulus as i64 } else { (sum % modulus) as i64 }
    };
    sums.into_iter().map(lift).collect()
}

/// Devices that fall silent before they complete a step.
#[derive(Clone, Debug, Default)]
pub(super) struct Dropouts {
    pub(super) advertise: BTreeSet<u32>,
    pub(super) share: BTreeSet<u32>,
    pub(super) input: BTreeSet<u32>,
    pub(super) consistency: BTreeSet<u32>,
    pub(super) unmask: BTreeSet<u32>,
}

/// Everything that happened in a round, for an oracle to judge.
#[derive(Default)]
pub(super) struct Trace {
    pub(super) rosters: Vec<(u32, SecaggRoster)>,
    pub(super) inboxes: Vec<(u32, SecaggInbox)>,
    pub(super) survivors: Vec<(u32, SecaggSurvivors)>,
    pub(super) requests: Vec<(u32, SecaggUnmask)>,
    pub(super) vectors: Vec<(u32, MaskedVector)>,
}

pub(super) struct World {
    pub(super) terms: Terms,
    pub(super) server: Server,
    pub(super) clients: Vec<Client>,
    pub(super) inputs: Vec<Vec<u8>>,
    pub(super) trace: Trace,
    order: chacha20::ChaCha20Rng,
}

fn index_of(id: DeviceId) -> u32 {
    u32::from_le_bytes(id.0[..4].try_into().unwrap())
}

fn named<T>(messages: Vec<(DeviceId, T)>) -> Vec<(u32, T)> {
    messages.into_iter().map(|(id, message)| (index_of(id), message)).collect()
}

impl World {
    pub(super) fn new(terms: Terms, salt: u64) -> Self {
        Self {
            server: server(&terms),
            clients: (0..terms.cohort).map(|i| client(i, &terms, salt)).collect(),
            inputs: (0..terms.cohort).map(|i| input(i, &terms)).collect(),
            trace: Trace::default(),
            order: chacha20::ChaCha20Rng::from_seed(seed(0, salt ^ 0xabcd)),
            terms,
        }
    }

    fn shuffled<T>(&mut self, mut items: Vec<T>) -> Vec<T> {
        for last in (1..items.len()).rev() {
            items.swap(last, self.order.next_u32() as usize % (last + 1));
        }
        items
    }

    pub(super) fn advertise(&mut self, out: &BTreeSet<u32>) -> Result<(), Ended> {
        let all = (0..self.terms.cohort).filter(|i| !out.contains(i)).collect();
        for i in self.shuffled(all) {
            let advert = self.clients[i as usize].advertise(NOW).unwrap();
            self.server.advert(NOW, device(i), &advert).unwrap();
        }
        let Closed::Rosters(rosters) = self.server.close(NOW)? else { panic!("rosters come next") };
        self.trace.rosters = named(rosters);
        Ok(())
    }

    pub(super) fn share(&mut self, out: &BTreeSet<u32>) -> Result<(), Ended> {
        for (i, roster) in self.shuffled(self.trace.rosters.clone()) {
            let message = self.clients[i as usize].share(NOW, &roster).unwrap();
            if !out.contains(&i) {
                self.server.shares(NOW, device(i), &message).unwrap();
            }
        }
        let Closed::Inboxes(inboxes) = self.server.close(NOW)? else { panic!("inboxes come next") };
        self.trace.inboxes = named(inboxes);
        Ok(())
    }

    pub(super) fn input(&mut self, out: &BTreeSet<u32>) -> Result<(), Ended> {
        for (i, inbox) in self.shuffled(self.trace.inboxes.clone()) {
            let bytes = self.inputs[i as usize].clone();
            let (message, vector) =
                self.clients[i as usize].mask_bytes(NOW, &inbox, self.terms.modulus_bits, bytes).unwrap();
            if !out.contains(&i) {
                self.server.masked_input(NOW, device(i), &message, vector.as_bytes()).unwrap();
            }
            self.trace.vectors.push((i, vector));
        }
        match self.server.close(NOW)? {
            Closed::Survivors(messages) => self.trace.survivors = named(messages),
            Closed::Unmask(messages) => self.trace.requests = named(messages),
            other => panic!("{other:?}"),
        }
        Ok(())
    }

    pub(super) fn consistency(&mut self, out: &BTreeSet<u32>) -> Result<(), Ended> {
        if self.terms.adversary != Adversary::Active {
            return Ok(());
        }
        for (i, survivors) in self.shuffled(self.trace.survivors.clone()) {
            let message = self.clients[i as usize].sign(NOW, &survivors).unwrap();
            if !out.contains(&i) {
                self.server.consistency(NOW, device(i), &message).unwrap();
            }
        }
        let Closed::Unmask(requests) = self.server.close(NOW)? else { panic!("requests come next") };
        self.trace.requests = named(requests);
        Ok(())
    }

    pub(super) fn unmask(&mut self, out: &BTreeSet<u32>) -> Result<Sum, Ended> {
        for (i, request) in self.shuffled(self.trace.requests.clone()) {
            let message = self.clients[i as usize].unmask(NOW, &request).unwrap();
            if !out.contains(&i) {
                self.server.revealed(NOW, device(i), &message).unwrap();
            }
        }
        let ready = self.server.is_ready();
        let closed = self.server.close(NOW);
        assert_eq!(ready, closed.is_ok());
        let Closed::Sum(sum) = closed? else { panic!("the sum comes last") };
        Ok(sum)
    }

    pub(super) fn run(&mut self, dropouts: &Dropouts) -> Result<Sum, Ended> {
        self.advertise(&dropouts.advertise)?;
        self.share(&dropouts.share)?;
        self.input(&dropouts.input)?;
        self.consistency(&dropouts.consistency)?;
        self.unmask(&dropouts.unmask)
    }

    /// Up to the point where the devices have sent their inputs and wait for the lists.
    pub(super) fn until_lists(terms: Terms, dropouts: &Dropouts) -> Self {
        let mut world = Self::new(terms, 1);
        world.advertise(&dropouts.advertise).unwrap();
        world.share(&dropouts.share).unwrap();
        world.input(&dropouts.input).unwrap();
        world
    }

    /// The place of a device in the roster.
    pub(super) fn place(&self, index: u32) -> u32 {
        self.trace.rosters.iter().find(|(i, _)| *i == index).unwrap().1.own
    }
}
