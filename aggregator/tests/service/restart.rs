use silhouette_wire::message::Availability;
use silhouette_wire::{CheckIn, CheckInReply, ErrorCode};

use silhouette_aggregator::{Aggregator, Event, OpenError, PlanError, TaskConfig};

use crate::fleet::{Device, Site, assert_receipt, config, released};
use crate::rounds::next_end;

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_after_the_last_published_model() {
    let folder = tempfile::tempdir().unwrap();
    let three = TaskConfig { rounds: 3, ..config() };
    let mut site = Site::start(folder.path(), three.clone(), 3).await;
    let devices = [site.device().await, site.device().await, site.device().await];
    tokio::join!(devices[0].take_part(), devices[1].take_part(), devices[2].take_part());
    let Event::RoundClosed { model: published, .. } = next_end(&mut site).await else { panic!() };
    // The second round is open when the aggregator stops.
    let (part, _, _) = tokio::join!(devices[0].part(), devices[1].part(), devices[2].part());
    assert_eq!((part.manifest.round, part.manifest.model), (2, published));
    let spent = site.running.storage().progress().unwrap().spent_rho;
    let identities: Vec<_> = devices.into_iter().map(|Device { identity, .. }| identity).collect();
    site.stop().await;

    let mut site = Site::start(folder.path(), three, 0).await;
    let progress = site.running.storage().progress().unwrap();
    assert_eq!((progress.last_round, progress.published, progress.abandoned), (2, 1, 1));
    assert_eq!(progress.spent_rho, spent);
    let mut devices = Vec::new();
    for identity in identities {
        devices.push(site.connect(identity).await);
    }
    let (a, b, c) = tokio::join!(devices[0].part(), devices[1].part(), devices[2].part());
    assert_eq!((a.manifest.round, a.manifest.model), (3, published));
    for (device, part) in devices.iter().zip([&a, &b, &c]) {
        assert_receipt(&device.upload(part, &released(0.01, &part.parameters())).await, false);
    }
    assert!(matches!(next_end(&mut site).await, Event::RoundClosed { round: 3, .. }));
    let progress = site.running.storage().progress().unwrap();
    assert!(progress.spent_rho > spent);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_aggregator_leaves_a_folder_that_opens() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), config(), 3).await;
    let (a, b, c) = (site.device().await, site.device().await, site.device().await);
    let (pa, _, _) = tokio::join!(a.part(), b.part(), c.part());
    assert_receipt(&a.upload(&pa, &released(0.01, &pa.parameters())).await, false);
    // What the disk holds at this moment is what a kill leaves behind.
    let corpse = tempfile::tempdir().unwrap();
    copy(folder.path(), corpse.path());
    let spent = site.running.storage().progress().unwrap().spent_rho;
    site.stop().await;

    let revived = Aggregator::open(corpse.path(), config()).unwrap();
    let progress = revived.progress().unwrap();
    assert_eq!((progress.last_round, progress.abandoned, progress.spent_rho), (1, 1, spent));
    assert_eq!(revived.storage().participations(revived.plan().schedule()).unwrap().len(), 3);
}

pub(crate) fn copy(from: &std::path::Path, to: &std::path::Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn one_aggregator_per_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = Aggregator::open(folder.path(), config()).unwrap();
    assert!(matches!(Aggregator::open(folder.path(), config()), Err(OpenError::InUse)));
    // Tokens can be made beside it all the same.
    let beside = silhouette_aggregator::Storage::open(folder.path()).unwrap();
    silhouette_aggregator::create_tokens(&beside, 2).unwrap();
    assert_eq!(first.storage().unused_tokens().unwrap(), 2);
    drop(first);
    Aggregator::open(folder.path(), config()).unwrap();
}

#[test]
fn a_folder_keeps_its_promise() {
    let folder = tempfile::tempdir().unwrap();
    let owner = Aggregator::open(folder.path(), config()).unwrap().owner_public_key();
    let weaker = TaskConfig { noise_multiplier: Some(0.5), ..config() };
    let refused = Aggregator::open(folder.path(), weaker).unwrap_err();
    assert!(matches!(refused, OpenError::Plan(PlanError::OtherTerms { term: "noise_multiplier", .. })));
    let slower = TaskConfig { deadline_ms: 20_000, ..config() };
    assert_eq!(Aggregator::open(folder.path(), slower).unwrap().owner_public_key(), owner);
}

#[test]
fn a_damaged_model_is_noticed_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    Aggregator::open(folder.path(), config()).unwrap();
    let models = std::fs::read_dir(folder.path().join("models")).unwrap();
    for model in models {
        std::fs::write(model.unwrap().path(), b"not a model").unwrap();
    }
    assert!(matches!(Aggregator::open(folder.path(), config()), Err(OpenError::Storage(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_put_back_from_an_old_copy_gets_no_device_that_is_ahead_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), config(), 1).await;
    let device = site.device().await;
    let ahead = CheckIn { task: "sentiment".parse().unwrap(), last_round: 1, available: Availability::default() };
    let reply = device.connection.check_in(&ahead).await.unwrap();
    assert_eq!(reply, CheckInReply::Refused(ErrorCode::UnknownRound));
    site.stop().await;
}
