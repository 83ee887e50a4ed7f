//! The aggregator's half: an exact integer sum, noised once in mode `central`.

mod buffered;
mod error;
mod noisy;
mod tree;

use silhouette_wire::{Mode, unpack};

pub use buffered::{BufferError, BufferedSum, Weight};
pub use error::{FinishError, FoldError};
pub use noisy::NoisySum;
pub use tree::{NoiseTree, NoiseTreeError};

use crate::lanes::vectorised;
use crate::noise::NoiseSource;
use crate::parameters::ReleaseParameters;
use crate::quantise::{squared_norm, squared_norm_narrow};
use crate::release::{Release, centre};
use crate::secagg;

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
        let sum = vec![0; parameters.released_len()];
        Self { parameters, sum, reports: 0 }
    }

    /// Forgets what was folded, for the next round: the memory stays.
    pub fn reset(&mut self, parameters: ReleaseParameters) {
        self.sum.clear();
        self.sum.resize(parameters.released_len(), 0);
        (self.parameters, self.reports) = (parameters, 0);
    }

    /// A sum whose masks were taken off: of `reports` vectors, in `Z_(2^b)`.
    ///
    /// # Errors
    /// When it is not of these parameters, or covers more than the cohort.
    pub fn from_masked(parameters: ReleaseParameters, sum: &secagg::Sum) -> Result<Self, FoldError> {
        let (values, reports) = (sum.values(), sum.survivors.len());
        if (values.len(), sum.modulus_bits) != (parameters.released_len(), parameters.modulus_bits()) {
            return Err(FoldError::Length { expected: parameters.byte_len(), found: sum.bytes.len() });
        }
        match u32::try_from(reports) {
            Ok(reports) if reports <= parameters.cohort() => Ok(Self { parameters, sum: values, reports }),
            _ => Err(FoldError::Full(parameters.cohort())),
        }
    }

    /// The sum so far, without an aggregator's noise, and its reports: for a simulator that adds its devices up in
    /// several processes. Nothing private may depend on it.
    pub fn dangerous_sum_for_simulation_only(&self) -> (&[i64], u32) {
        (&self.sum, self.reports)
    }

    /// A sum that was added up elsewhere, by [`dangerous_sum_for_simulation_only`](Self::dangerous_sum_for_simulation_only).
    ///
    /// # Errors
    /// When it is not of these parameters: of another length, of more reports than the cohort, or longer than these
    /// reports can add up to.
    pub fn of_partial_sum(parameters: ReleaseParameters, sum: Vec<i64>, reports: u32) -> Result<Self, FoldError> {
        let expected = parameters.released_len();
        if sum.len() != expected {
            return Err(FoldError::Length { expected, found: sum.len() });
        }
        if reports > parameters.cohort() {
            return Err(FoldError::Full(parameters.cohort()));
        }
        // No entry of a release is above 2^31 in size.
        let most = u64::from(reports) << 31;
        if sum.iter().any(|k| k.unsigned_abs() > most) {
            return Err(FoldError::Norm);
        }
        Ok(Self { parameters, sum, reports })
    }

    /// Reports folded so far.
    pub fn reports(&self) -> u32 {
        self.reports
    }

    /// Checks one packed release and adds it.
    ///
    /// In mode `central` the norm check is exact; in mode `local` the vector carries its device's
    /// noise, so the bound is one that an honest vector exceeds once in 10^9
    /// ([`ReleaseParameters::longest_sum`]).
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
        let last = k.get(self.parameters.dimension()).copied().unwrap_or(0);
        if !self.norm_is_admissible(&k) || !self.indicator_is_admissible(last) {
            return Err(FoldError::Norm);
        }
        // |k| <= 2^31 and fewer than 2^32 reports: the sum stays inside. Should that ever stop being so,
        // it must not wrap.
        self.sum.iter_mut().zip(&k).for_each(|(sum, &k)| *sum = sum.saturating_add(k));
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
        if (release.dimension(), release.modulus_bits()) != (p.released_len(), p.modulus_bits()) {
            return Err(FoldError::Length { expected: p.released_len(), found: release.dimension() });
        }
        if self.reports >= p.cohort() {
            return Err(FoldError::Full(p.cohort()));
        }
        let Some(bounded) = release.bounded() else { return self.fold(release.as_bytes()) };
        let ends_in_indicator = bounded.runs.last().is_some_and(|run| run.range().end > p.dimension());
        let last = bounded.k.last().filter(|_| ends_in_indicator).map_or(0, |&k| k.into());
        // Checked when it was made, unless another round's bound let it pass.
        let bound = p.delta2_squared();
        let short = bounded.bound <= bound || squared_norm_narrow(&bounded.k) <= bound;
        if !short || !self.indicator_is_admissible(last) {
            return Err(FoldError::Norm);
        }
        vectorised(
            #[inline(always)]
            || {
                for (places, k) in bounded.iter() {
                    // |k| < 2^31 and fewer than 2^32 reports: the sum stays inside.
                    self.sum[places].iter_mut().zip(k).for_each(|(sum, &k)| *sum += i64::from(k));
                }
            },
        );
        self.reports += 1;
        Ok(())
    }

    fn norm_is_admissible(&self, k: &[i64]) -> bool {
        match (self.parameters.mode(), self.parameters.sigma()) {
            // Under its mask a vector shows nothing; the sum is tested instead.
            (Mode::Distributed, _) => true,
            (Mode::Local, Some(_)) => (squared_norm(k) as f64).sqrt() <= self.longest(1),
            _ => squared_norm(k) <= self.parameters.delta2_squared(),
        }
    }

    /// Where a vector shows itself, its indicator counts for no more than one device: the whole norm in
    /// that one entry would count for many and move the clip.
    fn indicator_is_admissible(&self, last: i64) -> bool {
        let seen = self.parameters.mode() == Mode::Central;
        self.parameters.indicator_reach().is_none_or(|reach| !seen || last.unsigned_abs() <= reach)
    }

    /// The norm of the sum of `reports` honest vectors with their noise, at the longest.
    fn longest(&self, reports: u32) -> f64 {
        self.parameters.longest_sum(reports)
    }

    /// Adds another shard's sum of the same round.
    ///
    /// # Errors
    /// When both together hold more reports than the cohort, or the shards are of other rounds.
    pub fn merge(&mut self, other: &Self) -> Result<(), FoldError> {
        if other.parameters != self.parameters {
            return Err(FoldError::Length { expected: self.sum.len(), found: other.sum.len() });
        }
        let reports = self.reports.saturating_add(other.reports);
        if reports > self.parameters.cohort() {
            return Err(FoldError::Full(self.parameters.cohort()));
        }
        vectorised(
            #[inline(always)]
            || {
                // As in `fold`: fewer than 2^32 reports of less than 2^31 each.
                self.sum.iter_mut().zip(&other.sum).for_each(|(a, &b)| *a = a.wrapping_add(b));
            },
        );
        self.reports = reports;
        Ok(())
    }

    /// Closes the sum: in mode `central` adds one draw of discrete Gaussian noise of standard
    /// deviation `z Delta2` to every coordinate; in mode `distributed` takes the sum modulo `2^b` to
    /// its representatives around 0 and tests its norm (PRIVACY specification, section 6, "sum test")
    /// against [`ReleaseParameters::longest_sum`].
    ///
    /// # Errors
    /// With fewer than `N_min` reports, when the noise source fails, or the sum test does, or when the
    /// noise is that of a tree ([`finish_in_tree`](Self::finish_in_tree)); the sum is dropped.
    pub fn finish(self, source: &mut dyn NoiseSource) -> Result<NoisySum, FinishError> {
        self.finish_on(1, source)
    }

    /// [`finish`](Self::finish), the noise drawn by up to `threads` threads where the source can.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_on(mut self, threads: usize, source: &mut dyn NoiseSource) -> Result<NoisySum, FinishError> {
        self.enough_reports()?;
        if self.parameters.tree().is_some() {
            return Err(FinishError::Tree);
        }
        if let (Mode::Central, Some(sigma)) = (self.parameters.mode(), self.parameters.sigma()) {
            source.add_on(threads, sigma, &mut self.sum)?;
        }
        if self.parameters.mode() == Mode::Distributed {
            self.centre_and_test()?;
        }
        let draws = if self.parameters.mode() == Mode::Central { 1 } else { self.reports };
        Ok(NoisySum { sum: self.sum, parameters: self.parameters, reports: self.reports, draws, unit: 1 })
    }

    fn enough_reports(&self) -> Result<(), FinishError> {
        let expected = self.parameters.min_reports();
        let enough = self.reports >= expected;
        if enough { Ok(()) } else { Err(FinishError::TooFewReports { expected, found: self.reports }) }
    }

    fn centre_and_test(&mut self) -> Result<(), FinishError> {
        let bits = self.parameters.modulus_bits();
        self.sum.iter_mut().for_each(|k| *k = centre(*k, bits));
        let (found, most) = ((squared_norm(&self.sum) as f64).sqrt(), self.longest(self.reports));
        if found > most { Err(FinishError::SumTooLong { most, found }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
