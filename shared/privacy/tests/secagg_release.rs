//! Secure aggregation from outside: releases in, the sum out, every message through its bytes.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fmt::Debug;

use ed25519_dalek::SigningKey;
use silhouette_privacy::noise::OpenDpNoise;
use silhouette_privacy::secagg::{
    Adversary, Advertise, Client, Closed, Entropy, Identity, Invited, Policy, Server, Step, Sum, Terms, endorse,
};
use silhouette_privacy::{Accumulator, Mode, Private, Release, ReleaseParameters, Rounding, release};
use silhouette_wire::{ContentHash, DeviceId, Limits, Message, Nonce, TaskId, decode_frame, encode_frame};

const DEVICES: u8 = 12;
const DIMENSION: usize = 500;

/// Through the bytes of a frame, as over a network.
fn sent<M: Message + PartialEq + Debug>(message: &M) -> M {
    let bytes = encode_frame(message).unwrap();
    let back = decode_frame(&mut bytes.as_slice(), &Limits::default()).unwrap();
    assert_eq!(&back, message);
    back
}

fn parameters() -> ReleaseParameters {
    // A grid of 2^10 steps, so that twelve vectors fit 16 bits.
    ReleaseParameters::new(Mode::Central, DIMENSION, 1.0, 1.0, u32::from(DEVICES), 8)
        .unwrap()
        .with_grid(1 << 10, 16)
        .unwrap()
}

fn released(index: u8) -> Release {
    let noise = parameters().draw_noise(&mut OpenDpNoise::new()).unwrap();
    let vector: Vec<f32> = (0..DIMENSION).map(|i| ((i as f32) * 0.37 + f32::from(index)).sin() * 0.05).collect();
    release(Private::new(vector), &parameters(), noise, &mut Rounding::seeded([index; 32])).unwrap()
}

fn run(adversary: Adversary) -> Sum {
    let terms = Terms {
        task: TaskId::new("news").unwrap(),
        round: 7,
        manifest: ContentHash::of(b"manifest"),
        dimension: DIMENSION,
        modulus_bits: 16,
        cohort: u32::from(DEVICES),
        min_reports: 8,
        corrupt_fraction: 0.1,
        adversary,
        graph: None,
        deadline: 100,
    };
    let active = adversary == Adversary::Active;
    let authority = SigningKey::from_bytes(&[1; 32]);
    let invited: Invited = (0..DEVICES).map(|i| (DeviceId([i; 32]), Nonce([i; 16]))).collect();
    let mut server = Server::new(terms.clone(), invited, active.then(|| authority.verifying_key())).unwrap();
    let mut devices: BTreeMap<DeviceId, Client> = BTreeMap::new();
    for i in 0..DEVICES {
        let key = SigningKey::from_bytes(&[i + 2; 32]);
        let endorsement = endorse(&authority, &terms.task, &key.verifying_key());
        let identity = active.then(|| Identity::new(key, endorsement, authority.verifying_key()));
        let (policy, entropy) = (Policy { min_reports: 8 }, Entropy::from_system().unwrap());
        let state = Advertise::new(terms.clone(), policy, Nonce([i; 16]), identity, entropy).unwrap();
        devices.insert(DeviceId([i; 32]), Client::new(state));
    }
    for (id, device) in &mut devices {
        server.advert(1, *id, &sent(&device.advertise(1).unwrap())).unwrap();
    }
    loop {
        match server.close(1).unwrap() {
            Closed::Rosters(messages) => {
                for (id, roster) in messages {
                    let shares = devices.get_mut(&id).unwrap().share(1, &sent(&roster)).unwrap();
                    server.shares(1, id, &sent(&shares)).unwrap();
                }
            }
            Closed::Inboxes(messages) => {
                for (id, inbox) in messages {
                    let device = devices.get_mut(&id).unwrap();
                    let (message, masked) = device.mask(1, &sent(&inbox), released(id.0[0])).unwrap();
                    assert_ne!(masked.as_bytes(), released(id.0[0]).as_bytes());
                    // Devices 0 and 1 drop out.
                    if id.0[0] > 1 {
                        server.masked_input(1, id, &sent(&message), masked.as_bytes()).unwrap();
                    }
                }
            }
            Closed::Survivors(messages) => {
                for (id, survivors) in messages {
                    let signed = devices.get_mut(&id).unwrap().sign(1, &sent(&survivors)).unwrap();
                    server.consistency(1, id, &sent(&signed)).unwrap();
                }
            }
            Closed::Unmask(messages) => {
                assert_eq!(server.step(), Some(Step::Unmask));
                for (id, request) in messages {
                    let revealed = devices.get_mut(&id).unwrap().unmask(1, &sent(&request)).unwrap();
                    server.revealed(1, id, &sent(&revealed)).unwrap();
                }
            }
            Closed::Sum(sum) => return sum,
        }
    }
}

#[test]
fn the_masked_sum_is_the_sum_of_the_releases() {
    let mut plain = vec![0_i64; DIMENSION];
    let mut accumulator = Accumulator::new(parameters());
    for i in 2..DEVICES {
        let released = released(i);
        accumulator.fold(released.as_bytes()).unwrap();
        let values = silhouette_wire::unpack(released.as_bytes(), 16).unwrap();
        plain.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
    assert!(plain.iter().any(|&value| value != 0));
    for adversary in [Adversary::Curious, Adversary::SemiMalicious, Adversary::Active] {
        let sum = run(adversary);
        assert_eq!(sum.values(), plain, "{adversary:?}");
        assert_eq!((sum.survivors.len(), sum.lost.len()), (10, 2));
    }
}
