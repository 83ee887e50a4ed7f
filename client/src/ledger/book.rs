//! The arithmetic behind every ledger, without a file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use silhouette_privacy::Account;
use silhouette_round::{History, Participations};
use silhouette_wire::TaskId;

use super::Entry;
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

/// What was spent, and each task's last round and numbers of participations.
#[derive(Clone, Debug)]
pub(super) struct Book {
    account: Account,
    tasks: BTreeMap<TaskId, (u64, Participations)>,
}

impl Book {
    pub(super) fn new(caps: Caps) -> Self {
        Self { account: Account::new(caps.task_rho, caps.device_rho), tasks: BTreeMap::new() }
    }

    /// Whether this charge could be made now; changes nothing.
    pub(super) fn admit(&self, entry: &Entry) -> Result<(), SpendError> {
        let (last, found) = (self.last_round(&entry.task), entry.round);
        if found <= last {
            return Err(SpendError::Round { task: entry.task.clone(), last, found });
        }
        self.account.clone().charge(&entry.task, entry.charge)?;
        Ok(())
    }

    /// Enters a charge that has happened, cap or no cap.
    pub(super) fn enter(&mut self, entry: &Entry) {
        self.account.record(&entry.task, entry.charge);
        let (last, times) = self.tasks.entry(entry.task.clone()).or_default();
        *last = entry.round;
        times.add(entry.query);
    }

    pub(super) fn last_round(&self, task: &TaskId) -> u64 {
        self.tasks.get(task).map_or(0, |&(last, _)| last)
    }

    pub(super) fn history(&self, task: &TaskId) -> History {
        let (last_round, participations) = self.tasks.get(task).copied().unwrap_or_default();
        History { last_round, participations, account: self.account.clone() }
    }
}
