//! The statements.

use std::path::Path;

use rusqlite::{Connection, params};

use super::{SCHEMA_VERSION, StoreError};
use crate::durable;

/// Marks the file as ours ("SLHT").
const APPLICATION_ID: i64 = 0x534c_4854;

const TABLES: &str = "
    CREATE TABLE meta (seal_check BLOB NOT NULL);
    CREATE TABLE event (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        digest BLOB NOT NULL UNIQUE,
        nonce BLOB NOT NULL,
        sealed BLOB NOT NULL
    );";

/// What version 2 has beside version 1: the owner's word, one row.
const OWNER: &str = "CREATE TABLE owner (id INTEGER PRIMARY KEY CHECK (id = 1), sealed BLOB NOT NULL);";

pub(super) const INSERT: &str =
    "INSERT INTO event (digest, nonce, sealed) VALUES (?1, ?2, ?3) ON CONFLICT (digest) DO NOTHING";
pub(super) const COUNT: &str = "SELECT count(*) FROM event";
pub(super) const SELECT: &str = "SELECT id, digest, nonce, sealed FROM event WHERE id > ?1 ORDER BY id LIMIT ?2";
pub(super) const EXISTS: &str = "SELECT 1 FROM event WHERE id = ?1";
pub(super) const ERASE_ONE: &str = "DELETE FROM event WHERE id = ?1";
pub(super) const ERASE_ALL: &str = "DELETE FROM event";
pub(super) const OWNER_WORD: &str = "SELECT sealed FROM owner";
pub(super) const SET_OWNER: &str = "INSERT OR REPLACE INTO owner (id, sealed) VALUES (1, ?1)";
pub(super) const ERASE_OWNER: &str = "DELETE FROM owner";

pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    // Made by us, so that only its owner may read it; SQLite gives its journal the same mode.
    if let Err(e) = durable::create(path, b"")
        && e.kind() != std::io::ErrorKind::AlreadyExists
    {
        return Err(StoreError::Create(e));
    }
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "EXTRA")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// The value that proves the key; `None` for a file without tables.
pub(super) fn seal_check(connection: &Connection) -> Result<Option<Vec<u8>>, StoreError> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        return Ok(None);
    }
    let version = pragma("user_version")?;
    if pragma("application_id")? != APPLICATION_ID || !(1..=SCHEMA_VERSION).contains(&version) {
        return Err(StoreError::Schema { expected: SCHEMA_VERSION, found: version });
    }
    if version < 2 {
        let transaction = connection.unchecked_transaction()?;
        transaction.execute_batch(OWNER)?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        transaction.commit()?;
    }
    Ok(Some(connection.query_row("SELECT seal_check FROM meta", [], |row| row.get(0))?))
}

/// Makes the tables, all or none.
pub(super) fn create(connection: &Connection, check: &[u8]) -> Result<(), StoreError> {
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.execute_batch(OWNER)?;
    transaction.execute("INSERT INTO meta (seal_check) VALUES (?1)", params![check])?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()?;
    Ok(())
}
