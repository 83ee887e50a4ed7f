//! A ledger without a file, for simulations.

use silhouette_round::History;
use silhouette_wire::TaskId;

use super::book::{Book, Caps};
use super::{ChargeBook, Entry, SpendError};

/// The same arithmetic as [`Ledger`](super::Ledger), kept in memory: for virtual devices only, as
/// it forgets what was spent.
#[derive(Clone, Debug)]
pub struct MemoryLedger {
    book: Book,
}

impl MemoryLedger {
    /// An empty ledger under `caps`.
    pub fn new(caps: Caps) -> Self {
        Self { book: Book::new(caps) }
    }
}

impl ChargeBook for MemoryLedger {
    fn charge(&mut self, entry: &Entry) -> Result<(), SpendError> {
        self.book.admit(entry)?;
        self.book.enter(entry);
        Ok(())
    }

    fn history(&self, task: &TaskId) -> History {
        self.book.history(task)
    }
}
