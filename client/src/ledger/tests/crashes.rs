//! The program ends between any two steps: nothing acknowledged is lost, nothing honest is refused.

use super::*;
use crate::durable::crash;
use crate::ledger::open::Recovery;

/// A round per charge, from an unopened ledger on; how many were acknowledged.
fn work(place: &Place, rounds: std::ops::RangeInclusive<u64>) -> u64 {
    let Ok(mut ledger) = place.open() else { return 0 };
    rounds.map_while(|round| ledger.charge(&entry("a", round, 0.25)).ok()).count() as u64
}

/// The ledger opens, holds what was acknowledged and at most one charge more, and goes on.
fn holds(place: &Place, acknowledged: u64, context: &str) {
    let seen = place.audit().unwrap_or_else(|e| panic!("{context}: {e}")).records.len() as u64;
    let mut ledger = place.open().unwrap_or_else(|e| panic!("{context}: {e}"));
    let found = ledger.records().len() as u64;
    assert_eq!(seen, found, "{context}");
    assert!((acknowledged..=acknowledged + 1).contains(&found), "{context}: {acknowledged} {found}");
    assert_eq!(ledger.history(&task("a")).account.spent(&task("a")), 0.25 * found as f64, "{context}");
    ledger.charge(&entry("a", found + 1, 0.25)).unwrap();
    drop(ledger);
    let ledger = place.open().unwrap();
    assert_eq!((ledger.records().len() as u64, ledger.recovery()), (found + 1, None), "{context}");
    assert_eq!(place.keys().load_mark().unwrap(), Some(ledger.records().last().unwrap().mark()), "{context}");
}

#[test]
fn an_end_at_any_step_from_the_first_key_to_the_second_charge_loses_nothing() {
    for steps in 0.. {
        let place = Place::new();
        let (acknowledged, crashed) = crash::after(steps, || work(&place, 1..=2));
        if !place.path().exists() {
            // Nothing has begun, and nobody may say that something is wrong with it.
            assert_eq!(acknowledged, 0);
            place.open().unwrap();
        }
        holds(&place, acknowledged, &format!("step {steps}"));
        if !crashed {
            // Key, mark, head and ledger are begun, then lines, heads and marks are written.
            assert!(acknowledged == 2 && steps > 50, "{steps}");
            return;
        }
    }
}

#[test]
fn an_end_while_an_end_is_mended_loses_nothing() {
    for steps in 0.. {
        let first = Place::written(1);
        let (acknowledged, crashed) = crash::after(steps, || work(&first, 2..=2));
        if !crashed {
            return;
        }
        for again in 0.. {
            let place = Place::new();
            for file in fs::read_dir(first.folder.path()).unwrap() {
                let file = file.unwrap();
                fs::copy(file.path(), place.folder.path().join(file.file_name())).unwrap();
            }
            let (_, crashed) = crash::after(again, || place.open().is_ok());
            holds(&place, 1 + acknowledged, &format!("step {steps}, then {again}"));
            if !crashed {
                break;
            }
        }
    }
}

#[test]
fn a_charge_whose_line_is_whole_counts_as_spent() {
    let place = Place::written(2);
    let record = place.next();
    place.append(record.to_line().as_bytes());
    // The head's replacement was written as well, but not yet put in its place.
    fs::write(durable::fresh_name(&place.head()), record.mark().to_text()).unwrap();
    let completed = Some(Recovery::Completed { task: task("a"), round: 3 });
    assert_eq!(place.audit().unwrap().unfinished, completed);
    let ledger = place.open().unwrap();
    assert_eq!(ledger.recovery(), completed.as_ref());
    assert_eq!(ledger.history(&task("a")).account.spent(&task("a")), 0.75);
    drop(ledger);
    // The head moved too, the mark did not.
    let record = place.next();
    place.append(record.to_line().as_bytes());
    place.set_head(record.mark());
    assert_eq!(place.open().unwrap().recovery(), Some(&Recovery::Completed { task: task("a"), round: 4 }));
    let ledger = place.open().unwrap();
    assert_eq!((ledger.recovery(), ledger.records().len()), (None, 4));
}

#[test]
fn a_line_that_was_cut_anywhere_is_taken_off() {
    let place = Place::written(2);
    let whole = fs::read(place.path()).unwrap();
    let line = place.next().to_line();
    for cut in 1..line.len() {
        fs::write(place.path(), [&whole, &line.as_bytes()[..cut]].concat()).unwrap();
        assert_eq!(place.audit().unwrap().unfinished, Some(Recovery::CutOff { line: 3 }));
        assert_eq!(place.open().unwrap().recovery(), Some(&Recovery::CutOff { line: 3 }), "{cut}");
        assert_eq!(fs::read(place.path()).unwrap(), whole);
    }
    // Blocks that were allocated and never written read as zeros.
    fs::write(place.path(), [&whole[..], &[0; 60], b"\n"].concat()).unwrap();
    assert!(place.open().unwrap().recovery().is_some());
}

#[test]
fn nothing_may_follow_an_interrupted_charge() {
    let place = Place::written(2);
    place.append(place.next().to_line().as_bytes());
    let whole = fs::read(place.path()).unwrap();
    place.append(b"{");
    assert_eq!(damage(&place), (Damage::Ahead, 4));
    fs::write(place.path(), whole).unwrap();
    place.append(place.next().to_line().as_bytes());
    assert_eq!(damage(&place), (Damage::Ahead, 4));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever is cut off the end of the file, and whether or not a further charge was under way:
    /// the ledger stops, or it shows at least what was acknowledged.
    #[test]
    fn no_cut_hides_an_acknowledged_charge(n in 0_u64..4, under_way: bool, share in 0.0_f64..=1.0) {
        let place = Place::written(n);
        if under_way {
            place.append(place.next().to_line().as_bytes());
        }
        let bytes = fs::read(place.path()).unwrap();
        fs::write(place.path(), &bytes[..(bytes.len() as f64 * share) as usize]).unwrap();
        if let Ok(ledger) = place.open() {
            let spent = ledger.history(&task("a")).account.spent(&task("a"));
            prop_assert!(spent >= 0.25 * n as f64);
        }
    }
}
