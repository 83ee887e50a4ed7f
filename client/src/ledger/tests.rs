use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::durable;

const CAPS: Caps = Caps { task_rho: 10.0, device_rho: 12.0 };

fn task(name: &str) -> TaskId {
    name.parse().unwrap()
}

fn rho(rho: f64) -> Option<Charge> {
    Some(Charge::of(rho).unwrap())
}

fn terms() -> ContentHash {
    ContentHash::of(b"terms")
}

/// A ledger of `n` acknowledged charges of rho 0.25, closed.
fn written(n: u64) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.jsonl");
    let mut ledger = Ledger::open(&path, CAPS).unwrap();
    for round in 1..=n {
        ledger.charge(&task("a"), round, terms(), rho(0.25)).unwrap();
    }
    (folder, path)
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap().lines().map(|l| format!("{l}\n")).collect()
}

/// What opening says after the ledger's lines were changed: the damage and its line.
fn after(n: u64, change: impl FnOnce(&mut Vec<String>)) -> (Damage, u64) {
    let (_folder, path) = written(n);
    let mut text = lines(&path);
    change(&mut text);
    fs::write(&path, text.concat()).unwrap();
    match Ledger::open(&path, CAPS) {
        Err(LedgerError::Damaged { damage, line, .. }) => (damage, line),
        other => panic!("{other:?}"),
    }
}

#[test]
fn charges_survive_reopening() {
    let (_folder, path) = written(3);
    let mut ledger = Ledger::open(&path, CAPS).unwrap();
    let history = ledger.history(&task("a"));
    assert_eq!((history.last_round, history.participations), (3, 3));
    assert_eq!(history.account.spent(&task("a")), 0.75);
    assert_eq!(ledger.history(&task("b")).last_round, 0);
    assert!(ledger.recovery().is_none());
    ledger.charge(&task("b"), 7, terms(), None).unwrap();
    drop(ledger);
    let records = audit(&path).unwrap();
    assert_eq!(records.len(), 4);
    assert_eq!((records[3].round, records[3].rho_billionths), (7, None));
}

#[test]
fn caps_and_old_rounds_are_refused_and_leave_no_trace() {
    let (_folder, path) = written(1);
    let before = fs::read(&path).unwrap();
    let mut ledger = Ledger::open(&path, Caps { task_rho: 0.5, device_rho: 0.6 }).unwrap();
    let refused = |r: Result<(), SpendError>| r.unwrap_err().to_string();
    assert!(refused(ledger.charge(&task("a"), 2, terms(), rho(0.26))).starts_with("task a: 0.25"));
    assert!(refused(ledger.charge(&task("b"), 1, terms(), rho(0.36))).starts_with("device: 0.25"));
    assert_eq!(refused(ledger.charge(&task("a"), 1, terms(), rho(0.01))), "task a: expected a round after 1, found 1");
    assert_eq!(fs::read(&path).unwrap(), before);
    ledger.charge(&task("a"), 2, terms(), rho(0.25)).unwrap();
}

#[test]
fn a_second_process_is_kept_out() {
    let (_folder, path) = written(1);
    let ledger = Ledger::open(&path, CAPS).unwrap();
    assert!(matches!(Ledger::open(&path, CAPS), Err(LedgerError::Locked { .. })));
    assert_eq!(audit(&path).unwrap().len(), 1);
    drop(ledger);
    Ledger::open(&path, CAPS).unwrap();
}

#[test]
fn every_kind_of_edit_is_named() {
    let cheaper = |l: &mut Vec<String>| {
        l[1] = l[1].replace("\"rho_billionths\":250000000", "\"rho_billionths\":25");
    };
    assert_eq!(after(3, cheaper), (Damage::Hash, 2));
    // Only what people read was changed: the numbers that count still match the hash.
    assert_eq!(after(3, |l| l[1] = l[1].replace("0.250000000", "0.000000001")), (Damage::Spelling, 2));
    assert_eq!(after(3, |l| l[1] = l[1].replace(',', ", ")), (Damage::Spelling, 2));
    assert_eq!(after(3, |l| drop(l.remove(1))), (Damage::Sequence, 2));
    assert_eq!(after(3, |l| l.swap(0, 1)), (Damage::Sequence, 1));
    assert_eq!(after(3, |l| l.insert(1, "{}\n".into())), (Damage::NotARecord, 2));
    assert_eq!(after(3, |l| l.insert(1, l[0].clone())), (Damage::Sequence, 2));
}

#[test]
fn an_edit_with_its_own_hash_recomputed_breaks_the_link() {
    let forge = |l: &mut Vec<String>, at: usize| {
        let mut record = Record::from_line(l[at].trim_end().as_bytes()).unwrap();
        record.rho_billionths = Some(1);
        record.hash = record.computed_hash();
        l[at] = record.to_line();
    };
    assert_eq!(after(3, |l| forge(l, 1)), (Damage::Link, 3));
    // The last line has no successor; its head vouches for it.
    assert_eq!(after(3, |l| forge(l, 2)), (Damage::HeadHash, 3));
    // A whole chain rewritten from the middle on is no better.
    let rewrite = |l: &mut Vec<String>| {
        forge(l, 1);
        let mut last = Record::from_line(l[2].trim_end().as_bytes()).unwrap();
        last.prev = Record::from_line(l[1].trim_end().as_bytes()).unwrap().hash;
        last.hash = last.computed_hash();
        l[2] = last.to_line();
    };
    assert_eq!(after(3, rewrite), (Damage::HeadHash, 3));
}

#[test]
fn rounds_that_go_back_are_damage() {
    let (_folder, path) = written(2);
    let mut text = lines(&path);
    let second = Record::from_line(text[1].trim_end().as_bytes()).unwrap();
    let replay = Record::after(Some(&second), &task("a"), 2, terms(), rho(0.1), 0);
    text.push(replay.to_line());
    fs::write(&path, text.concat()).unwrap();
    assert!(matches!(Ledger::open(&path, CAPS), Err(LedgerError::Damaged { damage: Damage::Round, line: 3, .. })));
}

#[test]
fn a_deleted_or_shortened_ledger_is_found() {
    let (_folder, path) = written(3);
    fs::write(&path, lines(&path)[..2].concat()).unwrap();
    assert!(matches!(Ledger::open(&path, CAPS), Err(LedgerError::RolledBack { line: 3, expected: 3, found: 2, .. })));
    fs::remove_file(&path).unwrap();
    assert!(matches!(Ledger::open(&path, CAPS), Err(LedgerError::Missing { expected: 3, .. })));
    assert!(matches!(audit(&path), Err(LedgerError::Missing { .. })));
}

#[test]
fn a_deleted_damaged_or_old_head_is_found() {
    let (_folder, path) = written(3);
    let head = path.with_extension("head");
    let text = fs::read_to_string(&head).unwrap();
    fs::write(&head, text.replace("\"seq\":3", "\"seq\": 3")).unwrap();
    assert!(matches!(Ledger::open(&path, CAPS), Err(LedgerError::Damaged { damage: Damage::Head, .. })));
    let first = Record::from_line(lines(&path)[0].trim_end().as_bytes()).unwrap();
    Head::of(&first).write(&head).unwrap();
    assert!(matches!(Ledger::open(&path, CAPS), Err(LedgerError::Damaged { damage: Damage::Ahead, line: 3, .. })));
    fs::remove_file(&head).unwrap();
    assert!(matches!(Ledger::open(&path, CAPS), Err(LedgerError::HeadMissing { .. })));
}

#[test]
fn a_crash_between_line_and_head_counts_as_spent() {
    let (_folder, path) = written(2);
    let mut ledger = Ledger::open(&path, CAPS).unwrap();
    let record = Record::after(ledger.records.last(), &task("a"), 3, terms(), rho(0.25), 0);
    ledger.append(&record).unwrap();
    // The head's replacement was written as well, but not yet put in its place.
    fs::write(durable::fresh_name(&ledger.head_path), Head::of(&record).to_text()).unwrap();
    drop(ledger);
    assert_eq!(audit(&path).unwrap().len(), 3);
    let ledger = Ledger::open(&path, CAPS).unwrap();
    assert_eq!(ledger.recovery(), Some(&Recovery::Completed { task: task("a"), round: 3 }));
    assert_eq!(ledger.history(&task("a")).account.spent(&task("a")), 0.75);
    drop(ledger);
    let ledger = Ledger::open(&path, CAPS).unwrap();
    assert_eq!((ledger.recovery(), ledger.records().len()), (None, 3));
}

#[test]
fn a_crash_within_a_line_is_cut_off_at_every_byte() {
    let (_folder, path) = written(2);
    let whole = fs::read(&path).unwrap();
    let last = Record::from_line(lines(&path)[1].trim_end().as_bytes()).unwrap();
    let line = Record::after(Some(&last), &task("a"), 3, terms(), rho(0.25), 0).to_line();
    for cut in 1..line.len() {
        fs::write(&path, [&whole, &line.as_bytes()[..cut]].concat()).unwrap();
        let mut ledger = Ledger::open(&path, CAPS).unwrap();
        assert_eq!(ledger.recovery(), Some(&Recovery::CutOff { line: 3 }), "{cut}");
        assert_eq!(fs::read(&path).unwrap(), whole);
        if cut == 40 {
            ledger.charge(&task("a"), 3, terms(), rho(0.25)).unwrap();
            assert_eq!(audit(&path).unwrap().len(), 3);
            fs::write(path.with_extension("head"), Head::of(&last).to_text()).unwrap();
        }
    }
    // Blocks that were allocated and never written read as zeros.
    fs::write(&path, [&whole[..], &[0; 60], b"\n"].concat()).unwrap();
    assert!(Ledger::open(&path, CAPS).unwrap().recovery().is_some());
}

#[test]
fn nothing_may_follow_an_interrupted_charge() {
    let (_folder, path) = written(2);
    let mut ledger = Ledger::open(&path, CAPS).unwrap();
    let record = Record::after(ledger.records.last(), &task("a"), 3, terms(), rho(0.25), 0);
    ledger.append(&record).unwrap();
    drop(ledger);
    fs::write(&path, [fs::read(&path).unwrap(), b"{".to_vec()].concat()).unwrap();
    assert!(matches!(Ledger::open(&path, CAPS), Err(LedgerError::Damaged { damage: Damage::Ahead, line: 4, .. })));
}

#[test]
fn a_crash_while_beginning_is_not_a_deletion() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.jsonl");
    Head::EMPTY.write(&path.with_extension("head")).unwrap();
    Ledger::open(&path, CAPS).unwrap().charge(&task("a"), 1, terms(), rho(0.1)).unwrap();
    assert_eq!(Ledger::open(&path, CAPS).unwrap().records().len(), 1);
}

#[test]
fn after_a_failed_write_nothing_is_charged() {
    let (folder, path) = written(1);
    let mut ledger = Ledger::open(&path, CAPS).unwrap();
    // The head can't be replaced: its place is taken by a folder.
    fs::create_dir(durable::fresh_name(&ledger.head_path)).unwrap();
    assert!(matches!(ledger.charge(&task("a"), 2, terms(), rho(0.25)), Err(SpendError::Write { .. })));
    fs::remove_dir(durable::fresh_name(&ledger.head_path)).unwrap();
    assert!(matches!(ledger.charge(&task("a"), 2, terms(), rho(0.25)), Err(SpendError::Interrupted { .. })));
    drop(ledger);
    assert_eq!(Ledger::open(&path, CAPS).unwrap().records().len(), 2);
    drop(folder);
}

#[test]
fn the_memory_ledger_keeps_the_same_rules() {
    let mut ledger = MemoryLedger::new(Caps { task_rho: 0.5, device_rho: 1.0 });
    ledger.charge(&task("a"), 1, terms(), rho(0.5)).unwrap();
    assert!(matches!(ledger.charge(&task("a"), 2, terms(), rho(0.1)), Err(SpendError::Budget(_))));
    assert!(matches!(ledger.charge(&task("a"), 1, terms(), None), Err(SpendError::Round { .. })));
    assert_eq!(ledger.history(&task("a")).participations, 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever is cut off the end of the file, and whether or not a further charge was under way:
    /// the ledger stops, or it shows at least what was acknowledged.
    #[test]
    fn no_cut_hides_an_acknowledged_charge(n in 0_u64..4, under_way: bool, share in 0.0_f64..=1.0) {
        let (_folder, path) = written(n);
        if under_way {
            let mut ledger = Ledger::open(&path, CAPS).unwrap();
            let next = Record::after(ledger.records.last(), &task("a"), n + 1, terms(), rho(0.25), 0);
            ledger.append(&next).unwrap();
        }
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..(bytes.len() as f64 * share) as usize]).unwrap();
        if let Ok(ledger) = Ledger::open(&path, CAPS) {
            let spent = ledger.history(&task("a")).account.spent(&task("a"));
            prop_assert!(spent >= 0.25 * n as f64);
        }
    }

    /// One byte changed anywhere is found.
    #[test]
    fn no_changed_byte_goes_unnoticed(at in 0.0_f64..1.0, flip in 1_u8..=255) {
        let (_folder, path) = written(3);
        let mut bytes = fs::read(&path).unwrap();
        let at = (bytes.len() as f64 * at) as usize;
        bytes[at] ^= flip;
        fs::write(&path, bytes).unwrap();
        prop_assert!(Ledger::open(&path, CAPS).is_err());
    }
}
