//! What a simulated device costs before it computes anything: checks, ledger, release, sum.
//!
//! Run: `cargo run --release -p silhouette-simulation --example overhead -- [--cohort 500] [--parameters 100000]`
//!
//! Devices whose training is left out take part in rounds with noise. In `none` they touched no parameter, in `all`
//! their update has every one of them, as where a framework ships whole models. Prints one line of JSON each.
#![allow(clippy::unwrap_used, reason = "an example may panic on what it was not made for")]

use silhouette_model::{
    BagSpec, Change, EncoderSpec, Engine, EngineError, Example, Examples, LocalTraining, Model, Run, Target, Task,
    TextVector,
};
use silhouette_privacy::Mode;
use silhouette_simulation::{
    Dataset, MakePeople, People, PersonError, PrivacyChoice, Recipe, SimulationConfig, User, run,
};

/// Training that is none.
struct Nothing {
    touches_all: bool,
}

impl Engine for Nothing {
    fn name(&self) -> &str {
        "nothing"
    }

    fn train(&self, model: &Model, _: &Examples, _: &LocalTraining, _: u64) -> Result<Change, EngineError> {
        let dimension = model.layout().total();
        if !self.touches_all {
            return Ok(Change { dimension, ..Change::default() });
        }
        let all = Run { start: 0, len: dimension as u32 };
        Ok(Change { dimension, runs: vec![all], values: vec![1e-4; dimension] })
    }

    fn predict(&self, model: &Model, texts: &[&TextVector]) -> Result<Vec<Vec<f32>>, EngineError> {
        Ok(vec![vec![0.0; model.task().outputs()]; texts.len()])
    }
}

/// As many people as are asked for, each with one text.
struct Anybody(usize);

impl MakePeople for Anybody {
    fn len(&self) -> usize {
        self.0
    }

    fn make(&self, number: usize) -> Result<User, PersonError> {
        let vector = TextVector::from_entries(vec![(1, 1.0)]);
        let examples = Examples::from_items(vec![Example { vector, targets: vec![Some(Target::Class(0))] }]);
        Ok(User { id: number.to_string(), examples, unseen: Vec::new() })
    }
}

/// A model of about so many parameters: a frozen bag's head of 32 labels.
fn task(parameters: usize) -> Task {
    let buckets_log2 = (parameters / 32).max(64).ilog2() as u8;
    let encoder = EncoderSpec::Bag(BagSpec { buckets_log2, words: false, ..BagSpec::default() });
    // As many labels as make up for buckets coming in powers of two.
    let labels = (parameters >> buckets_log2).max(2);
    Task::of_labels("overhead", (0..labels).map(|i| format!("{i:03}")).collect(), encoder).unwrap()
}

fn option(name: &str, default: usize) -> usize {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1).map_or(default, |value| value.parse().unwrap_or_else(|e| panic!("{name} {value}: {e}")))
}

/// The largest memory this process has had, in MiB; 0 where there is no `/proc`.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

fn main() {
    let (cohort, rounds) = (option("--cohort", 100), option("--rounds", 5));
    let task = task(option("--parameters", 100_000));
    for touches_all in [false, true] {
        let config = SimulationConfig {
            privacy: PrivacyChoice::Budget { mode: Mode::Central, epsilon: 8.0, delta: 1e-5 },
            rounds: rounds as u64,
            evaluate_every: 0,
            ..SimulationConfig::default()
        };
        let recipe = Recipe { encoder: task.encoder.clone(), ..Recipe::of(&config, None, cohort, None) };
        let people = People::Made(Box::new(Anybody(cohort)));
        let data = Dataset::of_examples(task.clone(), recipe, people, Vec::new()).unwrap();
        let mut seconds = Vec::new();
        run(&data, &config, &Nothing { touches_all }, &mut |record| seconds.push(record.seconds)).unwrap();
        seconds.sort_by(f64::total_cmp);
        println!(
            "{{\"touched\": \"{}\", \"parameters\": {}, \"cohort\": {cohort}, \"threads\": {}, \
             \"microseconds_per_device\": {:.2}, \"seconds_round_median\": {:.6}, \"peak_mib\": {:.1}}}",
            if touches_all { "all" } else { "none" },
            Model::new(task.clone(), 0).layout().total(),
            config.threads,
            1e6 * seconds[seconds.len() / 2] / cohort as f64,
            seconds[seconds.len() / 2],
            peak_mib(),
        );
    }
}
