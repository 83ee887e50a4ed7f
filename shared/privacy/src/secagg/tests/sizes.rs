//! Bytes on the wire, against the budget of the privacy specification (section 6).

use std::collections::BTreeSet;

use silhouette_wire::{Message, encode_frame};

use super::world::{NOW, World, terms};
use crate::secagg::{Adversary, GraphParameters, Terms};

fn size<M: Message>(message: &M) -> usize {
    encode_frame(message).unwrap().len()
}

/// Bytes one device sends and receives beside its vector.
fn control(adversary: Adversary) -> (usize, usize) {
    let graph = Some(GraphParameters { degree: 100, threshold: 60 });
    let mut world = World::new(Terms { graph, ..terms(101, 80, adversary) }, 1);
    let advert = super::world::client(0, &world.terms, 1).advertise(NOW).unwrap();
    world.advertise(&BTreeSet::new()).unwrap();
    let (i, roster) = world.trace.rosters[0].clone();
    let mut twin = super::world::client(i, &world.terms, 1);
    twin.advertise(NOW).unwrap();
    let shares = twin.share(NOW, &roster).unwrap();
    world.share(&BTreeSet::new()).unwrap();
    let inbox = world.trace.inboxes.iter().find(|(index, _)| *index == i).unwrap().1.clone();
    world.input(&(90..95).filter(|index| *index != i).collect()).unwrap();
    let mut up = size(&advert) + size(&shares);
    let mut down = size(&roster) + size(&inbox);
    if adversary == Adversary::Active {
        let survivors = world.trace.survivors.iter().find(|(index, _)| *index == i).unwrap().1.clone();
        world.consistency(&BTreeSet::new()).unwrap();
        // A signature, the participation and the frame's header.
        up += 64 + 32 + 3;
        down += size(&survivors);
    }
    let request = world.trace.requests.iter().find(|(index, _)| *index == i).unwrap().1.clone();
    let revealed = world.clients[i as usize].unmask(NOW, &request).unwrap();
    (up + size(&revealed), down + size(&request))
}

#[test]
fn upload_expansion_at_a_hundred_neighbours() {
    // d' = 2^17, b = 16: the vector takes 256 KiB.
    let vector = 1 << 18;
    for (adversary, least) in [(Adversary::Curious, 1.10), (Adversary::Active, 1.15)] {
        let (up, down) = control(adversary);
        let expansion = (vector + up) as f64 / vector as f64;
        println!("{adversary:?}: {up} bytes up, {down} down beside {vector}; upload expansion {expansion:.4}");
        assert!(expansion < least, "{expansion}");
        assert!(((up + down) as f64) < 0.25 * vector as f64);
    }
}
