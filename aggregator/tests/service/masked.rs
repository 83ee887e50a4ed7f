//! Mode `distributed` over real QUIC: nobody's vector is seen, the sum is.

use ed25519_dalek::{SigningKey, VerifyingKey};
use silhouette_aggregator::{Event, TaskConfig};
use silhouette_privacy::Release;
use silhouette_privacy::secagg::{Adversary, Advertise, Client, Entropy, Identity, Policy, Terms};
use silhouette_wire::message::{SecaggReply, SecaggRequest};
use silhouette_wire::{ErrorCode, Mode, UploadReply};

use crate::fleet::{Device, Part, Site, config, released};
use crate::rounds::next_end;

pub(crate) fn masked(rounds: u64, cohort: u32, min_reports: u32, deadline_ms: u64) -> TaskConfig {
    TaskConfig { rounds, cohort, min_reports, deadline_ms, mode: Mode::Distributed, over_selection: 1.0, ..config() }
}

/// The protocol's client for a part in a round; its clock stands still.
fn client(part: &Part) -> Client {
    client_as(part, None)
}

/// The same, signing with an identity if the round runs in the active mode.
fn client_as(part: &Part, identity: Option<Identity>) -> Client {
    let adversary = if part.endorser.is_some() { Adversary::Active } else { Adversary::SemiMalicious };
    let mut terms = Terms::of_manifest(&part.manifest, part.hash, adversary, 1);
    terms.dimension = part.parameters().released_len();
    let policy = Policy { min_reports: 3 };
    let identity = identity.filter(|_| part.endorser.is_some());
    Client::new(Advertise::new(terms, policy, part.nonce, identity, Entropy::from_system().unwrap()).unwrap())
}

async fn ask(device: &Device, request: SecaggRequest) -> SecaggReply {
    device.connection.secagg(&request, None).await.unwrap()
}

/// A whole participation that vanishes after `exchanges` of its four; says how it ended.
pub(crate) async fn take_part(device: Device, exchanges: usize) -> Option<SecaggReply> {
    let part = device.part().await;
    let release = released(0.01, &part.parameters());
    send(device, &part, release, exchanges).await
}

/// The same with another vector than an honest one, perhaps.
pub(crate) async fn send(device: Device, part: &Part, release: Release, exchanges: usize) -> Option<SecaggReply> {
    if exchanges == 0 {
        return None;
    }
    let mut client = client_as(part, device.identity.secagg_identity(&part.manifest.task));
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
    let reply = match reply {
        SecaggReply::Survivors(survivors) if exchanges > 3 => {
            ask(&device, SecaggRequest::Consistency(client.sign(0, &survivors).unwrap())).await
        }
        reply => reply,
    };
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

/// Thirteen devices, of whom one vanishes before each exchange but the last.
async fn some_vanish_in(task: TaskConfig) {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), task, 13).await;
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
async fn devices_that_vanish_at_any_step_do_not_stop_a_masked_round() {
    some_vanish_in(masked(1, 13, 9, 4_000)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_of_the_active_mode_publishes_the_sum_although_some_vanish() {
    some_vanish_in(TaskConfig { active_mode: true, ..masked(1, 13, 9, 5_000) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_advert_without_an_endorsed_identity_is_refused_in_the_active_mode() {
    let folder = tempfile::tempdir().unwrap();
    let active = TaskConfig { active_mode: true, ..masked(1, 3, 3, 5_000) };
    let mut site = Site::start(folder.path(), active, 3).await;
    let (a, b, c) = (site.device().await, site.device().await, site.device().await);
    let (part, _, _) = tokio::join!(a.part(), b.part(), c.part());
    let unsigned = client_as(&Part { endorser: None, ..part.clone() }, None).advertise(0).unwrap();
    assert!(matches!(ask(&a, SecaggRequest::Advert(unsigned)).await, SecaggReply::Refused(_)));
    // Nor one that signs with another device's endorsement in its hands, but not its key.
    let task = &part.manifest.task;
    let endorsement = b.identity.terms().endorsements[0];
    let authority = VerifyingKey::from_bytes(&part.endorser.unwrap()).unwrap();
    let forged = Identity::new(SigningKey::from_bytes(&[9; 32]), endorsement, authority);
    let advert = client_as(&part, Some(forged)).advertise(0).unwrap();
    assert!(matches!(ask(&a, SecaggRequest::Advert(advert)).await, SecaggReply::Refused(_)));
    let honest = client_as(&part, a.identity.secagg_identity(task)).advertise(0).unwrap();
    let held = ask(&a, SecaggRequest::Advert(honest));
    // Held until the others are there, not refused.
    assert!(tokio::time::timeout(std::time::Duration::from_millis(300), held).await.is_err());
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
