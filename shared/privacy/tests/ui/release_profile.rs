//! The one door takes vectors. A profile is none and has no way out.

use silhouette_privacy::{NoiseShare, Private, ReleaseParameters, Rounding, release};

struct Profile(String);

fn let_out(profile: Private<Profile>, terms: &ReleaseParameters, noise: NoiseShare, rounding: &mut Rounding) {
    let _ = release(profile, terms, noise, rounding);
}

fn main() {}
