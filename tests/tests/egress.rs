//! Nothing a person wrote leaves their device: every byte that three devices send, and everything
//! the aggregator keeps, logs and shows, is searched for one person's own words.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use silhouette_aggregator::{Aggregator, Event, Listen, Plan};
use silhouette_client::participant::End;
use silhouette_client::{DeviceFolder, Randomness};
use silhouette_tests::device::Device;
use silhouette_tests::people::{people, terms};
use silhouette_tests::search::Canary;
use silhouette_tests::tap::{Exchange, Tap};
use silhouette_text::Event as Text;
use tokio::sync::watch;

/// One person's words, in two languages, a rare word of each, and the name their file has for them.
const ENGLISH: &str = "the zorblequix tune hides under the third floorboard";
const CHINESE: &str = "紫檀匣子藏在老井东边第七块石头下面";
const WORDS: [&str; 5] = [ENGLISH, "zorblequix", CHINESE, "紫檀匣子", "person-of-the-canary"];

/// Keeps everything that is logged, at every level, by every crate.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn start() -> Self {
        let log = Self::default();
        let writer = log.clone();
        let everything = tracing_subscriber::filter::LevelFilter::TRACE;
        tracing_subscriber::fmt().with_max_level(everything).with_writer(move || writer.clone()).init();
        log
    }
}

/// Three people; the first one's texts hold the words, with labels, so that they are trained on.
fn three() -> Vec<Vec<Text>> {
    let mut people = people(3);
    for text in [ENGLISH, CHINESE] {
        let mut event = Text::new("", format!("{text}."));
        event.extra.insert("interest".into(), "music".into());
        people[0].push(event);
    }
    people[0].iter_mut().for_each(|event| event.user = WORDS[4].into());
    people
}

fn metrics(admin: SocketAddr) -> Vec<u8> {
    let mut stream = TcpStream::connect(admin).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut page = Vec::new();
    stream.read_to_end(&mut page).unwrap();
    page
}

#[tokio::test(flavor = "multi_thread")]
async fn no_word_of_a_person_leaves_their_device() {
    let log = Log::start();
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("aggregator");
    let aggregator = Aggregator::open(&folder, terms()).unwrap();
    let mut events = aggregator.events();
    let running = aggregator.run(Listen::loopback(), std::future::pending()).await.unwrap();
    let addresses = running.addresses();

    let (mut taps, mut joined, mut devices) = (Vec::new(), Vec::new(), Vec::new());
    for (number, texts) in three().iter().enumerate() {
        let device = Device::enrol(place.path().join(number.to_string()), texts, &folder, addresses.enrolment).await;
        let tap = Tap::start(&device.folder().join("identity"), &folder.join("authority"), addresses.devices);
        let mut participant = device.participant(tap.address(), Randomness::System);
        joined.push(tokio::spawn(async move { participant.run(watch::channel(false).1, |_| {}).await }));
        taps.push(tap);
        devices.push(device);
    }
    for participant in joined {
        assert!(matches!(participant.await.unwrap().unwrap(), End::Finished { cached: true, .. }));
    }
    let page = tokio::task::spawn_blocking(move || metrics(addresses.admin)).await.unwrap();
    let mut told = String::new();
    while let Ok(event) = events.try_recv() {
        assert!(!matches!(event, Event::RoundAbandoned { .. }));
        told.push_str(&format!("{event:?}"));
    }

    let sent: Vec<Exchange> = taps.iter().flat_map(Tap::exchanges).collect();
    the_search_would_find_it(&sent, &devices[0], &log, &page);
    for word in WORDS {
        let canary = Canary::new(word);
        for exchange in &sent {
            assert_eq!(canary.in_bytes(&exchange.up), [], "{word} was sent");
            assert_eq!(canary.in_bytes(&exchange.down), [], "{word} was received");
        }
        assert_eq!(canary.in_folder(&folder), [], "{word} is in the aggregator's folder");
        assert_eq!(canary.in_bytes(&page), [], "{word} is in the metrics");
        assert_eq!(canary.in_bytes(told.as_bytes()), [], "{word} is in the events");
        assert_eq!(canary.in_bytes(&log.0.lock().unwrap()), [], "{word} was logged");
    }
    running.stop();
    running.stopped().await;
    for word in WORDS {
        assert_eq!(Canary::new(word).in_folder(&folder), [], "{word} is in the folder that is left");
        // On the device's own disk the texts are sealed, too.
        assert_eq!(Canary::new(word).in_folder(devices[0].folder()), [], "{word} lies open on the device");
    }
}

/// The search sees what is really there: the words on the device, the task's name everywhere else,
/// and two uploads of every device.
fn the_search_would_find_it(sent: &[Exchange], device: &Device, log: &Log, page: &[u8]) {
    let store = DeviceFolder::open_or_create(device.folder()).unwrap().store().unwrap();
    let mut export = Vec::new();
    store.export_jsonl(&mut export).unwrap();
    assert!(WORDS.iter().all(|word| !Canary::new(word).in_bytes(&export).is_empty()));

    let body = Plan::new(terms()).unwrap().parameters().byte_len();
    assert_eq!(sent.iter().filter(|exchange| exchange.up.len() > body).count(), 3 * 2);
    let task = Canary::new("interest");
    let check_ins_and_uploads = sent.iter().filter(|exchange| !task.in_bytes(&exchange.up).is_empty()).count();
    assert!(check_ins_and_uploads >= 3 * (2 + 3), "{check_ins_and_uploads}");
    assert!(sent.iter().any(|exchange| !task.in_bytes(&exchange.down).is_empty()));
    assert!(!Canary::new("silhouette_rounds").in_bytes(page).is_empty());
    assert!(!Canary::new("serving").in_bytes(&log.0.lock().unwrap()).is_empty());
}
