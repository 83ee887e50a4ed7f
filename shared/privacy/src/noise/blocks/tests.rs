use proptest::prelude::*;

use super::*;

/// Words that are all the same.
struct Same(u64);

impl Words for Same {
    fn next_word(&mut self) -> u64 {
        self.0
    }
}

fn density(x: u64, sixteenths: u64) -> f64 {
    (-0.5 * (16.0 * x as f64 / sixteenths as f64).powi(2)).exp()
}

proptest! {
    #[test]
    fn no_step_is_below_the_density(sixteenths in prop_oneof![1_u64..2000, 1_u64..=(16 << 40)]) {
        let sampler = BlockSampler::new(sixteenths);
        let scale = f64::from(sampler.scale);
        prop_assert_eq!(sampler.weights.iter().sum::<u32>(), TOTAL);
        for b in 0..sampler.blocks {
            let (first, last) = (b << sampler.width_log2, ((b + 1) << sampler.width_log2) - 1);
            let weight = f64::from(sampler.weights[b as usize]);
            prop_assert!(weight >= scale * density(first, sixteenths));
            let surely = f64::from(sampler.surely[b as usize]) / 65536.0;
            prop_assert!(surely <= scale * density(last, sixteenths) / weight);
        }
    }

    #[test]
    fn no_tail_step_is_below_the_density(sixteenths in prop_oneof![1_u64..2000, 1_u64..=(16 << 40)]) {
        let sampler = BlockSampler::new(sixteenths);
        let tail = f64::from(sampler.weights[sampler.blocks as usize]);
        let width_log2 = sampler.width_log2 + sampler.tail_log2;
        for j in 0..30_u32 {
            let first = (sampler.blocks << sampler.width_log2) + (u64::from(j) << width_log2);
            let step = tail / 2_f64.powi((sampler.tail_log2 + j + 1) as i32);
            prop_assert!(step >= f64::from(sampler.scale) * density(first, sixteenths), "{} {}", j, step);
        }
    }

    #[test]
    fn nearly_every_draw_is_settled_by_one_word(sixteenths in 2048_u64..=(16 << 40)) {
        let sampler = BlockSampler::new(sixteenths);
        let settled: f64 =
            sampler.weights.iter().zip(&sampler.surely).map(|(&w, &s)| f64::from(w) * f64::from(s) / 65536.0).sum();
        prop_assert!(settled / f64::from(TOTAL) > 0.985, "{}", settled / f64::from(TOTAL));
    }
}

/// Given words, one after the other.
struct Listed<'a>(&'a [u64], usize);

impl Words for Listed<'_> {
    fn next_word(&mut self) -> u64 {
        self.1 += 1;
        self.0[self.1 - 1]
    }
}

proptest! {
    #[test]
    fn words_side_by_side_give_the_draws_of_one_after_the_other(
        sixteenths in 400_u64..=(16 << 27), words in prop::array::uniform16(any::<u64>()),
    ) {
        let sampler = BlockSampler::new(sixteenths);
        prop_assert!(sampler.is_side_by_side());
        let mut several = [0; AT_ONCE];
        let settled = sampler.draw_settled(&words, &mut several);
        let mut listed = Listed(&words, 0);
        for (i, &n) in several[..settled].iter().enumerate() {
            prop_assert_eq!(sampler.draw(&mut listed), Ok(n));
            prop_assert_eq!(listed.1, i + 1);
        }
        if settled < AT_ONCE {
            // One look did not settle this one: it takes more words, or more than one look.
            let more: Vec<u64> = words[settled..=settled].iter().copied().chain(1..2000).collect();
            let mut listed = Listed(&more, 0);
            prop_assert!(sampler.draw(&mut listed).is_ok() && listed.1 > 1);
        }
    }
}

#[test]
fn a_source_stuck_at_ones_is_an_error_and_no_endless_loop() {
    let sampler = BlockSampler::new(1600);
    assert_eq!(sampler.tail(&mut Same(u64::MAX)), Err(NoiseError::OutOfRange));
}
