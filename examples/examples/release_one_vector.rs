//! Teaches the one door: `cargo run --release -p silhouette-examples --example release_one_vector`
//!
//! How a private vector becomes integers that may leave a device, and their sum a result.

use std::error::Error;

use silhouette_privacy::noise::OpenDpNoise;
use silhouette_privacy::{Accumulator, Mode, Private, ReleaseParameters, Rounding, release};

/// What three people's devices computed: private, each on its own device. The third one's is far too
/// long; clipping keeps its direction.
const PEOPLE: [[f32; 4]; 3] = [[0.3, 0.0, -0.2, 0.1], [0.1, 0.0, 0.4, 0.0], [30.0, -40.0, 0.0, 0.0]];

fn main() -> Result<(), Box<dyn Error>> {
    // Everybody knows these numbers: 4 entries, clipped to norm 1, noise of half a norm, 3 devices.
    let terms = ReleaseParameters::new(Mode::Central, 4, 1.0, 0.5, 3, 2)?;
    let (clip, steps, bits) = (terms.clip(), terms.clip_units(), terms.modulus_bits());
    println!("clip norm {clip}, {steps} grid steps to it, {bits} bits an entry");
    println!("every release has squared norm at most {}, checked in integers", terms.delta2_squared());

    let mut sum = Accumulator::new(terms.clone());
    for vector in PEOPLE {
        // On the device: the noise is drawn before the data are looked at (none in mode central).
        let noise = terms.draw_noise(&mut OpenDpNoise::new())?;
        let private = Private::new(vector.to_vec());
        // `println!("{private:?}")` would not compile, and neither would sending it.
        let released = release(private, &terms, noise, &mut Rounding::from_system()?)?;

        // At the aggregator: bytes arrive, are checked again, and are added.
        let bytes = released.as_bytes();
        println!("{vector:>5.1?} left its device as {:?}", silhouette_wire::unpack(bytes, bits)?);
        sum.fold(bytes)?;
    }

    // The sum is closed, exact discrete Gaussian noise is added, and only now is it read.
    let noisy = sum.finish(&mut OpenDpNoise::new())?;
    println!("noise: standard deviation {:.3} on each entry of the mean", noisy.mean_noise_sd());
    println!("the mean everybody may see: {:.2?}", noisy.mean());
    println!("one participation costs rho = {:.3}", terms.rho());
    Ok(())
}
