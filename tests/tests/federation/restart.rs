//! The aggregator is killed while a round is open and all its devices wait.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use silhouette_aggregator::{Aggregator, Event, Listen, Storage, TaskConfig};
use silhouette_client::Randomness;
use silhouette_client::participant::{End, ParticipantEvent};
use silhouette_tests::device::Device;
use silhouette_tests::people::{people, terms};
use silhouette_tests::process::{Victim, tell};
use tokio::sync::{mpsc, watch};

const FOLDER: &str = "SILHOUETTE_AGGREGATOR_FOLDER";
const ADDRESS: &str = "SILHOUETTE_AGGREGATOR_ADDRESS";

fn three_rounds() -> TaskConfig {
    TaskConfig { rounds: 3, ..terms() }
}

/// An aggregator in a process of its own, until it is killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the process that is killed; the test below starts it"]
async fn victim() {
    let aggregator = Aggregator::open(std::env::var(FOLDER).unwrap(), three_rounds()).unwrap();
    let mut events = aggregator.events();
    let listen = Listen { devices: std::env::var(ADDRESS).unwrap().parse().unwrap(), ..Listen::loopback() };
    let running = aggregator.run(listen, std::future::pending()).await.unwrap();
    tell(&format!("devices {}", running.addresses().devices));
    tell(&format!("enrolment {}", running.addresses().enrolment));
    loop {
        match events.recv().await.unwrap() {
            Event::RoundOpened { round, model, .. } => tell(&format!("opened {round} {model}")),
            Event::RoundClosed { round, model, .. } => tell(&format!("closed {round} {model}")),
            event => tell(&format!("{event:?}")),
        }
    }
}

fn start(folder: &Path, address: &str) -> Victim {
    Victim::start("restart::victim", &[(FOLDER, folder.to_str().unwrap()), (ADDRESS, address)])
}

/// Where devices wait until the aggregator is back.
#[derive(Default)]
struct Gate(Mutex<bool>, Condvar);

impl Gate {
    fn pass(&self) {
        let closed = self.0.lock().unwrap();
        drop(self.1.wait_while(closed, |open| !*open).unwrap());
    }

    fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }
}

/// A device's threads are held at the gate, hence more of them than there are devices.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_killed_aggregator_comes_back_with_its_model_and_everything_spent() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("aggregator");
    let mut aggregator = start(&folder, "127.0.0.1:0");
    let address = aggregator.until("devices ");
    let enrolment = aggregator.until("enrolment ").parse().unwrap();

    let gate = Arc::new(Gate::default());
    let (charged, mut all_charged) = mpsc::unbounded_channel();
    let (mut devices, mut joined) = (Vec::new(), Vec::new());
    for (number, events) in people(3).iter().enumerate() {
        let device = Device::enrol(place.path().join(number.to_string()), events, &folder, enrolment).await;
        let mut participant = device.participant(address.parse().unwrap(), Randomness::System);
        let (gate, charged) = (Arc::clone(&gate), charged.clone());
        joined.push(tokio::spawn(async move {
            let observe = |event: ParticipantEvent| {
                if let ParticipantEvent::Charged { round: 2, .. } = event {
                    charged.send(()).unwrap();
                    gate.pass();
                }
            };
            participant.run(watch::channel(false).1, observe).await
        }));
        devices.push(device);
    }
    let published = aggregator.until("closed 1 ");
    // Everybody has paid for the second round and nobody has sent anything: now.
    for _ in 0..3 {
        all_charged.recv().await.unwrap();
    }
    aggregator.kill();
    let mut aggregator = start(&folder, &address);
    assert_eq!(aggregator.until("devices "), address);
    gate.open();

    assert_eq!(aggregator.until("opened 3 "), published, "it goes on from the last published model");
    let last = aggregator.until("closed 3 ");
    for participant in joined {
        let End::Finished { model, cached: true } = participant.await.unwrap().unwrap() else { panic!() };
        assert_eq!(model.to_string(), last);
    }
    aggregator.kill();

    let storage = Storage::open(&folder).unwrap();
    let rounds = storage.rounds().unwrap();
    let states: Vec<_> = rounds.iter().map(|round| (round.state.as_str(), round.reports)).collect();
    assert_eq!(states, [("published", 3), ("abandoned", 0), ("published", 3)]);
    assert_eq!(rounds[0].model_after, Some(rounds[2].model_before));
    // Three charges on both sides, that of the lost round too.
    let charge = silhouette_aggregator::Plan::new(three_rounds()).unwrap().charge();
    assert!((storage.progress().unwrap().spent_rho - 3.0 * charge.rho()).abs() < 1e-6);
    assert!(devices.iter().all(|device| device.charged() == [1, 2, 3]));
}
