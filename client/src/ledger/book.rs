//! The arithmetic behind every ledger, without a file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use silhouette_privacy::{Account, Charge};
use silhouette_round::History;
use silhouette_wire::TaskId;

use super::error::SpendError;

/// The most this device may ever spend, in rho of zero-concentrated DP.
///
/// At delta = 10^-5, rho 1.25 is epsilon 8.08 and rho 3.75 is epsilon 15.85 (CKS20, Proposition 12).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Caps {
    /// For one task.
    pub task_rho: f64,
    /// For all tasks together.
    pub device_rho: f64,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            // Epsilon 8 at delta 1e-5 is rho 1.2297: one task of the usual promise fits.
            task_rho: 1.25,
            device_rho: 3.75,
        }
    }
}

/// What was spent, and each task's last round and number of participations.
#[derive(Clone, Debug)]
pub(super) struct Book {
    account: Account,
    tasks: BTreeMap<TaskId, (u64, u32)>,
}

impl Book {
    pub(super) fn new(caps: Caps) -> Self {
        Self { account: Account::new(caps.task_rho, caps.device_rho), tasks: BTreeMap::new() }
    }

    /// Whether this charge could be made now; changes nothing.
    pub(super) fn admit(&self, task: &TaskId, round: u64, charge: Charge) -> Result<(), SpendError> {
        let last = self.last_round(task);
        if round <= last {
            return Err(SpendError::Round { task: task.clone(), last, found: round });
        }
        self.account.clone().charge(task, charge)?;
        Ok(())
    }

    /// Enters a charge that has happened, cap or no cap.
    pub(super) fn enter(&mut self, task: &TaskId, round: u64, charge: Charge) {
        self.account.record(task, charge);
        let (last, times) = self.tasks.entry(task.clone()).or_insert((0, 0));
        *last = round;
        *times = times.saturating_add(1);
    }

    pub(super) fn last_round(&self, task: &TaskId) -> u64 {
        self.tasks.get(task).map_or(0, |&(last, _)| last)
    }

    pub(super) fn history(&self, task: &TaskId) -> History {
        let (last_round, participations) = self.tasks.get(task).copied().unwrap_or((0, 0));
        History { last_round, participations, account: self.account.clone() }
    }
}
