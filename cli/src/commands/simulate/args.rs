//! The flags, and what they ask for.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use silhouette_engine::{Backend, choose};
use silhouette_model::Engine;
use silhouette_simulation::synth::SynthConfig;
use silhouette_simulation::{CheckpointEvery, Checkpoints, Dataset, EncodedFile, Settings, SimulationConfig};
use silhouette_text::ReadOptions;

use crate::commands::encode::task_of;
use crate::terminal::Usage;

/// Train over every user of a file, in one process, through the code that devices and aggregator run.
///
/// Results are written at the end, all or none: stopping it earlier leaves those of an earlier run. A run of more than
/// a few seconds keeps a checkpoint in the folder of the results; --resume goes on from it to the same end, bit for bit.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  silhouette simulate --data people.jsonl --task interest --epsilon 8 --out run/
  silhouette simulate --data people.jsonl --task interest --adaptive-clip --target-quantile 0.7
  silhouette simulate --data people.jsonl --task interest --noise tree --rounds 128 --cohort 60 --min-separation 8
  silhouette simulate --data people.jsonl --task interest --noise-multiplier 2 --rounds 1000 --stop-at-epsilon 4
  silhouette simulate --data people.jsonl --task interest --rounds 1000 --out run/ --resume
  silhouette simulate --data people.jsonl --task interest --compare
  silhouette simulate --data people.jsonl --task interest --evaluate-privately 5 --label-counts
  silhouette simulate --data reviews.csv --task sentiment --partition dirichlet:0.1 --people 500
  silhouette simulate --data people.silx --rounds 50    (after silhouette encode)
  silhouette simulate --data people.jsonl --task interest --encoder bert --encoder-weights all-MiniLM-L6-v2
  silhouette simulate --population 1000000 --cohort 100000 --rounds 3
  silhouette simulate --population 5000 --cohort 100 --trace default --over-selection 1.3 --deadline 600
  silhouette simulate --population 5000 --trace phones.toml --asynchronous --buffer 50 --concurrency 200
  silhouette simulate --data people.jsonl --task interest --mode distributed --groups 5 --trim 1 --poison boost:0.01")]
pub(crate) struct Args {
    /// JSON Lines, CSV or LEAF's JSON (each also .gz), a folder of .txt files or of LEAF's, with train
    /// and test, or people from silhouette encode, who are read when their turn comes.
    #[arg(long, required_unless_present = "population")]
    data: Option<PathBuf>,
    /// The column that holds the label, or a task file (.toml); that of encoded people is in their file.
    #[arg(long)]
    task: Option<String>,
    /// Instead of --data: so many made-up people, written and encoded only when their turn comes.
    #[arg(long, value_name = "PEOPLE", conflicts_with_all = ["data", "task", "strict"])]
    population: Option<usize>,
    /// Deal the rows of --data to made-up people instead of its users: iid; dirichlet:ALPHA, a label mixture of their
    /// own for each, the more skewed the smaller ALPHA; shards:N, N shards of rows sorted by label; labels:N, exactly N
    /// labels each; quantity:ALPHA, unequal amounts.
    #[arg(long, value_name = "SKEW", conflicts_with = "population")]
    partition: Option<String>,
    /// How many people --partition makes up, held-out ones included [default: as many as the file has users, or one for
    /// every 20 labelled rows]
    #[arg(long, requires = "partition")]
    people: Option<usize>,
    /// Where the results go.
    #[arg(long, default_value = "run")]
    pub(super) out: PathBuf,
    /// Go on with the run that was stopped, from the checkpoint in the folder of its results; with the same data and
    /// settings.
    #[arg(long)]
    resume: bool,
    /// Keep a checkpoint after every so many rounds; 0 for never [default: when 5 seconds have passed since the last]
    #[arg(long, value_name = "ROUNDS")]
    checkpoint_every: Option<u64>,
    /// Who adds the noise: nobody, the aggregator, each device all of it, or each device its share
    /// under masks that only the sum is free of [default: central]
    #[arg(long, value_parser = ["none", "central", "local", "distributed"])]
    mode: Option<String>,
    /// Mode distributed: run keys, shares and masks for real. The model is the same, bit for bit,
    /// without; the time is not.
    #[arg(long)]
    secure_aggregation: bool,
    /// With --secure-aggregation: devices prove identities that an authority apart from the aggregator
    /// has endorsed, and agree on who survived (the active mode). The model is the same, bit for bit.
    #[arg(long, requires = "secure_aggregation")]
    active_mode: bool,
    /// Mode distributed: split the devices of a round at random into this many groups, each a masked
    /// sum of its own with all of the noise [default: 1]
    #[arg(long)]
    groups: Option<u32>,
    /// Leave out this many of the smallest and of the largest of the groups' values of each number:
    /// so many bad groups cannot move the model out of the others' range [default: 0]
    #[arg(long)]
    trim: Option<u32>,
    /// Mode distributed, for research: let a share of the devices attack. boost:0.01 sends its update
    /// turned around, a hundred clip norms long; flip:0.01 the same within the clip.
    #[arg(long, value_name = "ATTACK:SHARE")]
    poison: Option<String>,
    /// A virtual clock: devices come and go, take their time, vanish. default is the built-in trace; a file says
    /// more of your own devices (.toml), or lists when each of them is there (.jsonl). See docs/simulation.md.
    #[arg(long, value_name = "default|FILE")]
    trace: Option<String>,
    /// With --trace: devices invited per report wanted [default: 1.3]
    #[arg(long, requires = "trace", conflicts_with = "asynchronous", value_name = "FACTOR")]
    over_selection: Option<f64>,
    /// With --trace: virtual seconds from the invitation to the end of a round [default: 600]
    #[arg(long, requires = "trace", conflicts_with = "asynchronous", value_name = "SECONDS")]
    deadline: Option<f64>,
    /// With --trace: fewest reports by the deadline of which a round is made; with fewer it is abandoned, and whoever
    /// trained has paid [default: 80 % of the cohort]
    #[arg(long, requires = "trace", conflicts_with = "asynchronous", value_name = "REPORTS")]
    min_reports: Option<u32>,
    /// With --trace, in mode none or central: no rounds. Devices start whenever a place is free, and every full buffer
    /// of updates makes a version of the model (FedBuff); --rounds counts versions.
    #[arg(long, requires_all = ["trace", "buffer", "concurrency"])]
    asynchronous: bool,
    /// With --asynchronous: updates that make a version, K.
    #[arg(long, requires = "asynchronous", value_name = "K")]
    buffer: Option<u32>,
    /// With --asynchronous: devices at work at the same time, at most.
    #[arg(long, requires = "asynchronous", value_name = "DEVICES")]
    concurrency: Option<u32>,
    /// With --asynchronous: how much less an update counts that began t versions ago: polynomial:A for (1+t)^-A, A from
    /// 0.25 to 2 in quarters, or constant [default: polynomial:0.5]
    #[arg(long, requires = "asynchronous", value_name = "WEIGHT")]
    staleness: Option<String>,
    /// With --asynchronous: an update that began more versions ago is thrown away, and its device has paid for it
    /// [default: 20]
    #[arg(long, requires = "asynchronous", value_name = "VERSIONS")]
    max_staleness: Option<u32>,
    /// The promise per user over all rounds: epsilon [default: 8]
    #[arg(long)]
    epsilon: Option<f64>,
    /// The promise per user over all rounds: delta [default: 1e-5]
    #[arg(long)]
    delta: Option<f64>,
    /// The noise multiplier of every round; epsilon is then what that costs.
    #[arg(long, conflicts_with = "epsilon")]
    noise_multiplier: Option<f64>,
    /// With --noise-multiplier: end before the first round that would take a device past this epsilon.
    #[arg(long, requires = "noise_multiplier", value_name = "EPSILON")]
    stop_at_epsilon: Option<f64>,
    /// For research: end when so many looks at held-out people, whose figures are exact and not private, brought no
    /// better accuracy.
    #[arg(long, value_name = "LOOKS")]
    stop_when_flat: Option<u64>,
    /// Evaluate after every so many rounds, and after the last; 0 for after the last alone [default: 1]
    #[arg(long)]
    evaluate_every: Option<u64>,
    /// Rounds of training [default: 20]
    #[arg(long)]
    rounds: Option<u64>,
    /// After every so many rounds of training, let the devices evaluate the model privately, on texts of theirs that
    /// are kept out of training for it; 0 for never [default: 0]
    #[arg(long, value_name = "K")]
    evaluate_privately: Option<u64>,
    /// Let the very first round count labels: the share of each among people.
    #[arg(long)]
    label_counts: bool,
    /// The share of the privacy budget, of rho, that private evaluation gets [default: 0.1]
    #[arg(long, requires = "evaluate_privately")]
    evaluation_share: Option<f64>,
    /// The share of the privacy budget, of rho, that label counts get [default: 0.02]
    #[arg(long, requires = "label_counts")]
    label_counts_share: Option<f64>,
    /// Per cent of all texts that are kept out of training, where devices evaluate privately [default: 20]
    #[arg(long, requires = "evaluate_privately", value_name = "PERCENT")]
    held_out: Option<u8>,
    /// Devices per round [default: every training user]
    #[arg(long)]
    cohort: Option<u32>,
    /// bag, bag:DIM (trained table of that width), transformer, or bert, a published sentence encoder whose weights
    /// --encoder-weights has [default: the task file's, else bag]
    #[arg(long)]
    encoder: Option<String>,
    /// The folder of a sentence encoder of the BERT family: config.json, a vocabulary, model.safetensors.
    #[arg(long, value_name = "DIR")]
    encoder_weights: Option<PathBuf>,
    /// auto, native, flex, ndarray or wgpu. auto takes native, the hand-written engine, the
    /// fastest on a CPU.
    #[arg(long, default_value = "auto")]
    backend: Backend,
    /// independent: fresh noise in every round. tree: one tree of noise over all rounds (DP-FTRL), in mode
    /// central with server optimiser sgd [default: independent]
    #[arg(long, value_parser = ["independent", "tree"])]
    noise: Option<String>,
    /// Rounds one user may join [default: as many as a balanced schedule asks for]
    #[arg(long)]
    participations: Option<u64>,
    /// Rounds between two participations of one user, at least; 1 allows every round [default: 1]
    #[arg(long)]
    min_separation: Option<u32>,
    /// Clip norm; with --adaptive-clip, of the first round [default: the recipe's, 0.2 for the bag]
    #[arg(long)]
    clip: Option<f64>,
    /// The clip follows a quantile of the norms, which devices tell in a noisy count.
    #[arg(long)]
    adaptive_clip: bool,
    /// The share of updates that an adaptive clip leaves whole [default: 0.5]
    #[arg(long, requires = "adaptive_clip")]
    target_quantile: Option<f64>,
    /// How fast an adaptive clip moves: by at most a factor of e to this power a round [default: 0.2]
    #[arg(long, requires = "adaptive_clip")]
    clip_lr: Option<f64>,
    /// Deviation of the noise on the count, in devices [default: a twentieth of the cohort]
    #[arg(long, requires = "adaptive_clip")]
    count_noise: Option<f64>,
    /// Local learning rate [default: the recipe's]
    #[arg(long)]
    lr: Option<f64>,
    /// Local epochs [default: the recipe's]
    #[arg(long)]
    local_epochs: Option<u32>,
    /// Local batch size [default: the recipe's]
    #[arg(long)]
    batch: Option<u32>,
    /// FedProx's mu; 0 is plain averaging [default: 0]
    #[arg(long)]
    prox_mu: Option<f64>,
    /// Server optimiser: sgd, adam, yogi or adagrad [default: the recipe's]
    #[arg(long)]
    server_opt: Option<String>,
    /// Server learning rate [default: the recipe's]
    #[arg(long)]
    server_lr: Option<f64>,
    /// Hash buckets as a power of two [default: the recipe's]
    #[arg(long)]
    buckets: Option<u8>,
    /// Keep the later texts of everybody who trains out of training, and hold the model beside each person's own
    /// (local only) and one of all texts in one place (central), on the same texts.
    #[arg(long, conflicts_with = "population")]
    compare: bool,
    /// Seed of everything: the same seed gives the same model, bit for bit [default: 7]
    #[arg(long)]
    seed: Option<u64>,
    /// Worker threads [default: all CPUs]; the result does not depend on it.
    #[arg(long)]
    threads: Option<usize>,
    /// Stop at the first bad row instead of counting and skipping it.
    #[arg(long)]
    strict: bool,
}

impl Args {
    /// Where the run is kept.
    pub(super) fn checkpoints(&self, config: &SimulationConfig) -> Checkpoints {
        let every = match self.checkpoint_every {
            // What can't be put down is not, unless somebody asks for it and has to be told.
            None if config.clock.is_some() => CheckpointEvery::Never,
            None => CheckpointEvery::Seconds(5),
            Some(0) => CheckpointEvery::Never,
            Some(rounds) => CheckpointEvery::Rounds(rounds),
        };
        Checkpoints { path: self.out.join("checkpoint.bin"), every, resume: self.resume }
    }

    /// What was asked for, by name; every default is the library's.
    fn settings(&self) -> Settings {
        let asked = |flag: bool| flag.then_some(true);
        Settings {
            mode: self.mode.clone(),
            epsilon: self.epsilon,
            delta: self.delta,
            noise_multiplier: self.noise_multiplier,
            stop_at_epsilon: self.stop_at_epsilon,
            stop_when_flat: self.stop_when_flat,
            noise: self.noise.clone(),
            rounds: self.rounds,
            cohort: self.cohort,
            participations: self.participations,
            min_separation: self.min_separation,
            evaluate_every: self.evaluate_every,
            evaluate_privately: self.evaluate_privately,
            label_counts: asked(self.label_counts),
            evaluation_share: self.evaluation_share,
            label_counts_share: self.label_counts_share,
            held_out: self.held_out,
            encoder: self.encoder.clone(),
            encoder_weights: self.encoder_weights.clone(),
            buckets: self.buckets,
            clip: self.clip,
            adaptive_clip: asked(self.adaptive_clip),
            target_quantile: self.target_quantile,
            clip_lr: self.clip_lr,
            count_noise: self.count_noise,
            lr: self.lr,
            local_epochs: self.local_epochs,
            batch: self.batch,
            prox_mu: self.prox_mu,
            server_opt: self.server_opt.clone(),
            server_lr: self.server_lr,
            secure_aggregation: asked(self.secure_aggregation),
            active_mode: asked(self.active_mode),
            groups: self.groups,
            trim: self.trim,
            poison: self.poison.clone(),
            trace: self.trace.clone(),
            over_selection: self.over_selection,
            deadline: self.deadline,
            min_reports: self.min_reports,
            asynchronous: asked(self.asynchronous),
            buffer: self.buffer,
            concurrency: self.concurrency,
            staleness: self.staleness.clone(),
            max_staleness: self.max_staleness,
            partition: self.partition.clone(),
            people: self.people,
            compare: asked(self.compare),
            seed: self.seed,
            threads: self.threads,
        }
    }

    pub(super) fn config(&self) -> anyhow::Result<SimulationConfig> {
        if let (Some(data), None) = (&self.data, &self.task)
            && !EncodedFile::is_one(data)
        {
            let expected = "a column or a task file, which only people from silhouette encode need not have";
            bail!(Usage(format!("--task: expected {expected}, found none")));
        }
        let config = self.settings().config().map_err(|error| Usage(error.to_string()))?;
        config.validate().map_err(|error| Usage(error.to_string()))?;
        Ok(config)
    }

    pub(super) fn data(&self, config: &SimulationConfig) -> anyhow::Result<Dataset> {
        let path = match (&self.data, self.population) {
            (_, Some(users)) => {
                let made = SynthConfig { users, seed: config.seed, ..SynthConfig::default() };
                return Ok(Dataset::of_population(made, config)?);
            }
            (Some(path), None) => path,
            (None, None) => bail!(Usage("--data: expected a file, or --population".into())),
        };
        // Encoded people have their task with them.
        let Some(task) = &self.task else { return Ok(Dataset::of_encoded(path, config)?) };
        let options = ReadOptions { strict: self.strict, ..ReadOptions::default() };
        Ok(Dataset::load(path, &options, &task_of(task)?, config)?)
    }

    pub(super) fn engine(&self) -> anyhow::Result<(Arc<dyn Engine>, String)> {
        let backend = if self.backend == Backend::Auto { Backend::Native } else { self.backend };
        let chosen = choose(backend)?;
        Ok((chosen.engine, chosen.why))
    }
}
