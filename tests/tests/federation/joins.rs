//! Three people join; one device is killed in the middle of a round.

use std::net::SocketAddr;
use std::time::Duration;

use silhouette_aggregator::{Event, TaskConfig};
use silhouette_client::Randomness;
use silhouette_client::participant::{End, ParticipantEvent};
use silhouette_tests::device::Device;
use silhouette_tests::people::{loss, people, terms};
use silhouette_tests::process::{Victim, tell};
use tokio::sync::watch;

use crate::site::Site;

const FOLDER: &str = "SILHOUETTE_DEVICE_FOLDER";
const ADDRESS: &str = "SILHOUETTE_AGGREGATOR";

/// A device in a process of its own. It stops where the charge of the second round is on the disk
/// and nothing of it was sent, and waits to be killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the process that is killed; the test below starts it"]
async fn victim() {
    let device = Device::at(std::env::var(FOLDER).unwrap());
    let address: SocketAddr = std::env::var(ADDRESS).unwrap().parse().unwrap();
    let mut participant = device.participant(address, Randomness::System);
    let stop = watch::channel(false).1;
    let observe = |event: ParticipantEvent| {
        if let ParticipantEvent::Charged { round: 2, .. } = event {
            tell("charged");
            std::thread::sleep(Duration::from_secs(600));
        }
    };
    participant.run(stop, observe).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn three_join_and_one_is_killed_in_a_round() {
    let place = tempfile::tempdir().unwrap();
    let people = people(3);
    // The second round ends at its deadline: long for two devices, short for a test.
    let terms = TaskConfig { deadline_ms: 6_000, ..terms() };
    let first = silhouette_aggregator::Plan::new(terms.clone()).unwrap().first_model();
    let mut site = Site::start(place.path().join("aggregator"), terms).await;
    let devices = site.enrol(place.path(), &people).await;

    let address = site.address();
    let victim_folder = devices[2].folder().to_str().unwrap().to_owned();
    let mut victim = Victim::start("joins::victim", &[(FOLDER, victim_folder), (ADDRESS, address.to_string())]);
    let join = |device: &Device| {
        let mut participant = device.participant(address, Randomness::System);
        tokio::spawn(async move { participant.run(watch::channel(false).1, |_| {}).await })
    };
    let joined = [join(&devices[0]), join(&devices[1])];

    let event = site.next_end().await;
    let Event::RoundClosed { round: 1, invited: 3, reports: 3, model: after_one, .. } = event else {
        panic!("{event:?}")
    };
    tokio::task::spawn_blocking(move || {
        victim.until("charged");
        victim.kill();
    })
    .await
    .unwrap();
    let event = site.next_end().await;
    let Event::RoundClosed { round: 2, invited: 3, reports: 2, model: after_two, .. } = event else {
        panic!("{event:?}")
    };
    for participant in joined {
        assert_eq!(participant.await.unwrap().unwrap(), End::Finished { model: after_two, cached: true });
    }

    // The model gets better on the texts of those who trained it, round by round.
    let losses = [first, site.model(after_one), site.model(after_two)].map(|model| loss(&model, &people));
    assert!(losses[1] < losses[0] - 0.1 && losses[2] < losses[1] - 0.05, "{losses:?}");
    // The killed device was charged for what it never sent: a crash counts as spent.
    assert!(devices.iter().all(|device| device.charged() == [1, 2]));
    site.stop().await;
}
