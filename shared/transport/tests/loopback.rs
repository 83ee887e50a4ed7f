//! Both ends over real sockets on the loopback interface.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "loopback/certificates.rs"]
mod certificates;
#[path = "loopback/crowd.rs"]
mod crowd;
#[path = "loopback/early_data.rs"]
mod early_data;
#[path = "loopback/hostile.rs"]
mod hostile;
#[path = "loopback/raw.rs"]
mod raw;
#[path = "loopback/round.rs"]
mod round;
#[path = "loopback/shutdown.rs"]
mod shutdown;
#[path = "loopback/world.rs"]
mod world;
