//! The one door of Silhouette: what turns a person's vector into something that may leave a device.
//!
//! A device computes one bounded vector from private data. This crate clips it, rounds it onto an
//! integer grid, checks its norm exactly, adds exact discrete Gaussian noise where the mode asks
//! for it, and packs it. The result, a [`Release`], is the only type that fits into an upload.
//!
//! ```
//! use silhouette_privacy::{Accumulator, Mode, Private, ReleaseParameters, Rounding, release};
//! use silhouette_privacy::noise::OpenDpNoise;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let parameters = ReleaseParameters::new(Mode::Central, 4, 1.0, 1.0, 2, 1)?;
//! let mut noise = OpenDpNoise::new();
//! let mut sum = Accumulator::new(parameters.clone());
//! for update in [[0.3_f32, 0.0, -0.2, 0.1], [0.1, 0.0, 0.4, 0.0]] {
//!     let share = parameters.draw_noise(&mut noise)?; // before the data are looked at
//!     let mut rounding = Rounding::from_system()?;
//!     let released = release(Private::new(update.to_vec()), &parameters, share, &mut rounding)?;
//!     sum.fold(released.as_bytes())?;
//! }
//! let mean = sum.finish(&mut noise)?.mean();
//! assert_eq!(mean.len(), 4);
//! # Ok(())
//! # }
//! ```
//!
//! Unit of privacy: the user (device). Adjacency: add or remove one user (their vector replaced by
//! zero). Arithmetic up to the norm check is floating point and is *not* trusted for privacy: the
//! exact integer check `sum k_i^2 <= Delta2^2` fails closed.
//!
//! [`secagg`] sums such vectors so that nobody sees one of them.
//!
//! What this crate does not do: networking, storage, training. A release of mode `distributed` carries
//! a share of the noise only: it protects nobody until [`secagg`] has masked it.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic"))]

pub mod accounting;
pub mod noise;
pub mod secagg;

mod accumulate;
mod budget;
mod clip;
mod lanes;
mod parameters;
mod private;
mod quantise;
mod release;
mod rotate;
mod update;

pub use accumulate::{
    Accumulator, BufferError, BufferedSum, FinishError, FoldError, NoiseTree, NoiseTreeError, NoisySum, Weight,
};
pub use budget::{Account, Charge, ChargeError};
pub use clip::{Clipped, clip};
pub use parameters::{NoiseShare, ParameterError, ReleaseParameters};
pub use private::Private;
pub use quantise::{Rounding, RoundingError};
pub use release::{Release, ReleaseError, release};
pub use rotate::{RotateError, rotate, unrotate};
pub use silhouette_wire::{AdaptiveClip, Correlation, Mode, Run};
pub use update::Update;
