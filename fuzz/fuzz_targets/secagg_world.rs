//! A small round for the targets of secure aggregation: five devices and an honest aggregator.

use ed25519_dalek::SigningKey;
use silhouette_privacy::noise::OpenDpNoise;
use silhouette_privacy::secagg::{
    Adversary, Advertise, Client, Entropy, Identity, Invited, Policy, Server, Terms, endorse,
};
use silhouette_privacy::{Mode, Private, Release, ReleaseParameters, Rounding, release};
use silhouette_wire::{ContentHash, DeviceId, Nonce, TaskId};

pub const DEVICES: u8 = 5;

pub fn terms(active: bool) -> Terms {
    Terms {
        task: TaskId::new("fuzz").expect("a valid name"),
        round: 1,
        manifest: ContentHash([4; 32]),
        dimension: 4,
        modulus_bits: 16,
        cohort: u32::from(DEVICES),
        min_reports: 4,
        corrupt_fraction: 0.0,
        adversary: if active { Adversary::Active } else { Adversary::Curious },
        graph: None,
        deadline: 100,
    }
}

pub fn device(index: u8) -> DeviceId {
    DeviceId([index; 32])
}

pub fn client(index: u8, terms: &Terms) -> Client {
    let authority = SigningKey::from_bytes(&[42; 32]);
    let key = SigningKey::from_bytes(&[index + 1; 32]);
    let endorsement = endorse(&authority, &terms.task, &key.verifying_key());
    let identity = Identity::new(key, endorsement, authority.verifying_key());
    let identity = (terms.adversary == Adversary::Active).then_some(identity);
    let entropy = Entropy::dangerous_for_simulation_only([index; 32]);
    let nonce = Nonce([index; 16]);
    Client::new(Advertise::new(terms.clone(), Policy { min_reports: 3 }, nonce, identity, entropy).expect("good terms"))
}

pub fn server(terms: &Terms) -> Server {
    let invited: Invited = (0..DEVICES).map(|i| (device(i), Nonce([i; 16]))).collect();
    let authority = SigningKey::from_bytes(&[42; 32]).verifying_key();
    let authority = (terms.adversary == Adversary::Active).then_some(authority);
    Server::new(terms.clone(), invited, authority).expect("good terms")
}

pub fn vector() -> Release {
    let parameters = ReleaseParameters::new(Mode::Central, 4, 1.0, 1.0, 5, 4).expect("good parameters");
    let noise = parameters.draw_noise(&mut OpenDpNoise::new()).expect("no noise to draw");
    release(Private::new(vec![0.1_f32, -0.2, 0.3, 0.0]), &parameters, noise, &mut Rounding::seeded([1; 32]))
        .expect("a release")
}
