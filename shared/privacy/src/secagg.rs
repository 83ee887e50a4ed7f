//! Secure aggregation: the aggregator learns the sum over the survivors and no vector of its own.
//!
//! SecAgg (Bonawitz et al. 2017) on the complete graph and SecAgg+ (Bell et al. 2020) on a random
//! ring, over vectors in `Z_(2^b)`. Pure state machines: messages in, messages out, time is an
//! argument. The messages are in [`silhouette_wire::message`].
//!
//! Each member masks its vector with one keystream for each neighbour, which cancel in the sum, and
//! one of its own. Shares of both secrets lie with the neighbours. When the inputs are in, the
//! neighbours reveal for each survivor the shares of its own mask, and for each member that dropped
//! out those of the key its pairwise masks come from; never both.
//!
//! Promise, unit one member's vector: whoever holds the aggregator and at most a share
//! `corrupt_fraction` of the members learns nothing but the sum over the honest survivors, of whom
//! there are at least `min_reports` minus the corrupt. Assumed: the hardness of X25519, HKDF-SHA256,
//! ChaCha20 and ChaCha20-Poly1305; an [`Adversary`] as stated in the terms; on a ring graph, but for
//! a probability of 2^-40 over its choice.
//!
//! ```
//! use silhouette_privacy::noise::OpenDpNoise;
//! use silhouette_privacy::secagg::{
//!     Adversary, Advertise, Client, Closed, Entropy, Invited, Policy, Server, Terms,
//! };
//! use silhouette_privacy::{Mode, Private, ReleaseParameters, Rounding, release};
//! use silhouette_wire::{ContentHash, DeviceId, Nonce, TaskId};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let terms = Terms {
//!     task: TaskId::new("news")?,
//!     round: 1,
//!     manifest: ContentHash::of(b"the signed manifest"),
//!     dimension: 2,
//!     modulus_bits: 16,
//!     cohort: 4,
//!     min_reports: 3,
//!     corrupt_fraction: 0.0,
//!     adversary: Adversary::Curious,
//!     graph: None,
//!     deadline: 60_000,
//! };
//! let nonce = Nonce([0; 16]);
//! let invited: Invited = (0..4).map(|i| (DeviceId([i; 32]), nonce)).collect();
//! let mut server = Server::new(terms.clone(), invited.clone(), None)?;
//! let mut devices = std::collections::BTreeMap::new();
//! for id in invited.into_keys() {
//!     let state = Advertise::new(terms.clone(), Policy { min_reports: 3 }, nonce, None, Entropy::from_system()?)?;
//!     let mut device = Client::new(state);
//!     server.advert(0, id, &device.advertise(0)?)?;
//!     devices.insert(id, device);
//! }
//! let parameters = ReleaseParameters::new(Mode::Central, 2, 1.0, 1.0, 4, 3)?;
//! let sum = loop {
//!     match server.close(0)? {
//!         Closed::Rosters(messages) => for (id, roster) in messages {
//!             server.shares(0, id, &devices.get_mut(&id).ok_or("unknown")?.share(0, &roster)?)?;
//!         },
//!         Closed::Inboxes(messages) => for (id, inbox) in messages {
//!             let noise = parameters.draw_noise(&mut OpenDpNoise::new())?;
//!             let vector = Private::new(vec![0.25_f32, -0.125]);
//!             let released = release(vector, &parameters, noise, &mut Rounding::from_system()?)?;
//!             let (message, masked) = devices.get_mut(&id).ok_or("unknown")?.mask(0, &inbox, released)?;
//!             // The last device falls silent here: the round goes on without it.
//!             if id != DeviceId([3; 32]) {
//!                 server.masked_input(0, id, &message, masked.as_bytes())?;
//!             }
//!         },
//!         Closed::Survivors(_) => return Err("only in the active mode".into()),
//!         Closed::Unmask(messages) => for (id, request) in messages {
//!             server.revealed(0, id, &devices.get_mut(&id).ok_or("unknown")?.unmask(0, &request)?)?;
//!         },
//!         Closed::Sum(sum) => break sum,
//!     }
//! };
//! // Three times 0.25 and -0.125, on a grid of 2^14 steps.
//! assert_eq!(sum.values(), [3 << 12, -3 << 11]);
//! # Ok(())
//! # }
//! ```
//!
//! No step can be printed, and so its secrets can't reach a log:
//! ```compile_fail,E0277
//! fn print<T: std::fmt::Debug>() {}
//! print::<silhouette_privacy::secagg::Unmask>();
//! ```
//! ```compile_fail,E0277
//! fn print<T: std::fmt::Debug>() {}
//! print::<silhouette_privacy::secagg::MaskedInput>();
//! ```
//! No step can be taken twice:
//! ```compile_fail,E0382
//! # use silhouette_privacy::secagg::Unmask;
//! # use silhouette_wire::message::SecaggUnmask;
//! fn twice(state: Unmask, a: &SecaggUnmask, b: &SecaggUnmask) {
//!     let _ = state.unmask(0, a);
//!     let _ = state.unmask(0, b);
//! }
//! ```
//! Nothing but a release can be masked:
//! ```compile_fail,E0308
//! # use silhouette_privacy::secagg::MaskedInput;
//! # use silhouette_wire::message::SecaggInbox;
//! fn raw(state: MaskedInput, inbox: &SecaggInbox, bytes: Vec<u8>) {
//!     let _ = state.mask(0, inbox, bytes);
//! }
//! ```
//!
//! What it does not do: it does not hide who took part, it does not keep a member from sending
//! nonsense, and a sum is not private by itself: the noise is the release's.

mod client;
mod entropy;
mod graph;
mod identity;
mod keys;
mod mask;
mod server;
mod shamir;
mod terms;
mod transcript;

pub use client::{Abort, Advertise, AfterInput, Client, Consistency, MaskedInput, MaskedVector, Policy, Share, Unmask};
pub use entropy::{Entropy, EntropyError};
pub use graph::{COMPLETE_UP_TO, Graph, GraphError, GraphParameters, MAX_DEGREE};
pub use identity::{Identity, endorse};
pub use server::{Closed, Ended, Failure, Invited, Lost, Refused, Server, Step, Sum};
pub use shamir::ShamirError;
pub use terms::{Adversary, Millis, Terms, TermsError};

#[cfg(test)]
mod tests;
