//! The aggregator's half: an exact integer sum, noised once in mode `central`.

use sha2::{Digest, Sha256};
use silhouette_wire::{ContentHash, Mode, unpack};
use thiserror::Error;

use crate::noise::{NoiseError, NoiseSource, add_discrete_gaussian};
use crate::parameters::ReleaseParameters;
use crate::quantise::squared_norm;
use crate::release::Release;

/// Why one upload was not added. The sum is as it was.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum FoldError {
    /// The packed vector has another length than the manifest says.
    #[error("upload: expected {expected} bytes, found {found}")]
    Length {
        /// Bytes the manifest implies.
        expected: usize,
        /// Bytes found.
        found: usize,
    },
    /// The vector is longer than any honest device's can be.
    #[error("upload: the vector's norm exceeds the bound of this round")]
    Norm,
    /// The packed vector could not be read.
    #[error("upload: {0}")]
    Unpack(String),
    /// The cohort is full: every further upload would raise the sum above what was planned for.
    #[error("upload: the round has its {0} reports already")]
    Full(u32),
}

/// Why no result was made.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum FinishError {
    /// Fewer reports than `N_min`: the sum is dropped unseen.
    #[error("round: expected at least {expected} reports, found {found}")]
    TooFewReports {
        /// `N_min`.
        expected: u32,
        /// Reports folded.
        found: u32,
    },
    /// The noise source failed.
    #[error(transparent)]
    Noise(#[from] NoiseError),
}

/// The running integer sum of one round. Addition of integers is associative and commutative, so
/// the result has the same bits for any order of arrival and any number of threads or shards.
#[derive(Clone)]
pub struct Accumulator {
    parameters: ReleaseParameters,
    sum: Vec<i64>,
    reports: u32,
}

impl Accumulator {
    /// An empty sum.
    pub fn new(parameters: ReleaseParameters) -> Self {
        let sum = vec![0; parameters.dimension()];
        Self { parameters, sum, reports: 0 }
    }

    /// Reports folded so far.
    pub fn reports(&self) -> u32 {
        self.reports
    }

    /// Checks one packed release and adds it.
    ///
    /// In mode `central` the norm check is exact; in mode `local` the vector carries its device's
    /// noise, so the bound is the norm plus six standard deviations of the noise's norm.
    ///
    /// # Errors
    /// When the bytes are not a release of this round; the sum is unchanged then.
    pub fn fold(&mut self, packed: &[u8]) -> Result<(), FoldError> {
        let expected = self.parameters.byte_len();
        if packed.len() != expected {
            return Err(FoldError::Length { expected, found: packed.len() });
        }
        if self.reports >= self.parameters.cohort() {
            return Err(FoldError::Full(self.parameters.cohort()));
        }
        let k = unpack(packed, self.parameters.modulus_bits()).map_err(|e| FoldError::Unpack(e.to_string()))?;
        if !self.norm_is_admissible(&k) {
            return Err(FoldError::Norm);
        }
        for (sum, k) in self.sum.iter_mut().zip(&k) {
            // |k| < 2^31 and at most 2^32 reports: below 2^63.
            *sum += k;
        }
        self.reports += 1;
        Ok(())
    }

    /// Adds a release made in the same process, without packing it: the same sum as
    /// [`fold`](Self::fold) of its bytes.
    ///
    /// # Errors
    /// When the release is not one of this round; the sum is unchanged then.
    pub fn fold_release(&mut self, release: &Release) -> Result<(), FoldError> {
        let p = &self.parameters;
        if (release.dimension(), release.modulus_bits()) != (p.dimension(), p.modulus_bits()) {
            return Err(FoldError::Length { expected: p.dimension(), found: release.dimension() });
        }
        if self.reports >= p.cohort() {
            return Err(FoldError::Full(p.cohort()));
        }
        let values: Vec<i64> = release.entries().iter().map(|&(_, k)| k).collect();
        if !self.norm_is_admissible(&values) {
            return Err(FoldError::Norm);
        }
        release.entries().iter().for_each(|&(i, k)| self.sum[i as usize] += k);
        self.reports += 1;
        Ok(())
    }

    fn norm_is_admissible(&self, k: &[i64]) -> bool {
        let norm = squared_norm(k);
        match (self.parameters.mode(), self.parameters.sigma()) {
            (Mode::Local, Some(sigma)) => {
                let spread = (self.parameters.dimension() as f64).sqrt() + 6.0;
                norm as f64 <= (self.parameters.delta2() + sigma.as_f64() * spread).powi(2)
            }
            _ => norm <= self.parameters.delta2_squared(),
        }
    }

    /// Adds another shard's sum of the same round.
    ///
    /// # Errors
    /// When both together hold more reports than the cohort, or the shards are of other rounds.
    pub fn merge(&mut self, other: &Self) -> Result<(), FoldError> {
        if other.parameters != self.parameters {
            return Err(FoldError::Length { expected: self.sum.len(), found: other.sum.len() });
        }
        if self.reports + other.reports > self.parameters.cohort() {
            return Err(FoldError::Full(self.parameters.cohort()));
        }
        self.sum.iter_mut().zip(&other.sum).for_each(|(a, b)| *a += b);
        self.reports += other.reports;
        Ok(())
    }

    /// Closes the sum: in mode `central` adds one draw of discrete Gaussian noise of standard
    /// deviation `z Delta2` to every coordinate.
    ///
    /// # Errors
    /// With fewer than `N_min` reports, or when the noise source fails; the sum is dropped.
    pub fn finish(mut self, source: &mut dyn NoiseSource) -> Result<NoisySum, FinishError> {
        let expected = self.parameters.min_reports();
        if self.reports < expected {
            return Err(FinishError::TooFewReports { expected, found: self.reports });
        }
        if let (Mode::Central, Some(sigma)) = (self.parameters.mode(), self.parameters.sigma()) {
            add_discrete_gaussian(&mut self.sum, sigma, source)?;
        }
        Ok(NoisySum { sum: self.sum, parameters: self.parameters, reports: self.reports })
    }
}

/// The only thing an aggregator makes public of a round.
#[derive(Clone)]
pub struct NoisySum {
    sum: Vec<i64>,
    parameters: ReleaseParameters,
    reports: u32,
}

impl NoisySum {
    /// The sum in grid steps.
    pub fn as_grid(&self) -> &[i64] {
        &self.sum
    }

    /// Reports in the sum.
    pub fn reports(&self) -> u32 {
        self.reports
    }

    /// The mean update: sum over grid steps per unit, over the *planned* cohort n. A fixed
    /// denominator keeps the number of reports out of the result.
    pub fn mean(&self) -> Vec<f32> {
        let divisor = self.parameters.scale() * f64::from(self.parameters.cohort());
        self.sum.iter().map(|&k| (k as f64 / divisor) as f32).collect()
    }

    /// The noise's standard deviation on one coordinate of [`mean`](Self::mean). Public: it
    /// follows from the manifest.
    pub fn mean_noise_sd(&self) -> f64 {
        let Some(sigma) = self.parameters.sigma() else { return 0.0 };
        let draws = if self.parameters.mode() == Mode::Local { f64::from(self.reports) } else { 1.0 };
        sigma.as_f64() * draws.sqrt() / (self.parameters.scale() * f64::from(self.parameters.cohort()))
    }

    /// SHA-256 of the sum's little-endian bytes: equal sums have equal digests.
    pub fn digest(&self) -> ContentHash {
        let mut hash = Sha256::new();
        self.sum.iter().for_each(|k| hash.update(k.to_le_bytes()));
        ContentHash(hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::noise::OpenDpNoise;
    use crate::private::Private;
    use crate::quantise::Rounding;
    use crate::release::release;

    fn upload(update: &[f32], p: &ReleaseParameters, seed: u8) -> Vec<u8> {
        let noise = p.draw_noise(&mut OpenDpNoise::new()).unwrap();
        let mut rounding = Rounding::seeded([seed; 32]);
        release(Private::new(update.to_vec()), p, noise, &mut rounding).unwrap().as_bytes().to_vec()
    }

    fn silent(n: u32, d: usize) -> ReleaseParameters {
        ReleaseParameters::new(Mode::Central, d, 1.0, 0.0, n, 1).unwrap()
    }

    proptest! {
        #[test]
        fn any_order_and_any_sharding_give_the_same_bits(
            updates in prop::collection::vec(prop::collection::vec(-1.0_f32..1.0, 5), 1..12),
            split in 0_usize..12,
        ) {
            let p = silent(updates.len() as u32, 5);
            let uploads: Vec<_> = updates.iter().enumerate().map(|(i, u)| upload(u, &p, i as u8)).collect();
            let mut forward = Accumulator::new(p.clone());
            uploads.iter().for_each(|u| forward.fold(u).unwrap());
            let split = split.min(uploads.len());
            let (mut a, mut b) = (Accumulator::new(p.clone()), Accumulator::new(p));
            uploads[..split].iter().rev().for_each(|u| a.fold(u).unwrap());
            uploads[split..].iter().for_each(|u| b.fold(u).unwrap());
            b.merge(&a).unwrap();
            let mut noise = OpenDpNoise::new();
            prop_assert_eq!(
                forward.finish(&mut noise).unwrap().digest(),
                b.finish(&mut noise).unwrap().digest()
            );
        }
    }

    #[test]
    fn a_release_adds_the_same_packed_or_not() {
        let p = silent(2, 3);
        let noise = p.draw_noise(&mut OpenDpNoise::new()).unwrap();
        let r = release(Private::new(vec![0.5, 0.0, -0.25]), &p, noise, &mut Rounding::seeded([1; 32])).unwrap();
        let (mut packed, mut whole) = (Accumulator::new(p.clone()), Accumulator::new(p));
        packed.fold(r.as_bytes()).unwrap();
        whole.fold_release(&r).unwrap();
        assert_eq!(packed.sum, whole.sum);
        assert_eq!((packed.reports, whole.reports), (1, 1));
    }

    #[test]
    fn a_boosted_update_is_refused_and_changes_nothing() {
        let p = silent(3, 4);
        let mut sum = Accumulator::new(p.clone());
        sum.fold(&upload(&[0.5, 0.5, 0.0, 0.0], &p, 1)).unwrap();
        let before = sum.sum.clone();
        let boosted = silhouette_wire::pack(&[30000, 30000, 0, 0], 16).unwrap();
        assert_eq!(sum.fold(&boosted), Err(FoldError::Norm));
        assert_eq!(sum.fold(&boosted[1..]), Err(FoldError::Length { expected: 8, found: 7 }));
        assert_eq!((sum.sum, sum.reports), (before, 1));
    }

    #[test]
    fn too_few_reports_yield_nothing() {
        let p = ReleaseParameters::new(Mode::Central, 2, 1.0, 1.0, 5, 3).unwrap();
        let mut sum = Accumulator::new(p.clone());
        sum.fold(&upload(&[0.1, 0.1], &p, 1)).unwrap();
        let result = sum.finish(&mut OpenDpNoise::new());
        assert_eq!(result.err(), Some(FinishError::TooFewReports { expected: 3, found: 1 }));
    }

    #[test]
    fn an_extra_report_is_refused() {
        let p = silent(1, 2);
        let mut sum = Accumulator::new(p.clone());
        sum.fold(&upload(&[0.1, 0.1], &p, 1)).unwrap();
        assert_eq!(sum.fold(&upload(&[0.1, 0.1], &p, 2)), Err(FoldError::Full(1)));
    }

    #[test]
    fn the_mean_of_a_silent_round_is_the_mean_update() {
        let p = silent(2, 3).with_grid(1 << 24, 32).unwrap();
        let mut sum = Accumulator::new(p.clone());
        sum.fold(&upload(&[0.5, 0.0, -0.25], &p, 1)).unwrap();
        sum.fold(&upload(&[0.25, 0.0, 0.25], &p, 2)).unwrap();
        let mean = sum.finish(&mut OpenDpNoise::new()).unwrap().mean();
        for (found, expected) in mean.iter().zip([0.375, 0.0, 0.0]) {
            assert!((found - expected).abs() < 1e-5);
        }
    }

    #[test]
    fn central_and_local_noise_have_the_promised_spread() {
        for (mode, reports) in [(Mode::Central, 2), (Mode::Local, 2)] {
            let p = ReleaseParameters::new(mode, 4000, 1.0, 1.0, reports, 1).unwrap();
            let mut sum = Accumulator::new(p.clone());
            (0..reports).for_each(|i| sum.fold(&upload(&[0.0; 4000], &p, i as u8)).unwrap());
            let result = sum.finish(&mut OpenDpNoise::new()).unwrap();
            let mean = result.mean();
            let sd = (mean.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / 4000.0).sqrt();
            // The sample sd of 4000 normals has relative standard error 1.1%: six of them.
            assert!((sd / result.mean_noise_sd() - 1.0).abs() < 0.067, "{mode:?} {sd}");
        }
    }
}
