use silhouette_wire::manifest::VerifyError;

use super::*;
use crate::plan::{TaskConfig, sample_config};

/// The key of this folder's enrolment authority.
fn endorser() -> [u8; 32] {
    SigningKey::from_bytes(&[5; 32]).verifying_key().to_bytes()
}

fn plan(change: impl FnOnce(&mut TaskConfig)) -> Plan {
    let mut config = TaskConfig::from_toml(sample_config()).unwrap();
    change(&mut config);
    Plan::new(config).unwrap()
}

fn owner() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// A task signed by an owner elsewhere, for the aggregator of `folder`.
fn signed(folder: &Path, plan: &Plan) -> TaskFile {
    let terms = plan.task_terms(round_public_key(folder).unwrap(), None).unwrap();
    TaskFile::sign(&terms, &owner()).unwrap()
}

/// The folder's store, with the plan's task in it.
fn with_task(folder: &Path, plan: &Plan) -> Storage {
    let storage = Storage::open(folder).unwrap();
    let (name, hash) = (plan.task_id().to_string(), ContentHash([0; 32]));
    let (toml, config) = (String::new(), String::new());
    storage.create_task(&crate::storage::StoredTask { name, toml, config, model: hash, optimiser: hash }).unwrap();
    storage
}

fn enrol_one(storage: &Storage) {
    let token = ContentHash::of(b"token");
    storage.add_tokens(&[token]).unwrap();
    storage.consume_token(&token, &silhouette_wire::DeviceId([1; 32]), &[1; 32], i64::MAX).unwrap();
}

#[test]
fn an_owner_elsewhere_is_the_one_devices_pin_and_its_key_is_not_here() {
    let (folder, plan) = (tempfile::tempdir().unwrap(), plan(|_| ()));
    let file = signed(folder.path(), &plan);
    let ownership = Ownership::establish(folder.path(), &plan, endorser(), None, Some(file)).unwrap();
    assert_eq!(ownership.owner(), owner().verifying_key().to_bytes());
    assert!(!folder.path().join(OWNER_KEY).exists());
    let round = ownership.sign(&plan.manifest(3, ContentHash([1; 32]), 9)).unwrap();
    assert_eq!(round.verify(&owner().verifying_key()).unwrap().round, 3);
    // A round that the terms do not allow can be signed, but no device takes it.
    let weaker = self::plan(|config| config.clip *= 2.0).manifest(3, ContentHash([1; 32]), 9);
    let refused = ownership.sign(&weaker).unwrap().verify(&owner().verifying_key());
    assert!(matches!(refused, Err(VerifyError::NotAllowed(error)) if error.field == "clip"));
    // The next start needs no file, and takes none of another owner once a device has enrolled.
    let storage = with_task(folder.path(), &plan);
    ownership.keep(folder.path(), &storage).unwrap();
    assert_eq!(storage.pinned_owner().unwrap(), None);
    enrol_one(&storage);
    let pinned = storage.pinned_owner().unwrap();
    assert_eq!(pinned, Some(ContentHash(ownership.owner())));
    let again = Ownership::establish(folder.path(), &plan, endorser(), pinned, None).unwrap();
    assert_eq!(again.owner(), ownership.owner());
    let stranger = SigningKey::from_bytes(&[8; 32]);
    let terms = plan.task_terms(round_public_key(folder.path()).unwrap(), None).unwrap();
    let other = TaskFile::sign(&terms, &stranger).unwrap();
    let refused = Ownership::establish(folder.path(), &plan, endorser(), pinned, Some(other));
    assert!(matches!(refused.err(), Some(OwnershipError::OtherOwner { .. })));
    // Nor does the folder become its own owner when the file is gone.
    std::fs::remove_file(folder.path().join(TASK_FILE)).unwrap();
    let refused = Ownership::establish(folder.path(), &plan, endorser(), pinned, None);
    assert!(matches!(refused.err(), Some(OwnershipError::OtherOwner { .. })));
}

#[test]
fn terms_that_the_owner_did_not_sign_do_not_start() {
    let (folder, plan) = (tempfile::tempdir().unwrap(), plan(|_| ()));
    let file = signed(folder.path(), &plan);
    let greedy = self::plan(|config| config.rounds += 1);
    let refused = Ownership::establish(folder.path(), &greedy, endorser(), None, Some(file.clone())).err();
    assert!(matches!(refused, Some(OwnershipError::OtherTerms(_))), "{refused:?}");
    let elsewhere = tempfile::tempdir().unwrap();
    let refused = Ownership::establish(elsewhere.path(), &plan, endorser(), None, Some(file)).err();
    assert!(matches!(refused, Some(OwnershipError::OtherAggregator { .. })), "{refused:?}");
}

#[test]
fn the_owner_stays_the_owner_once_devices_trust_it() {
    let (folder, plan) = (tempfile::tempdir().unwrap(), plan(|_| ()));
    let establish = |pinned, file| Ownership::establish(folder.path(), &plan, endorser(), pinned, file);
    let own = establish(None, None).unwrap().owner();
    assert_eq!(establish(None, None).unwrap().owner(), own);
    // A start without the file by mistake spoils nothing; with devices that trust it, it is too late.
    let file = || Some(signed(folder.path(), &plan));
    assert_eq!(establish(None, file()).unwrap().owner(), owner().verifying_key().to_bytes());
    let refused = establish(Some(ContentHash(own)), file()).err();
    assert!(matches!(refused, Some(OwnershipError::OtherOwner { .. })), "{refused:?}");
    std::fs::write(folder.path().join(OWNER_KEY), b"short").unwrap();
    let refused = establish(None, None).err();
    assert!(matches!(refused, Some(OwnershipError::Key { found: 5, .. })), "{refused:?}");
}

#[test]
fn a_file_reads_as_it_was_written_and_names_what_is_wrong() {
    let (folder, plan) = (tempfile::tempdir().unwrap(), plan(|_| ()));
    let file = signed(folder.path(), &plan);
    let path = folder.path().join("task.signed");
    file.store(&path).unwrap();
    assert_eq!(TaskFile::load(&path).unwrap(), file);
    let text = file.to_text();
    let key_of = |text: &str| match TaskFile::from_text(text) {
        Err(TaskFileError::Value { key, .. }) => key,
        other => panic!("{other:?}"),
    };
    assert_eq!(key_of(&text.replace("silhouette-task/1", "silhouette-task/2")), "format");
    assert_eq!(key_of(&text.replace("terms = \"", "terms = \"x")), "terms");
    assert_eq!(key_of(&text.replace("owner = \"", "owner = \"00")), "owner");
    assert_eq!(key_of(&text.replace("signature = \"", "signature = \"00")), "signature");
    assert!(matches!(TaskFile::from_text("format = 3"), Err(TaskFileError::Parse(_))));
    std::fs::write(&path, "#".repeat(20_000)).unwrap();
    assert!(matches!(TaskFile::load(&path), Err(TaskFileError::Length { found: 20_000, .. })));
    // A changed term is noticed when it is verified.
    let (at, digit) = text.match_indices("terms = \"").next().map(|(i, _)| (i + 30, &text[i + 30..i + 31])).unwrap();
    let mut changed = text.clone();
    changed.replace_range(at..=at, if digit == "0" { "1" } else { "0" });
    assert_eq!(TaskFile::from_text(&changed).unwrap().verify(), Err(VerifyError::Signature));
}

#[test]
fn the_endorser_is_this_folders_in_the_active_mode_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let (passive, active) = (plan(|_| ()), plan(|config| config.active_mode = true));
    let sign = |plan: &Plan, endorser| {
        let terms = plan.task_terms(round_public_key(folder.path()).unwrap(), endorser).unwrap();
        Some(TaskFile::sign(&terms, &owner()).unwrap())
    };
    for (plan, named) in
        [(&passive, Some(endorser())), (&active, None), (&active, Some(owner().verifying_key().to_bytes()))]
    {
        let refused = Ownership::establish(folder.path(), plan, endorser(), None, sign(plan, named)).err();
        assert!(matches!(refused, Some(OwnershipError::OtherEndorser { .. })), "{refused:?}");
    }
    let agreed =
        Ownership::establish(folder.path(), &active, endorser(), None, sign(&active, Some(endorser()))).unwrap();
    assert_eq!(agreed.endorser(), Some(endorser()));
}
