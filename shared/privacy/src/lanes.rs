//! Work on sixteen numbers at a time, compiled for the widest vectors of the CPU it runs on.

mod random;

pub(crate) use random::Lanes;

/// Numbers taken side by side, whatever the CPU's width: part of what defines the bits of a result.
pub(crate) const LANES: usize = 16;

use fearless_simd::{Level, dispatch};

/// Runs `work` compiled for what this CPU has. `work` and what it calls must be `inline(always)` to gain from it, and gives the same bits
/// everywhere as long as its sums have an order of their own.
#[inline(always)]
pub(crate) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    dispatch!(Level::new(), _simd => work())
}
