//! The aggregator over real loopback QUIC and HTTP, with devices that release through the one door.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod admin;
mod enrolment;
mod fleet;
mod groups;
mod kill;
mod masked;
mod noise;
mod queries;
mod restart;
mod rounds;
mod uploads;
