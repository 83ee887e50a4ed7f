//! Teaches the service: `cargo run --release -p silhouette-examples --example serve_and_join`
//!
//! An aggregator and three devices over QUIC, all in this process.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use silhouette_aggregator::{Aggregator, Event, Listen, Running, TaskConfig};
use silhouette_client::{DeviceFolder, Participant, ParticipantConfig};
use silhouette_model::NativeEngine;
use silhouette_round::Conditions;
use silhouette_simulation::synth::{Population, SynthConfig};
use silhouette_transport::{CertificateDer, enroll};
use tokio::sync::watch;

/// Two rounds of three devices, in masked rounds: the aggregator sees nobody's vector. With so few the noise drowns the model: this shows the way, not a
/// result.
const TERMS: &str = r#"
    rounds = 2
    cohort = 3
    min_reports = 3
    mode = "distributed"
    noise_multiplier = 1.0
    delta = 1e-5
    clip = 0.2

    [task]
    name = "tone"
    encoder = { kind = "bag", buckets_log2 = 10 }

    [[task.head]]
    name = "sentiment"
    kind = "classes"
    labels = ["negative", "neutral", "positive"]
    field = "sentiment"
"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let place = tempfile::tempdir()?;
    let aggregator = Aggregator::open(place.path().join("aggregator"), TaskConfig::from_toml(TERMS)?)?;
    println!("the promise after all rounds: epsilon {:.2}", aggregator.plan().promised_epsilon()?);
    let tokens = aggregator.create_tokens(3)?;
    let authority = aggregator.authority().clone();
    let mut events = aggregator.events();
    let running = aggregator.run(Listen::loopback(), std::future::pending()).await?;

    let people = Population::generate(SynthConfig { users: 3, ..SynthConfig::default() })?;
    let mut joined = Vec::new();
    for (person, token) in people.users.iter().zip(tokens) {
        let folder = place.path().join(&person.id);
        let mut participant = join(&folder, &person.events, &token, &authority, &running).await?;
        joined.push(tokio::spawn(async move {
            // What a person may see happen; nobody stops it here.
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let end = participant.run(watch::channel(false).1, |event| println!("  {name}: {event}")).await;
            end.map(|end| (folder, end, participant.transferred()))
        }));
    }

    while let Ok(event) = events.recv().await {
        match event {
            Event::RoundClosed { round, reports, epsilon, .. } => {
                println!("round {round} closed with {reports} reports, epsilon so far {epsilon:.2}");
            }
            Event::Finished { round, .. } => {
                println!("finished after {round} rounds");
                break;
            }
            _ => {}
        }
    }
    for device in joined {
        let (folder, end, moved) = device.await??;
        let charges = DeviceFolder::audit_ledger(&folder)?.records.len();
        println!("{end:?}: {charges} charges in its ledger, {} bytes sent", moved.up);
    }
    running.stop();
    running.stopped().await;
    Ok(())
}

/// One device: its texts into its store, its token into a certificate.
async fn join(
    folder: &Path,
    texts: &[silhouette_text::Event],
    token: &str,
    authority: &CertificateDer<'static>,
    running: &Running,
) -> Result<Participant, Box<dyn Error>> {
    let device = DeviceFolder::open_or_create(folder)?;
    device.store()?.import(texts)?;
    let addresses = running.addresses();
    let identity = enroll(addresses.enrolment, "localhost", authority, token.as_bytes()).await?;
    identity.store(&device.identity_folder())?;
    let task = identity.tasks().first().ok_or("enrolled for no task")?.clone();
    // The person agreed, and the device is on power and on a free network.
    let ready = || Conditions { consent: true, fit_to_train: true };
    let config =
        ParticipantConfig::new(addresses.devices, "localhost", task, ready).policy(device.policy().terms.clone());
    let (events, ledger) = (device.store()?.events()?, Box::new(device.ledger()?));
    Ok(Participant::new(config, identity, Arc::new(NativeEngine), events, ledger, device.models()))
}
