//! The arithmetic of a privacy budget: charges, caps, no refunds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use silhouette_wire::TaskId;
use thiserror::Error;

/// Budget is counted in whole billionths of rho, each charge rounded up and each cap rounded down,
/// so that no sum of charges can slip under its cap by floating-point error.
const PER_RHO: f64 = 1e9;

/// One charge of zero-concentrated DP, in billionths of rho, rounded up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Charge(u64);

impl Charge {
    /// A charge of `rho`.
    ///
    /// # Errors
    /// When `rho` is not a finite positive number below 10^9: in particular for infinite rho,
    /// which is what a release without noise costs.
    pub fn of(rho: f64) -> Result<Self, ChargeError> {
        if rho.is_finite() && rho > 0.0 && rho < 1e9 {
            Ok(Self((rho * PER_RHO).ceil() as u64))
        } else {
            Err(ChargeError::NotChargeable { rho })
        }
    }

    /// A charge of whole billionths of rho, as [`billionths`](Self::billionths) gives them; `None` for 0.
    pub fn of_billionths(billionths: u64) -> Option<Self> {
        (billionths > 0).then_some(Self(billionths))
    }

    /// The charge in whole billionths of rho.
    pub fn billionths(self) -> u64 {
        self.0
    }

    /// The charge of `participations` such rounds together; what is too much to count is the most there is.
    #[must_use]
    pub fn times(self, participations: u64) -> Self {
        Self(self.0.saturating_mul(participations))
    }

    /// The charge in rho, at least what was asked for.
    pub fn rho(self) -> f64 {
        self.0 as f64 / PER_RHO
    }
}

/// The most billionths that are no more than `rho`, as [`Charge::rho`] says them: a cap that is the sum
/// of some charges holds just these. The product alone may round to one less, or to one more.
pub(crate) fn units_within(rho: f64) -> u64 {
    let near = (rho.max(0.0) * PER_RHO).floor() as u64;
    let fits = |units: u64| units as f64 / PER_RHO <= rho;
    [near.saturating_add(1), near].into_iter().find(|&units| fits(units)).unwrap_or_else(|| near.saturating_sub(1))
}

/// Why a charge was refused. Nothing was spent.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ChargeError {
    /// Rho is not a number that can be charged.
    #[error("rho: expected a finite number above 0, found {rho}")]
    NotChargeable {
        /// What was found.
        rho: f64,
    },
    /// The charge would pass the cap of its task.
    #[error("task {task}: {spent:.6} of rho {cap:.6} is spent, a charge of {charge:.6} does not fit")]
    TaskCap {
        /// The task.
        task: TaskId,
        /// Spent before.
        spent: f64,
        /// The cap.
        cap: f64,
        /// The charge refused.
        charge: f64,
    },
    /// The charge would pass the cap over all tasks of this device.
    #[error("device: {spent:.6} of rho {cap:.6} is spent, a charge of {charge:.6} does not fit")]
    DeviceCap {
        /// Spent before, all tasks together.
        spent: f64,
        /// The cap.
        cap: f64,
        /// The charge refused.
        charge: f64,
    },
}

/// What was spent, per task and on the whole device. Charges only ever add.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    task_cap: u64,
    device_cap: u64,
    spent: BTreeMap<TaskId, u64>,
}

impl Account {
    /// An account with a cap per task and a cap over all tasks, both in rho, rounded down.
    pub fn new(task_cap_rho: f64, device_cap_rho: f64) -> Self {
        Self { task_cap: units_within(task_cap_rho), device_cap: units_within(device_cap_rho), spent: BTreeMap::new() }
    }

    /// Charges `charge` to `task` if both caps hold it.
    ///
    /// # Errors
    /// When a cap would be passed; nothing is spent then.
    pub fn charge(&mut self, task: &TaskId, charge: Charge) -> Result<(), ChargeError> {
        let total = self.spent.values().sum::<u64>();
        let spent = self.spent.get(task).copied().unwrap_or(0);
        let rho = |units: u64| units as f64 / PER_RHO;
        if spent.saturating_add(charge.0) > self.task_cap {
            return Err(ChargeError::TaskCap {
                task: task.clone(),
                spent: rho(spent),
                cap: rho(self.task_cap),
                charge: charge.rho(),
            });
        }
        if total.saturating_add(charge.0) > self.device_cap {
            return Err(ChargeError::DeviceCap { spent: rho(total), cap: rho(self.device_cap), charge: charge.rho() });
        }
        self.record(task, charge);
        Ok(())
    }

    /// Adds a charge that has already happened, cap or no cap: for replaying a ledger.
    pub fn record(&mut self, task: &TaskId, charge: Charge) {
        let spent = self.spent.entry(task.clone()).or_insert(0);
        *spent = spent.saturating_add(charge.0);
    }

    /// Rho spent on `task`.
    pub fn spent(&self, task: &TaskId) -> f64 {
        self.spent.get(task).map_or(0.0, |&units| units as f64 / PER_RHO)
    }

    /// Rho spent on all tasks.
    pub fn spent_on_all(&self) -> f64 {
        self.billionths_spent_on_all() as f64 / PER_RHO
    }

    /// The same in whole billionths.
    pub fn billionths_spent_on_all(&self) -> u64 {
        self.spent.values().fold(0, |sum, &spent| sum.saturating_add(spent))
    }

    /// The cap of one task, in rho.
    pub fn task_cap(&self) -> f64 {
        self.task_cap as f64 / PER_RHO
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn task(name: &str) -> TaskId {
        name.parse().unwrap()
    }

    #[test]
    fn the_fifth_eighth_under_a_cap_of_a_half_is_refused() {
        let mut account = Account::new(0.5, 10.0);
        let eighth = Charge::of(0.125).unwrap();
        for _ in 0..4 {
            account.charge(&task("a"), eighth).unwrap();
        }
        assert!(matches!(account.charge(&task("a"), eighth), Err(ChargeError::TaskCap { .. })));
        assert_eq!(account.spent(&task("a")), 0.5);
    }

    #[test]
    fn the_device_cap_spans_tasks() {
        let mut account = Account::new(1.0, 1.5);
        account.charge(&task("a"), Charge::of(1.0).unwrap()).unwrap();
        assert!(matches!(account.charge(&task("b"), Charge::of(0.6).unwrap()), Err(ChargeError::DeviceCap { .. })));
        account.charge(&task("b"), Charge::of(0.5).unwrap()).unwrap();
    }

    #[test]
    fn no_noise_can_not_be_charged() {
        for rho in [f64::INFINITY, f64::NAN, 0.0, -1.0] {
            assert!(Charge::of(rho).is_err());
        }
    }

    proptest! {
        #[test]
        fn a_cap_that_is_a_sum_of_charges_holds_them_and_no_more(rho in 1e-9_f64..0.3, times in 1_u64..200) {
            let charge = Charge::of(rho).unwrap();
            let cap = charge.times(times).rho();
            let mut account = Account::new(cap, cap);
            for _ in 0..times {
                account.charge(&task("t"), charge).unwrap();
            }
            prop_assert!(account.charge(&task("t"), Charge::of(1e-9).unwrap()).is_err());
            prop_assert_eq!(account.spent(&task("t")), cap);
        }

        #[test]
        fn the_cap_is_never_passed(charges in prop::collection::vec(1e-9_f64..0.3, 1..60), cap in 0.1_f64..3.0) {
            let mut account = Account::new(cap, cap);
            let mut true_sum = 0.0;
            for rho in charges {
                if account.charge(&task("t"), Charge::of(rho).unwrap()).is_ok() {
                    true_sum += rho;
                }
            }
            prop_assert!(true_sum <= cap);
            prop_assert!(account.spent(&task("t")) >= true_sum - 1e-12);
        }
    }
}
