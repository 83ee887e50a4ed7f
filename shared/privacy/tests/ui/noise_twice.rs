//! Noise drawn for one release does not serve a second one.

use silhouette_privacy::{NoiseShare, Private, ReleaseParameters, Rounding, release};

fn twice(update: [Private<Vec<f32>>; 2], terms: &ReleaseParameters, noise: NoiseShare, rounding: &mut Rounding) {
    let [first, second] = update;
    let _ = release(first, terms, noise, rounding);
    let _ = release(second, terms, noise, rounding);
}

fn main() {}
