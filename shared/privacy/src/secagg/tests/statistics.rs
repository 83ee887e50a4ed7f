//! What a captured upload looks like.

use super::world::{Dropouts, World, terms};
use crate::secagg::{Adversary, Terms};

#[test]
fn gradient_inversion_meets_uniform_bytes() {
    // Every device sends zeros, the easiest vector to recognise. 2^18 bytes of each captured
    // upload: chi-square with 255 degrees of freedom exceeds 400 with probability 1e-8.
    let large = Terms { dimension: 1 << 17, ..terms(4, 3, Adversary::Curious) };
    let mut world = World::new(large, 1);
    world.inputs.iter_mut().for_each(|input| input.fill(0));
    let sum = world.run(&Dropouts::default()).unwrap();
    assert!(sum.bytes.iter().all(|&b| b == 0));
    for (_, vector) in &world.trace.vectors {
        let mut counts = [0_f64; 256];
        vector.as_bytes().iter().for_each(|&b| counts[usize::from(b)] += 1.0);
        let chi: f64 = counts.iter().map(|c| (c - 1024.0).powi(2) / 1024.0).sum();
        assert!((140.0..400.0).contains(&chi), "{chi}");
    }
}

#[test]
fn two_captured_uploads_of_one_vector_have_nothing_in_common() {
    // The same device, the same input, two rounds: the difference of the uploads is uniform too.
    let masked = |salt| {
        let mut world = World::new(Terms { dimension: 1 << 16, ..terms(4, 3, Adversary::Curious) }, salt);
        world.run(&Dropouts::default()).unwrap();
        let (_, vector) = world.trace.vectors.into_iter().find(|(i, _)| *i == 0).unwrap();
        vector.into_bytes()
    };
    let (a, b) = (masked(1), masked(2));
    let mut counts = [0_f64; 256];
    a.iter().zip(&b).for_each(|(a, b)| counts[usize::from(a.wrapping_sub(*b))] += 1.0);
    let expected = a.len() as f64 / 256.0;
    let chi: f64 = counts.iter().map(|c| (c - expected).powi(2) / expected).sum();
    assert!((140.0..400.0).contains(&chi), "{chi}");
}

#[test]
fn keys_are_fresh_in_every_round() {
    let terms = terms(4, 3, Adversary::Curious);
    let advert = || {
        use crate::secagg::{Advertise, Client, Entropy, Policy};
        let entropy = Entropy::from_system().unwrap();
        let policy = Policy { min_reports: 2 };
        let state = Advertise::new(terms.clone(), policy, silhouette_wire::Nonce([0; 16]), None, entropy).unwrap();
        Client::new(state).advertise(0).unwrap()
    };
    let (a, b) = (advert(), advert());
    assert!(a.share_key != b.share_key && a.mask_key != b.mask_key && a.share_key != a.mask_key);
}
