//! What a device must not get away with.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use silhouette_transport::{Lost, defaults::close, server::ServerLimits};
use silhouette_wire::{
    CheckInReply, ContentHash, ErrorCode, MessageType, Nonce, Refusal, Upload, UploadReply, encode_frame,
};

use crate::{
    raw::{self, exchange, greeted, read},
    world::{Settings, World, check_in, task},
};

fn refused(code: ErrorCode) -> Refusal {
    Refusal { code }
}

fn upload(body: &[u8]) -> Upload {
    Upload {
        task: task(),
        round: 1,
        nonce: Nonce([1; 16]),
        manifest_hash: ContentHash([2; 32]),
        dimension: 1000,
        modulus_bits: 24,
        byte_len: 3000,
        sha256: ContentHash::of(body),
    }
}

fn with_body(upload: &Upload, body: &[u8]) -> Vec<u8> {
    [encode_frame(upload).unwrap().as_slice(), body].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_of_a_tebibyte() {
    let world = World::new();
    let connection = greeted(&world).await;
    for kind in MessageType::ALL {
        let head = [kind.number(), 0x80, 0x80, 0x80, 0x80, 0x80, 0x20];
        // The stream stays open: the answer does not wait for a single byte of the body.
        let (_send, mut recv) = raw::open(&connection, &head).await;
        let reply = recv.read_to_end(1000).await.unwrap();
        assert_eq!(read::<Refusal>(&reply), refused(ErrorCode::Malformed));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_after_a_request() {
    let world = World::new();
    let connection = greeted(&world).await;
    let mut frame = encode_frame(&check_in()).unwrap();
    assert!(matches!(read(&exchange(&connection, &frame).await), CheckInReply::Finished { .. }));
    frame.push(0);
    let reply = exchange(&connection, &frame).await;
    assert_eq!(read::<Refusal>(&reply), refused(ErrorCode::Malformed));
    // And inside the frame: one byte more than the message has.
    let mut inside = encode_frame(&check_in()).unwrap();
    inside[1] += 1;
    inside.push(0);
    let reply = exchange(&connection, &inside).await;
    assert_eq!(read::<Refusal>(&reply), refused(ErrorCode::Malformed));
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_and_unknown_types_are_no_requests() {
    let world = World::new();
    let connection = greeted(&world).await;
    let reply = encode_frame(&refused(ErrorCode::Busy)).unwrap();
    for bytes in [reply.as_slice(), &raw::hello(1), &[200, 0], &[3], &[]] {
        let reply = exchange(&connection, bytes).await;
        assert_eq!(read::<Refusal>(&reply), refused(ErrorCode::Malformed));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version() {
    let world = World::new();
    let device = world.device();
    let connection = raw::connect(&world, Some(&device), b"silhouette/1").await.unwrap();
    let reply = exchange(&connection, &raw::hello(2)).await;
    assert_eq!(read::<Refusal>(&reply), refused(ErrorCode::WrongVersion));
    let closed = Lost::from(connection.closed().await);
    assert_eq!(closed, Lost::Closed { code: close::REFUSED.into() });
}

#[tokio::test(flavor = "multi_thread")]
async fn something_else_than_a_hello() {
    let world = World::new();
    let device = world.device();
    let connection = raw::connect(&world, Some(&device), b"silhouette/1").await.unwrap();
    let reply = exchange(&connection, &encode_frame(&check_in()).unwrap()).await;
    assert_eq!(read::<Refusal>(&reply), refused(ErrorCode::Malformed));
    assert!(matches!(Lost::from(connection.closed().await), Lost::Closed { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_another_length_or_content() {
    let world = World::new();
    let connection = greeted(&world).await;
    let body = [7; 3000];
    let good = upload(&body);
    for (sent, code) in [
        (&[7; 2999][..], ErrorCode::WrongLength),
        (&[7; 3001], ErrorCode::WrongLength),
        (&[7; 90_000], ErrorCode::WrongLength),
        (&[], ErrorCode::WrongLength),
        (&[8; 3000], ErrorCode::HashMismatch),
    ] {
        let reply = exchange(&connection, &with_body(&good, sent)).await;
        assert_eq!(read::<UploadReply>(&reply), UploadReply::Refused(code));
    }
    assert!(world.recorder.uploads.lock().unwrap().is_empty());
    let reply = exchange(&connection, &with_body(&good, &body)).await;
    assert!(matches!(read(&reply), UploadReply::Receipt { duplicate: false, .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unexpected_length_is_refused_before_the_body() {
    let world = World::new();
    let connection = greeted(&world).await;
    let larger = Upload { dimension: 1001, byte_len: 3003, ..upload(&[]) };
    // The body is never sent; the refusal comes all the same.
    let (_send, mut recv) = raw::open(&connection, &encode_frame(&larger).unwrap()).await;
    let reply = recv.read_to_end(1000).await.unwrap();
    assert_eq!(read::<UploadReply>(&reply), UploadReply::Refused(ErrorCode::WrongLength));

    // A length that contradicts the dimension does not even reach the handler.
    let begun = world.recorder.begun.load(Ordering::SeqCst);
    let mut frame = encode_frame(&upload(&[])).unwrap();
    let at = frame.windows(3).position(|w| w == [24, 0xb8, 0x17]).unwrap();
    frame[at + 1] = 0xb9;
    let reply = exchange(&connection, &frame).await;
    assert_eq!(read::<Refusal>(&reply), refused(ErrorCode::WrongLength));
    assert_eq!(world.recorder.begun.load(Ordering::SeqCst), begun);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_upload_per_device() {
    let world = World::new();
    let connection = greeted(&world).await;
    let frame = encode_frame(&upload(&[7; 3000])).unwrap();
    let (mut first, mut reply) = raw::open(&connection, &frame).await;
    while world.recorder.begun.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let second = exchange(&connection, &with_body(&upload(&[7; 3000]), &[7; 3000])).await;
    assert_eq!(read::<UploadReply>(&second), UploadReply::Refused(ErrorCode::Busy));
    first.write_all(&[7; 3000]).await.unwrap();
    first.finish().unwrap();
    let reply = reply.read_to_end(1000).await.unwrap();
    assert!(matches!(read(&reply), UploadReply::Receipt { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_sender_is_cut_off() {
    let short = Duration::from_millis(300);
    let limits = ServerLimits { stall_timeout: short, request_timeout: short, ..ServerLimits::default() };
    let world = World::with(Settings { limits, ..Settings::default() });
    let connection = greeted(&world).await;
    let start = Instant::now();
    // Half a header, half a body.
    let (_head, mut first) = raw::open(&connection, &[7]).await;
    let half = with_body(&upload(&[7; 3000]), &[7; 1500]);
    let (_body, mut second) = raw::open(&connection, &half).await;
    for recv in [&mut first, &mut second] {
        let reply = recv.read_to_end(1000).await.unwrap();
        assert_eq!(read::<Refusal>(&reply), refused(ErrorCode::Late));
    }
    assert!(start.elapsed() < Duration::from_secs(5));
    // No hello at all.
    let device = world.device();
    let silent = raw::connect(&world, Some(&device), b"silhouette/1").await.unwrap();
    assert!(matches!(Lost::from(silent.closed().await), Lost::Closed { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_drops_is_bounded_as_a_whole() {
    let limits = ServerLimits { transfer_timeout: Duration::from_millis(500), ..ServerLimits::default() };
    let world = World::with(Settings { limits, ..Settings::default() });
    let connection = greeted(&world).await;
    let (mut send, mut recv) = raw::open(&connection, &encode_frame(&upload(&[])).unwrap()).await;
    let drip = async {
        while send.write_all(&[7]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let (reply, ()) = tokio::join!(recv.read_to_end(1000), drip);
    assert_eq!(read::<Refusal>(&reply.unwrap()), refused(ErrorCode::Late));
}

#[tokio::test(flavor = "multi_thread")]
async fn unread_uploads_stay_on_the_device() {
    let limits = ServerLimits { max_uploads: 1, ..ServerLimits::default() };
    let world = World::with(Settings { limits, dimension: 1_000_000, ..Settings::default() });
    let announced = Upload { dimension: 1_000_000, byte_len: 3_000_000, ..upload(&vec![7; 3_000_000]) };
    let frame = encode_frame(&announced).unwrap();
    let (holder, waiter) = (greeted(&world).await, greeted(&world).await);
    let (mut held, mut held_reply) = raw::open(&holder, &frame).await;
    while world.recorder.begun.load(Ordering::SeqCst) < 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;

    // The second device is not admitted: its body stops at the small window.
    let (mut waiting, mut waiting_reply) = raw::open(&waiter, &frame).await;
    let body = vec![7; 3_000_000];
    let mut sent = 0;
    while let Ok(count) = tokio::time::timeout(Duration::from_millis(300), waiting.write(&body[sent..])).await {
        sent += count.unwrap();
    }
    // What quinn buffers on the sending side counts as written; what left is in the statistics.
    let left = waiter.stats().udp_tx.bytes;
    assert!(left < 200_000, "{left} bytes left the waiting device");

    held.write_all(&body).await.unwrap();
    held.finish().unwrap();
    let reply = held_reply.read_to_end(1000).await.unwrap();
    assert!(matches!(read(&reply), UploadReply::Receipt { .. }));
    waiting.write_all(&body[sent..]).await.unwrap();
    waiting.finish().unwrap();
    let reply = waiting_reply.read_to_end(1000).await.unwrap();
    assert!(matches!(read(&reply), UploadReply::Receipt { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_channels() {
    let world = World::new();
    let connection = greeted(&world).await;
    assert_eq!(connection.max_datagram_size(), None);
    let uni = tokio::time::timeout(Duration::from_millis(200), connection.open_uni()).await;
    assert!(uni.is_err(), "no unidirectional stream is ever granted");
}
