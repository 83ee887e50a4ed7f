use std::time::Duration;

use silhouette_aggregator::{Event, Listen, TaskConfig};
use silhouette_model::Model;
use silhouette_wire::{CheckInReply, ErrorCode};

use crate::fleet::{Site, config};

/// The next event of a round that is over.
pub(crate) async fn next_end(site: &mut Site) -> Event {
    loop {
        match site.events.recv().await.unwrap() {
            Event::RoundOpened { .. } => {}
            event => return event,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rounds_complete_and_the_model_moves() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), config(), 3).await;
    let devices = [site.device().await, site.device().await, site.device().await];
    let mut first = None;
    for round in 1..=2 {
        let (a, b, c) = tokio::join!(devices[0].take_part(), devices[1].take_part(), devices[2].take_part());
        assert_eq!([a, b, c], [round; 3]);
        let Event::RoundClosed { round: closed, invited, reports, epsilon, rho, model, bytes_up, bytes_down, .. } =
            next_end(&mut site).await
        else {
            panic!("the round was not closed")
        };
        assert_eq!((closed, invited, reports), (round, 3, 3));
        assert!(epsilon > 0.0 && rho >= 0.5 * round as f64);
        // 64 buckets and a bias, two outputs, 16 bits, three devices.
        assert_eq!(bytes_up, 3 * 130 * 2);
        assert!(bytes_down > 3 * 130 * 4);
        assert_ne!(first.replace(model), Some(model));
    }
    assert!(matches!(next_end(&mut site).await, Event::Finished { round: 2, .. }));
    let CheckInReply::Finished { model, round: 2 } = devices[0].check_in().await else { panic!() };
    assert_eq!(Some(model), first);
    // z = 1 and three devices: noise of a third of the clip norm a coordinate, around the mean 0.01.
    let model = Model::from_safetensors(&devices[0].fetch(model).await).unwrap();
    assert!(model.values().iter().any(|v| v.abs() > 0.05));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vanishing_device_does_not_stop_the_round() {
    let folder = tempfile::tempdir().unwrap();
    let short = TaskConfig { rounds: 1, deadline_ms: 3000, ..config() };
    let mut site = Site::start(folder.path(), short, 3).await;
    let (a, b, c) = (site.device().await, site.device().await, site.device().await);
    let vanish = async {
        c.part().await;
        c.connection.close().await;
    };
    tokio::join!(a.take_part(), b.take_part(), vanish);
    let event = next_end(&mut site).await;
    assert!(matches!(event, Event::RoundClosed { invited: 3, reports: 2, .. }), "{event:?}");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_leaves_while_waiting_is_not_asked() {
    let folder = tempfile::tempdir().unwrap();
    let patient = TaskConfig { rounds: 1, ..config() };
    let mut site = Site::start(folder.path(), patient, 4).await;
    let devices = [site.device().await, site.device().await, site.device().await];
    let leaver = site.device().await;
    let leaves = tokio::time::timeout(Duration::from_millis(300), leaver.check_in());
    assert!(leaves.await.is_err(), "held until there are three");
    leaver.connection.close().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    tokio::join!(devices[0].take_part(), devices[1].take_part(), devices[2].take_part());
    let event = next_end(&mut site).await;
    assert!(matches!(event, Event::RoundClosed { invited: 3, reports: 3, .. }), "{event:?}");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_reports_abandon_the_round_and_its_charge_stays() {
    let folder = tempfile::tempdir().unwrap();
    let short = TaskConfig { deadline_ms: 2000, ..config() };
    let mut site = Site::start(folder.path(), short, 3).await;
    let (a, b, c) = (site.device().await, site.device().await, site.device().await);
    // One report arrives, two are missing.
    tokio::join!(a.take_part(), b.part(), c.part());
    let event = next_end(&mut site).await;
    assert!(matches!(event, Event::RoundAbandoned { round: 1, reports: 1, .. }), "{event:?}");
    let progress = site.running.storage().progress().unwrap();
    assert_eq!((progress.abandoned, progress.latest), (1, None));
    assert!(progress.spent_rho >= 0.5);
    // The next round starts from the same model.
    let (x, y, z) = tokio::join!(a.part(), b.part(), c.part());
    assert_eq!([x.manifest.round, y.manifest.round, z.manifest.round], [2; 3]);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn local_noise_takes_the_same_way() {
    let folder = tempfile::tempdir().unwrap();
    let local = TaskConfig { rounds: 1, mode: silhouette_wire::Mode::Local, ..config() };
    let mut site = Site::start(folder.path(), local, 3).await;
    let (a, b, c) = (site.device().await, site.device().await, site.device().await);
    tokio::join!(a.take_part(), b.take_part(), c.take_part());
    let event = next_end(&mut site).await;
    assert!(matches!(event, Event::RoundClosed { reports: 3, .. }), "{event:?}");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revoked_devices_are_refused_while_connected_and_when_they_connect() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), config(), 1).await;
    let device = site.device().await;
    assert!(site.running.storage().revoke(&device.identity.device_id()).unwrap());
    assert_eq!(device.check_in().await, CheckInReply::Refused(ErrorCode::Revoked));
    let address = site.running.addresses().devices;
    let again = silhouette_transport::connect(address, "localhost", &device.identity).await;
    let refused = again.unwrap_err().to_string();
    assert!(refused.contains("revoked"), "{refused}");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_tasks_are_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), config(), 1).await;
    let device = site.device().await;
    let available = silhouette_wire::message::Availability::default();
    let request = silhouette_wire::CheckIn { task: "other".parse().unwrap(), last_round: 0, available };
    let reply = device.connection.check_in(&request).await.unwrap();
    assert_eq!(reply, CheckInReply::Refused(ErrorCode::UnknownTask));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_use_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::start(folder.path(), config(), 0).await;
    let other = tempfile::tempdir().unwrap();
    let second = silhouette_aggregator::Aggregator::open(other.path(), config()).unwrap();
    let listen = Listen { devices: site.running.addresses().devices, ..Listen::loopback() };
    let refused = second.run(listen, std::future::pending()).await.unwrap_err();
    assert!(refused.to_string().contains("cannot bind"), "{refused}");
    site.stop().await;
}
