//! Every fixed number of the transport, with the reason for it. Measured figures are from one
//! machine with two cores, client and server sharing both.

use std::time::Duration;

/// ALPN of the main endpoint; the number changes only when the framing does.
pub const ALPN: &[u8] = b"silhouette/1";

/// ALPN of the enrolment endpoint, so that a certificate-less connection can never reach the other.
pub const ENROLMENT_ALPN: &[u8] = b"silhouette-enroll/1";

/// How much of a body is read, hashed and handed on at once, in bytes. Large enough that the cost
/// per piece vanishes, small enough that a thousand of them are nothing.
pub const CHUNK_BYTES: usize = 64 * 1024;

/// Window of one stream in bytes: 256 KiB uploaded twice as fast under load as quinn's 1.25 MB, and
/// it caps what an unread upload can pile up.
pub const STREAM_WINDOW: u32 = 256 * 1024;

/// Window of a connection whose upload was not admitted yet, in bytes. Room for any control message;
/// the rest of an upload waits on the device instead of in our memory.
pub const WAITING_WINDOW: u32 = 64 * 1024;

/// Window of a connection whose upload was admitted, in bytes: four stream windows.
pub const ADMITTED_WINDOW: u32 = 1024 * 1024;

/// Most bytes sent and not yet acknowledged per connection.
pub const SEND_WINDOW: u64 = 4 * 1024 * 1024;

/// Exchanges a device may have open at once: a check-in, a fetch, an upload, and one to spare.
pub const STREAMS_PER_CONNECTION: u32 = 4;

/// Silence after which a connection counts as dead.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// How often a device shows that it is still there. A device only connects to take part, so it is
/// always awaiting something; 20 s also keep the usual 30 s address translations open.
pub const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Time for the cryptographic handshake. Four round trips over a bad mobile link.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Time for one small request to arrive once its stream is open.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Time for a reply to be acknowledged by the peer.
pub const REPLY_TIMEOUT: Duration = Duration::from_secs(15);

/// Longest pause within a body. A sender that is slower than one chunk in this time is cut off.
pub const STALL_TIMEOUT: Duration = Duration::from_secs(15);

/// Longest time for one whole body: 64 MiB at 1 Mbit/s take nine minutes.
pub const TRANSFER_TIMEOUT: Duration = Duration::from_secs(600);

/// Longest time a check-in is held before the device is told to come back.
pub const CHECK_IN_HOLD: Duration = Duration::from_secs(1800);

/// Connections at once: 31 kB each when idle, so 10 000 fit in 350 MB.
pub const MAX_CONNECTIONS: usize = 10_000;

/// Unfinished handshakes at once from which a client has to prove its address first.
pub const RETRY_ABOVE: usize = 256;

/// Unfinished handshakes at once from which further ones are ignored.
pub const IGNORE_ABOVE: usize = 1024;

/// Datagrams of connections not yet accepted that are kept, in bytes; quinn's own limit is 100 MiB.
pub const INCOMING_BUFFER_BYTES: u64 = 16 * 1024 * 1024;

/// Uploads read at once: 64 with small windows had the best throughput and a third less tail latency
/// than reading all of them.
pub const MAX_UPLOADS: usize = 64;

/// Longest wait for a place among them.
pub const UPLOAD_QUEUE_TIMEOUT: Duration = Duration::from_secs(120);

/// Largest upload in bytes, 2^24 values of 32 bits.
pub const MAX_UPLOAD_BYTES: u64 = 64 * 1024 * 1024;

/// Largest model a device downloads, in bytes.
pub const MAX_MODEL_BYTES: u64 = 512 * 1024 * 1024;

/// Time for open exchanges to finish when the server shuts down.
pub const DRAIN: Duration = Duration::from_secs(30);

/// Between these a device is told to come back when the server shuts down or a hold runs out: long
/// enough for a restart, spread enough that the devices do not return together.
pub const COME_BACK: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(300));

/// Validity of a device's certificate.
pub const DEVICE_VALIDITY: Duration = Duration::from_secs(7 * 24 * 3600);

/// Validity of the aggregator's certificate: short enough to be renewed by routine.
pub const SERVER_VALIDITY: Duration = Duration::from_secs(90 * 24 * 3600);

/// Validity of the authority: changing it means enrolling every device again.
pub const AUTHORITY_VALIDITY: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// How far the start of a certificate lies in the past, because the clocks of phones are off.
pub const CLOCK_SKEW: Duration = Duration::from_secs(3600);

/// Application close codes.
pub mod close {
    /// The connection did what it was opened for.
    pub const DONE: u32 = 0;
    /// The server is shutting down.
    pub const SHUTDOWN: u32 = 1;
    /// The peer broke the protocol, or was too slow.
    pub const REFUSED: u32 = 2;
}

/// Bytes of datagrams that the system is asked to hold for the server: the shares of 200 devices for their
/// neighbours are 3.4 MB, and arrive while the server is busy with the first of them.
pub(crate) const SOCKET_BUFFER: usize = 8 << 20;
