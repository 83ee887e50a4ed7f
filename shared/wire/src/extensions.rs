use serde::{Deserialize, Serialize};

use crate::{
    bounded::{Bytes, List, TooLong},
    defaults::{MAX_EXTENSION_BYTES, MAX_EXTENSIONS},
};

/// Extension numbers this build understands. None yet: version 1 needs no addition to itself.
const KNOWN: [u16; 0] = [];

/// One addition to a message that older builds may not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// What it is; assigned once, never reused.
    pub id: u16,
    /// Whether a receiver that does not know it must refuse the message.
    pub critical: bool,
    /// Its content, in a layout of its own.
    pub bytes: Bytes<MAX_EXTENSION_BYTES>,
}

/// The additions to one message, in ascending order of their number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Extensions(List<Extension, MAX_EXTENSIONS>);

impl Extensions {
    /// Collects additions; they are sorted, so that one set has one encoding.
    pub fn new(mut items: Vec<Extension>) -> Result<Self, TooLong> {
        items.sort_by_key(|item| item.id);
        List::new(items).map(Self)
    }

    /// The additions.
    pub fn as_slice(&self) -> &[Extension] {
        self.0.as_slice()
    }

    /// The addition with this number.
    pub fn get(&self, id: u16) -> Option<&Extension> {
        self.as_slice().iter().find(|item| item.id == id)
    }

    /// Number of the first critical addition this build does not know.
    pub(crate) fn unknown_critical(&self) -> Option<u16> {
        let unknown = |item: &&Extension| item.critical && !KNOWN.contains(&item.id);
        self.as_slice().iter().find(unknown).map(|item| item.id)
    }

    /// Whether the numbers ascend without repetition.
    pub(crate) fn in_order(&self) -> bool {
        self.as_slice().is_sorted_by(|earlier, later| earlier.id < later.id)
    }
}
