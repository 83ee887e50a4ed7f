//! What was not released does not get into a sum.

use silhouette_privacy::{Accumulator, Private};

fn add(sum: &mut Accumulator, update: &Private<Vec<f32>>) {
    let _ = sum.fold_release(update);
}

fn main() {}
