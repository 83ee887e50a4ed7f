//! The ledger's loader: files that somebody changed, with the device's key out of reach.
//!
//! The modules of the client are taken in as they are, so that fuzzing needs neither its network nor
//! its database.
#![no_main]
#![allow(dead_code, unused_imports, reason = "only a part of the client is here")]

#[path = "../../client/src"]
mod client {
    pub mod durable;
    pub mod keys;
    pub mod ledger;
}

// Where these modules look for each other.
use client::{durable, keys, ledger};

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use silhouette_privacy::Charge;
use silhouette_wire::{ContentHash, QueryKind, TaskId};

use keys::FileKeyStore;
use ledger::{Caps, ChargeBook, Entry, Ledger, Record, audit};

const FILES: [&str; 4] = ["ledger.jsonl", "ledger.head", "key.mark", "key"];
const CHARGES: u64 = 3;
const CAPS: Caps = Caps { task_rho: 10.0, device_rho: 10.0 };

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    /// Not the key itself: who can write it may as well read it.
    changes: Vec<(u8, Change<'a>)>,
}

#[derive(Arbitrary, Debug)]
enum Change<'a> {
    Delete,
    Replace(&'a [u8]),
    Patch(u16, &'a [u8]),
    Cut(u16),
    Append(&'a [u8]),
    SwapLines(u8, u8),
    RepeatLine(u8),
    /// The file as it was after the charge of this number.
    PutBack(u8),
}

/// A device's files after each of its charges, and its records.
struct Device {
    after: Vec<[Vec<u8>; 4]>,
    records: Vec<Record>,
}

static PLACE: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder")
});

static DEVICE: LazyLock<Device> = LazyLock::new(|| {
    let task: TaskId = "a".parse().expect("a name");
    let mut ledger = open().expect("an empty folder becomes a ledger");
    let mut after = vec![read()];
    for round in 1..=CHARGES {
        let (manifest, charge) = (ContentHash::of(b"terms"), Charge::of(0.25).expect("a number"));
        let query = QueryKind::ALL[round as usize % 3];
        ledger.charge(&Entry { task: task.clone(), query, round, manifest, charge }).expect("fits");
        after.push(read());
    }
    Device { after, records: ledger.records().to_vec() }
});

fn open() -> Result<Ledger, ledger::LedgerError> {
    Ledger::open(PLACE.path().join(FILES[0]), CAPS, Arc::new(FileKeyStore::new(PLACE.path().join(FILES[3]))))
}

fn read() -> [Vec<u8>; 4] {
    FILES.map(|file| fs::read(PLACE.path().join(file)).expect("it was written"))
}

fn changed(bytes: Option<Vec<u8>>, number: usize, change: Change<'_>) -> Option<Vec<u8>> {
    match (bytes, change) {
        (_, Change::Delete) => None,
        (_, Change::Replace(new)) => Some(new.to_vec()),
        (_, Change::PutBack(at)) => Some(DEVICE.after[usize::from(at) % DEVICE.after.len()][number].clone()),
        (bytes, change) => bytes.map(|bytes| edited(bytes, change)),
    }
}

fn edited(mut bytes: Vec<u8>, change: Change<'_>) -> Vec<u8> {
    match change {
        Change::Patch(at, new) => {
            let at = usize::from(at) % bytes.len().max(1);
            bytes.iter_mut().skip(at).zip(new).for_each(|(byte, new)| *byte = *new);
        }
        Change::Cut(at) => bytes.truncate(usize::from(at)),
        Change::Append(new) => bytes.extend(new),
        Change::SwapLines(a, b) => {
            let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
            if !lines.is_empty() {
                let count = lines.len();
                lines.swap(usize::from(a) % count, usize::from(b) % count);
                bytes = lines.concat();
            }
        }
        Change::RepeatLine(a) => {
            let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
            if !lines.is_empty() {
                let at = usize::from(a) % lines.len();
                lines.insert(at, lines[at]);
                bytes = lines.concat();
            }
        }
        Change::Delete | Change::Replace(_) | Change::PutBack(_) => {}
    }
    bytes
}

fuzz_target!(|input: Input<'_>| {
    let device = &*DEVICE;
    let mut files = device.after[CHARGES as usize].clone().map(Some);
    for (number, change) in input.changes {
        let number = usize::from(number) % 3;
        files[number] = changed(files[number].take(), number, change);
    }
    // Left over from the last run.
    for file in fs::read_dir(PLACE.path()).expect("the folder") {
        fs::remove_file(file.expect("an entry").path()).expect("a file");
    }
    for (name, bytes) in FILES.iter().zip(&files) {
        if let Some(bytes) = bytes {
            fs::write(PLACE.path().join(name), bytes).expect("the folder takes it");
        }
    }
    let mark = files[2] == Some(device.after[CHARGES as usize][2].clone());
    let audited = audit(PLACE.path().join(FILES[0]), &FileKeyStore::new(PLACE.path().join(FILES[3])));
    let opened = open();
    // Looking and opening agree, and what they accept is a beginning of what the device wrote.
    match (&audited, &opened) {
        (Ok(audited), Ok(opened)) => {
            assert_eq!(audited.records, opened.records());
            assert!(device.records.starts_with(opened.records()));
            // With the mark in its place nothing is ever hidden.
            assert!(!mark || opened.records() == device.records);
        }
        (Err(_), Err(_)) => {}
        disagree => panic!("{disagree:?}"),
    }
    // Opening mended what it accepted: nothing is left to mend.
    if let Ok(ledger) = opened {
        drop(ledger);
        assert!(open().expect("it was just opened").recovery().is_none());
    }
});
