//! One-time tokens and the devices they were traded for.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use silhouette_wire::{ContentHash, DeviceId};

use super::{Storage, StorageError, hashes, now};

/// What became of a token that was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenOutcome {
    /// It was good, and now belongs to this device, which is enrolled.
    Consumed,
    /// It had been used by the same device, whose answer may have been lost: it may be answered
    /// again.
    Repeated,
    /// Another device used it.
    Used,
    /// It was never made.
    Unknown,
    /// The device was revoked; the token is as it was.
    Revoked,
    /// The device came with another identity than the first time; the token is as it was.
    OtherIdentity,
}

/// How a device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// Enrolled here.
    Enrolled,
    /// Enrolled and revoked.
    Revoked,
    /// Never enrolled here.
    Unknown,
}

impl Storage {
    /// Adds tokens by their hashes.
    ///
    /// # Errors
    /// When the database fails; then none was added.
    pub fn add_tokens(&self, hashes: &[ContentHash]) -> Result<(), StorageError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for hash in hashes {
            let sql = "INSERT INTO token (hash, created_at) VALUES (?1, ?2)";
            transaction.execute(sql, params![hash.0, now()])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Trades a token, by its hash, for a device's enrolment until `not_after` (seconds since
    /// 1970), in one transaction. Of two devices that present the same token at the same time, one
    /// gets it. The first `identity` a device comes with is its identity for good.
    ///
    /// # Errors
    /// When the database fails; then the token is as it was.
    pub fn consume_token(
        &self,
        hash: &ContentHash,
        device: &DeviceId,
        identity: &[u8; 32],
        not_after: i64,
    ) -> Result<TokenOutcome, StorageError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if standing(&transaction, device)? == Standing::Revoked {
            return Ok(TokenOutcome::Revoked);
        }
        if !is_identity(&transaction, device, identity)? {
            return Ok(TokenOutcome::OtherIdentity);
        }
        let taken = transaction.execute(
            "UPDATE token SET used_at = ?2, device = ?3 WHERE hash = ?1 AND used_at IS NULL",
            params![hash.0, now(), device.0],
        )?;
        let holder = transaction
            .query_row("SELECT device FROM token WHERE hash = ?1", [hash.0], |row| hashes::device(row, 0))
            .optional()?;
        let outcome = match holder {
            _ if taken == 1 => TokenOutcome::Consumed,
            None => TokenOutcome::Unknown,
            Some(holder) if holder == *device => TokenOutcome::Repeated,
            Some(_) => TokenOutcome::Used,
        };
        if matches!(outcome, TokenOutcome::Consumed | TokenOutcome::Repeated) {
            certify(&transaction, device, identity, not_after)?;
        }
        transaction.commit()?;
        Ok(outcome)
    }

    /// Tokens that are left.
    ///
    /// # Errors
    /// When the database fails.
    pub fn unused_tokens(&self) -> Result<u64, StorageError> {
        let sql = "SELECT COUNT(*) FROM token WHERE used_at IS NULL";
        Ok(self.connection().query_row(sql, [], |row| hashes::unsigned(row, 0))?)
    }

    /// Records that an enrolled device gets a new certificate. Says whether it may: a revoked one, a
    /// stranger, and one with another identity than before may not.
    ///
    /// # Errors
    /// When the database fails.
    pub fn renew(&self, device: &DeviceId, identity: &[u8; 32], not_after: i64) -> Result<bool, StorageError> {
        let sql = "UPDATE device SET not_after = ?3, identity = ?2
                   WHERE id = ?1 AND revoked = 0 AND (identity IS NULL OR identity = ?2)";
        Ok(self.connection().execute(sql, params![device.0, identity, not_after])? == 1)
    }

    /// Revokes a device for good: no later token brings it back. Says whether it was enrolled.
    ///
    /// # Errors
    /// When the database fails.
    pub fn revoke(&self, device: &DeviceId) -> Result<bool, StorageError> {
        let sql = "UPDATE device SET revoked = 1 WHERE id = ?1";
        Ok(self.connection().execute(sql, [device.0])? == 1)
    }

    /// How a device stands.
    ///
    /// # Errors
    /// When the database fails.
    pub fn standing(&self, device: &DeviceId) -> Result<Standing, StorageError> {
        Ok(standing(&self.connection(), device)?)
    }
}

fn standing(connection: &Connection, device: &DeviceId) -> rusqlite::Result<Standing> {
    let sql = "SELECT revoked FROM device WHERE id = ?1";
    let revoked: Option<bool> = connection.query_row(sql, [device.0], |row| row.get(0)).optional()?;
    Ok(match revoked {
        None => Standing::Unknown,
        Some(false) => Standing::Enrolled,
        Some(true) => Standing::Revoked,
    })
}

/// Whether the device may have this identity: it has it, or has none yet.
fn is_identity(connection: &Connection, device: &DeviceId, identity: &[u8; 32]) -> rusqlite::Result<bool> {
    let sql = "SELECT identity IS NULL OR identity = ?2 FROM device WHERE id = ?1";
    let same: Option<bool> = connection.query_row(sql, params![device.0, identity], |row| row.get(0)).optional()?;
    Ok(same.unwrap_or(true))
}

fn certify(connection: &Connection, device: &DeviceId, identity: &[u8; 32], not_after: i64) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO device (id, enrolled_at, not_after, identity) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE SET not_after = excluded.not_after, identity = excluded.identity",
        params![device.0, now(), not_after, identity],
    )?;
    Ok(())
}
