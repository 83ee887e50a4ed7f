//! The embeddable device of Silhouette: what a person's phone or computer runs.
//!
//! It keeps the person's texts sealed, takes part in training without showing them to anyone, and
//! makes a profile that stays on the device.
//!
//! ```
//! use silhouette_client::persona::{PersonaLanguage, persona};
//! use silhouette_client::{DeviceFolder, profile};
//! use silhouette_text::Event;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let place = tempfile::tempdir()?;
//! let device = DeviceFolder::open_or_create(place.path().join("device"))?;
//! let mut store = device.store()?;
//! store.import(&[Event::new("me", "The new guitar sounds great"), Event::new("me", "今天的比赛很精彩")])?;
//!
//! let events = store.events()?;
//! let profile = profile::profile(events.expose_on_device(), None, 1_700_000_000)?;
//! let persona = persona(profile.expose_on_device(), PersonaLanguage::En);
//! assert_eq!(persona.expose_on_device().text(), "There are only 2 texts so far, too little to say much.");
//! # Ok(())
//! # }
//! ```
//!
//! # In the order a newcomer meets them
//!
//! - [`DeviceFolder`]: where everything of one device lies, and its policy.
//! - [`store`]: the person's events, sealed in SQLite.
//! - [`Participant`]: takes part in rounds over the network; [`local_round`] is its work of one
//!   round without the network, which the simulator shares.
//! - [`ledger`]: what was given away, durable before anything is sent; a ledger that was tampered
//!   with stops participation.
//! - [`profile`] and [`persona`]: what the texts say of the person, with evidence for each line.
//!
//! # What it does not do
//!
//! It does not train: an [`Engine`](silhouette_model::Engine) is handed in, so this crate builds
//! without a tensor library. It does not guard against whoever has the whole folder and the key in
//! it, and it can't tell when that whole folder is replaced by an older copy: a host's key chain
//! ([`keys::KeyStore`]) does both.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic"))]

mod durable;
#[cfg(test)]
mod fixtures;
pub mod folder;
pub mod keys;
pub mod ledger;
mod local;
pub mod models;
pub mod participant;
pub mod persona;
pub mod profile;
pub mod store;

pub use folder::{DeviceFolder, DevicePolicy};
pub use local::{Draws, LocalRoundError, Randomness, Work, local_round};
pub use participant::{Participant, ParticipantConfig, ParticipantEvent};
