//! `silhouette demo`: the whole way once, on this machine.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use silhouette_aggregator::{Aggregator, Event, Listen, NoiseChoice, TaskConfig};
use silhouette_client::models::ModelCache;
use silhouette_client::participant::Transferred;
use silhouette_engine::{Backend, Chosen, choose};
use silhouette_model::{
    BagSpec, EncoderSpec, Examples, Head, HeadKind, LocalTraining, Model, NativeEngine, Task, Vectoriser, hashed_share,
};
use silhouette_privacy::Mode;
use silhouette_privacy::accounting::{Delta, Epsilon, zcdp};
use silhouette_query::OptimiserConfig;
use silhouette_simulation::synth::{Interest, Population, SynthConfig, SynthUser};
use silhouette_simulation::{Evaluation, User, evaluate};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

use crate::signals::Signals;
use crate::terminal::{self, Usage};
use fleet::{Attendance, Fleet};

mod ending;
mod fleet;

/// Everything once, on this machine: devices with made-up people, an aggregator, QUIC, training,
/// profile, persona, ledger, report.
#[derive(clap::Args)]
#[command(after_help = "Example: silhouette demo --rounds 12 --epsilon 8")]
pub(crate) struct Args {
    /// People to make up; four fifths of them have a device that trains, at least three must.
    #[arg(long, default_value_t = 250)]
    users: usize,
    /// Rounds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// The promise per person over all rounds: epsilon.
    #[arg(long, default_value_t = 8.0)]
    epsilon: f64,
    /// The promise per person over all rounds: delta.
    #[arg(long, default_value_t = 1e-5)]
    delta: f64,
    /// distributed: the aggregator sees masked vectors and their noisy sum. central: it sees clipped
    /// updates and adds the noise; faster here, where one machine stands for every device. local: every
    /// device adds all of the noise.
    #[arg(long, default_value = "distributed")]
    mode: Mode,
    /// Share of the devices that vanish in a round, each at a random moment; they come back for the
    /// next one.
    #[arg(long, default_value_t = 0.0, value_parser = drop_share)]
    drop: f64,
    /// Seed of the people; noise is drawn from the operating system all the same.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// auto, flex, ndarray, wgpu or native.
    #[arg(long, default_value = "auto")]
    backend: Backend,
    /// Where devices, aggregator and report go [default: a folder of its own under the system's temporary one]
    #[arg(long)]
    out: Option<PathBuf>,
}

/// What the demo shows of a round.
pub(crate) struct Round {
    event: Event,
    evaluation: Option<Evaluation>,
}

/// Everything the end of the demo talks about.
pub(crate) struct Outcome<'a> {
    args: &'a Args,
    folder: &'a Path,
    chosen: &'a Chosen,
    people: &'a Population,
    fleet: &'a Fleet,
    before: Evaluation,
    rounds: Vec<Round>,
    model: Model,
    moved: Transferred,
    seconds: f64,
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let started = Instant::now();
    let folder = match &args.out {
        Some(folder) => folder.clone(),
        None => std::env::temp_dir().join(format!("silhouette-demo-{}", std::process::id())),
    };
    let config = SynthConfig { users: args.users, seed: args.seed, neutral: false, ..SynthConfig::default() };
    let people = Population::generate(config)?;
    let (test, train): (Vec<&SynthUser>, Vec<&SynthUser>) = people.users.iter().partition(|u| u.split() == "test");
    check_numbers(args, train.len(), test.len())?;
    let chosen = choose(args.backend)?;
    if json {
        let counts = serde_json::json!({
            "people": people.users.len(), "devices": train.len(), "held_out": test.len(),
            "computed_by": chosen.why, "folder": folder,
        });
        terminal::json_event("started", counts)?;
    } else {
        terminal::line(&format!(
            "{} made-up people, zh and en: {} with a device, {} held out to judge the model",
            people.users.len(),
            train.len(),
            test.len()
        ))?;
        terminal::line(&format!("computed by {}", chosen.why))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("--out {}", folder.display()))?;
    let runtime = terminal::crowded_runtime()?;
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let task = task(train.len(), args)?;
        let aggregator = Aggregator::open(folder.join("aggregator"), terms(args, train.len() as u32, task.clone()))?;
        let judge = Judge::new(&task, &test, folder.join("aggregator").join("models"))?;
        let before = judge.look(&aggregator.plan().first_model())?;
        let mut events = aggregator.events();
        let tokens = aggregator.create_tokens(train.len())?;
        let authority = aggregator.authority().clone();
        let running = aggregator.run(Listen::loopback(), std::future::pending()).await?;
        let mut fleet = Fleet::enrol(&folder, &train, &tokens, &authority, &running, json).await?;
        // The noise is made for ledgers to hold the promise to the billionth.
        let budget = rho(args)?;
        let mut attendance = fleet.start(running.addresses().devices, &task, budget, &chosen.engine, args.drop)?;
        let (rounds, model) = tokio::select! {
            followed = follow(args, &mut events, &judge, json) => followed?,
            why = all_declined(&mut attendance, train.len()) => anyhow::bail!("every device declined; one of them says: {why}"),
            () = signals.next() => anyhow::bail!("interrupted; what stands in {} is whole", folder.display()),
        };
        signals.impatient();
        let moved = fleet.finish().await?;
        running.stop();
        running.stopped().await;
        let seconds = started.elapsed().as_secs_f64();
        let outcome = Outcome {
            args,
            folder: &folder,
            chosen: &chosen,
            people: &people,
            fleet: &fleet,
            before,
            rounds,
            model,
            moved,
            seconds,
        };
        ending::tell(&outcome, json)
    })
}

/// Fewer devices than this make no crowd: each would nearly see the others' sum.
const FEWEST_DEVICES: usize = 3;

/// The numbers that can only be checked once the people are made up.
fn check_numbers(args: &Args, devices: usize, held_out: usize) -> Result<(), Usage> {
    if devices < FEWEST_DEVICES || held_out == 0 {
        return Err(Usage(format!(
            "--users: expected enough people for {FEWEST_DEVICES} devices and 1 person held out, \
             found {} people: {devices} devices, {held_out} held out",
            args.users
        )));
    }
    Ok(())
}

/// What the promise costs in all.
fn rho(args: &Args) -> anyhow::Result<f64> {
    Ok(zcdp::max_rho(Epsilon::new(args.epsilon)?, Delta::new(args.delta)?).get())
}

/// Hash buckets of the demo, as a power of two. One machine draws the noise of all devices, so the
/// vector is short: 2^12 buckets are right about 3 texts in 100 more often, and take eight times as long.
const BUCKETS_LOG2: u8 = 9;

/// Two heads on one bag: what a text is about, and its tone.
fn task(devices: usize, args: &Args) -> anyhow::Result<Task> {
    let rho = rho(args)?;
    let bag = BagSpec {
        buckets_log2: BUCKETS_LOG2,
        words: true,
        hashed_share: hashed_share(Some(rho), devices),
        ..BagSpec::default()
    };
    let classes = |labels: Vec<String>| HeadKind::Classes { labels };
    let interests = Interest::ALL.iter().map(|i| i.key().to_owned()).collect();
    let head = |name: &str, kind| Head::new(name, name, kind);
    let task = Task {
        name: "demo".into(),
        encoder: EncoderSpec::Bag(bag),
        heads: vec![
            head("interest", classes(interests)),
            head("sentiment", classes(vec!["negative".into(), "positive".into()])),
        ],
    };
    task.validate()?;
    Ok(task)
}

fn drop_share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if (0.0..=0.3).contains(&share) { Ok(share) } else { Err("expected 0 to 0.3".to_owned()) }
}

/// Nine of ten must report, or what is left when a tenth more than expected vanishes: few enough to
/// be there, enough that each device's share of the noise stays small.
fn min_reports(drop: f64, devices: u32) -> u32 {
    (f64::from(devices) * (0.9 - drop)).ceil() as u32
}

/// A round ends when everybody has reported, so without drops its deadline is there for slow machines
/// alone. With drops every step waits for whoever vanished, so it must not wait long; but one machine
/// draws the noise of all devices, about a twentieth of a second each on one core.
fn deadline_ms(args: &Args, devices: u32) -> u64 {
    match args.mode {
        _ if args.drop == 0.0 => 300_000,
        Mode::Central => 10_000,
        _ => 15_000 + 100 * u64::from(devices),
    }
}

/// The aggregator's terms: everybody in every round.
fn terms(args: &Args, devices: u32, task: Task) -> TaskConfig {
    TaskConfig {
        task_file: None,
        model_seed: args.seed,
        rounds: args.rounds,
        evaluate_every: 0,
        label_counts: false,
        evaluation_share: 0.1,
        label_counts_share: 0.02,
        held_out: 20,
        max_evaluations: u32::MAX,
        cohort: devices,
        min_reports: min_reports(args.drop, devices),
        groups: 1,
        trim: 0,
        min_groups: None,
        over_selection: 1.0,
        deadline_ms: deadline_ms(args, devices),
        gathering_ms: 5_000,
        hold_ms: 60_000,
        retry_ms: (200, 1_000),
        mode: args.mode,
        active_mode: false,
        epsilon: Some(args.epsilon),
        delta: args.delta,
        noise_multiplier: None,
        noise: NoiseChoice::Independent,
        clip: 0.2,
        adaptive_clip: None,
        max_participations: u32::MAX,
        min_separation: 1,
        training: LocalTraining { epochs: 1, batch: 65_536, learning_rate: 3.0, proximal_mu: 0.0, shuffled: true },
        optimiser: OptimiserConfig::default(),
        task: Some(task),
    }
}

/// Looks at published models with people whose devices never train.
struct Judge {
    people: Vec<User>,
    models: ModelCache,
}

impl Judge {
    fn new(task: &Task, people: &[&SynthUser], models: PathBuf) -> anyhow::Result<Self> {
        let vectoriser = Vectoriser::new(&task.encoder)?;
        let user = |u: &&SynthUser| -> anyhow::Result<User> {
            Ok(User { id: u.id.clone(), examples: Examples::of(task, &vectoriser, &u.events)?, unseen: Vec::new() })
        };
        Ok(Self { people: people.iter().map(user).collect::<Result<_, _>>()?, models: ModelCache::new(models) })
    }

    fn look(&self, model: &Model) -> anyhow::Result<Evaluation> {
        Ok(evaluate(&NativeEngine, model, &self.people)?)
    }
}

/// Completes when every device has declined the last round it was asked to: no round can be made
/// then. Says why one of them did.
async fn all_declined(attendance: &mut mpsc::UnboundedReceiver<Attendance>, devices: usize) -> String {
    let mut away = HashSet::new();
    while let Some((device, declined)) = attendance.recv().await {
        match declined {
            Some(why) if away.insert(device) && away.len() == devices => return why,
            Some(_) => {}
            None => {
                away.remove(&device);
            }
        }
    }
    // Every device is done.
    std::future::pending().await
}

/// Watches the aggregator until the last round, judging each published model.
async fn follow(
    args: &Args,
    events: &mut tokio::sync::broadcast::Receiver<Event>,
    judge: &Judge,
    json: bool,
) -> anyhow::Result<(Vec<Round>, Model)> {
    let bar = terminal::bar(args.rounds, json);
    bar.set_message("gathering the cohort");
    let mut rounds = Vec::new();
    let mut last = None;
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => anyhow::bail!("the aggregator stopped before the last round"),
        };
        match &event {
            Event::RoundClosed { model, .. } => {
                let model = judge.models.load(*model)?.context("a published model is not in the registry")?;
                let evaluation = judge.look(&model)?;
                let text = ending::round_line(&event, Some(&evaluation));
                bar.inc(1);
                bar.set_message(text.clone());
                if json {
                    terminal::json_line(&ending::round_json(&event, Some(&evaluation)))?;
                } else if bar.is_hidden() {
                    terminal::line(&format!("  {text}"))?;
                }
                last = Some(model);
                rounds.push(Round { event, evaluation: Some(evaluation) });
            }
            Event::RoundAbandoned { .. } => {
                if json {
                    terminal::json_line(&ending::round_json(&event, None))?;
                }
                rounds.push(Round { event, evaluation: None });
            }
            Event::Finished { .. } => break,
            _ => {}
        }
    }
    bar.finish();
    Ok((rounds, last.context("no round was completed")?))
}
