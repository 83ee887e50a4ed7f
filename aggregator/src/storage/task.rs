//! The one task of a folder.

use rusqlite::{OptionalExtension, params};
use silhouette_wire::ContentHash;

use super::{Storage, StorageError, hashes};

/// The task as it was when its first aggregator started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTask {
    /// Its name.
    pub name: String,
    /// The task file.
    pub toml: String,
    /// The configuration.
    pub config: String,
    /// The model before the first round.
    pub model: ContentHash,
    /// The optimiser's state before the first round.
    pub optimiser: ContentHash,
}

impl Storage {
    /// The task of this folder, if it has one yet.
    ///
    /// # Errors
    /// When the database fails.
    pub fn task(&self) -> Result<Option<StoredTask>, StorageError> {
        let read = |row: &rusqlite::Row<'_>| {
            Ok(StoredTask {
                name: row.get(0)?,
                toml: row.get(1)?,
                config: row.get(2)?,
                model: hashes::content(row, 3)?,
                optimiser: hashes::content(row, 4)?,
            })
        };
        let sql = "SELECT name, toml, config, model, optimiser FROM task";
        Ok(self.connection().query_row(sql, [], read).optional()?)
    }

    /// Gives the folder its task.
    ///
    /// # Errors
    /// When it has one already, or the database fails.
    pub fn create_task(&self, task: &StoredTask) -> Result<(), StorageError> {
        self.connection().execute(
            "INSERT INTO task (id, name, toml, config, model, optimiser) VALUES (1, ?1, ?2, ?3, ?4, ?5)",
            params![task.name, task.toml, task.config, task.model.0, task.optimiser.0],
        )?;
        Ok(())
    }

    /// The owner that devices enrolled here have pinned; `None` while none has enrolled.
    ///
    /// # Errors
    /// When the database fails.
    pub fn pinned_owner(&self) -> Result<Option<ContentHash>, StorageError> {
        let sql = "SELECT owner FROM task WHERE owner IS NOT NULL AND EXISTS (SELECT 1 FROM device)";
        Ok(self.connection().query_row(sql, [], |row| hashes::content(row, 0)).optional()?)
    }

    /// Records whose key devices are told to pin from now on.
    ///
    /// # Errors
    /// When the database fails.
    pub fn set_owner(&self, owner: &[u8; 32]) -> Result<(), StorageError> {
        self.connection().execute("UPDATE task SET owner = ?1", [owner])?;
        Ok(())
    }

    /// Replaces the stored configuration; the caller has checked that the terms are the same.
    ///
    /// # Errors
    /// When the database fails.
    pub fn update_config(&self, config: &str) -> Result<(), StorageError> {
        self.connection().execute("UPDATE task SET config = ?1", [config])?;
        Ok(())
    }
}
