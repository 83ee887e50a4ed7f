//! Hashes and numbers as they stand in the tables.

use rusqlite::{Row, types::Type};
use silhouette_wire::{ContentHash, DeviceId};

use super::StorageError;

/// A column of exactly 32 bytes.
fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<[u8; 32]> {
    let blob: Vec<u8> = row.get(column)?;
    let length = blob.len();
    blob.try_into().map_err(|_| {
        let why = format!("expected 32 bytes, found {length}");
        rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, why.into())
    })
}

pub(super) fn content(row: &Row<'_>, column: usize) -> rusqlite::Result<ContentHash> {
    bytes(row, column).map(ContentHash)
}

pub(super) fn maybe_content(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<ContentHash>> {
    match row.get_ref(column)? {
        rusqlite::types::ValueRef::Null => Ok(None),
        _ => content(row, column).map(Some),
    }
}

pub(super) fn device(row: &Row<'_>, column: usize) -> rusqlite::Result<DeviceId> {
    bytes(row, column).map(DeviceId)
}

/// A count as SQLite stores it.
pub(super) fn signed(number: u64) -> Result<i64, StorageError> {
    i64::try_from(number).map_err(|_| StorageError::Range)
}

/// A count as it was stored. The tables only hold what [`signed`] let in.
pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}
