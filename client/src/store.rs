//! This person's events, sealed in one SQLite file.
//!
//! Every event is sealed whole (text, time, labels) with ChaCha20-Poly1305 under a key that the
//! host keeps; the file shows how many events there are, how long each is and when it was imported,
//! nothing else. Duplicates are found by a keyed hash, so the file can't be searched for a guessed
//! text either.
//!
//! The journal is SQLite's rollback journal with `synchronous = EXTRA`, not the write-ahead log:
//! imports are rare and large, nobody reads while they run, and what is erased must be gone when
//! the call returns, whereas a log keeps old pages until a checkpoint. `secure_delete` overwrites
//! deleted rows.

mod error;
mod sealing;
mod sql;

use std::io::Write;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use silhouette_privacy::Private;
use silhouette_text::Event;

use crate::keys::{KeyStore, load_or_begin};
use crate::profile::OwnerWord;
use sealing::Sealer;

pub use error::StoreError;

/// The version of the tables. A file of version 1 gets what it lacks; a newer one is refused, not guessed at.
pub const SCHEMA_VERSION: i64 = 2;

/// An event with its number in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    /// Its number, for [`Store::erase`].
    pub id: i64,
    /// The event.
    pub event: Event,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Events that were new.
    pub added: usize,
    /// Events that were there already.
    pub duplicates: usize,
}

/// The store of one device.
///
/// ```
/// use silhouette_client::keys::FileKeyStore;
/// use silhouette_client::store::Store;
/// use silhouette_text::Event;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let keys = FileKeyStore::new(folder.path().join("key"));
/// let mut store = Store::open(folder.path().join("store.sqlite"), &keys)?;
/// let event = Event::new("me", "今天的比赛很精彩");
/// assert_eq!(store.import([&event, &event])?.duplicates, 1);
/// assert_eq!(store.events()?.expose_on_device().as_slice(), [event]);
/// # Ok(())
/// # }
/// ```
pub struct Store {
    connection: Connection,
    sealer: Sealer,
}

impl Store {
    /// Opens the store at `path`, or makes one with a new key.
    ///
    /// # Errors
    /// When the file is no store of this version, or its key is missing or another.
    pub fn open(path: impl AsRef<Path>, keys: &dyn KeyStore) -> Result<Self, StoreError> {
        let connection = sql::connect(path.as_ref())?;
        let sealer = match sql::seal_check(&connection)? {
            Some(check) => {
                let key = keys.load()?.ok_or(StoreError::KeyMissing)?;
                let sealer = Sealer::new(&key);
                sealer.verify(&check)?;
                sealer
            }
            None => {
                let sealer = Sealer::new(&load_or_begin(keys)?);
                sql::create(&connection, &sealer.check()?)?;
                sealer
            }
        };
        Ok(Self { connection, sealer })
    }

    /// Adds events, all or none; those that are there already are counted and left alone.
    ///
    /// # Errors
    /// When one can't be sealed or written; nothing is added then.
    pub fn import<'e>(&mut self, events: impl IntoIterator<Item = &'e Event>) -> Result<Imported, StoreError> {
        let mut done = Imported::default();
        let transaction = self.connection.transaction()?;
        {
            let mut insert = transaction.prepare(sql::INSERT)?;
            for event in events {
                let sealed = self.sealer.seal(event)?;
                match insert.execute(params![sealed.digest, sealed.nonce, sealed.bytes])? {
                    0 => done.duplicates += 1,
                    _ => done.added += 1,
                }
            }
        }
        transaction.commit()?;
        Ok(done)
    }

    /// How many events there are.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn count(&self) -> Result<usize, StoreError> {
        let count: i64 = self.connection.query_row(sql::COUNT, [], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// Up to `limit` events from number `after` (exclusive) on, in the order of import.
    ///
    /// # Errors
    /// When one can't be read or was tampered with.
    pub fn list(&self, after: i64, limit: usize) -> Result<Private<Vec<StoredEvent>>, StoreError> {
        let mut found = Vec::new();
        self.each(after, limit, |id, event| {
            found.push(StoredEvent { id, event });
            Ok(())
        })?;
        Ok(Private::new(found))
    }

    /// All events in the order of import.
    ///
    /// # Errors
    /// When one can't be read or was tampered with.
    pub fn events(&self) -> Result<Private<Vec<Event>>, StoreError> {
        let mut found = Vec::new();
        self.each(0, usize::MAX, |_, event| {
            found.push(event);
            Ok(())
        })?;
        Ok(Private::new(found))
    }

    /// Erases one event; says whether it was there.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn erase(&mut self, id: i64) -> Result<bool, StoreError> {
        Ok(self.connection.execute(sql::ERASE_ONE, [id])? > 0)
    }

    /// Erases the events that `forget` says yes to, all or none, and returns how many they were: one source, one item,
    /// one week. A profile made afterwards is that of somebody who never had them.
    ///
    /// ```
    /// # use silhouette_client::keys::FileKeyStore;
    /// # use silhouette_client::store::Store;
    /// # use silhouette_text::Event;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let keys = FileKeyStore::new(folder.path().join("key"));
    /// # let mut store = Store::open(folder.path().join("store.sqlite"), &keys)?;
    /// # let mut chat = Event::new("me", "see you at eight");
    /// # chat.extra.insert("source".into(), "chat".into());
    /// # store.import([&chat, &Event::new("me", "a note")])?;
    /// let from_chat = |event: &Event| event.field("source").is_some_and(|source| source.to_string() == "chat");
    /// assert_eq!(store.erase_where(from_chat)?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When an event can't be read, or the file can't be written; nothing is erased then.
    pub fn erase_where(&mut self, mut forget: impl FnMut(&Event) -> bool) -> Result<usize, StoreError> {
        let mut ids = Vec::new();
        self.each(0, usize::MAX, |id, event| {
            if forget(&event) {
                ids.push(id);
            }
            Ok(())
        })?;
        let transaction = self.connection.transaction()?;
        for id in &ids {
            transaction.execute(sql::ERASE_ONE, [id])?;
        }
        transaction.commit()?;
        Ok(ids.len())
    }

    /// What the owner says about their own profile; nothing where they never said a thing.
    ///
    /// # Errors
    /// When it can't be read or was tampered with.
    pub fn owner(&self) -> Result<Private<OwnerWord>, StoreError> {
        let sealed: Option<Vec<u8>> = self.connection.query_row(sql::OWNER_WORD, [], |row| row.get(0)).optional()?;
        let word = match sealed {
            Some(sealed) => self.sealer.open_owner(&sealed).ok_or(StoreError::Owner)?,
            None => OwnerWord::default(),
        };
        Ok(Private::new(word))
    }

    /// Takes the owner's word in the place of what they said before.
    ///
    /// # Errors
    /// When it can't be sealed or written; what was there stays then.
    pub fn set_owner(&mut self, word: &OwnerWord) -> Result<(), StoreError> {
        let sealed = self.sealer.seal_owner(word)?;
        self.connection.execute(sql::SET_OWNER, [sealed])?;
        Ok(())
    }

    /// Erases every event and the owner's word, and gives the room back.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn erase_all(&mut self) -> Result<usize, StoreError> {
        let transaction = self.connection.transaction()?;
        let erased = transaction.execute(sql::ERASE_ALL, [])?;
        transaction.execute(sql::ERASE_OWNER, [])?;
        transaction.commit()?;
        self.connection.execute_batch("VACUUM")?;
        Ok(erased)
    }

    /// Writes every event as one JSON object a line, in the clear, for the person themself; the
    /// store imports the same lines again.
    ///
    /// # Errors
    /// When an event can't be read or `out` fails.
    pub fn export_jsonl(&self, out: &mut dyn Write) -> Result<usize, StoreError> {
        let mut count = 0;
        self.each(0, usize::MAX, |_, event| {
            serde_json::to_writer(&mut *out, &event).map_err(|_| StoreError::Event)?;
            out.write_all(b"\n").map_err(StoreError::Export)?;
            count += 1;
            Ok(())
        })?;
        Ok(count)
    }

    fn each(
        &self,
        after: i64,
        limit: usize,
        mut visit: impl FnMut(i64, Event) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut select = self.connection.prepare(sql::SELECT)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = select.query(params![after, limit])?;
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            let (digest, nonce, bytes): (Vec<u8>, Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(2)?, row.get(3)?);
            let event = self.sealer.open(&digest, &nonce, &bytes).ok_or(StoreError::Sealed { id })?;
            visit(id, event)?;
        }
        Ok(())
    }

    /// Whether an event of this number is there.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn contains(&self, id: i64) -> Result<bool, StoreError> {
        Ok(self.connection.query_row(sql::EXISTS, [id], |_| Ok(())).optional()?.is_some())
    }
}

#[cfg(test)]
mod tests;
