//! One line of the ledger.

use serde::Deserialize;
use sha2::{Digest, Sha256};
use silhouette_privacy::Charge;
use silhouette_wire::{ContentHash, TaskId};

/// Separates these hashes from any other use of SHA-256.
const DOMAIN: &[u8] = b"silhouette/ledger/1\0";

/// What the first record names as its predecessor.
pub(super) const GENESIS: ContentHash = ContentHash([0; 32]);

/// One charge, as it stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// Its number, from 1.
    pub seq: u64,
    /// The task charged for.
    pub task: TaskId,
    /// The round charged for.
    pub round: u64,
    /// Hash of the signed terms the device acted on.
    pub manifest: ContentHash,
    /// Billionths of rho; `None` for a round without noise, whose charge has no bound.
    pub rho_billionths: Option<u64>,
    /// Unix seconds.
    pub time: u64,
    /// Hash of the record before.
    pub prev: ContentHash,
    /// Hash of this record and, through `prev`, of every one before.
    pub hash: ContentHash,
}

/// A line as JSON. `rho` is there for people: it follows from the billionths.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    seq: u64,
    task: TaskId,
    round: u64,
    manifest: String,
    rho_billionths: Option<u64>,
    #[serde(rename = "rho")]
    _rho: serde::de::IgnoredAny,
    time: u64,
    prev: String,
    hash: String,
}

impl Record {
    /// The record that follows `last`.
    pub(super) fn after(
        last: Option<&Self>,
        task: &TaskId,
        round: u64,
        manifest: ContentHash,
        charge: Option<Charge>,
        time: u64,
    ) -> Self {
        let mut record = Self {
            seq: last.map_or(1, |r| r.seq + 1),
            task: task.clone(),
            round,
            manifest,
            rho_billionths: charge.map(billionths),
            time,
            prev: last.map_or(GENESIS, |r| r.hash),
            hash: GENESIS,
        };
        record.hash = record.computed_hash();
        record
    }

    /// The charge, for the arithmetic.
    pub fn charge(&self) -> Option<Charge> {
        self.rho_billionths.and_then(|units| serde_json::from_value(units.into()).ok())
    }

    /// The line, its newline included. There is exactly one spelling of a record, and no float in
    /// it: a different byte anywhere is an edit.
    pub(super) fn to_line(&self) -> String {
        let (units, rho) = match self.rho_billionths {
            Some(units) => (units.to_string(), format!("{}.{:09}", units / 1_000_000_000, units % 1_000_000_000)),
            None => ("null".to_owned(), "null".to_owned()),
        };
        format!(
            "{{\"seq\":{},\"task\":\"{}\",\"round\":{},\"manifest\":\"{}\",\"rho_billionths\":{units},\
             \"rho\":{rho},\"time\":{},\"prev\":\"{}\",\"hash\":\"{}\"}}\n",
            self.seq, self.task, self.round, self.manifest, self.time, self.prev, self.hash
        )
    }

    /// Reads a line without its newline; `None` if it is not a record at all.
    pub(super) fn from_line(line: &[u8]) -> Option<Self> {
        let line: Line = serde_json::from_slice(line).ok()?;
        Some(Self {
            seq: line.seq,
            task: line.task,
            round: line.round,
            manifest: line.manifest.parse().ok()?,
            rho_billionths: line.rho_billionths,
            time: line.time,
            prev: line.prev.parse().ok()?,
            hash: line.hash.parse().ok()?,
        })
    }

    /// SHA-256 over every field but the hash, numbers as 64 bits little-endian.
    pub(super) fn computed_hash(&self) -> ContentHash {
        let mut hash = Sha256::new();
        hash.update(DOMAIN);
        hash.update(self.seq.to_le_bytes());
        hash.update((self.task.as_str().len() as u64).to_le_bytes());
        hash.update(self.task.as_str());
        hash.update(self.round.to_le_bytes());
        hash.update(self.manifest.0);
        hash.update([u8::from(self.rho_billionths.is_some())]);
        hash.update(self.rho_billionths.unwrap_or(0).to_le_bytes());
        hash.update(self.time.to_le_bytes());
        hash.update(self.prev.0);
        ContentHash(hash.finalize().into())
    }
}

/// A charge is a count of billionths and is serialised as that count.
fn billionths(charge: Charge) -> u64 {
    // It can't fail; if it did, the record would say that everything is spent.
    serde_json::to_value(charge).ok().and_then(|v| v.as_u64()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(rho: Option<f64>) -> Record {
        let charge = rho.map(|rho| Charge::of(rho).unwrap());
        Record::after(None, &"t".parse().unwrap(), 3, ContentHash::of(b"m"), charge, 1_700_000_000)
    }

    #[test]
    fn a_line_reads_back_and_shows_rho() {
        for rho in [Some(0.125), Some(1.5), Some(1e-9), Some(12_345.678_9), None] {
            let record = record(rho);
            let line = record.to_line();
            assert_eq!(Record::from_line(line.trim_end().as_bytes()), Some(record.clone()));
            let json: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(json["rho"].as_f64(), rho);
            assert_eq!(record.charge().map(Charge::rho), rho);
        }
    }

    #[test]
    fn every_field_is_under_the_hash() {
        let base = record(Some(0.5));
        let changes: [fn(&mut Record); 8] = [
            |r| r.seq += 1,
            |r| r.task = "u".parse().unwrap(),
            |r| r.round += 1,
            |r| r.manifest.0[0] ^= 1,
            |r| r.rho_billionths = Some(1),
            |r| r.rho_billionths = None,
            |r| r.time += 1,
            |r| r.prev.0[31] ^= 1,
        ];
        for change in changes {
            let mut other = base.clone();
            change(&mut other);
            assert_ne!(other.computed_hash(), base.hash);
        }
    }

    #[test]
    fn hash_is_stable() {
        // Old ledgers must stay readable: this value may never change.
        assert_eq!(
            record(Some(0.5)).hash.to_string(),
            "5496401a837a9e13326c7a2fa5c19acca57a9382711b80c62bc45577758a2d06"
        );
    }
}
