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
