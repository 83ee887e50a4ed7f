//! Many devices at once.

use std::{net::UdpSocket, sync::Arc, time::Duration};

use silhouette_transport::{
    ExchangeError, Lost,
    client::{self, ConnectError},
    server::ServerLimits,
};
use silhouette_wire::{CheckInReply, UploadReply};
use tokio::task::JoinSet;

use crate::raw;
use crate::world::{NAME, Settings, World, announce, check_in, local, released};

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

/// Handshakes that are begun and left open.
const HALF_OPEN: usize = 10_000;

/// The first datagrams of so many handshakes with the aggregator's name, each with connection ids of
/// its own, caught by a socket that never answers.
async fn first_flights(world: &World, count: usize) -> Vec<Vec<u8>> {
    let sink = tokio::net::UdpSocket::bind(local()).await.unwrap();
    let client = quinn::Endpoint::client(local()).unwrap();
    let config = raw::quic(raw::tls(world, None, b"silhouette/1"));
    let mut flights = Vec::new();
    let mut buffer = vec![0; 2_048];
    for _ in 0..count {
        let connecting = client.connect_with(config.clone(), sink.local_addr().unwrap(), NAME).unwrap();
        let (length, _) = sink.recv_from(&mut buffer).await.unwrap();
        flights.push(buffer[..length].to_vec());
        drop(connecting);
        // What else this one sends (the rest of a long hello, its farewell) is left out.
        while let Ok(Ok(_)) = tokio::time::timeout(Duration::from_micros(50), sink.recv_from(&mut buffer)).await {}
    }
    flights
}

/// Resident memory of this process in bytes.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_half_open_handshakes_cost_bounded_memory_and_keep_nobody_out() {
    let world = World::new();
    let flights = first_flights(&world, HALF_OPEN).await;
    let sockets: Vec<UdpSocket> = (0..16).map(|_| UdpSocket::bind(local()).unwrap()).collect();
    let before = resident();
    for (flight, socket) in flights.iter().zip(sockets.iter().cycle()) {
        socket.send_to(flight, world.address).unwrap();
    }
    // A device comes in the middle of it, and does what it came for.
    let connection = world.connect().await;
    assert!(connection.check_in(&check_in()).await.is_ok());
    let grown = resident().saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes for {HALF_OPEN} handshakes that nobody finishes");
}
