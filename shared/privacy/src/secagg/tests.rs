//! The protocol as a whole: sums against plain sums, and what liars get.

mod adversary;
mod attacks;
mod lies;
mod refusals;
mod sizes;
mod statistics;
mod sums;
mod world;
