//! Privacy accounting: how much a user gives away, and how much noise a promise costs.
//!
//! # Unit and neighbours
//! The unit of privacy is the USER: every message one user ever sends to a task is counted. Two
//! data sets are neighbours under [`Adjacency::AddOrRemoveUser`] when one user's messages are
//! replaced by zeros. The noise multiplier `z` is always the ratio of the noise's standard
//! deviation to the L2 sensitivity under the adjacency that the function names.
//!
//! # Two views
//! * Against the AGGREGATOR, which knows who took part: [`zcdp`], no amplification by sampling.
//! * Against whoever reads only the RELEASED models: [`rdp`], where amplification by Poisson
//!   sampling may be claimed if every device flips its own coin.
//!
//! # Rounding
//! Every bound is rounded outward: an accountant may say slightly more than the truth (relative
//! 1e-9 at most beyond its theorem), never less.
//!
//! # Papers
//! * BS16: Bun, Steinke, "Concentrated Differential Privacy", TCC 2016.
//! * CKS20: Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy", 2020.
//! * MTZ19: Mironov, Talwar, Zhang, "Renyi Differential Privacy of the Sampled Gaussian
//!   Mechanism", 2019.
//! * WBK19: Wang, Balle, Kasiviswanathan, "Subsampled Renyi Differential Privacy and Analytical
//!   Moments Accountant", AISTATS 2019.
//!
//! ```
//! use silhouette_privacy::accounting::{Delta, Epsilon, calibrate, zcdp};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (epsilon, delta) = (Epsilon::new(4.0)?, Delta::new(1e-6)?);
//! let z = calibrate::for_aggregator(epsilon, delta, 20)?;
//! let spent = zcdp::repeated(zcdp::gaussian(z), 20)?;
//! assert!(zcdp::epsilon(spent, delta) <= epsilon);
//! # Ok(())
//! # }
//! ```
//!
//! # Three figures
//! [`zcdp`] is what a device's ledger adds up. [`rdp`] is tighter under sampling. [`pld`] is the tight
//! figure, with a lower bound beside it. [`cases`] evaluates all three on mechanisms given as data.
//!
//! What it does not do: privacy loss distributions of fixed-size cohorts, or accounting for noise that
//! some participants may withhold: the caller passes the noise multiplier that HONEST noise alone
//! reaches.

mod binomial;
pub mod calibrate;
pub mod cases;
mod minimise;
mod normal;
mod parameters;
pub mod plan;
pub mod pld;
mod poisson;
pub mod rdp;
pub(crate) mod rounding;
pub mod tree;
mod without_replacement;
pub mod zcdp;

/// Names the bounds behind every figure, so that a published epsilon says how it was found.
pub const ACCOUNTANT: &str = concat!(
    "silhouette-privacy ",
    env!("CARGO_PKG_VERSION"),
    "; accountant 2: zcdp CKS20 proposition 12, rdp MTZ19 exact on 156 orders, pld connect-the-dots with error bounds"
);

pub use parameters::{Adjacency, Delta, Epsilon, NoiseMultiplier, ParameterError, Rho, SamplingRate};
pub use plan::{Accountant, Alongside, CohortSampling, NoiseCorrelation, PlanRequest, PrivacyPlan};
