//! Rounds, who was asked, and what it cost.

use rusqlite::{Transaction, TransactionBehavior, params};
use silhouette_privacy::Charge;
use silhouette_query::Figures;
use silhouette_wire::{ContentHash, DeviceId, Nonce};

use super::{Storage, StorageError, hashes, now};

/// Budget is counted in whole billionths of rho, as in [`Charge`].
pub(super) const PER_RHO: f64 = 1e9;

/// Where a round stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RoundState {
    /// Its cohort is at work, or its result is being made.
    Open,
    /// Its model is out.
    Published,
    /// It has no result.
    Abandoned,
}

impl RoundState {
    /// The state's name in the table and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Published => "published",
            Self::Abandoned => "abandoned",
        }
    }
}

/// A round that opens.
#[derive(Clone, Debug)]
pub struct OpenedRound<'a> {
    /// Its number.
    pub number: u64,
    /// Hash of its manifest; with groups, of their manifests' hashes one after the other.
    pub manifest: ContentHash,
    /// The model its devices start from.
    pub model_before: ContentHash,
    /// What it costs.
    pub charge: Charge,
    /// Who is asked, and the nonce of each.
    pub cohort: &'a [(DeviceId, Nonce)],
}

/// A round whose result is on the disk and ready to be published.
#[derive(Clone, Debug)]
pub struct ClosedRound<'a> {
    /// Its number.
    pub number: u64,
    /// The model that is published.
    pub model_after: ContentHash,
    /// The model the next round starts from.
    pub model_next: ContentHash,
    /// The optimiser's state.
    pub optimiser_after: ContentHash,
    /// The clip of the next round, where it is adaptive.
    pub clip_next: Option<f64>,
    /// The tree of noise that the published model carries, where there is one.
    pub noise_after: Option<ContentHash>,
    /// What the round made public beside a model.
    pub figures: Option<&'a Figures>,
    /// Whose report is in the sum, and its digest.
    pub reports: &'a [(DeviceId, ContentHash)],
}

/// What is kept of a nonce: enough to recognise it, too little to send it.
pub(super) fn hidden(nonce: &Nonce) -> [u8; 32] {
    ContentHash::of(&nonce.0).0
}

impl Storage {
    /// Records, in one transaction, that the round is open, whom it asks, and what it costs. Only
    /// after this returned may a manifest be handed out. The charge is never taken back.
    ///
    /// # Errors
    /// When the number was used before, or the database fails; then nothing was recorded.
    pub fn open_round(&self, round: &OpenedRound<'_>) -> Result<(), StorageError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let number = hashes::signed(round.number)?;
        let units = hashes::signed((round.charge.rho() * PER_RHO).round() as u64)?;
        transaction.execute(
            "INSERT INTO round (number, state, manifest, model_before, invited, rho, opened_at)
             VALUES (?1, 'open', ?2, ?3, ?4, ?5, ?6)",
            params![number, round.manifest.0, round.model_before.0, round.cohort.len() as i64, units, now()],
        )?;
        transaction.execute("UPDATE spent SET rho = rho + ?1", [units])?;
        {
            let mut insert =
                transaction.prepare_cached("INSERT INTO participation (round, device, nonce) VALUES (?1, ?2, ?3)")?;
            for (device, nonce) in round.cohort {
                insert.execute(params![number, device.0, hidden(nonce)])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Publishes an open round, in one transaction. The files it names must be on the disk.
    ///
    /// # Errors
    /// When the round is not open, or the database fails; then nothing was published.
    pub fn publish_round(&self, round: &ClosedRound<'_>) -> Result<(), StorageError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let number = hashes::signed(round.number)?;
        let figures = round.figures.map(serde_json::to_string).transpose()?;
        let changed = transaction.execute(
            "UPDATE round SET state = 'published', model_after = ?2, model_next = ?3, optimiser_after = ?4,
                 reports = ?5, closed_at = ?6, clip_next = ?7, noise_after = ?8, figures = ?9
             WHERE number = ?1 AND state = 'open'",
            params![
                number,
                round.model_after.0,
                round.model_next.0,
                round.optimiser_after.0,
                round.reports.len() as i64,
                now(),
                round.clip_next,
                round.noise_after.map(|hash| hash.0),
                figures
            ],
        )?;
        if changed != 1 {
            return Err(StorageError::NotOpen(round.number));
        }
        record_reports(&transaction, number, round.reports)?;
        transaction.commit()?;
        Ok(())
    }

    /// Marks an open round as abandoned. What it was charged stays charged.
    ///
    /// # Errors
    /// When the round is not open, or the database fails.
    pub fn abandon_round(&self, number: u64, reports: usize) -> Result<(), StorageError> {
        let changed = self.connection().execute(
            "UPDATE round SET state = 'abandoned', reports = ?2, closed_at = ?3 WHERE number = ?1 AND state = 'open'",
            params![hashes::signed(number)?, reports as i64, now()],
        )?;
        if changed == 1 { Ok(()) } else { Err(StorageError::NotOpen(number)) }
    }

    /// After a crash: whatever was open is abandoned; its sum is gone. Says how many rounds that
    /// was, at most one in a healthy folder.
    ///
    /// # Errors
    /// When the database fails.
    pub fn abandon_interrupted(&self) -> Result<usize, StorageError> {
        let sql = "UPDATE round SET state = 'abandoned', closed_at = ?1 WHERE state = 'open'";
        Ok(self.connection().execute(sql, [now()])?)
    }
}

fn record_reports(
    transaction: &Transaction<'_>,
    round: i64,
    reports: &[(DeviceId, ContentHash)],
) -> Result<(), StorageError> {
    let sql = "UPDATE participation SET digest = ?3 WHERE round = ?1 AND device = ?2";
    let mut update = transaction.prepare_cached(sql)?;
    for (device, digest) in reports {
        update.execute(params![round, device.0, digest.0])?;
    }
    Ok(())
}
