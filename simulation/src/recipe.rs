//! The default recipe: everything that is neither asked for nor learned.
//!
//! Its constants were set once, on a validation part of training users, and are the same for every
//! data set, so that no run chooses them on private data (docs/benchmarks.md). What it looks at is
//! public: the number of users and the budget.

use silhouette_model::{BagSpec, BertSpec, EncoderSpec, LocalTraining, TransformerSpec, hashed_share};
use silhouette_query::{OptimiserConfig, OptimiserKind};

use crate::config::{EncoderChoice, SimulationConfig};

/// A batch that holds all examples of any device.
pub(crate) const FULL_BATCH: u32 = 65_536;

/// The numbers of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// The encoder.
    pub encoder: EncoderSpec,
    /// Clip norm, c.
    pub clip: f64,
    /// Local training.
    pub training: LocalTraining,
    /// Server optimiser.
    pub optimiser: OptimiserConfig,
}

impl Recipe {
    /// The recipe for `users` training users and a total budget of `rho` (`None`: no noise).
    /// `stated` is the encoder that a task file states; it holds unless the configuration asks for
    /// another.
    pub fn of(config: &SimulationConfig, stated: Option<&EncoderSpec>, users: usize, rho: Option<f64>) -> Self {
        let users = config.worth_of(users);
        let mut recipe = match (config.encoder, stated) {
            (Some(EncoderChoice::TrainedBag(dim)), _) => Self::trained_bag(dim),
            (Some(EncoderChoice::Transformer), _) => Self::transformer(),
            (Some(EncoderChoice::Bert), _) => Self::bert(config.bert(), rho),
            (None, Some(spec)) => Self::stated(spec, users, rho),
            (Some(EncoderChoice::Bag) | None, _) => Self::frozen_bag(users, rho),
        };
        if let (Some(power), EncoderSpec::Bag(bag)) = (config.buckets_log2, &mut recipe.encoder) {
            bag.buckets_log2 = power;
        }
        if let (Some(power), EncoderSpec::Bert(bert)) = (config.buckets_log2, &mut recipe.encoder) {
            bert.hashed = Some(power);
        }
        if let (Some(power), EncoderSpec::Transformer(t)) = (config.buckets_log2, &mut recipe.encoder) {
            t.buckets_log2 = power;
        }
        let training = &mut recipe.training;
        training.epochs = config.local_epochs.unwrap_or(training.epochs);
        training.batch = config.batch.unwrap_or(training.batch);
        training.learning_rate = config.learning_rate.unwrap_or(training.learning_rate);
        training.proximal_mu = config.proximal_mu;
        recipe.clip = config.clip.unwrap_or(recipe.clip);
        // A tree's noise is only taken off again by an optimiser that is linear in the updates.
        let linear = config.tree.then_some(OptimiserKind::Sgd);
        if let Some(kind) = config.server_optimiser.or(linear) {
            recipe.optimiser = Self::optimiser(kind);
        }
        recipe.optimiser.learning_rate = config.server_learning_rate.unwrap_or(recipe.optimiser.learning_rate);
        recipe
    }

    /// The encoder as it is stated, trained as the recipe trains its kind.
    fn stated(spec: &EncoderSpec, users: usize, rho: Option<f64>) -> Self {
        let kind = match spec {
            EncoderSpec::Bag(BagSpec { dim: None, .. }) => Self::frozen_bag(users, rho),
            EncoderSpec::Bag(BagSpec { dim: Some(dim), .. }) => Self::trained_bag(*dim),
            EncoderSpec::Bert(bert) => Self::bert(bert.clone(), rho),
            _ => Self::transformer(),
        };
        Self { encoder: spec.clone(), ..kind }
    }

    /// One clipped full-batch step per device and round on frozen features: with a convex loss and
    /// everybody in every round, more local steps brought nothing, and a small clip makes every
    /// user's vote nearly equal.
    fn frozen_bag(users: usize, rho: Option<f64>) -> Self {
        // Noise in an output is the noise's deviation times the length of the text's vector,
        // whatever the number of buckets; without noise fewer collisions are worth their bytes.
        let buckets_log2 = if rho.is_some() { 14 } else { 16 };
        let bag =
            BagSpec { buckets_log2, dim: None, hidden: None, words: true, hashed_share: hashed_share(rho, users) };
        Self {
            encoder: EncoderSpec::Bag(bag),
            clip: 0.2,
            training: LocalTraining {
                epochs: 1,
                batch: FULL_BATCH,
                learning_rate: 3.0,
                proximal_mu: 0.0,
                shuffled: true,
            },
            optimiser: OptimiserConfig::default(),
        }
    }

    /// The frozen bag's rounds on a sentence encoder's vectors: dense and narrow, they take a smaller step of the
    /// server, without noise a yet smaller one, and then a clip that leaves most updates whole.
    fn bert(spec: BertSpec, rho: Option<f64>) -> Self {
        let bag = Self::frozen_bag(1, rho);
        let (clip, learning_rate) = if rho.is_some() { (0.2, 0.25) } else { (1.0, 0.1) };
        let optimiser = OptimiserConfig { learning_rate, ..bag.optimiser };
        Self { encoder: EncoderSpec::Bert(spec), clip, optimiser, ..bag }
    }

    fn trained_bag(dim: usize) -> Self {
        let bag = BagSpec { buckets_log2: 12, dim: Some(dim), words: false, ..BagSpec::default() };
        Self {
            encoder: EncoderSpec::Bag(bag),
            clip: 1.0,
            training: LocalTraining { epochs: 2, batch: 8, learning_rate: 1.0, proximal_mu: 0.0, shuffled: true },
            optimiser: Self::optimiser(OptimiserKind::Sgd),
        }
    }

    fn transformer() -> Self {
        Self {
            encoder: EncoderSpec::Transformer(TransformerSpec::default()),
            clip: 1.0,
            training: LocalTraining { epochs: 1, batch: 8, learning_rate: 0.2, proximal_mu: 0.0, shuffled: true },
            optimiser: Self::optimiser(OptimiserKind::Sgd),
        }
    }

    /// Each optimiser with settings that suit mean updates of norm 1 or less.
    fn optimiser(kind: OptimiserKind) -> OptimiserConfig {
        let base = OptimiserConfig { kind, ..OptimiserConfig::default() };
        match kind {
            OptimiserKind::Adam => base,
            OptimiserKind::Sgd => OptimiserConfig { learning_rate: 1.0, momentum: 0.9, ..base },
            _ => OptimiserConfig { learning_rate: 0.1, tau: 1e-3, ..base },
        }
    }
}
