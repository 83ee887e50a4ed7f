//! Mode `distributed` over real QUIC: nobody's vector is seen, the sum is.

use silhouette_aggregator::{Event, TaskConfig};
use silhouette_privacy::Release;
use silhouette_privacy::secagg::{Adversary, Advertise, Client, Entropy, Policy, Terms};
use silhouette_wire::message::{SecaggReply, SecaggRequest};
use silhouette_wire::{ErrorCode, Mode, UploadReply};

use crate::fleet::{Device, Part, Site, config, released};
use crate::rounds::next_end;

pub(crate) fn masked(rounds: u64, cohort: u32, min_reports: u32, deadline_ms: u64) -> TaskConfig {
    TaskConfig { rounds, cohort, min_reports, deadline_ms, mode: Mode::Distributed, over_selection: 1.0, ..config() }
}

/// The protocol's client for a part in a round; its clock stands still.
fn client(part: &Part) -> Client {
    let mut terms = Terms::of_manifest(&part.manifest, part.hash, Adversary::SemiMalicious, 1);
    terms.dimension = part.parameters().released_len();
    let policy = Policy { min_reports: 3 };
    Client::new(Advertise::new(terms, policy, part.nonce, None, Entropy::from_system().unwrap()).unwrap())
}

async fn ask(device: &Device, request: SecaggRequest) -> SecaggReply {
    device.connection.secagg(&request, None).await.unwrap()
}

/// A whole participation that vanishes after `exchanges` of its four; says how it ended.
async fn take_part(device: Device, exchanges: usize) -> Option<SecaggReply> {
    let part = device.part().await;
    let release = released(0.01, &part.parameters());
    send(device, &part, release, exchanges).await
}

/// The same with another vector than an honest one, perhaps.
pub(crate) async fn send(device: Device, part: &Part, release: Release, exchanges: usize) -> Option<SecaggReply> {
    if exchanges == 0 {
        return None;
    }
    let mut client = client(part);
    let roster = match ask(&device, SecaggRequest::Advert(client.advertise(0).unwrap())).await {
        SecaggReply::Roster(roster) if exchanges > 1 => roster,
        reply => return Some(reply),
    };
    let inbox = match ask(&device, SecaggRequest::Shares(client.share(0, &roster).unwrap())).await {
        SecaggReply::Inbox(inbox) if exchanges > 2 => inbox,
        reply => return Some(reply),
    };
    let (message, vector) = client.mask(0, &inbox, release).unwrap();
    let reply = device.connection.secagg(&SecaggRequest::MaskedInput(message), Some(&vector)).await.unwrap();
    let request = match reply {
        SecaggReply::Unmask(request) if exchanges > 3 => request,
        reply => return Some(reply),
    };
    Some(ask(&device, SecaggRequest::Revealed(client.unmask(0, &request).unwrap())).await)
}

pub(crate) fn done(reply: Option<&SecaggReply>) -> bool {
    matches!(reply, Some(SecaggReply::Done(UploadReply::Receipt { duplicate: false, .. })))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_masked_round_publishes_the_sum_of_all() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), masked(1, 5, 4, 20_000), 5).await;
    let mut parts = tokio::task::JoinSet::new();
    for _ in 0..5 {
        parts.spawn(take_part(site.device().await, 4));
    }
    for reply in parts.join_all().await {
        assert!(done(reply.as_ref()), "{reply:?}");
    }
    let event = next_end(&mut site).await;
    assert!(matches!(event, Event::RoundClosed { invited: 5, reports: 5, .. }), "{event:?}");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_vanish_at_any_step_do_not_stop_a_masked_round() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), masked(1, 13, 9, 4_000), 13).await;
    let mut parts = tokio::task::JoinSet::new();
    for exchanges in [0, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4] {
        parts.spawn(take_part(site.device().await, exchanges));
    }
    let replies = parts.join_all().await;
    assert_eq!(replies.iter().filter(|r| done(r.as_ref())).count(), 9, "{replies:?}");
    // The one that sent its vector and then vanished is in the sum.
    let event = next_end(&mut site).await;
    assert!(matches!(event, Event::RoundClosed { invited: 13, reports: 10, .. }), "{event:?}");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_masked_vectors_reveal_nothing_and_the_charge_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), masked(1, 5, 4, 3_000), 5).await;
    let mut parts = tokio::task::JoinSet::new();
    for exchanges in [2, 2, 4, 4, 4] {
        parts.spawn(take_part(site.device().await, exchanges));
    }
    // Three sent a vector, and none of them was asked for a share.
    let refused = parts.join_all().await.into_iter().flatten();
    assert_eq!(refused.filter(|r| *r == SecaggReply::Refused(ErrorCode::Late)).count(), 3);
    let event = next_end(&mut site).await;
    assert!(matches!(event, Event::RoundAbandoned { round: 1, reports: 0, .. }), "{event:?}");
    let progress = site.running.storage().progress().unwrap();
    assert!(progress.spent_rho >= 0.5 && progress.latest.is_none());
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_taken_in_the_clear_in_a_masked_round() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), masked(1, 3, 3, 3_000), 3).await;
    let (a, b, c) = (site.device().await, site.device().await, site.device().await);
    let (part, _, _) = tokio::join!(a.part(), b.part(), c.part());
    let reply = a.upload(&part, &released(0.01, &part.parameters())).await;
    assert_eq!(reply, UploadReply::Refused(ErrorCode::Malformed));
    // Nor is a masked request taken from somebody with another's nonce.
    let mut stolen = part.clone();
    stolen.nonce.0[0] ^= 1;
    let advert = client(&stolen).advertise(0).unwrap();
    assert_eq!(ask(&b, SecaggRequest::Advert(advert)).await, SecaggReply::Refused(ErrorCode::BadNonce));
    site.stop().await;
}
