use std::fs;

use silhouette_privacy::Charge;
use silhouette_wire::{ContentHash, QueryKind, TaskId};

use super::*;
use crate::durable::crash;
use crate::ledger::{ChargeBook, Entry};

/// Half a rho for round 1.
fn entry(task: TaskId) -> Entry {
    let (manifest, charge) = (ContentHash::of(b""), Charge::of(0.5).unwrap());
    Entry { task, query: QueryKind::Train, round: 1, manifest, charge }
}

#[test]
fn the_sample_policy_is_the_default() {
    assert_eq!(DevicePolicy::from_toml(SAMPLE_POLICY), Ok(DevicePolicy::default()));
    let keys = toml::to_string(&DevicePolicy::default()).unwrap();
    for line in keys.lines().filter_map(|l| l.split_once(" = ")) {
        assert!(SAMPLE_POLICY.contains(&format!("\n{} = ", line.0)), "{}", line.0);
    }
}

#[test]
fn unknown_keys_and_impossible_caps_are_refused() {
    assert!(DevicePolicy::from_toml("[terms]\nmin_noise = 1.0").is_err());
    assert!(DevicePolicy::from_toml("[terms]\nallowed_queries = [\"profile\"]").is_err());
    let train = DevicePolicy::from_toml("[terms]\nallowed_queries = [\"train\"]").unwrap();
    assert_eq!(train.terms.allowed_queries, [QueryKind::Train]);
    assert!(DevicePolicy::from_toml("[budget]\ntask_rho = inf").unwrap_err().contains("task_rho"));
    assert!(DevicePolicy::from_toml("[budget]\ndevice_rho = -1.0").is_err());
}

#[test]
fn a_folder_keeps_its_policy_and_charges() {
    let place = tempfile::tempdir().unwrap();
    let device = DeviceFolder::open_or_create(place.path()).unwrap();
    let mut ledger = device.ledger().unwrap();
    let task: TaskId = "t".parse().unwrap();
    ledger.charge(&entry(task.clone())).unwrap();
    drop(ledger);
    fs::write(place.path().join("policy.toml"), "[budget]\ntask_rho = 0.25\n").unwrap();
    let device = DeviceFolder::open_or_create(place.path()).unwrap();
    assert_eq!(device.policy().budget.task_rho, 0.25);
    assert_eq!(device.ledger().unwrap().history(&task).account.spent(&task), 0.5);
}

#[test]
fn opening_makes_nothing() {
    let place = tempfile::tempdir().unwrap();
    let nowhere = place.path().join("nowhere");
    let refused = |path: &Path| matches!(DeviceFolder::open(path), Err(FolderError::NoDevice { path: p }) if p == path);
    assert!(refused(&nowhere));
    assert!(!nowhere.exists());
    // Somebody else's folder is not made a device's either.
    assert!(refused(place.path()));
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    drop(DeviceFolder::open_or_create(&nowhere).unwrap());
    assert_eq!(DeviceFolder::open(&nowhere).unwrap().root(), nowhere);
    // A folder whose making was cut short before its key is no device yet.
    fs::remove_file(nowhere.join("key")).unwrap();
    assert!(refused(&nowhere));
}

/// A device that was charged once.
fn charged(place: &Path) {
    let mut ledger = DeviceFolder::open_or_create(place).unwrap().ledger().unwrap();
    ledger.charge(&entry("t".parse().unwrap())).unwrap();
}

#[test]
fn files_missing_from_a_folder_in_use_are_not_made_anew() {
    let place = tempfile::tempdir().unwrap();
    charged(place.path());
    let without = |name: &str| {
        let path = place.path().join(name);
        let kept = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let opened = DeviceFolder::open(place.path()).and_then(|folder| Ok(folder.ledger()?));
        let created = DeviceFolder::open_or_create(place.path()).and_then(|folder| Ok(folder.ledger()?));
        assert!(!path.exists(), "{name} was made anew");
        fs::write(&path, kept).unwrap();
        (opened.unwrap_err(), created.unwrap_err())
    };
    let policy = without("policy.toml");
    assert!(matches!(policy, (FolderError::Missing { .. }, FolderError::Missing { .. })), "{policy:?}");
    let head = without("ledger.head");
    assert!(matches!(head, (FolderError::Missing { .. }, FolderError::Ledger(LedgerError::HeadMissing { .. }))));
    let ledger = without("ledger.jsonl");
    let missing = |e| matches!(e, FolderError::Ledger(LedgerError::Missing { expected: 1, .. }));
    assert!(missing(ledger.0) && missing(ledger.1));
    let key = without("key");
    assert!(matches!(key, (FolderError::NoDevice { .. }, FolderError::Ledger(LedgerError::KeyMissing { .. }))));
    let mark = without("key.mark");
    let missing = |e| matches!(e, FolderError::Ledger(LedgerError::MarkMissing { .. }));
    assert!(missing(mark.0) && missing(mark.1));
    // Both files of the ledger gone: the mark still tells how far it had come.
    fs::remove_file(place.path().join("ledger.jsonl")).unwrap();
    let both = without("ledger.head").1;
    assert!(matches!(both, FolderError::Ledger(LedgerError::Missing { expected: 1, .. })), "{both:?}");
}

#[test]
fn a_making_that_was_cut_short_is_finished() {
    for steps in 0.. {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("device");
        let (made, crashed) = crash::after(steps, || DeviceFolder::open_or_create(&root));
        assert_eq!(made.is_err(), crashed, "{steps}");
        // Half a device is no device, and says nothing worse than that.
        if let Err(error) = DeviceFolder::open(&root) {
            assert!(matches!(error, FolderError::NoDevice { .. }), "{steps}: {error}");
        }
        charged(&root);
        assert_eq!(DeviceFolder::audit_ledger(&root).unwrap().records.len(), 1);
        assert!(DeviceFolder::open(&root).unwrap().store().is_ok());
        if !crashed {
            assert!(steps > 20, "{steps}");
            return;
        }
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_enter() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().unwrap();
    let device = DeviceFolder::open_or_create(place.path().join("device")).unwrap();
    for path in [device.root().to_owned(), device.identity_folder(), device.ledger_path()] {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{path:?}");
    }
}
