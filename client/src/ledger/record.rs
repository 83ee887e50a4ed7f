//! One line of the ledger.

use serde::Deserialize;
use silhouette_privacy::Charge;
use silhouette_wire::{ContentHash, QueryKind, TaskId};

use super::Entry;
use crate::keys::{Mark, SecretKey, keyed_hash};

/// Separates these codes from any other use of HMAC under the same key.
const DOMAIN: &[u8] = b"silhouette/ledger/3\0";

/// The same of records that do not say what they were for: then there was nothing but training.
const DOMAIN_OF_TRAINING: &[u8] = b"silhouette/ledger/2\0";

/// The key of a ledger's codes, derived from the device's key. Without it nobody writes a record.
pub(super) struct ChainKey(SecretKey);

impl ChainKey {
    pub(super) fn derive(device: &SecretKey) -> Self {
        Self(keyed_hash(device, b"silhouette/ledger key/2\0"))
    }
}

/// One charge, as it stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// Its number, from 1.
    pub seq: u64,
    /// The task charged for.
    pub task: TaskId,
    /// What the round asked for, as it is written; see [`Record::query`].
    pub(super) written_query: Option<QueryKind>,
    /// The round charged for.
    pub round: u64,
    /// Hash of the signed terms the device acted on.
    pub manifest: ContentHash,
    /// What was charged.
    pub charge: Charge,
    /// Unix seconds.
    pub time: u64,
    /// The code of the record before; zeros for the first.
    pub prev: ContentHash,
    /// HMAC-SHA-256 under the device's key of this record and, through `prev`, of every one before.
    pub mac: ContentHash,
}

/// A line as JSON. `rho` is there for people: it follows from the billionths.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    seq: u64,
    task: TaskId,
    query: Option<QueryKind>,
    round: u64,
    manifest: String,
    rho_billionths: Charge,
    #[serde(rename = "rho")]
    _rho: serde::de::IgnoredAny,
    time: u64,
    prev: String,
    mac: String,
}

impl Record {
    /// The record that follows `last`.
    pub(super) fn after(key: &ChainKey, last: Option<&Self>, entry: &Entry, time: u64) -> Self {
        let mut record = Self {
            seq: last.map_or(1, |r| r.seq + 1),
            task: entry.task.clone(),
            written_query: Some(entry.query),
            round: entry.round,
            manifest: entry.manifest,
            charge: entry.charge,
            time,
            prev: last.map_or(Mark::BEGINNING.mac, |r| r.mac),
            mac: Mark::BEGINNING.mac,
        };
        record.mac = record.computed_mac(key);
        record
    }

    /// What the round asked for. Records of before there was anything else say nothing: they are of training.
    pub fn query(&self) -> QueryKind {
        self.written_query.unwrap_or(QueryKind::Train)
    }

    /// What was charged for.
    pub(super) fn entry(&self) -> Entry {
        Entry {
            task: self.task.clone(),
            query: self.query(),
            round: self.round,
            manifest: self.manifest,
            charge: self.charge,
        }
    }

    /// How far a ledger has come that ends with this record.
    pub(super) fn mark(&self) -> Mark {
        Mark { seq: self.seq, mac: self.mac }
    }

    /// The line, its newline included. There is exactly one spelling of a record, and no float in
    /// it: a different byte anywhere is an edit.
    pub(super) fn to_line(&self) -> String {
        let units = self.charge.billionths();
        let (whole, part) = (units / 1_000_000_000, units % 1_000_000_000);
        let query = self.written_query.map_or_else(String::new, |query| format!("\"query\":\"{}\",", query.name()));
        format!(
            "{{\"seq\":{},\"task\":\"{}\",{query}\"round\":{},\"manifest\":\"{}\",\"rho_billionths\":{units},\
             \"rho\":{whole}.{part:09},\"time\":{},\"prev\":\"{}\",\"mac\":\"{}\"}}\n",
            self.seq, self.task, self.round, self.manifest, self.time, self.prev, self.mac
        )
    }

    /// Reads a line without its newline; `None` if it is not a record at all.
    pub(super) fn from_line(line: &[u8]) -> Option<Self> {
        let line: Line = serde_json::from_slice(line).ok()?;
        Some(Self {
            seq: line.seq,
            task: line.task,
            written_query: line.query,
            round: line.round,
            manifest: line.manifest.parse().ok()?,
            charge: line.rho_billionths,
            time: line.time,
            prev: line.prev.parse().ok()?,
            mac: line.mac.parse().ok()?,
        })
    }

    /// HMAC-SHA-256 over every field but the code, numbers as 64 bits little-endian.
    pub(super) fn computed_mac(&self, key: &ChainKey) -> ContentHash {
        let task = self.task.as_str().as_bytes();
        // One byte, or none: the domains keep the two apart.
        let (domain, query) = match self.written_query {
            Some(query) => (DOMAIN, vec![query as u8]),
            None => (DOMAIN_OF_TRAINING, Vec::new()),
        };
        let fields = [
            domain,
            &query,
            &self.seq.to_le_bytes(),
            &(task.len() as u64).to_le_bytes(),
            task,
            &self.round.to_le_bytes(),
            &self.manifest.0,
            &self.charge.billionths().to_le_bytes(),
            &self.time.to_le_bytes(),
            &self.prev.0,
        ];
        ContentHash(*keyed_hash(&key.0, &fields.concat()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ChainKey {
        ChainKey::derive(&SecretKey::new([7; 32]))
    }

    fn record(rho: f64) -> Record {
        let charge = Charge::of(rho).unwrap();
        let (task, manifest) = ("t".parse().unwrap(), ContentHash::of(b"m"));
        let entry = Entry { task, query: QueryKind::Evaluate, round: 3, manifest, charge };
        Record::after(&key(), None, &entry, 1_700_000_000)
    }

    #[test]
    fn a_line_reads_back_and_shows_rho() {
        for rho in [0.125, 1.5, 1e-9, 12_345.678_9] {
            let record = record(rho);
            let line = record.to_line();
            assert_eq!(Record::from_line(line.trim_end().as_bytes()), Some(record.clone()));
            let json: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(json["rho"].as_f64(), Some(rho));
            assert_eq!(record.charge.rho(), rho);
        }
    }

    #[test]
    fn a_record_without_a_charge_is_no_record() {
        let line = record(0.5).to_line().replace("500000000,", "null,");
        assert_eq!(Record::from_line(line.trim_end().as_bytes()), None);
    }

    #[test]
    fn every_field_is_under_the_code() {
        let base = record(0.5);
        let changes: [fn(&mut Record); 9] = [
            |r| r.written_query = Some(QueryKind::Train),
            |r| r.written_query = None,
            |r| r.seq += 1,
            |r| r.task = "u".parse().unwrap(),
            |r| r.round += 1,
            |r| r.manifest.0[0] ^= 1,
            |r| r.charge = Charge::of(1e-9).unwrap(),
            |r| r.time += 1,
            |r| r.prev.0[31] ^= 1,
        ];
        for change in changes {
            let mut other = base.clone();
            change(&mut other);
            assert_ne!(other.computed_mac(&key()), base.mac);
        }
    }

    #[test]
    fn the_code_depends_on_the_devices_key() {
        let other = ChainKey::derive(&SecretKey::new([8; 32]));
        assert_ne!(record(0.5).computed_mac(&other), record(0.5).mac);
    }

    #[test]
    fn the_code_is_stable() {
        // Old ledgers must stay readable: these values, which an independent implementation of HMAC
        // gives too (Python's `hmac`), may never change.
        let new = record(0.5);
        assert_eq!(new.mac.to_string(), "85c4566a9e82cee2eec9f8b61cc75f0adacef23519bc37d781b623e61ec07981");
        let old = Record { written_query: None, ..new };
        let mac = old.computed_mac(&key());
        assert_eq!(mac.to_string(), "83933da1299a1771981885a24126755f64ae5f6dd46d6efe734a7ae3c6b79db6");
    }

    #[test]
    fn a_record_of_before_there_were_kinds_is_of_training() {
        let mut old = Record { written_query: None, ..record(0.5) };
        old.mac = old.computed_mac(&key());
        let line = old.to_line();
        assert!(!line.contains("query"), "{line}");
        let read = Record::from_line(line.trim_end().as_bytes()).unwrap();
        assert_eq!((read.query(), &read), (QueryKind::Train, &old));
        assert!(record(0.5).to_line().contains("\"query\":\"evaluate\""));
    }
}
