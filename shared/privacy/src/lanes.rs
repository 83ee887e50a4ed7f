//! Plain loops, compiled for the widest vectors of the CPU they run on.

use fearless_simd::{Level, Simd, dispatch};

/// Runs `work` compiled for what this CPU has. `work` must be inlined to gain from it, and gives the same bits
/// everywhere as long as its sums have an order of their own.
#[inline]
pub(crate) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    dispatch!(Level::new(), simd => simd.vectorize(work))
}
