//! Devices and an aggregator as they are used: folders, SQLite, ledgers, certificates, QUIC.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod joins;
mod kinds;
mod restart;
mod same;
mod site;
