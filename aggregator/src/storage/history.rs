//! What the rounds of the past say.

use rusqlite::{OptionalExtension, params};
use silhouette_query::Figures;
use silhouette_round::{Participation, QuerySchedule};
use silhouette_wire::{ContentHash, DeviceId, Nonce};

use super::rounds::{PER_RHO, hidden};
use super::{Storage, StorageError, hashes};

/// A round as it stands in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoundRow {
    /// Its number.
    pub number: u64,
    /// Where it stands: `open`, `published` or `abandoned`.
    pub state: String,
    /// Hash of its manifest; with groups, of their manifests' hashes one after the other.
    pub manifest: ContentHash,
    /// The model its devices started from.
    pub model_before: ContentHash,
    /// What was published.
    pub model_after: Option<ContentHash>,
    /// Devices asked.
    pub invited: u64,
    /// Reports in the sum; of an abandoned round, those that had arrived.
    pub reports: u64,
}

/// Where a task stands.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// The last round that was opened; 0 before the first.
    pub last_round: u64,
    /// Rounds published.
    pub published: u64,
    /// Rounds abandoned.
    pub abandoned: u64,
    /// Rho charged by all rounds together.
    pub spent_rho: f64,
    /// The last published round, if any.
    pub latest: Option<Latest>,
}

/// What the last published round left.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Latest {
    /// The round.
    pub round: u64,
    /// The model that was published.
    pub model: ContentHash,
    /// The model the next round starts from.
    pub next: ContentHash,
    /// The optimiser's state.
    pub optimiser: ContentHash,
    /// The clip of the next round, where it is adaptive.
    pub clip: Option<f64>,
    /// The tree of noise, where there is one.
    pub noise: Option<ContentHash>,
}

impl Storage {
    /// What rounds made public beside a model, oldest first: each round's number and its figures.
    ///
    /// # Errors
    /// When the database fails, or holds something else.
    pub fn figures(&self) -> Result<Vec<(u64, Figures)>, StorageError> {
        let connection = self.connection();
        let mut select =
            connection.prepare_cached("SELECT number, figures FROM round WHERE figures IS NOT NULL ORDER BY number")?;
        let rows = select.query_map([], |row| Ok((hashes::unsigned(row, 0)?, row.get::<_, String>(1)?)))?;
        let read = |row: Result<(u64, String), _>| {
            let (round, text) = row?;
            Ok((round, serde_json::from_str(&text)?))
        };
        rows.map(read).collect()
    }

    /// Where the task stands.
    ///
    /// # Errors
    /// When the database fails.
    pub fn progress(&self) -> Result<Progress, StorageError> {
        let connection = self.connection();
        let (last_round, published, abandoned) = connection.query_row(
            "SELECT COALESCE(MAX(number), 0), COUNT(*) FILTER (WHERE state = 'published'),
                    COUNT(*) FILTER (WHERE state = 'abandoned') FROM round",
            [],
            |row| Ok((hashes::unsigned(row, 0)?, hashes::unsigned(row, 1)?, hashes::unsigned(row, 2)?)),
        )?;
        let units = connection.query_row("SELECT rho FROM spent", [], |row| hashes::unsigned(row, 0))?;
        let latest = connection
            .query_row(
                "SELECT number, model_after, model_next, optimiser_after, clip_next, noise_after FROM round
                 WHERE state = 'published' ORDER BY number DESC LIMIT 1",
                [],
                |row| {
                    Ok(Latest {
                        round: hashes::unsigned(row, 0)?,
                        model: hashes::content(row, 1)?,
                        next: hashes::content(row, 2)?,
                        optimiser: hashes::content(row, 3)?,
                        clip: row.get(4)?,
                        noise: hashes::maybe_content(row, 5)?,
                    })
                },
            )
            .optional()?;
        Ok(Progress { last_round, published, abandoned, spent_rho: units as f64 / PER_RHO, latest })
    }

    /// Every round, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn rounds(&self) -> Result<Vec<RoundRow>, StorageError> {
        let connection = self.connection();
        let mut select = connection.prepare_cached(
            "SELECT number, state, manifest, model_before, model_after, invited, reports FROM round ORDER BY number",
        )?;
        let rows = select.query_map([], |row| {
            Ok(RoundRow {
                number: hashes::unsigned(row, 0)?,
                state: row.get(1)?,
                manifest: hashes::content(row, 2)?,
                model_before: hashes::content(row, 3)?,
                model_after: hashes::maybe_content(row, 4)?,
                invited: hashes::unsigned(row, 5)?,
                reports: hashes::unsigned(row, 6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Every device's past in this task, for the coordinator; `schedule` says what each round asked for.
    ///
    /// # Errors
    /// When the database fails.
    pub fn participations(&self, schedule: QuerySchedule) -> Result<Vec<(DeviceId, Participation)>, StorageError> {
        let connection = self.connection();
        let mut select = connection.prepare_cached("SELECT device, round FROM participation ORDER BY device, round")?;
        let rows = select.query_map([], |row| Ok((hashes::device(row, 0)?, hashes::unsigned(row, 1)?)))?;
        let mut all: Vec<(DeviceId, Participation)> = Vec::new();
        for row in rows {
            let (device, round) = row?;
            if all.last().is_none_or(|(last, _)| *last != device) {
                all.push((device, Participation::default()));
            }
            if let Some((_, past)) = all.last_mut() {
                past.last_round = round;
                past.counts.add(schedule.kind(round));
            }
        }
        Ok(all)
    }

    /// The digest of the report that a device has in the sum of a *published* round, so that one
    /// that lost its receipt gets it again.
    ///
    /// # Errors
    /// When the database fails.
    pub fn receipt(&self, round: u64, device: &DeviceId, nonce: &Nonce) -> Result<Option<ContentHash>, StorageError> {
        let Ok(round) = i64::try_from(round) else {
            return Ok(None);
        };
        let sql = "SELECT digest FROM participation
                   WHERE round = ?1 AND device = ?2 AND nonce = ?3 AND digest IS NOT NULL";
        let found = self
            .connection()
            .query_row(sql, params![round, device.0, hidden(nonce)], |row| hashes::content(row, 0))
            .optional()?;
        Ok(found)
    }
}
