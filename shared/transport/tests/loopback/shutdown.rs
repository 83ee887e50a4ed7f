//! How a server goes away.

use std::{sync::atomic::Ordering, time::Duration};

use silhouette_transport::{ExchangeError, Lost, client, client::UploadError, defaults::close};
use silhouette_wire::{CheckInReply, UploadReply};

use crate::world::{DIMENSION, NAME, Settings, World, announce, check_in, released};

async fn until(reached: impl Fn() -> bool) {
    while !reached() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn held_check_ins_are_answered_when_the_cohort_is_chosen() {
    let world = World::with(Settings { hold: true, ..Settings::default() });
    let connection = world.connect().await;
    let choose = async {
        until(|| world.recorder.waiting.load(Ordering::SeqCst) == 1).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        world.recorder.chosen.notify_waiters();
    };
    let request = check_in();
    let (reply, ()) = tokio::join!(connection.check_in(&request), choose);
    assert!(matches!(reply, Ok(CheckInReply::Finished { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn held_check_ins_are_sent_home_at_shutdown() {
    let mut world = World::with(Settings { hold: true, ..Settings::default() });
    let connection = world.connect().await;
    let recorder = world.recorder.clone();
    let stop = async {
        until(|| recorder.waiting.load(Ordering::SeqCst) == 1).await;
        world.stop().await.unwrap();
    };
    let request = check_in();
    let (reply, ()) = tokio::join!(connection.check_in(&request), stop);
    assert_eq!(reply, Ok(CheckInReply::Wait { min_ms: 60_000, max_ms: 300_000 }));
    // The answer arrived, and only then was the connection closed.
    until(|| connection.lost().is_some()).await;
    assert_eq!(connection.lost(), Some(Lost::Closed { code: close::SHUTDOWN.into() }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_under_way_is_finished() {
    let slow_end = Duration::from_millis(500);
    let mut world = World::with(Settings { slow_end, ..Settings::default() });
    let connection = world.connect().await;
    let release = released(DIMENSION);
    let upload = announce(1, &release);
    let recorder = world.recorder.clone();
    let stop = async {
        until(|| recorder.begun.load(Ordering::SeqCst) == 1).await;
        world.stop().await.unwrap();
    };
    let (reply, ()) = tokio::join!(connection.upload(&upload, &release), stop);
    assert!(matches!(reply, Ok(UploadReply::Receipt { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_to_a_closed_server() {
    let mut world = World::new();
    let connection = world.connect().await;
    world.stop().await.unwrap();
    let release = released(DIMENSION);
    let failed = connection.upload(&announce(1, &release), &release).await;
    let closed = Lost::Closed { code: close::SHUTDOWN.into() };
    assert_eq!(failed, Err(UploadError::Exchange(ExchangeError::Lost(closed))));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_there() {
    let mut world = World::new();
    let identity = world.device();
    world.stop().await.unwrap();
    let limits = client::ClientLimits { connect_timeout: Duration::from_millis(300), ..Default::default() };
    assert!(client::connect_with(world.address, NAME, &identity, limits).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_handed_over_is_counted_without_the_device() {
    let slow_end = Duration::from_millis(200);
    let world = World::with(Settings { slow_end, ..Settings::default() });
    let connection = world.connect().await;
    let release = released(DIMENSION);
    let upload = announce(1, &release);
    tokio::select! {
        _ = connection.upload(&upload, &release) => panic!("the handler takes longer"),
        () = tokio::time::sleep(Duration::from_millis(100)) => {}
    }
    connection.close().await;
    until(|| world.recorder.uploads.lock().unwrap().len() == 1).await;
}
