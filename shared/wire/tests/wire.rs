//! The wire format from outside: pinned bytes, what is refused, and what survives a round trip.
#![allow(clippy::unwrap_used)]

#[path = "wire/golden.rs"]
mod golden;
#[path = "wire/manifest.rs"]
mod manifest;
#[path = "wire/packing.rs"]
mod packing;
#[path = "wire/refused.rs"]
mod refused;
#[path = "wire/round_trip.rs"]
mod round_trip;
#[path = "wire/samples.rs"]
mod samples;
#[path = "wire/secagg.rs"]
mod secagg;
#[path = "wire/secagg_samples.rs"]
mod secagg_samples;
