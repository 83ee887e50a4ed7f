//! Masked groups over real QUIC: each its own sum, one may be lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use silhouette_aggregator::{Event, TaskConfig};
use silhouette_model::{BagSpec, EncoderSpec};
use silhouette_privacy::noise::OpenDpNoise;
use silhouette_privacy::{Mode, Private, Release, ReleaseParameters, Rounding, release};
use silhouette_wire::ContentHash;
use silhouette_wire::message::SecaggReply;

use crate::fleet::{Device, Part, Site, released};
use crate::masked::{done, masked, send};
use crate::rounds::next_end;

/// Three groups of five, of whom four must report.
fn grouped(trim: u32, min_groups: Option<u32>) -> TaskConfig {
    TaskConfig { groups: 3, trim, min_groups, ..masked(1, 5, 4, 20_000) }
}

/// Who came to which group, in the order of coming.
type Groups = Arc<Mutex<BTreeMap<ContentHash, usize>>>;

/// The place of this part in its group, and whether that group is the first that anybody came to.
fn place(groups: &Groups, first: &Mutex<Option<ContentHash>>, part: &Part) -> (usize, bool) {
    let mut groups = groups.lock().unwrap();
    let place = groups.entry(part.hash).or_default();
    *place += 1;
    (*place, *first.lock().unwrap().get_or_insert(part.hash) == part.hash)
}

/// Everybody takes part; `act` says what the device at a place of the first group does.
async fn everybody(
    site: &mut Site,
    act: fn(&Part, usize) -> (Release, usize),
) -> (Vec<Option<SecaggReply>>, BTreeMap<ContentHash, usize>) {
    let (groups, first) = (Groups::default(), Arc::new(Mutex::new(None)));
    let mut parts = tokio::task::JoinSet::new();
    for _ in 0..15 {
        let (device, groups, first) = (site.device().await, Arc::clone(&groups), Arc::clone(&first));
        parts.spawn(async move { one(device, &groups, &first, act).await });
    }
    let replies = parts.join_all().await;
    let groups = groups.lock().unwrap().clone();
    (replies, groups)
}

async fn one(
    device: Device,
    groups: &Groups,
    first: &Mutex<Option<ContentHash>>,
    act: fn(&Part, usize) -> (Release, usize),
) -> Option<SecaggReply> {
    let part = device.part().await;
    assert_eq!((part.manifest.cohort, part.manifest.min_reports), (5, 4));
    let (release, exchanges) = match place(groups, first, &part) {
        (place, true) => act(&part, place),
        _ => (released(0.01, &part.parameters()), 4),
    };
    send(device, &part, release, exchanges).await
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_one_round_have_manifests_of_their_own_and_one_result() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), grouped(1, None), 15).await;
    let (replies, groups) = everybody(&mut site, |part, _| (released(0.01, &part.parameters()), 4)).await;
    assert!(replies.iter().all(|reply| done(reply.as_ref())), "{replies:?}");
    assert_eq!(groups.values().collect::<Vec<_>>(), [&5; 3]);
    let event = next_end(&mut site).await;
    let Event::RoundClosed { invited: 15, reports: 15, groups: 3, groups_lost: 0, .. } = event else {
        panic!("{event:?}")
    };
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_falls_below_its_minimum_is_left_out_and_its_charge_stays() {
    let folder = tempfile::tempdir().unwrap();
    let terms = TaskConfig { deadline_ms: 6_000, ..grouped(0, Some(2)) };
    let charge = silhouette_aggregator::Plan::new(terms.clone()).unwrap().charge();
    let mut site = Site::start(folder.path(), terms, 15).await;
    // Two of five fall silent before their vectors: three are left, and four must be.
    let silent = |part: &Part, place| (released(0.01, &part.parameters()), if place <= 2 { 2 } else { 4 });
    let (replies, _) = everybody(&mut site, silent).await;
    assert_eq!(replies.iter().filter(|reply| done(reply.as_ref())).count(), 10, "{replies:?}");
    let event = next_end(&mut site).await;
    assert!(matches!(event, Event::RoundClosed { reports: 10, groups: 2, groups_lost: 1, .. }), "{event:?}");
    let progress = site.running.storage().progress().unwrap();
    assert!((progress.spent_rho - charge.rho()).abs() < 1e-9);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_fewer_groups_than_the_trimmed_mean_needs_there_is_no_result() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), TaskConfig { deadline_ms: 6_000, ..grouped(1, None) }, 15).await;
    let silent = |part: &Part, place| (released(0.01, &part.parameters()), if place <= 2 { 1 } else { 4 });
    everybody(&mut site, silent).await;
    let event = next_end(&mut site).await;
    assert!(matches!(event, Event::RoundAbandoned { reports: 0, .. }), "{event:?}");
    site.stop().await;
}

/// A vector eighty clip norms long on the round's own grid: a device that skips its clip.
fn boosted(part: &Part) -> Release {
    let honest = part.parameters();
    let alone = |clip: f64| {
        let wide = ReleaseParameters::new(Mode::Distributed, honest.dimension(), clip, 0.0, 2, 2).unwrap();
        wide.with_corrupt_fraction(0.0).unwrap().with_modulus_bits(honest.modulus_bits()).unwrap()
    };
    let clip = honest.clip() * f64::from(alone(1.0).clip_units()) / f64::from(honest.clip_units());
    let wide = alone(clip).with_rotation(part.manifest.seed);
    assert!(clip > 80.0 * honest.clip());
    let mut update = vec![0.0; honest.dimension()];
    update[0] = 80.0 * honest.clip() as f32;
    let noise = wide.draw_noise(&mut OpenDpNoise::new()).unwrap();
    release(Private::new(update), &wide, noise, &mut Rounding::from_system().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_with_boosted_vectors_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut terms = grouped(0, Some(2));
    // Long enough for the grid to have room for eighty clip norms.
    if let Some(task) = &mut terms.task {
        task.encoder = EncoderSpec::Bag(BagSpec { buckets_log2: 12, words: false, ..BagSpec::default() });
    }
    let mut site = Site::start(folder.path(), terms, 15).await;
    // Two of them: without its noise a single one would keep the sum of five just short enough.
    let two_boost =
        |part: &Part, place| (if place <= 2 { boosted(part) } else { released(0.01, &part.parameters()) }, 4);
    let (replies, _) = everybody(&mut site, two_boost).await;
    // It is found in the sum, after everybody has done its part.
    assert!(replies.iter().all(|reply| done(reply.as_ref())), "{replies:?}");
    let event = next_end(&mut site).await;
    assert!(matches!(event, Event::RoundClosed { reports: 10, groups: 2, groups_lost: 1, .. }), "{event:?}");
    let rounds = site.running.storage().rounds().unwrap();
    assert_eq!((rounds[0].state.as_str(), rounds[0].reports), ("published", 10));
    site.stop().await;
}
