//! The tables, and how older ones become newer ones.

use rusqlite::{Connection, TransactionBehavior};

use super::StorageError;

/// Step `i` leads from version `i` to `i + 1`. A step that was released never changes.
const MIGRATIONS: [&str; 5] = [
    include_str!("schema.sql"),
    include_str!("schema/identity.sql"),
    include_str!("schema/noise.sql"),
    include_str!("schema/owner.sql"),
    include_str!("schema/figures.sql"),
];

/// Brings the tables to the newest version; the version stands in `user_version`.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StorageError> {
    // Immediate: two processes that start together migrate one after the other.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let expected = MIGRATIONS.len() as i64;
    let Some(done) = usize::try_from(found).ok().filter(|&done| done <= MIGRATIONS.len()) else {
        return Err(StorageError::Schema { expected, found });
    };
    for step in &MIGRATIONS[done..] {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", expected)?;
    transaction.commit()?;
    Ok(())
}
