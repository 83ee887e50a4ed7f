//! A mean over groups that a few bad groups cannot move far.
//!
//! Under masks the aggregator sees a group's sum and nothing of its members. A group that holds a liar
//! is a bad value among the groups' means; the coordinate-wise trimmed mean (Yin, Chen, Ramchandran,
//! Bartlett 2018, "Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates",
//! Definition 2) leaves out the `trim` smallest and the `trim` largest values of each coordinate. It is
//! computed from sums that were released, so it costs no privacy.

use thiserror::Error;

/// Why groups have no trimmed mean.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrimError {
    /// Nothing would be left.
    #[error("groups: expected at least {expected}, of which {trim} are left out at each end, found {found}")]
    TooFew {
        /// One more than are left out.
        expected: usize,
        /// Left out at each end.
        trim: usize,
        /// Groups.
        found: usize,
    },
    /// Groups of different models.
    #[error("groups: expected vectors of {expected} values, found one of {found}")]
    Length {
        /// Of the first group.
        expected: usize,
        /// Of another.
        found: usize,
    },
}

/// The fewest groups that a mean with this much trimmed can be made of: `2 trim + 1`.
pub const fn fewest_groups(trim: usize) -> usize {
    trim.saturating_mul(2).saturating_add(1)
}

/// How many values are still to be left out at each end when `rejected` groups are left out because
/// their sums were longer than honest ones can be: those are bad, so of at most `trim` bad groups so
/// many fewer are among the rest.
pub const fn trim_left(trim: usize, rejected: usize) -> usize {
    trim.saturating_sub(rejected)
}

/// For each coordinate the mean of the groups' values without the `trim` smallest and the `trim`
/// largest. With `trim` 0 it is the mean.
///
/// With at most `trim` bad groups, whatever they say, each coordinate lies between the smallest and
/// the largest value that a good group has there: of what is left after trimming, no value is below
/// the smallest or above the largest good one. The order of the groups changes no bit.
///
/// # Errors
/// With fewer than `2 trim + 1` groups, or vectors of different lengths.
pub fn trimmed_mean(groups: &[Vec<f32>], trim: usize) -> Result<Vec<f32>, TrimError> {
    let expected = fewest_groups(trim);
    let Some(first) = groups.first().filter(|_| groups.len() >= expected) else {
        return Err(TrimError::TooFew { expected, trim, found: groups.len() });
    };
    let length = first.len();
    if let Some(other) = groups.iter().find(|g| g.len() != length) {
        return Err(TrimError::Length { expected: length, found: other.len() });
    }
    let mut values = vec![0.0_f32; groups.len()];
    let coordinate = |i: usize| {
        values.iter_mut().zip(groups).for_each(|(value, group)| *value = group[i]);
        values.sort_unstable_by(f32::total_cmp);
        let kept = &values[trim..values.len() - trim];
        (kept.iter().map(|&v| f64::from(v)).sum::<f64>() / kept.len() as f64) as f32
    };
    Ok((0..length).map(coordinate).collect())
}

/// The standard deviation of the noise on a coordinate of the trimmed mean, when the groups' own noise
/// there is normal with the deviations `sds`.
///
/// The mean of G groups has `sqrt(sum sd^2) / G`; trimming, which throws values away, has a little
/// more. Here by the large-sample variance of a trimmed mean of normals,
/// `[(1 - 2a) - 2 q phi(q) + 2 a q^2] / (1 - 2a)^2` times that of the mean, with `a = trim / G` and
/// `q` the normal quantile of `1 - a` (Stigler 1973, "The Asymptotic Distribution of the Trimmed
/// Mean"): for few groups up to two per cent off, which is nothing to a server optimiser's step.
pub fn trimmed_noise_sd(sds: &[f64], trim: usize) -> f64 {
    if sds.is_empty() {
        return 0.0;
    }
    let groups = sds.len() as f64;
    let mean = sds.iter().map(|sd| sd * sd).sum::<f64>().sqrt() / groups;
    mean * excess(trim as f64 / groups).sqrt()
}

/// The variance of a trimmed mean of normals over that of the mean, with a share of `a` left out at
/// each end; `pi / 2`, the median's, where nothing is left.
fn excess(a: f64) -> f64 {
    if a <= 0.0 {
        return 1.0;
    }
    let kept = 1.0 - 2.0 * a;
    if kept < 1e-3 {
        return std::f64::consts::FRAC_PI_2;
    }
    let q = quantile(kept / 2.0);
    (kept - 2.0 * q * density(q) + 2.0 * a * q * q) / (kept * kept)
}

fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
}

/// Where the normal distribution has this mass (below a half) between 0 and there: added up by the
/// midpoint rule, good to a millionth.
fn quantile(mass: f64) -> f64 {
    const STEP: f64 = 1e-4;
    let (mut x, mut sum) = (0.0, 0.0);
    while sum < mass && x < 8.0 {
        sum += STEP * density(x + 0.5 * STEP);
        x += STEP;
    }
    // Back by what the last step was too long.
    x - (sum - mass) / density(x)
}

#[cfg(test)]
mod tests;
