//! A clip that moves, and noise that is that of a tree: over rounds, restarts and kills.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use silhouette_aggregator::{Aggregator, Event, NoiseChoice, OpenError, PlanError, Storage, TaskConfig, create_tokens};
use silhouette_model::Model;
use silhouette_query::AdaptiveClipConfig;
use silhouette_transport::{CertificateAuthority, enroll};
use silhouette_wire::ContentHash;

use crate::fleet::{Device, Site, assert_receipt, config, released};
use crate::masked::masked;
use crate::restart::copy;
use crate::rounds::next_end;

const FOLDER: &str = "SILHOUETTE_TREE_FOLDER";

fn adaptive() -> TaskConfig {
    let adaptive = AdaptiveClipConfig { count_noise: Some(0.6), ..AdaptiveClipConfig::default() };
    TaskConfig { adaptive_clip: Some(adaptive), rounds: 4, ..config() }
}

fn kept_clip(site: &Site) -> f64 {
    site.running.storage().progress().unwrap().latest.unwrap().clip.unwrap()
}

/// All devices report a change of this much in every entry; returns the round's clip.
async fn report(devices: &[Device], value: f32) -> f64 {
    let (a, b, c) = tokio::join!(devices[0].part(), devices[1].part(), devices[2].part());
    for (device, part) in devices.iter().zip([&a, &b, &c]) {
        assert_receipt(&device.upload(part, &released(value, &part.parameters())).await, false);
    }
    a.manifest.clip
}

/// The same to the end of the round.
async fn round(site: &mut Site, devices: &[Device], value: f32) -> f64 {
    let clip = report(devices, value).await;
    assert!(matches!(next_end(site).await, Event::RoundClosed { reports: 3, .. }));
    clip
}

async fn back(site: &Site, devices: Vec<Device>) -> Vec<Device> {
    let mut connected = Vec::new();
    for Device { identity, .. } in devices {
        connected.push(site.connect(identity).await);
    }
    connected
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clip_moves_and_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), adaptive(), 3).await;
    let devices = vec![site.device().await, site.device().await, site.device().await];
    // Norms of 11 under a clip of 1: nobody is within. The share has noise of 0.2 on it.
    assert_eq!(round(&mut site, &devices, 1.0).await, 1.0);
    let second = kept_clip(&site);
    assert!(second > 0.9 && second <= 0.1_f64.exp(), "{second}");
    assert_eq!(round(&mut site, &devices, 1.0).await, second);
    let third = kept_clip(&site);
    assert_ne!(second, third);
    site.stop().await;

    let mut site = Site::start(folder.path(), adaptive(), 0).await;
    let devices = back(&site, devices).await;
    assert_eq!(round(&mut site, &devices, 1.0).await, third);
    site.stop().await;
    let faster = AdaptiveClipConfig { learning_rate: 0.3, ..adaptive().adaptive_clip.unwrap() };
    for other in [Some(faster), None] {
        let refused = Aggregator::open(folder.path(), TaskConfig { adaptive_clip: other, ..adaptive() });
        let Err(OpenError::Plan(PlanError::OtherTerms { term, .. })) = refused else { panic!("{refused:?}") };
        assert_eq!(term, "adaptive_clip");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clip_moves_under_the_mask() {
    let folder = tempfile::tempdir().unwrap();
    let config = TaskConfig { adaptive_clip: adaptive().adaptive_clip, clip: 50.0, ..masked(1, 5, 4, 20_000) };
    let mut site = Site::start(folder.path(), config, 5).await;
    let mut parts = tokio::task::JoinSet::new();
    for _ in 0..5 {
        parts.spawn(crate::masked::take_part(site.device().await, 4));
    }
    parts.join_all().await;
    assert!(matches!(next_end(&mut site).await, Event::RoundClosed { reports: 5, .. }));
    // All are far within; noise of 0.6 sqrt(5/3) devices of five on the share.
    let clip = kept_clip(&site);
    assert!(clip < 50.0 && clip >= 50.0 * (-0.1_f64).exp(), "{clip}");
    site.stop().await;
}

fn tree() -> TaskConfig {
    TaskConfig { noise: NoiseChoice::Tree, rounds: 8, ..config() }
}

/// The nodes in a tree's file, each its last round and its noise.
fn nodes(storage: &Storage) -> Vec<(u64, Vec<i64>)> {
    let bytes = storage.noise(&storage.progress().unwrap().latest.unwrap().noise.unwrap()).unwrap();
    let words: Vec<i64> = bytes.chunks_exact(8).map(|w| i64::from_le_bytes(w.try_into().unwrap())).collect();
    let count = words[1] as usize;
    words[2..].chunks_exact((words.len() - 2) / count).map(|node| (node[0] as u64, node[1..].to_vec())).collect()
}

fn model(storage: &Storage, hash: &ContentHash) -> Vec<f32> {
    Model::from_safetensors(&storage.model(hash).unwrap()).unwrap().values().to_vec()
}

/// One of two classes moves up, the other down: what a round's mean, centred, moves a model by. In steps
/// of the grid, times the cohort of three.
fn centred(noise: &[i64]) -> Vec<f64> {
    noise.chunks_exact(2).flat_map(|pair| [0.5, -0.5].map(|half| half * (pair[0] - pair[1]) as f64)).collect()
}

fn copied(folder: &Path) -> tempfile::TempDir {
    let corpse = tempfile::tempdir().unwrap();
    copy(folder, corpse.path());
    corpse
}

/// A process that does not outlive the test.
struct Victim(Child);

impl Drop for Victim {
    /// `kill -9`.
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// The next of the lines that the killed process tells, which begins with `start`; the rest of it.
fn told(lines: &mut impl Iterator<Item = String>, start: &str) -> String {
    lines.find_map(|line| line.strip_prefix(start).map(str::to_owned)).unwrap()
}

/// Serves the task with the tree, says where, and waits to be killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the process that is killed; the test below starts it"]
async fn victim() {
    let mut site = Site::start(std::env::var(FOLDER).unwrap().as_ref(), tree(), 0).await;
    println!("\nserves {}", site.running.addresses().devices);
    println!("enrols {}", site.running.addresses().enrolment);
    loop {
        println!("ended {:?}", next_end(&mut site).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_does_not_draw_a_trees_noise_again() {
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "noise::victim", "--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut process = Victim(child);
    let mut lines = BufReader::new(process.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let serves = told(&mut lines, "serves ").parse().unwrap();
    let enrols = told(&mut lines, "enrols ").parse().unwrap();
    let mut devices = Vec::new();
    for token in create_tokens(&Storage::open(folder.path()).unwrap(), 3).unwrap() {
        let authority = CertificateAuthority::load(&folder.path().join("authority")).unwrap();
        let identity = enroll(enrols, "localhost", authority.certificate(), token.as_bytes()).await.unwrap();
        devices.push(Device::connect(serves, identity).await);
    }
    for number in 1..=4 {
        report(&devices, 0.01).await;
        let ended = told(&mut lines, "ended ");
        let all_three =
            ended.starts_with(&format!("RoundClosed {{ round: {number},")) && ended.contains("invited: 3, reports: 3,");
        assert!(all_three, "{ended}");
    }
    let before = nodes(&Storage::open(folder.path()).unwrap());
    assert_eq!(before.iter().map(|node| node.0).collect::<Vec<_>>(), [4]);
    // The fifth round is open and one report is in: now.
    let (part, _, _) = tokio::join!(devices[0].part(), devices[1].part(), devices[2].part());
    assert_receipt(&devices[0].upload(&part, &released(0.01, &part.parameters())).await, false);
    drop(process);

    let mut site = Site::start(folder.path(), tree(), 0).await;
    let devices = back(&site, devices).await;
    let fourth = site.running.storage().progress().unwrap().latest.unwrap().model;
    assert_eq!(round(&mut site, &devices, 0.01).await, 1.0);
    let storage = site.running.storage();
    let latest = storage.progress().unwrap().latest.unwrap();
    assert_eq!(latest.round, 6);
    let after = nodes(storage);
    assert_eq!(after.iter().map(|node| node.0).collect::<Vec<_>>(), [4, 6]);
    assert_eq!(after[0], before[0], "the node of the rounds 1 to 4 is the one that was published");
    // The sixth model moved from the fourth by the reports and the new node, and by nothing else: the
    // node of the first four rounds is in both and cancels.
    let moved = model(storage, &fourth).into_iter().zip(model(storage, &latest.model));
    let scale = 3.0 * f64::from(1 << 14);
    for (i, ((from, to), noise)) in moved.zip(centred(&after[1].1)).enumerate() {
        let found = scale * f64::from(to - from);
        let reports = if i % 2 == 0 { 0.01 } else { -0.01 } * scale;
        // Three reports, each rounded by less than a step; and a model of 32 bits.
        assert!((found - noise - reports).abs() < 6.0, "{i}: {found} for {noise} + {reports}");
    }
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_tree_a_task_does_not_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), tree(), 3).await;
    let devices = vec![site.device().await, site.device().await, site.device().await];
    round(&mut site, &devices, 0.01).await;
    let hash = site.running.storage().progress().unwrap().latest.unwrap().noise.unwrap();
    site.stop().await;
    let file = |folder: &Path| folder.join("noise").join(format!("{hash}.state"));
    let (gone, edited) = (copied(folder.path()), copied(folder.path()));
    std::fs::remove_file(file(gone.path())).unwrap();
    assert!(matches!(Aggregator::open(gone.path(), tree()), Err(OpenError::Storage(_))));
    let mut bytes = std::fs::read(file(edited.path())).unwrap();
    bytes[40] ^= 1;
    std::fs::write(file(edited.path()), bytes).unwrap();
    assert!(matches!(Aggregator::open(edited.path(), tree()), Err(OpenError::Storage(_))));
    let independent = TaskConfig { noise: NoiseChoice::Independent, ..tree() };
    let refused = Aggregator::open(folder.path(), independent);
    assert!(matches!(refused, Err(OpenError::Plan(PlanError::OtherTerms { .. }))));
    assert!(Aggregator::open(folder.path(), tree()).is_ok());
}
