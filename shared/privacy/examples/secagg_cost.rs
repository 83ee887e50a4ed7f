//! What one masked round costs a device and the aggregator, with real cryptography and without noise.
//!
//! `cargo run --release -p silhouette-privacy --example secagg_cost [devices] [log2 of the dimension]
//! [active]`: a tenth of the devices drop out after they shared. Devices run one after the other on one
//! thread; each side's calls are timed by themselves. Bytes are those of the messages' encodings.
#![allow(clippy::unwrap_used, clippy::panic, reason = "an example may panic")]

use std::time::{Duration, Instant};

use ed25519_dalek::SigningKey;
use silhouette_privacy::noise::OpenDpNoise;
use silhouette_privacy::secagg::{
    Adversary, Advertise, Client, Closed, Entropy, Identity, Invited, Policy, Server, Terms, endorse,
};
use silhouette_privacy::{Mode, Private, Release, ReleaseParameters, Rounding, release};
use silhouette_wire::{ContentHash, DeviceId, Message, Nonce, TaskId, encode_frame};

/// Time spent on one side, and bytes moved, of all devices together.
#[derive(Default)]
struct Cost {
    devices: Duration,
    aggregator: Duration,
    up: usize,
    down: usize,
}

impl Cost {
    fn device<T>(&mut self, work: impl FnOnce() -> T) -> T {
        timed(&mut self.devices, work)
    }

    fn aggregator<T>(&mut self, work: impl FnOnce() -> T) -> T {
        timed(&mut self.aggregator, work)
    }
}

fn timed<T>(total: &mut Duration, work: impl FnOnce() -> T) -> T {
    let clock = Instant::now();
    let result = work();
    *total += clock.elapsed();
    result
}

fn size(message: &impl Message) -> usize {
    encode_frame(message).unwrap().len()
}

fn id(index: u32) -> DeviceId {
    let mut id = [1; 32];
    id[..4].copy_from_slice(&index.to_le_bytes());
    DeviceId(id)
}

fn index(id: DeviceId) -> usize {
    u32::from_le_bytes(id.0[..4].try_into().unwrap()) as usize
}

fn vector(dimension: usize) -> Release {
    let parameters = ReleaseParameters::new(Mode::Central, dimension, 1.0, 1.0, 1000, 500).unwrap();
    let noise = parameters.draw_noise(&mut OpenDpNoise::new()).unwrap();
    let update = vec![0.5 / (dimension as f32).sqrt(); dimension];
    release(Private::new(update), &parameters, noise, &mut Rounding::seeded([1; 32])).unwrap()
}

fn terms(devices: u32, dimension: usize, active: bool) -> Terms {
    Terms {
        task: TaskId::new("bench").unwrap(),
        round: 1,
        manifest: ContentHash([4; 32]),
        dimension,
        modulus_bits: 16,
        cohort: devices,
        min_reports: devices * 17 / 20,
        corrupt_fraction: 0.05,
        adversary: if active { Adversary::Active } else { Adversary::SemiMalicious },
        graph: None,
        deadline: u64::MAX,
    }
}

fn start(terms: &Terms, number: u32, authority: &SigningKey) -> Client {
    let identity = (terms.adversary == Adversary::Active).then(|| {
        let mut seed = [7; 32];
        seed[..4].copy_from_slice(&number.to_le_bytes());
        let key = SigningKey::from_bytes(&seed);
        let endorsement = endorse(authority, &terms.task, &key.verifying_key());
        Identity::new(key, endorsement, authority.verifying_key())
    });
    let (policy, entropy) = (Policy { min_reports: 10 }, Entropy::from_system().unwrap());
    Client::new(Advertise::new(terms.clone(), policy, Nonce([0; 16]), identity, entropy).unwrap())
}

fn main() {
    let argument = |place| std::env::args().nth(place);
    let devices = argument(1).map_or(1000, |text| text.parse::<u32>().unwrap());
    let dimension = 1 << argument(2).map_or(17, |text| text.parse::<u32>().unwrap());
    let active = argument(3).is_some_and(|text| text == "active");
    let terms = terms(devices, dimension, active);
    let graph = terms.graph_parameters(devices).unwrap();
    let authority = SigningKey::from_bytes(&[3; 32]);
    let invited: Invited = (0..devices).map(|i| (id(i), Nonce([0; 16]))).collect();
    let endorser = active.then(|| authority.verifying_key());
    let mut server = Server::new(terms.clone(), invited, endorser).unwrap();
    let mut clients: Vec<Client> = (0..devices).map(|i| start(&terms, i, &authority)).collect();
    let mut cost = Cost::default();
    for (i, client) in (0..).zip(&mut clients) {
        let advert = cost.device(|| client.advertise(0)).unwrap();
        cost.up += size(&advert);
        cost.aggregator(|| server.advert(0, id(i), &advert)).unwrap();
    }
    let Closed::Rosters(rosters) = cost.aggregator(|| server.close(0)).unwrap() else { unreachable!() };
    for (id, roster) in rosters {
        cost.down += size(&roster);
        let shares = cost.device(|| clients[index(id)].share(0, &roster)).unwrap();
        cost.up += size(&shares);
        cost.aggregator(|| server.shares(0, id, &shares)).unwrap();
    }
    let Closed::Inboxes(inboxes) = cost.aggregator(|| server.close(0)).unwrap() else { unreachable!() };
    for (id, inbox) in inboxes {
        cost.down += size(&inbox);
        let release = vector(dimension);
        let (message, body) = cost.device(|| clients[index(id)].mask(0, &inbox, release)).unwrap();
        // One in ten falls silent here.
        if !index(id).is_multiple_of(10) {
            cost.up += size(&message) + body.as_bytes().len();
            cost.aggregator(|| server.masked_input(0, id, &message, body.as_bytes())).unwrap();
        }
    }
    let mut closed = cost.aggregator(|| server.close(0)).unwrap();
    if let Closed::Survivors(lists) = closed {
        for (id, list) in lists {
            cost.down += size(&list);
            let signed = cost.device(|| clients[index(id)].sign(0, &list)).unwrap();
            cost.up += size(&signed);
            cost.aggregator(|| server.consistency(0, id, &signed)).unwrap();
        }
        closed = cost.aggregator(|| server.close(0)).unwrap();
    }
    let Closed::Unmask(requests) = closed else { unreachable!() };
    for (id, request) in requests {
        cost.down += size(&request);
        let revealed = cost.device(|| clients[index(id)].unmask(0, &request)).unwrap();
        cost.up += size(&revealed);
        cost.aggregator(|| server.revealed(0, id, &revealed)).unwrap();
    }
    let clock = Instant::now();
    let Closed::Sum(sum) = cost.aggregator(|| server.close(0)).unwrap() else { unreachable!() };
    let (unmask, plain) = (clock.elapsed().as_secs_f64(), dimension * 2);
    let one = silhouette_wire::unpack(vector(dimension).as_bytes(), 16).unwrap();
    let count = sum.survivors.len() as i64;
    // Modulo 2^16, as the sum is.
    assert!(sum.values().iter().zip(&one).all(|(sum, one)| (one * count - sum).rem_euclid(1 << 16) == 0));
    let each = f64::from(devices);
    // A survivor sends the vector; who fell silent did not.
    let up = cost.up as f64 / each + 0.1 * plain as f64;
    println!(
        "{devices} devices, 2^{} entries of 16 bits, {:?}, degree {}, threshold {}, {count} survivors\n\
         device: {:.1} ms, {up:.0} B up ({:.3} x the plain vector), {:.0} B down\n\
         aggregator: {:.2} s in all, of which taking off the masks {unmask:.2} s",
        dimension.ilog2(),
        terms.adversary,
        graph.degree,
        graph.threshold,
        cost.devices.as_secs_f64() * 1e3 / each,
        up / plain as f64,
        cost.down as f64 / each,
        cost.aggregator.as_secs_f64(),
    );
}
