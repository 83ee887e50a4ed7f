//! A ledger without a file, for simulations.

use silhouette_privacy::Charge;
use silhouette_round::History;
use silhouette_wire::{ContentHash, TaskId};

use super::book::{Book, Caps};
use super::{ChargeBook, SpendError};

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
    fn charge(&mut self, task: &TaskId, round: u64, _manifest: ContentHash, charge: Charge) -> Result<(), SpendError> {
        self.book.admit(task, round, charge)?;
        self.book.enter(task, round, charge);
        Ok(())
    }

    fn history(&self, task: &TaskId) -> History {
        self.book.history(task)
    }
}
