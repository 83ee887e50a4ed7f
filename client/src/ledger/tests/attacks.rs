//! Whoever can write the files, with the key or without it.

use super::*;

#[test]
fn every_kind_of_edit_is_named() {
    let cheaper = |l: &mut Vec<String>| {
        l[1] = l[1].replace("\"rho_billionths\":250000000", "\"rho_billionths\":25");
    };
    assert_eq!(after(3, cheaper), (Damage::Mac, 2));
    // Only what people read was changed: the numbers that count still match the code.
    assert_eq!(after(3, |l| l[1] = l[1].replace("0.250000000", "0.000000001")), (Damage::Spelling, 2));
    assert_eq!(after(3, |l| l[1] = l[1].replace(',', ", ")), (Damage::Spelling, 2));
    assert_eq!(after(3, |l| drop(l.remove(1))), (Damage::Sequence, 2));
    assert_eq!(after(3, |l| l.swap(0, 1)), (Damage::Sequence, 1));
    assert_eq!(after(3, |l| l.insert(1, "{}\n".into())), (Damage::NotARecord, 2));
    assert_eq!(after(3, |l| l.insert(1, l[0].clone())), (Damage::Sequence, 2));
}

/// Makes charge `at` a billionth, and writes every code from there on anew under `key`.
fn cheapened(records: &[Record], at: usize, key: &ChainKey) -> Vec<Record> {
    let mut forged = records.to_vec();
    forged[at].charge = rho(1e-9);
    for i in at..forged.len() {
        forged[i].prev = if i == 0 { Mark::BEGINNING.mac } else { forged[i - 1].mac };
        forged[i].mac = forged[i].computed_mac(key);
    }
    forged
}

fn write(place: &Place, records: &[Record]) {
    fs::write(place.path(), records.iter().map(Record::to_line).collect::<String>()).unwrap();
}

#[test]
fn without_the_key_nobody_forges_even_with_both_files_to_write() {
    let stranger = ChainKey::derive(&crate::keys::SecretKey::new([5; 32]));
    for at in 0..3 {
        let place = Place::written(3);
        let forged = cheapened(&place.records(), at, &stranger);
        write(&place, &forged);
        place.set_head(forged[2].mark());
        assert_eq!(damage(&place), (Damage::Mac, at as u64 + 1));
    }
}

#[test]
fn with_the_key_a_new_history_still_is_not_the_marked_one() {
    let place = Place::written(3);
    let forged = cheapened(&place.records(), 1, &place.key());
    write(&place, &forged);
    assert_eq!(damage(&place), (Damage::HeadMac, 3));
    place.set_head(forged[2].mark());
    assert_eq!(damage(&place), (Damage::Mark, 3));
    // Up to the record before the change it is the same history, and ends too soon.
    write(&place, &forged[..1]);
    place.set_head(forged[0].mark());
    assert!(matches!(place.open(), Err(LedgerError::RolledBack { expected: 3, found: 1, .. })));
    // Without its codes written anew the change breaks the link to the record after it.
    let mut edited = place_records(3);
    edited.1[1] = cheapened(&edited.1, 1, &edited.0.key()).remove(1);
    write(&edited.0, &edited.1);
    assert_eq!(damage(&edited.0), (Damage::Link, 3));
}

fn place_records(n: u64) -> (Place, Vec<Record>) {
    let place = Place::written(n);
    let records = place.records();
    (place, records)
}

#[test]
fn old_copies_of_both_files_at_once_are_found() {
    let place = Place::written(2);
    let old = [place.path(), place.head()].map(|file| (fs::read(&file).unwrap(), file));
    let mut ledger = place.open().unwrap();
    ledger.charge(&entry("a", 3, 0.25)).unwrap();
    drop(ledger);
    old.iter().for_each(|(bytes, file)| fs::write(file, bytes).unwrap());
    let said = place.open().unwrap_err();
    assert!(matches!(said, LedgerError::RolledBack { expected: 3, found: 2, .. }), "{said:?}");
    assert!(said.to_string().ends_with("line 3: expected record 3, found the end"), "{said}");
    // Only the head is old.
    let (place, records) = place_records(3);
    place.set_head(records[1].mark());
    assert_eq!(damage(&place), (Damage::HeadBehind, 2));
}

#[test]
fn a_ledger_deleted_with_its_head_is_found() {
    let place = Place::written(1);
    fs::remove_file(place.path()).unwrap();
    assert!(matches!(place.open(), Err(LedgerError::Missing { expected: 1, .. })));
    fs::remove_file(place.head()).unwrap();
    assert!(matches!(place.open(), Err(LedgerError::Missing { expected: 1, .. })));
    assert!(matches!(place.audit(), Err(LedgerError::Missing { expected: 1, .. })));
    // Without the mark as well there is a key that should have one.
    fs::remove_file(place.folder.path().join("key.mark")).unwrap();
    assert!(matches!(place.open(), Err(LedgerError::MarkMissing { .. })));
    assert!(matches!(place.audit(), Err(LedgerError::MarkMissing { .. })));
}

#[test]
fn another_devices_ledger_is_not_this_ones() {
    let (place, other) = (Place::written(3), Place::written(3));
    for file in ["ledger.jsonl", "ledger.head"] {
        fs::copy(other.folder.path().join(file), place.folder.path().join(file)).unwrap();
    }
    assert_eq!(damage(&place), (Damage::Mac, 1));
}

#[test]
fn a_missing_key_is_not_made_anew() {
    let place = Place::written(1);
    fs::remove_file(place.folder.path().join("key")).unwrap();
    assert!(matches!(place.open(), Err(LedgerError::KeyMissing { .. })));
    assert!(matches!(place.audit(), Err(LedgerError::KeyMissing { .. })));
    // Its files deleted too: the mark still knows.
    fs::remove_file(place.path()).unwrap();
    fs::remove_file(place.head()).unwrap();
    assert!(matches!(place.open(), Err(LedgerError::Key(KeyError::Lost { records: 1 }))));
    assert!(!place.folder.path().join("key").exists());
}

#[test]
fn an_old_mark_is_found() {
    let place = Place::written(1);
    let mark = place.folder.path().join("key.mark");
    let old = fs::read(&mark).unwrap();
    let mut ledger = place.open().unwrap();
    (2..=3).for_each(|round| ledger.charge(&entry("a", round, 0.25)).unwrap());
    drop(ledger);
    fs::write(&mark, old).unwrap();
    assert_eq!(damage(&place), (Damage::Ahead, 3));
}

#[test]
fn rounds_that_go_back_are_damage() {
    let (place, records) = place_records(2);
    let replay = Record::after(&place.key(), records.last(), &entry("a", 2, 0.1), 0);
    place.append(replay.to_line().as_bytes());
    assert_eq!(damage(&place), (Damage::Round, 3));
}

#[test]
fn a_clock_set_back_neither_refunds_nor_repeats() {
    // The last charge was made while the clock stood two hundred years ahead.
    let (place, records) = place_records(2);
    let ahead = Record::after(&place.key(), records.last(), &entry("a", 3, 0.25), 8_000_000_000);
    place.append(ahead.to_line().as_bytes());
    place.set_head(ahead.mark());
    place.keys().keep_mark(ahead.mark()).unwrap();
    let mut ledger = place.open().unwrap();
    // Rounds count, not times.
    for round in 1..=3 {
        assert!(matches!(ledger.charge(&entry("a", round, 0.25)), Err(SpendError::Round { .. })));
    }
    ledger.charge(&entry("a", 4, 0.25)).unwrap();
    let records = ledger.records();
    assert!(records[3].time < records[2].time);
    drop(ledger);
    let history = place.open().unwrap().history(&task("a"));
    assert_eq!((history.last_round, history.participations.total()), (4, 4));
    assert_eq!(history.account.spent(&task("a")), 1.0);
}

#[test]
fn a_deleted_or_damaged_head_is_found() {
    let place = Place::written(3);
    let text = fs::read_to_string(place.head()).unwrap();
    fs::write(place.head(), text.replace("\"seq\":3", "\"seq\": 3")).unwrap();
    assert_eq!(damage(&place), (Damage::Head, 1));
    fs::remove_file(place.head()).unwrap();
    assert!(matches!(place.open(), Err(LedgerError::HeadMissing { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// One byte changed anywhere, in any of the files, is found.
    #[test]
    fn no_changed_byte_goes_unnoticed(at in 0.0_f64..1.0, flip in 1_u8..=255, file in 0..4) {
        let place = Place::written(3);
        let file = place.folder.path().join(["ledger.jsonl", "ledger.head", "key", "key.mark"][file as usize]);
        let mut bytes = fs::read(&file).unwrap();
        let at = (bytes.len() as f64 * at) as usize;
        bytes[at] ^= flip;
        fs::write(file, bytes).unwrap();
        prop_assert!(place.open().is_err());
        prop_assert!(place.audit().is_err());
    }
}
