//! Reading a ledger and checking every promise it makes by itself.

use std::collections::BTreeMap;
use std::path::Path;

use silhouette_wire::TaskId;

use super::error::{Damage, LedgerError};
use super::record::{ChainKey, Record};
use crate::keys::Mark;

/// A ledger whose links all hold.
#[derive(Debug, Default)]
pub(super) struct Chain {
    pub(super) records: Vec<Record>,
    /// Bytes up to the end of the last whole record.
    pub(super) whole_len: u64,
    /// Whether a torn line follows.
    pub(super) torn: bool,
}

impl Chain {
    /// Reads `bytes`, the content of `file`.
    ///
    /// The last line alone may be torn: without a newline, or no record. Everything before it has to
    /// be exactly what was written.
    pub(super) fn read(file: &Path, bytes: &[u8], key: &ChainKey) -> Result<Self, LedgerError> {
        let mut chain = Self::default();
        let mut rounds = BTreeMap::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let Some(end) = rest.iter().position(|&b| b == b'\n') else {
                chain.torn = true;
                break;
            };
            let (line, after) = rest.split_at(end + 1);
            match Record::from_line(&line[..end]) {
                None if after.is_empty() => {
                    chain.torn = true;
                    break;
                }
                None => {
                    return Err(chain.damaged(file, Damage::NotARecord, "a record", "something else"));
                }
                Some(record) => chain.link(file, key, record, line, &mut rounds)?,
            }
            rest = after;
        }
        Ok(chain)
    }

    fn link(
        &mut self,
        file: &Path,
        key: &ChainKey,
        record: Record,
        line: &[u8],
        rounds: &mut BTreeMap<TaskId, u64>,
    ) -> Result<(), LedgerError> {
        let last = self.mark_at(self.records.len() as u64).unwrap_or(Mark::BEGINNING);
        let (seq, prev) = (last.seq + 1, last.mac);
        if record.seq != seq {
            return Err(self.damaged(file, Damage::Sequence, format!("seq {seq}"), format!("seq {}", record.seq)));
        }
        if record.prev != prev {
            return Err(self.damaged(file, Damage::Link, format!("prev {prev}"), format!("prev {}", record.prev)));
        }
        if record.mac != record.computed_mac(key) {
            let expected = "the code that this device's key gives";
            return Err(self.damaged(file, Damage::Mac, expected, format!("mac {}", record.mac)));
        }
        if record.to_line().as_bytes() != line {
            return Err(self.damaged(file, Damage::Spelling, "the record's one spelling", "another"));
        }
        let last = rounds.insert(record.task.clone(), record.round).unwrap_or(0);
        if record.round <= last {
            return Err(self.damaged(
                file,
                Damage::Round,
                format!("a round after {last}"),
                format!("round {}", record.round),
            ));
        }
        self.whole_len += line.len() as u64;
        self.records.push(record);
        Ok(())
    }

    /// The mark of a ledger that ends with record `seq`; `None` past the end.
    pub(super) fn mark_at(&self, seq: u64) -> Option<Mark> {
        match seq.checked_sub(1) {
            None => Some(Mark::BEGINNING),
            Some(index) => self.records.get(usize::try_from(index).ok()?).map(Record::mark),
        }
    }

    /// The number of the line after the last whole record.
    pub(super) fn next_line(&self) -> u64 {
        self.records.len() as u64 + 1
    }

    pub(super) fn damaged(
        &self,
        file: &Path,
        damage: Damage,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> LedgerError {
        LedgerError::Damaged {
            file: file.to_owned(),
            line: self.next_line(),
            damage,
            expected: expected.into(),
            found: found.into(),
        }
    }
}
