//! A process that is really killed, in the middle of a round.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use silhouette_aggregator::Aggregator;
use silhouette_aggregator::storage::{ClosedRound, OpenedRound};
use silhouette_wire::{ContentHash, DeviceId, Nonce};

use crate::fleet::config;

const FOLDER: &str = "SILHOUETTE_VICTIM_FOLDER";

/// Publishes a round, opens another, leaves half a file behind, and waits to be killed.
#[test]
#[ignore = "the process that is killed; the test below starts it"]
fn victim() {
    let aggregator = Aggregator::open(std::env::var(FOLDER).unwrap(), config()).unwrap();
    let (plan, storage) = (aggregator.plan(), aggregator.storage());
    let start = storage.task().unwrap().unwrap();
    let cohort = [(DeviceId([1; 32]), Nonce([1; 16]))];
    let open = |number, model_before| {
        let manifest = ContentHash([number as u8; 32]);
        let charge = plan.charge();
        let cohort = &cohort;
        storage.open_round(&OpenedRound { number, manifest, model_before, charge, cohort }).unwrap();
    };
    open(1, start.model);
    let mut model = plan.first_model().values().to_vec();
    model[0] = 0.5;
    let model = silhouette_model::Model::with_values(plan.task().clone(), model).unwrap();
    let model = storage.put_model(&model.to_safetensors().unwrap()).unwrap();
    let reports = [(DeviceId([1; 32]), ContentHash([3; 32]))];
    let optimiser_after = start.optimiser;
    let closed = ClosedRound {
        number: 1,
        model_after: model,
        model_next: model,
        optimiser_after,
        clip_next: None,
        noise_after: None,
        figures: None,
        reports: &reports,
    };
    storage.publish_round(&closed).unwrap();
    open(2, model);
    std::fs::write(storage.folder().join("models").join("half.part"), b"half a mod").unwrap();
    println!("\nready {model}");
    std::thread::sleep(std::time::Duration::from_secs(60));
}

#[test]
fn a_folder_survives_kill_minus_nine() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::victim", "--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = lines.map_while(Result::ok).find(|line| line.starts_with("ready ")).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();

    for _ in 0..2 {
        let revived = Aggregator::open(folder.path(), config()).unwrap();
        let progress = revived.progress().unwrap();
        assert_eq!((progress.last_round, progress.published, progress.abandoned), (2, 1, 1));
        assert_eq!(progress.spent_rho, 2.0 * revived.plan().charge().rho());
        assert_eq!(ready, format!("ready {}", progress.latest.unwrap().model));
    }
}
