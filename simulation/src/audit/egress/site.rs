//! The aggregator, its people, and what is unique in their texts.

use std::net::SocketAddr;
use std::path::PathBuf;

use silhouette_aggregator::{Aggregator, Event as Told, Listen, Plan, Running, TaskConfig};
use silhouette_model::{Task, Vectoriser};
use silhouette_privacy::Mode;
use silhouette_text::{Event, NgramHasher, NgramOptions};
use tokio::sync::broadcast::Receiver;

use super::{Canary, EgressConfig, EgressError, Tap, part};
use crate::synth::{Population, SynthConfig};

/// One person's words in two languages, a rare word of each, and the name their file has for them.
const ENGLISH: &str = "the zorblequix tune hides under the third floorboard";
const CHINESE: &str = "紫檀匣子藏在老井东边第七块石头下面";
const WORDS: [&str; 5] = [ENGLISH, "zorblequix", CHINESE, "紫檀匣子", "person-of-the-canary"];

/// What every exchange of an enrolled device names.
pub(super) const TASK: &str = "interest";

/// A look at what is sent and not at learning: the noise is the least that a device's default policy
/// accepts. A full cohort starts at once, so the patience is long.
const TERMS: &str = r#"
    over_selection = 1.0
    deadline_ms = 60000
    gathering_ms = 60000
    hold_ms = 60000
    retry_ms = [10, 20]
    noise_multiplier = 0.3
    delta = 1e-5
    clip = 1.0
    training = { epochs = 1, batch = 65536, learning_rate = 3.0, proximal_mu = 0.0 }

    [optimiser]
    kind = "sgd"
    learning_rate = 10.0
    momentum = 0.0

    [task]
    name = "interest"
    encoder = { kind = "bag", buckets_log2 = 10, words = false }

    [[task.head]]
    name = "interest"
    kind = "classes"
    labels = ["cooking", "film", "gardening", "music", "reading", "sport", "technology", "travel"]
    field = "interest"
"#;

/// A running aggregator in a folder of its own, with a tap in front of its enrolment.
pub(super) struct Site {
    pub(super) place: tempfile::TempDir,
    pub(super) mode: Mode,
    pub(super) running: Running,
    pub(super) told: Receiver<Told>,
    pub(super) enrolment: Tap,
    /// Everybody's texts; the first one's hold the words.
    pub(super) people: Vec<Vec<Event>>,
    pub(super) canaries: Vec<Canary>,
    /// Bytes of one released vector.
    pub(super) body: usize,
    /// Feature numbers of the Chinese sentence, in the order in which they are read.
    pub(super) features: Vec<u32>,
}

impl Site {
    pub(super) async fn open(config: &EgressConfig) -> Result<Self, EgressError> {
        let place = tempfile::tempdir().map_err(part("folder"))?;
        let terms = terms(config)?;
        let plan = Plan::new(terms.clone()).map_err(part("terms"))?;
        let people = people(config)?;
        let canaries = canaries(plan.task())?;
        let features = read_order(plan.task(), CHINESE)?;
        let folder = place.path().join("aggregator");
        let aggregator = Aggregator::open(&folder, terms).map_err(part("aggregator"))?;
        let told = aggregator.events();
        let running = aggregator.run(Listen::loopback(), std::future::pending()).await.map_err(part("aggregator"))?;
        let enrolment = Tap::of_enrolment(&folder.join("authority"), running.addresses().enrolment)?;
        let mode = config.mode;
        Ok(Self {
            place,
            mode,
            running,
            told,
            enrolment,
            people,
            canaries,
            body: plan.parameters().byte_len(),
            features,
        })
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.place.path().join("aggregator")
    }

    pub(super) fn authority(&self) -> PathBuf {
        self.folder().join("authority")
    }

    pub(super) fn device(&self, number: usize) -> PathBuf {
        self.place.path().join(number.to_string())
    }

    pub(super) fn devices_address(&self) -> SocketAddr {
        self.running.addresses().devices
    }
}

fn terms(config: &EgressConfig) -> Result<TaskConfig, EgressError> {
    let (rounds, devices, mode) = (config.rounds, config.devices, config.mode);
    // In a masked round nobody may be missed: three is the least that hides anybody.
    let least = if mode == Mode::Distributed { devices } else { 2 };
    let head = format!("rounds = {rounds}\ncohort = {devices}\nmin_reports = {least}\nmode = \"{mode}\"\n");
    TaskConfig::from_toml(&format!("{head}{TERMS}")).map_err(part("terms"))
}

/// Made-up people, 20 to 40 texts each. The words stand in texts with labels, so that they are trained
/// on.
fn people(config: &EgressConfig) -> Result<Vec<Vec<Event>>, EgressError> {
    let synth = SynthConfig { users: config.devices, seed: config.seed, ..SynthConfig::default() };
    let population = Population::generate(synth).map_err(part("people"))?;
    let mut people: Vec<Vec<Event>> = population.users.into_iter().map(|user| user.events).collect();
    for text in [ENGLISH, CHINESE] {
        let mut event = Event::new("", format!("{text}."));
        event.extra.insert(TASK.into(), "music".into());
        people[0].push(event);
    }
    people[0].iter_mut().for_each(|event| event.user = WORDS[4].into());
    Ok(people)
}

fn canaries(task: &Task) -> Result<Vec<Canary>, EgressError> {
    let vectoriser = Vectoriser::new(&task.encoder).map_err(part("encoder"))?;
    let canary = |word: &&str| {
        let read = read_order(task, word)?;
        let mut sorted = read.clone();
        sorted.sort_unstable();
        // As the encoder orders them, its constant at the end.
        let encoded = vectoriser.vectorise(word).indices().to_vec();
        Ok(Canary::with_features(word, &[read, sorted, encoded]))
    };
    WORDS.iter().map(canary).collect()
}

/// The feature numbers of a text in the order of their first places in it.
fn read_order(task: &Task, text: &str) -> Result<Vec<u32>, EgressError> {
    let buckets_log2 = match &task.encoder {
        silhouette_model::EncoderSpec::Bag(bag) => bag.buckets_log2,
        other => return Err(part("encoder")(format!("expected a bag, found {}", other.describe()))),
    };
    let hasher = NgramHasher::new(NgramOptions { buckets_log2, ..NgramOptions::default() }).map_err(part("encoder"))?;
    let mut placed: Vec<((usize, usize), u32)> = hasher
        .features_with_spans(text)
        .into_iter()
        .flat_map(|feature| feature.spans.into_iter().map(move |span| (span, feature.bucket)))
        .collect();
    placed.sort_unstable();
    Ok(placed.into_iter().map(|(_, bucket)| bucket).collect())
}
