use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::durable;
use crate::keys::{FileKeyStore, Mark};

mod attacks;
mod crashes;

const CAPS: Caps = Caps { task_rho: 10.0, device_rho: 12.0 };

fn task(name: &str) -> TaskId {
    name.parse().unwrap()
}

fn rho(rho: f64) -> Charge {
    Charge::of(rho).unwrap()
}

fn terms() -> ContentHash {
    ContentHash::of(b"terms")
}

/// One participation in training.
fn entry(name: &str, round: u64, cost: f64) -> Entry {
    Entry { task: task(name), query: QueryKind::Train, round, manifest: terms(), charge: rho(cost) }
}

/// Where a ledger and its key store lie.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// With a ledger of `n` acknowledged charges of rho 0.25, closed.
    fn written(n: u64) -> Self {
        let place = Self::new();
        let mut ledger = place.open().unwrap();
        (1..=n).for_each(|round| ledger.charge(&entry("a", round, 0.25)).unwrap());
        place
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.jsonl")
    }

    fn head(&self) -> PathBuf {
        self.path().with_extension("head")
    }

    fn keys(&self) -> Arc<FileKeyStore> {
        Arc::new(FileKeyStore::new(self.folder.path().join("key")))
    }

    fn open(&self) -> Result<Ledger, LedgerError> {
        self.open_under(CAPS)
    }

    fn open_under(&self, caps: Caps) -> Result<Ledger, LedgerError> {
        Ledger::open(self.path(), caps, self.keys())
    }

    fn audit(&self) -> Result<Audit, LedgerError> {
        audit(self.path(), self.keys().as_ref())
    }

    fn key(&self) -> ChainKey {
        ChainKey::derive(&self.keys().load().unwrap().unwrap())
    }

    fn lines(&self) -> Vec<String> {
        fs::read_to_string(self.path()).unwrap().lines().map(|l| format!("{l}\n")).collect()
    }

    fn records(&self) -> Vec<Record> {
        self.lines().iter().map(|line| Record::from_line(line.trim_end().as_bytes()).unwrap()).collect()
    }

    /// The record of a further charge, its code right, not yet written.
    fn next(&self) -> Record {
        let (key, last) = (self.key(), self.records().pop());
        let round = last.as_ref().map_or(1, |last| last.round + 1);
        Record::after(&key, last.as_ref(), &entry("a", round, 0.25), 0)
    }

    fn append(&self, text: &[u8]) {
        fs::write(self.path(), [&fs::read(self.path()).unwrap(), text].concat()).unwrap();
    }

    fn set_head(&self, mark: Mark) {
        fs::write(self.head(), mark.to_text()).unwrap();
    }
}

/// What opening says after the ledger's lines were changed: the damage and its line.
fn after(n: u64, change: impl FnOnce(&mut Vec<String>)) -> (Damage, u64) {
    let place = Place::written(n);
    let mut text = place.lines();
    change(&mut text);
    fs::write(place.path(), text.concat()).unwrap();
    damage(&place)
}

fn damage(place: &Place) -> (Damage, u64) {
    let said = |e: &LedgerError| match e {
        LedgerError::Damaged { damage, line, .. } => (*damage, *line),
        other => panic!("{other:?}"),
    };
    // Whoever only looks at it is told the same.
    let seen = said(&place.audit().unwrap_err());
    assert_eq!(said(&place.open().unwrap_err()), seen);
    seen
}

#[test]
fn charges_survive_reopening() {
    let place = Place::written(3);
    let mut ledger = place.open().unwrap();
    let history = ledger.history(&task("a"));
    assert_eq!((history.last_round, history.participations.total()), (3, 3));
    assert_eq!(history.account.spent(&task("a")), 0.75);
    assert_eq!(ledger.history(&task("b")).last_round, 0);
    assert!(ledger.recovery().is_none());
    ledger.charge(&entry("b", 7, 0.5)).unwrap();
    let audited = place.audit().unwrap();
    assert_eq!(audited.records, ledger.records());
    assert_eq!((audited.mark, audited.unfinished), (audited.records[3].mark(), None));
    assert_eq!((audited.records[3].round, audited.records[3].charge), (7, rho(0.5)));
}

#[test]
fn a_ledger_of_before_there_were_kinds_goes_on() {
    let place = Place::written(3);
    // As such a device wrote it: no line says what it was for.
    let (key, mut prev, mut text) = (place.key(), Mark::BEGINNING.mac, String::new());
    for record in place.records() {
        let mut old = Record { written_query: None, prev, ..record };
        old.mac = old.computed_mac(&key);
        (prev, text) = (old.mac, text + &old.to_line());
    }
    assert!(!text.contains("query"));
    fs::write(place.path(), text).unwrap();
    let mark = Mark { seq: 3, mac: prev };
    place.set_head(mark);
    fs::write(place.folder.path().join("key.mark"), mark.to_text()).unwrap();

    let mut ledger = place.open().unwrap();
    let participations = |ledger: &Ledger, query| ledger.history(&task("a")).participations.of(query);
    assert_eq!(participations(&ledger, QueryKind::Train), 3);
    ledger.charge(&Entry { query: QueryKind::Evaluate, ..entry("a", 4, 0.25) }).unwrap();
    drop(ledger);
    let ledger = place.open().unwrap();
    let kinds: Vec<_> = ledger.records().iter().map(Record::query).collect();
    assert_eq!(kinds, [QueryKind::Train, QueryKind::Train, QueryKind::Train, QueryKind::Evaluate]);
    assert_eq!((participations(&ledger, QueryKind::Train), participations(&ledger, QueryKind::Evaluate)), (3, 1));
    // All kinds draw on one budget.
    assert_eq!(ledger.history(&task("a")).account.spent(&task("a")), 1.0);
}

#[test]
fn the_kind_of_a_charge_cannot_be_changed() {
    let change = |from: &str, to: &str| after(2, |lines| lines[1] = lines[1].replace(from, to));
    assert_eq!(change("\"query\":\"train\"", "\"query\":\"evaluate\""), (Damage::Mac, 2));
    assert_eq!(change("\"query\":\"train\",", ""), (Damage::Mac, 2));
}

#[test]
fn caps_and_old_rounds_are_refused_and_leave_no_trace() {
    let place = Place::written(1);
    let before = fs::read(place.path()).unwrap();
    let mut ledger = place.open_under(Caps { task_rho: 0.5, device_rho: 0.6 }).unwrap();
    let refused = |r: Result<(), SpendError>| r.unwrap_err().to_string();
    assert!(refused(ledger.charge(&entry("a", 2, 0.26))).starts_with("task a: 0.25"));
    assert!(refused(ledger.charge(&entry("b", 1, 0.36))).starts_with("device: 0.25"));
    assert_eq!(refused(ledger.charge(&entry("a", 1, 0.01))), "task a: expected a round after 1, found 1");
    assert_eq!(fs::read(place.path()).unwrap(), before);
    ledger.charge(&entry("a", 2, 0.25)).unwrap();
}

#[test]
fn a_second_process_is_kept_out() {
    let place = Place::written(1);
    let ledger = place.open().unwrap();
    assert!(matches!(place.open(), Err(LedgerError::Locked { .. })));
    assert_eq!(place.audit().unwrap().records.len(), 1);
    drop(ledger);
    place.open().unwrap();
}

#[test]
fn a_ledger_is_read_while_it_is_written() {
    let place = Place::new();
    let mut ledger = place.open_under(Caps { task_rho: 1e3, device_rho: 1e3 }).unwrap();
    let (path, keys) = (place.path(), place.keys());
    let reader = std::thread::spawn(move || {
        let mut seen = 0;
        while seen < 40 {
            let records = audit(&path, keys.as_ref()).unwrap().records.len();
            assert!(records >= seen);
            seen = records;
        }
    });
    (1..=40).for_each(|round| ledger.charge(&entry("a", round, 0.25)).unwrap());
    reader.join().unwrap();
}

#[test]
fn nothing_of_the_key_is_shown() {
    let place = Place::written(0);
    let shown = format!("{:?}", place.open().unwrap());
    assert!(shown.starts_with("Ledger { path:") && !shown.contains("key"), "{shown}");
}

#[test]
fn after_a_failed_write_nothing_is_charged() {
    let place = Place::written(1);
    let mut ledger = place.open().unwrap();
    // The head can't be replaced: its place is taken by a folder.
    fs::create_dir(durable::fresh_name(&place.head())).unwrap();
    assert!(matches!(ledger.charge(&entry("a", 2, 0.25)), Err(SpendError::Write { .. })));
    fs::remove_dir(durable::fresh_name(&place.head())).unwrap();
    assert!(matches!(ledger.charge(&entry("a", 2, 0.25)), Err(SpendError::Interrupted { .. })));
    drop(ledger);
    assert_eq!(place.open().unwrap().records().len(), 2);
}

#[test]
fn the_memory_ledger_keeps_the_same_rules() {
    let mut ledger = MemoryLedger::new(Caps { task_rho: 0.5, device_rho: 1.0 });
    ledger.charge(&entry("a", 1, 0.5)).unwrap();
    assert!(matches!(ledger.charge(&entry("a", 2, 0.1)), Err(SpendError::Budget(_))));
    assert!(matches!(ledger.charge(&entry("a", 1, 0.1)), Err(SpendError::Round { .. })));
    assert_eq!(ledger.history(&task("a")).participations.total(), 1);
}
