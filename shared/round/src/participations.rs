//! How often a device took part, by kind of query.

use serde::{Deserialize, Serialize};
use silhouette_wire::QueryKind;

/// Participations of one device in one task, by kind of query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participations([u32; 3]);

impl Participations {
    /// So many in training, and none else.
    pub fn in_training(count: u32) -> Self {
        Self([count, 0, 0])
    }

    /// So many in rounds of each kind.
    pub fn each(count: impl Fn(QueryKind) -> u32) -> Self {
        Self(QueryKind::ALL.map(count))
    }

    /// In rounds of one kind.
    pub fn of(self, query: QueryKind) -> u32 {
        self.0[query as usize]
    }

    /// In rounds of all kinds together.
    pub fn total(self) -> u32 {
        self.0.iter().fold(0, |sum, &count| sum.saturating_add(count))
    }

    /// One more.
    pub fn add(&mut self, query: QueryKind) {
        let count = &mut self.0[query as usize];
        *count = count.saturating_add(1);
    }
}
