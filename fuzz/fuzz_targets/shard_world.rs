//! A tiny simulation, whose rounds and partial sums the targets read. Devices don't train.

use std::sync::LazyLock;

use silhouette_model::{
    BagSpec, Change, EncoderSpec, Engine, EngineError, Example, Examples, FileShape, LocalTraining, Model, Target,
    Task, TextVector,
};
use silhouette_privacy::Mode;
use silhouette_simulation::{
    Dataset, MakePeople, People, PersonError, PrivacyChoice, Recipe, SimulationConfig, SimulationShard, User,
};

/// People of the data set.
pub const PEOPLE: usize = 12;
/// Groups of a round.
pub const GROUPS: u32 = 2;

struct Nothing;

impl Engine for Nothing {
    fn name(&self) -> &str {
        "nothing"
    }

    fn train(&self, model: &Model, _: &Examples, _: &LocalTraining, _: u64) -> Result<Change, EngineError> {
        Ok(Change { dimension: model.layout().total(), ..Change::default() })
    }

    fn predict(&self, model: &Model, texts: &[&TextVector]) -> Result<Vec<Vec<f32>>, EngineError> {
        Ok(vec![vec![0.0; model.task().outputs()]; texts.len()])
    }
}

struct Anybody;

impl MakePeople for Anybody {
    fn len(&self) -> usize {
        PEOPLE
    }

    fn make(&self, number: usize) -> Result<User, PersonError> {
        let vector = TextVector::from_entries(vec![(1, 1.0)]);
        let examples = Examples::from_items(vec![Example { vector, targets: vec![Some(Target::Class(0))] }]);
        Ok(User { id: number.to_string(), examples, unseen: Vec::new() })
    }
}

fn task() -> Task {
    let encoder = EncoderSpec::Bag(BagSpec { buckets_log2: 6, words: false, ..BagSpec::default() });
    Task::of_labels("t", ["a".into(), "b".into()].into(), encoder).expect("a task")
}

/// The shard that reads.
pub static SHARD: LazyLock<SimulationShard<'static>> = LazyLock::new(|| {
    let config = Box::leak(Box::new(SimulationConfig {
        privacy: PrivacyChoice::Budget { mode: Mode::Distributed, epsilon: 8.0, delta: 1e-5 },
        rounds: 4,
        groups: GROUPS,
        threads: 1,
        ..SimulationConfig::default()
    }));
    let recipe = Recipe { encoder: task().encoder, ..Recipe::of(config, None, PEOPLE, None) };
    let people = People::Made(Box::new(Anybody));
    let data = Box::leak(Box::new(Dataset::of_examples(task(), recipe, people, Vec::new()).expect("a data set")));
    SimulationShard::new(data, config, &Nothing).expect("a shard")
});

/// A round's bytes from the part of its head that a fuzzer can do something with: numbers that no one guesses, the
/// run's fingerprint and the hash of the model, are right.
pub fn round_bytes(round: u64, now: u64, clip: f64, lists: &[u8]) -> Vec<u8> {
    static MODEL: LazyLock<(Vec<u8>, [u8; 32])> = LazyLock::new(|| {
        let model = Model::new(task(), 7);
        let values = model.values().iter().flat_map(|value| value.to_le_bytes()).collect();
        (values, FileShape::of(&model).expect("a file").hash(&model).0)
    });
    let (values, base) = &*MODEL;
    let before = (SHARD.fingerprint().0, round, now, *base, clip);
    let head = [postcard::to_stdvec(&before).expect("numbers"), lists.to_vec()].concat();
    [&(head.len() as u64).to_le_bytes()[..], &head, values].concat()
}
