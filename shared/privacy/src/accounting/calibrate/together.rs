//! One budget over several kinds of query.
//!
//! `rho_total = K_t rho_t + sum over other kinds i of K_i rho_i` (BS16, Lemma 2.3: zero-concentrated losses
//! add up, also when what is asked next depends on earlier answers). Each other kind gets a share of
//! `rho_total`, and training what is left.

use super::{CalibrateError, Delta, Epsilon, NoiseMultiplier, Rho, for_aggregator_by_pld, for_ledgers, zcdp};
use crate::budget::{Charge, units_within};

/// What another kind of query than training gets of a budget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Participations of one user in rounds of this kind, at least 1.
    pub participations: u64,
    /// Its share of rho, above 0; all shares together are below 1.
    pub share: f64,
}

/// Like [`for_ledgers`], for `training` participations in rounds of training and those of the other kinds
/// together: the noise multiplier of training, and that of each part. All charges of all kinds together keep
/// the promise. Without parts it is [`for_ledgers`].
///
/// # Errors
/// When the shares leave nothing for training, or the promise less than a billionth for a participation.
pub fn for_ledgers_together(
    epsilon: Epsilon,
    delta: Delta,
    training: u64,
    parts: &[Part],
) -> Result<(NoiseMultiplier, Vec<NoiseMultiplier>), CalibrateError> {
    check(training, parts)?;
    if parts.is_empty() {
        return Ok((for_ledgers(epsilon, delta, training)?, Vec::new()));
    }
    let budget = units_within(zcdp::max_rho(epsilon, delta).get());
    let (mut rest, mut multipliers) = (budget, Vec::with_capacity(parts.len()));
    for part in parts {
        let (z, spent) = within((budget as f64 * part.share) as u64, part.participations)?;
        rest = rest.saturating_sub(spent);
        multipliers.push(z);
    }
    let (z, spent) = within(rest, training)?;
    let total = Rho::new((budget - rest + spent) as f64 / 1e9)?;
    if zcdp::epsilon(total, delta) > epsilon {
        return Err(CalibrateError::Infeasible);
    }
    Ok((z, multipliers))
}

/// The noise multipliers of other kinds beside training whose noise was chosen beforehand: each gets its share
/// of a total of which training's charges are what is left.
///
/// # Errors
/// When the shares leave nothing for training, or less than a billionth for a participation.
pub fn parts_beside(
    multiplier: NoiseMultiplier,
    training: u64,
    parts: &[Part],
) -> Result<Vec<NoiseMultiplier>, CalibrateError> {
    check(training, parts)?;
    let trained = Charge::of(zcdp::gaussian(multiplier).get()).map_err(|_| CalibrateError::Infeasible)?;
    let left = 1.0 - parts.iter().map(|part| part.share).sum::<f64>();
    let total = trained.times(training).billionths() as f64 / left;
    parts.iter().map(|part| Ok(within((total * part.share) as u64, part.participations)?.0)).collect()
}

/// Like [`for_ledgers_together`], by the exact epsilon of the Gaussian mechanism: several of them are one whose
/// `1 / z^2` is the sum of theirs, so that is what the shares are of.
///
/// # Errors
/// When the shares leave nothing for training, or no multiplier in range is enough.
pub fn for_aggregator_by_pld_together(
    epsilon: Epsilon,
    delta: Delta,
    training: u64,
    parts: &[Part],
) -> Result<(NoiseMultiplier, Vec<NoiseMultiplier>), CalibrateError> {
    check(training, parts)?;
    if parts.is_empty() {
        return Ok((for_aggregator_by_pld(epsilon, delta, training)?, Vec::new()));
    }
    let alone = for_aggregator_by_pld(epsilon, delta, 1)?.get();
    // The last factor absorbs the rounding of these lines.
    let of = |times: u64, share: f64| NoiseMultiplier::new(alone * (times as f64 / share).sqrt() * (1.0 + 1e-12));
    let left = 1.0 - parts.iter().map(|part| part.share).sum::<f64>();
    let others = parts.iter().map(|part| of(part.participations, part.share)).collect::<Result<_, _>>()?;
    Ok((of(training, left)?, others))
}

fn check(training: u64, parts: &[Part]) -> Result<(), CalibrateError> {
    if training == 0 || parts.iter().any(|part| part.participations == 0) {
        return Err(CalibrateError::NothingToProtect);
    }
    let sum = parts.iter().map(|part| part.share).sum::<f64>();
    let bad = parts.iter().map(|part| part.share).find(|&share| share.is_nan() || share <= 0.0);
    match bad {
        Some(found) => Err(CalibrateError::Share { found }),
        // Less than this leaves no noise worth having.
        None if sum > 0.99 => Err(CalibrateError::Share { found: sum }),
        None => Ok(()),
    }
}

/// The smallest multiplier whose charge fits `participations` times into so many billionths of rho, and the
/// billionths that these charges come to.
fn within(billionths: u64, participations: u64) -> Result<(NoiseMultiplier, u64), CalibrateError> {
    let mut units = billionths / participations;
    while units > 0 {
        // As where one kind is alone: rounded up to billionths it is `units` again.
        let z = NoiseMultiplier::new((0.5 / (units as f64 / 1e9)).sqrt() * (1.0 + 1e-12))?;
        if let Ok(charge) = Charge::of(zcdp::gaussian(z).get().next_up().next_up())
            && charge.times(participations).billionths() <= billionths
        {
            return Ok((z, charge.times(participations).billionths()));
        }
        units -= 1;
    }
    Err(CalibrateError::TooFine { participations })
}
