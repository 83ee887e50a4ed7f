//! A release is not made of anybody's bytes.

use silhouette_privacy::Release;

fn main() {
    let _: Release = vec![0_u8; 4].into();
}
