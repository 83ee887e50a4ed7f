use std::path::Path;

use rusqlite::Connection;
use silhouette_privacy::Charge;
use silhouette_round::{Participation, Participations, QuerySchedule};
use silhouette_wire::{ContentHash, DeviceId, Nonce};

use super::*;

const ALICE: DeviceId = DeviceId([1; 32]);
const BOB: DeviceId = DeviceId([2; 32]);

fn open(folder: &Path) -> Storage {
    Storage::open(folder).unwrap()
}

fn open_round(storage: &Storage, number: u64, rho: f64) -> Result<(), StorageError> {
    storage.open_round(&OpenedRound {
        number,
        manifest: ContentHash([9; 32]),
        model_before: ContentHash([8; 32]),
        charge: Charge::of(rho).unwrap(),
        cohort: &[(ALICE, Nonce([1; 16])), (BOB, Nonce([2; 16]))],
    })
}

fn publish(storage: &Storage, number: u64, tag: u8) -> Result<(), StorageError> {
    storage.publish_round(&ClosedRound {
        number,
        model_after: ContentHash([tag; 32]),
        model_next: ContentHash([tag; 32]),
        optimiser_after: ContentHash([tag; 32]),
        clip_next: None,
        noise_after: None,
        figures: None,
        reports: &[(ALICE, ContentHash([5; 32]))],
    })
}

#[test]
fn an_open_round_has_its_charge_from_the_start_and_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    open_round(&open(folder.path()), 1, 0.25).unwrap();
    // Killed here: the handle is gone, nothing was closed by hand.
    let storage = open(folder.path());
    assert_eq!(storage.progress().unwrap().spent_rho, 0.25);
    assert_eq!(storage.abandon_interrupted().unwrap(), 1);
    let progress = storage.progress().unwrap();
    assert_eq!((progress.last_round, progress.abandoned, progress.spent_rho), (1, 1, 0.25));
    assert_eq!(progress.latest, None);
    // Both were asked, and that counts, whatever came of the round.
    let once = Participation { last_round: 1, counts: Participations::in_training(1) };
    assert_eq!(storage.participations(QuerySchedule::training_alone(9)).unwrap(), [(ALICE, once), (BOB, once)]);
}

#[test]
fn a_killed_publication_leaves_the_round_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path());
    open_round(&storage, 1, 0.5).unwrap();
    publish(&storage, 1, 11).unwrap();
    open_round(&storage, 2, 0.5).unwrap();
    let orphan = storage.put_model(b"written, but its row never was").unwrap();
    drop(storage);
    let storage = open(folder.path());
    storage.abandon_interrupted().unwrap();
    let progress = storage.progress().unwrap();
    assert_eq!(progress.latest.unwrap().model, ContentHash([11; 32]));
    assert_eq!((progress.last_round, progress.published, progress.abandoned), (2, 1, 1));
    assert_eq!(progress.spent_rho, 1.0);
    assert!(storage.model(&orphan).is_ok());
    assert!(matches!(publish(&storage, 2, 12), Err(StorageError::NotOpen(2))));
}

#[test]
fn a_round_number_is_used_once() {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path());
    open_round(&storage, 1, 0.5).unwrap();
    assert!(open_round(&storage, 1, 0.5).is_err());
    // The failed attempt charged nothing: its transaction was rolled back as a whole.
    assert_eq!(storage.progress().unwrap().spent_rho, 0.5);
}

#[test]
fn spending_never_decreases_even_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path());
    open_round(&storage, 1, 0.5).unwrap();
    for sql in ["UPDATE spent SET rho = 0", "DELETE FROM spent"] {
        assert!(storage.connection().execute(sql, []).is_err());
    }
    storage.abandon_round(1, 0).unwrap();
    assert_eq!(storage.progress().unwrap().spent_rho, 0.5);
}

#[test]
fn a_receipt_is_found_again_only_with_its_nonce() {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path());
    open_round(&storage, 1, 0.5).unwrap();
    assert_eq!(storage.receipt(1, &ALICE, &Nonce([1; 16])).unwrap(), None);
    publish(&storage, 1, 11).unwrap();
    assert_eq!(storage.receipt(1, &ALICE, &Nonce([1; 16])).unwrap(), Some(ContentHash([5; 32])));
    assert_eq!(storage.receipt(1, &ALICE, &Nonce([3; 16])).unwrap(), None);
    assert_eq!(storage.receipt(1, &BOB, &Nonce([2; 16])).unwrap(), None);
    assert_eq!(storage.receipt(u64::MAX, &ALICE, &Nonce([1; 16])).unwrap(), None);
}

#[test]
fn files_are_named_by_their_content_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path());
    let hash = storage.put_model(b"model").unwrap();
    assert_eq!(storage.put_model(b"model").unwrap(), hash);
    assert_eq!(storage.model(&hash).unwrap(), b"model");
    std::fs::write(storage.model_path(&hash), b"modal").unwrap();
    assert!(matches!(storage.model(&hash), Err(StorageError::Damaged { .. })));
    assert!(matches!(storage.optimiser(&hash), Err(StorageError::File { .. })));
    let left: Vec<_> = std::fs::read_dir(folder.path().join("models")).unwrap().collect();
    assert_eq!(left.len(), 1, "no temporary file stays behind");
}

#[test]
fn a_newer_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).connection().pragma_update(None, "user_version", 99).unwrap();
    let refused = Storage::open(folder.path());
    assert!(matches!(refused, Err(StorageError::Schema { expected: 5, found: 99 })));
}

#[test]
fn pruning_keeps_what_a_start_and_late_devices_need() {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path());
    let task = StoredTask {
        name: "t".into(),
        toml: String::new(),
        config: String::new(),
        model: storage.put_model(b"first").unwrap(),
        optimiser: storage.put_optimiser(b"first").unwrap(),
    };
    storage.create_task(&task).unwrap();
    let mut kept = Vec::new();
    for number in 1..=4_u64 {
        open_round(&storage, number, 0.1).unwrap();
        let model = storage.put_model(format!("model {number}").as_bytes()).unwrap();
        let optimiser = storage.put_optimiser(format!("state {number}").as_bytes()).unwrap();
        storage
            .publish_round(&ClosedRound {
                number,
                model_after: model,
                model_next: model,
                optimiser_after: optimiser,
                clip_next: None,
                noise_after: None,
                figures: None,
                reports: &[],
            })
            .unwrap();
        kept.push((model, optimiser));
    }
    // Two models and three states are superfluous.
    assert_eq!(storage.prune(2).unwrap(), 5);
    assert!(storage.model(&task.model).is_ok() && storage.optimiser(&task.optimiser).is_ok());
    let there: Vec<_> = kept.iter().map(|(m, o)| (storage.model(m).is_ok(), storage.optimiser(o).is_ok())).collect();
    assert_eq!(there, [(false, false), (false, false), (true, false), (true, true)]);
    assert_eq!(storage.prune(2).unwrap(), 0);
}

#[test]
fn a_token_is_good_for_one_device() {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path());
    let token = ContentHash::of(b"token");
    storage.add_tokens(&[token]).unwrap();
    assert_eq!(storage.unused_tokens().unwrap(), 1);
    assert_eq!(storage.consume_token(&token, &ALICE, &[1; 32], 1).unwrap(), TokenOutcome::Consumed);
    assert_eq!(storage.consume_token(&token, &ALICE, &[1; 32], 1).unwrap(), TokenOutcome::Repeated);
    assert_eq!(storage.consume_token(&token, &BOB, &[1; 32], 1).unwrap(), TokenOutcome::Used);
    assert_eq!(storage.consume_token(&ContentHash::of(b"?"), &BOB, &[1; 32], 1).unwrap(), TokenOutcome::Unknown);
    assert_eq!(storage.unused_tokens().unwrap(), 0);
}

#[test]
fn many_devices_racing_for_a_token_leave_one_winner() {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path());
    let token = ContentHash::of(b"token");
    storage.add_tokens(&[token]).unwrap();
    let attempt = |i: u8| storage.consume_token(&token, &DeviceId([i; 32]), &[1; 32], 1).unwrap();
    let winners = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..8).map(|i| scope.spawn(move || attempt(i))).collect();
        racers.into_iter().map(|r| r.join().unwrap()).filter(|o| *o == TokenOutcome::Consumed).count()
    });
    assert_eq!(winners, 1);
}

#[test]
fn a_revoked_device_stays_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path());
    let (first, second) = (ContentHash::of(b"1"), ContentHash::of(b"2"));
    storage.add_tokens(&[first, second]).unwrap();
    assert_eq!(storage.standing(&ALICE).unwrap(), Standing::Unknown);
    storage.consume_token(&first, &ALICE, &[1; 32], 1).unwrap();
    assert_eq!(storage.standing(&ALICE).unwrap(), Standing::Enrolled);
    assert!(storage.renew(&ALICE, &[1; 32], 2).unwrap());
    assert!(storage.revoke(&ALICE).unwrap());
    // Neither a renewal nor another token brings it back, and the token is not lost on it.
    assert!(!storage.renew(&ALICE, &[1; 32], 3).unwrap());
    assert_eq!(storage.consume_token(&second, &ALICE, &[1; 32], 3).unwrap(), TokenOutcome::Revoked);
    assert_eq!(storage.standing(&ALICE).unwrap(), Standing::Revoked);
    assert_eq!(storage.unused_tokens().unwrap(), 1);
    assert!(!storage.revoke(&BOB).unwrap());
}

#[cfg(unix)]
#[test]
fn a_secret_is_made_once_and_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("owner.key");
    let make = |byte: u8| files::secret(&path, || Ok::<_, StorageError>(vec![byte; 3])).unwrap();
    assert_eq!(make(1), [1; 3]);
    assert_eq!(make(2), [1; 3]);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_folder_of_the_first_version_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let connection = Connection::open(folder.path().join("silhouette.db")).unwrap();
    connection.execute_batch(include_str!("schema.sql")).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    let insert = "INSERT INTO round (number, state, manifest, model_before, model_after, model_next, optimiser_after,
                      invited, rho, opened_at) VALUES (1, 'published', ?1, ?1, ?1, ?1, ?1, 2, 5, 0)";
    connection.execute(insert, [[7_u8; 32]]).unwrap();
    drop(connection);
    let latest = open(folder.path()).progress().unwrap().latest.unwrap();
    assert_eq!((latest.model, latest.clip, latest.noise), (ContentHash([7; 32]), None, None));
}

#[test]
fn what_the_next_round_needs_is_kept_and_what_no_round_needs_goes() {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path());
    for number in 1..=3 {
        open_round(&storage, number, 0.1).unwrap();
        let noise = storage.put_noise(&[number as u8; 16]).unwrap();
        let hash = ContentHash([number as u8; 32]);
        storage
            .publish_round(&ClosedRound {
                number,
                model_after: hash,
                model_next: hash,
                optimiser_after: hash,
                clip_next: Some(0.1 + number as f64),
                noise_after: Some(noise),
                figures: None,
                reports: &[],
            })
            .unwrap();
        let latest = storage.progress().unwrap().latest.unwrap();
        assert_eq!((latest.clip, latest.noise), (Some(0.1 + number as f64), Some(noise)));
    }
    storage.prune(ROUNDS_KEPT).unwrap();
    assert_eq!(std::fs::read_dir(folder.path().join("noise")).unwrap().count(), 1);
    let noise = storage.progress().unwrap().latest.unwrap().noise.unwrap();
    assert_eq!(storage.noise(&noise).unwrap(), [3; 16]);
}

#[test]
fn a_device_has_one_identity_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(folder.path()).unwrap();
    let tokens = [ContentHash::of(b"first"), ContentHash::of(b"second")];
    storage.add_tokens(&tokens).unwrap();
    let (own, other) = ([1; 32], [2; 32]);
    assert_eq!(storage.consume_token(&tokens[0], &ALICE, &own, 1).unwrap(), TokenOutcome::Consumed);
    // A second one would be endorsed too: two voices in a masked round, one device.
    for token in &tokens {
        assert_eq!(storage.consume_token(token, &ALICE, &other, 1).unwrap(), TokenOutcome::OtherIdentity);
    }
    assert!(!storage.renew(&ALICE, &other, 2).unwrap());
    assert!(storage.renew(&ALICE, &own, 2).unwrap());
    assert_eq!(storage.consume_token(&tokens[1], &BOB, &other, 1).unwrap(), TokenOutcome::Consumed);
}
