//! Many devices at once.

use std::{sync::Arc, time::Duration};

use silhouette_transport::{
    ExchangeError, Lost,
    client::{self, ConnectError},
    server::ServerLimits,
};
use silhouette_wire::{CheckInReply, UploadReply};
use tokio::task::JoinSet;

use crate::world::{NAME, Settings, World, announce, check_in, released};

const DEVICES: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_devices_with_eight_places() {
    let limits = ServerLimits { max_uploads: 8, ..ServerLimits::default() };
    let dimension = 100_000;
    let world = World::with(Settings { limits, dimension, ..Settings::default() });
    let release = Arc::new(released(dimension));
    let mut devices = JoinSet::new();
    for _ in 0..DEVICES {
        let (identity, address) = (world.device(), world.address);
        let release = Arc::clone(&release);
        devices.spawn(async move {
            let limits = client::ClientLimits {
                connect_timeout: Duration::from_secs(60),
                reply_timeout: Duration::from_secs(60),
                ..Default::default()
            };
            let connection = client::connect_with(address, NAME, &identity, limits).await.unwrap();
            let reply = connection.check_in(&check_in()).await.unwrap();
            let CheckInReply::Finished { round, .. } = reply else { panic!("{reply:?}") };
            let reply = connection.upload(&announce(round, &release), &release).await.unwrap();
            assert!(matches!(reply, UploadReply::Receipt { duplicate: false, .. }));
            connection.close().await;
        });
    }
    while let Some(done) = devices.join_next().await {
        done.unwrap();
    }
    let uploads = world.recorder.uploads.lock().unwrap();
    assert_eq!(uploads.len(), DEVICES);
    assert!(uploads.values().all(|body| body == release.as_bytes()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_house_says_so() {
    let limits = ServerLimits { max_connections: 1, ..ServerLimits::default() };
    let world = World::with(Settings { limits, ..Settings::default() });
    let first = world.connect().await;
    let error = client::connect(world.address, NAME, &world.device()).await.unwrap_err();
    let expected = ExchangeError::Lost(Lost::NotAccepting);
    assert!(matches!(error, ConnectError::Exchange(found) if found == expected));
    first.close().await;
    // The place is free once the server has noticed.
    for _ in 0..50 {
        if client::connect(world.address, NAME, &world.device()).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the place was never freed");
}

#[tokio::test(flavor = "multi_thread")]
async fn under_pressure_addresses_are_validated() {
    let limits = ServerLimits { retry_above: 0, ..ServerLimits::default() };
    let world = World::with(Settings { limits, ..Settings::default() });
    let connection = world.connect().await;
    assert!(connection.check_in(&check_in()).await.is_ok());
}
