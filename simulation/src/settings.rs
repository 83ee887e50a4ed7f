//! A run's settings by the names of the program's flags: what the command line, a sweep file and other languages say.

mod clock;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use silhouette_model::bert::BertEncoder;
use silhouette_privacy::Mode;
use silhouette_query::{AdaptiveClipConfig, OptimiserKind};

use crate::config::{ConfigError, EncoderChoice, PrivacyChoice, SimulationConfig};
use crate::partition::Partition;

/// Settings by name, all optional; an absent one has the default of [`SimulationConfig`] or of the recipe.
///
/// The names are those of `silhouette simulate`'s flags with underscores; hyphens are understood too.
///
/// ```
/// use silhouette_simulation::Settings;
///
/// let settings: Settings = serde_json::from_str(r#"{"epsilon": 4, "rounds": 10, "server_opt": "sgd"}"#).unwrap();
/// assert_eq!(settings.config().unwrap().rounds, 10);
/// assert!(serde_json::from_str::<Settings>(r#"{"epsilom": 4}"#).is_err());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `none`, `central`, `local` or `distributed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The promise per user over all rounds: epsilon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<f64>,
    /// The promise per user over all rounds: delta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delta: Option<f64>,
    /// Noise multiplier of every round, instead of epsilon.
    #[serde(alias = "noise-multiplier", skip_serializing_if = "Option::is_none")]
    pub noise_multiplier: Option<f64>,
    /// With a noise multiplier: the run ends before a device would pass this epsilon.
    #[serde(alias = "stop-at-epsilon", skip_serializing_if = "Option::is_none")]
    pub stop_at_epsilon: Option<f64>,
    /// The run ends after so many looks without a better accuracy.
    #[serde(alias = "stop-when-flat", skip_serializing_if = "Option::is_none")]
    pub stop_when_flat: Option<u64>,
    /// `independent` or `tree`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<String>,
    /// Rounds of training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounds: Option<u64>,
    /// Devices per round.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cohort: Option<u32>,
    /// Rounds one user may join.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub participations: Option<u64>,
    /// Rounds between two participations of one user, at least.
    #[serde(alias = "min-separation", skip_serializing_if = "Option::is_none")]
    pub min_separation: Option<u32>,
    /// Rounds of training between two looks at held-out people.
    #[serde(alias = "evaluate-every", skip_serializing_if = "Option::is_none")]
    pub evaluate_every: Option<u64>,
    /// Rounds of training between two private evaluations.
    #[serde(alias = "evaluate-privately", skip_serializing_if = "Option::is_none")]
    pub evaluate_privately: Option<u64>,
    /// Whether the very first round counts labels.
    #[serde(alias = "label-counts", skip_serializing_if = "Option::is_none")]
    pub label_counts: Option<bool>,
    /// The share of rho that private evaluation gets.
    #[serde(alias = "evaluation-share", skip_serializing_if = "Option::is_none")]
    pub evaluation_share: Option<f64>,
    /// The share of rho that label counts get.
    #[serde(alias = "label-counts-share", skip_serializing_if = "Option::is_none")]
    pub label_counts_share: Option<f64>,
    /// Per cent of all texts that are kept out of training for private evaluation.
    #[serde(alias = "held-out", skip_serializing_if = "Option::is_none")]
    pub held_out: Option<u8>,
    /// `bag`, `bag:DIM`, `transformer` or `bert`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoder: Option<String>,
    /// The folder of a sentence encoder's weights, for `bert`.
    #[serde(alias = "encoder-weights", skip_serializing_if = "Option::is_none")]
    pub encoder_weights: Option<PathBuf>,
    /// Hash buckets, as a power of two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buckets: Option<u8>,
    /// Clip norm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// Whether the clip follows a quantile of the norms.
    #[serde(alias = "adaptive-clip", skip_serializing_if = "Option::is_none")]
    pub adaptive_clip: Option<bool>,
    /// The share of updates that an adaptive clip leaves whole.
    #[serde(alias = "target-quantile", skip_serializing_if = "Option::is_none")]
    pub target_quantile: Option<f64>,
    /// How fast an adaptive clip moves.
    #[serde(alias = "clip-lr", skip_serializing_if = "Option::is_none")]
    pub clip_lr: Option<f64>,
    /// Deviation of the noise on the count that moves the clip, in devices.
    #[serde(alias = "count-noise", skip_serializing_if = "Option::is_none")]
    pub count_noise: Option<f64>,
    /// Local learning rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lr: Option<f64>,
    /// Local epochs.
    #[serde(alias = "local-epochs", skip_serializing_if = "Option::is_none")]
    pub local_epochs: Option<u32>,
    /// Local batch size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<u32>,
    /// FedProx's mu.
    #[serde(alias = "prox-mu", skip_serializing_if = "Option::is_none")]
    pub prox_mu: Option<f64>,
    /// `sgd`, `adam`, `yogi` or `adagrad`.
    #[serde(alias = "server-opt", skip_serializing_if = "Option::is_none")]
    pub server_opt: Option<String>,
    /// Server learning rate.
    #[serde(alias = "server-lr", skip_serializing_if = "Option::is_none")]
    pub server_lr: Option<f64>,
    /// Whether keys, shares and masks are run for real.
    #[serde(alias = "secure-aggregation", skip_serializing_if = "Option::is_none")]
    pub secure_aggregation: Option<bool>,
    /// Whether devices prove identities.
    #[serde(alias = "active-mode", skip_serializing_if = "Option::is_none")]
    pub active_mode: Option<bool>,
    /// Groups that a round's devices are split into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<u32>,
    /// Values left out at each end of the groups' means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trim: Option<u32>,
    /// `boost:SHARE` or `flip:SHARE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poison: Option<String>,
    /// `default`, or a file that describes devices in time (.toml, .jsonl): the run gets a virtual clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// With `trace`: devices invited per report wanted.
    #[serde(alias = "over-selection", skip_serializing_if = "Option::is_none")]
    pub over_selection: Option<f64>,
    /// With `trace`: seconds from the invitation to the end of a round.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<f64>,
    /// With `trace`: fewest reports of which a round is made.
    #[serde(alias = "min-reports", skip_serializing_if = "Option::is_none")]
    pub min_reports: Option<u32>,
    /// With `trace`: no rounds, but a buffer (FedBuff).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asynchronous: Option<bool>,
    /// With `asynchronous`: updates that make a version of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buffer: Option<u32>,
    /// With `asynchronous`: devices at work at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// With `asynchronous`: `constant` or `polynomial:A`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staleness: Option<String>,
    /// With `asynchronous`: versions behind which an update is thrown away.
    #[serde(alias = "max-staleness", skip_serializing_if = "Option::is_none")]
    pub max_staleness: Option<u32>,
    /// `iid`, `dirichlet:ALPHA`, `shards:N`, `labels:N` or `quantity:ALPHA`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// Made-up people that a partition deals the rows to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub people: Option<usize>,
    /// Whether later texts are kept out of all training, to compare with models without a federation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compare: Option<bool>,
    /// Seed of everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Worker threads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
}

fn refused(field: &'static str, expected: &str, found: impl fmt::Display) -> ConfigError {
    ConfigError::Setting { field, expected: expected.to_owned(), found: found.to_string() }
}

/// A setting that says more about another, which has to be there.
fn needs<T: fmt::Display>(
    field: &'static str,
    value: Option<T>,
    other: &str,
    there: bool,
) -> Result<Option<T>, ConfigError> {
    match value {
        Some(value) if !there => Err(refused(field, &format!("none without --{other}"), value)),
        value => Ok(value),
    }
}

impl Settings {
    /// The run they describe. Ranges are checked by [`SimulationConfig::validate`], which every run begins with.
    ///
    /// # Errors
    /// Names the first setting that is not understood, or that goes only with another that is not there.
    pub fn config(&self) -> Result<SimulationConfig, ConfigError> {
        let defaults = SimulationConfig::default();
        let queries = self.evaluate_privately.is_some();
        let evaluation_share = needs("evaluation-share", self.evaluation_share, "evaluate-privately", queries)?;
        let held_out = needs("held-out", self.held_out, "evaluate-privately", queries)?;
        let counts = self.label_counts.is_some();
        let label_counts_share = needs("label-counts-share", self.label_counts_share, "label-counts", counts)?;
        Ok(SimulationConfig {
            encoder: self.encoder.as_deref().map(str::parse).transpose()?,
            encoder_weights: self.encoder_weights()?,
            privacy: self.privacy()?,
            noise_multiplier: self.noise_multiplier,
            stop_at_epsilon: self.stop_at_epsilon,
            stop_when_flat: self.stop_when_flat,
            rounds: self.rounds.unwrap_or(defaults.rounds),
            cohort: self.cohort,
            schedule: None,
            evaluate_every: self.evaluate_every.unwrap_or(defaults.evaluate_every),
            evaluate_privately: self.evaluate_privately.unwrap_or(defaults.evaluate_privately),
            label_counts: self.label_counts.unwrap_or(defaults.label_counts),
            evaluation_share: evaluation_share.unwrap_or(defaults.evaluation_share),
            label_counts_share: label_counts_share.unwrap_or(defaults.label_counts_share),
            held_out: held_out.unwrap_or(defaults.held_out),
            participations: self.participations,
            min_separation: self.min_separation.unwrap_or(defaults.min_separation),
            tree: self.tree()?,
            clip: self.clip,
            adaptive_clip: self.adaptive_clip()?,
            learning_rate: self.lr,
            local_epochs: self.local_epochs,
            batch: self.batch,
            proximal_mu: self.prox_mu.unwrap_or(defaults.proximal_mu),
            server_optimiser: self.optimiser()?,
            server_learning_rate: self.server_lr,
            buckets_log2: self.buckets,
            partition: self.partition()?,
            seed: self.seed.unwrap_or(defaults.seed),
            secure_aggregation: self.secure_aggregation()?,
            active_mode: self.active_mode.unwrap_or(defaults.active_mode),
            groups: self.groups.unwrap_or(defaults.groups),
            trim: self.trim.unwrap_or(defaults.trim),
            poison: self.poison.as_deref().map(str::parse).transpose()?,
            clock: self.clock()?,
            compare: self.compare.unwrap_or(defaults.compare),
            threads: self.threads.unwrap_or(defaults.threads),
        })
    }

    fn encoder_weights(&self) -> Result<Option<Arc<BertEncoder>>, ConfigError> {
        let Some(folder) = &self.encoder_weights else { return Ok(None) };
        let weights = BertEncoder::open(folder);
        let wrong = |error| {
            refused("encoder-weights", "the folder of a sentence encoder", format!("{}: {error}", folder.display()))
        };
        Ok(Some(Arc::new(weights.map_err(wrong)?)))
    }

    fn privacy(&self) -> Result<PrivacyChoice, ConfigError> {
        if let (Some(epsilon), Some(_)) = (self.epsilon, self.noise_multiplier) {
            return Err(refused("epsilon", "none with --noise-multiplier, which says what it costs", epsilon));
        }
        let PrivacyChoice::Budget { mode, epsilon, delta } = SimulationConfig::default().privacy else {
            return Ok(PrivacyChoice::None);
        };
        let mode = match self.mode.as_deref() {
            None => mode,
            Some("none") => return Ok(PrivacyChoice::None),
            Some(text) => {
                Mode::from_str(text).map_err(|_| refused("mode", "none, central, local or distributed", text))?
            }
        };
        Ok(PrivacyChoice::Budget { mode, epsilon: self.epsilon.unwrap_or(epsilon), delta: self.delta.unwrap_or(delta) })
    }

    fn tree(&self) -> Result<bool, ConfigError> {
        match self.noise.as_deref() {
            None | Some("independent") => Ok(false),
            Some("tree") => Ok(true),
            Some(other) => Err(refused("noise", "independent or tree", other)),
        }
    }

    fn adaptive_clip(&self) -> Result<Option<AdaptiveClipConfig>, ConfigError> {
        let there = self.adaptive_clip == Some(true);
        let quantile = needs("target-quantile", self.target_quantile, "adaptive-clip", there)?;
        let learning_rate = needs("clip-lr", self.clip_lr, "adaptive-clip", there)?;
        let count_noise = needs("count-noise", self.count_noise, "adaptive-clip", there)?;
        let defaults = AdaptiveClipConfig::default();
        Ok(there.then(|| AdaptiveClipConfig {
            quantile: quantile.unwrap_or(defaults.quantile),
            learning_rate: learning_rate.unwrap_or(defaults.learning_rate),
            count_noise,
            ..defaults
        }))
    }

    fn optimiser(&self) -> Result<Option<OptimiserKind>, ConfigError> {
        let Some(text) = self.server_opt.as_deref() else { return Ok(None) };
        OptimiserKind::from_str(text).map(Some).map_err(|_| refused("server-opt", "sgd, adam, yogi or adagrad", text))
    }

    fn partition(&self) -> Result<Option<Partition>, ConfigError> {
        let people = needs("people", self.people, "partition", self.partition.is_some())?;
        let skew = self.partition.as_deref().map(str::parse).transpose()?;
        Ok(skew.map(|skew| Partition { skew, people }))
    }

    fn secure_aggregation(&self) -> Result<bool, ConfigError> {
        let mode = self.mode.as_deref().unwrap_or("central");
        match self.secure_aggregation {
            Some(true) if mode != "distributed" => Err(refused("secure-aggregation", "--mode distributed", mode)),
            asked => Ok(asked.unwrap_or(false)),
        }
    }
}

impl fmt::Display for EncoderChoice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bag => out.write_str("bag"),
            Self::TrainedBag(width) => write!(out, "bag:{width}"),
            Self::Transformer => out.write_str("transformer"),
            Self::Bert => out.write_str("bert"),
        }
    }
}

impl FromStr for EncoderChoice {
    type Err = ConfigError;

    /// `bag`, `bag:DIM`, `transformer` or `bert`.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let wrong = || refused("encoder", "bag, bag:DIM, transformer or bert", text);
        match text.split_once(':') {
            None if text == "bag" => Ok(Self::Bag),
            None if text == "transformer" => Ok(Self::Transformer),
            None if text == "bert" => Ok(Self::Bert),
            Some(("bag", width)) => width.parse().map(Self::TrainedBag).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Result<SimulationConfig, ConfigError> {
        serde_json::from_str::<Settings>(json).unwrap().config()
    }

    fn field(json: &str) -> &'static str {
        match of(json) {
            Err(ConfigError::Setting { field, .. }) => field,
            other => panic!("{json}: {other:?}"),
        }
    }

    #[test]
    fn nothing_said_is_the_default() {
        assert_eq!(of("{}"), Ok(SimulationConfig::default()));
    }

    #[test]
    fn every_setting_arrives() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/model/tests/golden/tiny-en");
        let json = r#"{"mode": "distributed", "epsilon": 4, "delta": 1e-6, "rounds": 9, "cohort": 12,
            "participations": 3, "min-separation": 2, "evaluate_every": 3, "evaluate-privately": 4,
            "label_counts": true, "evaluation_share": 0.2, "label-counts-share": 0.1, "held_out": 30,
            "encoder": "bag:16", "encoder-weights": "FOLDER", "buckets": 10, "clip": 0.5, "adaptive-clip": true, "target_quantile": 0.7,
            "clip_lr": 0.3, "count_noise": 2, "lr": 0.25, "local_epochs": 2, "batch": 8, "prox_mu": 0.01,
            "server_opt": "yogi", "server-lr": 0.1, "secure_aggregation": true, "active_mode": true, "groups": 3,
            "trim": 1, "poison": "flip:0.1", "partition": "shards:2", "people": 30, "compare": true,
            "stop-at-epsilon": 3, "stop_when_flat": 4, "seed": 5, "threads": 1}"#;
        let config = of(&json.replace("FOLDER", folder)).unwrap();
        let adaptive =
            AdaptiveClipConfig { quantile: 0.7, learning_rate: 0.3, count_noise: Some(2.0), ..Default::default() };
        let expected = SimulationConfig {
            encoder: Some(EncoderChoice::TrainedBag(16)),
            encoder_weights: Some(Arc::new(BertEncoder::open(folder.as_ref()).unwrap())),
            privacy: PrivacyChoice::Budget { mode: Mode::Distributed, epsilon: 4.0, delta: 1e-6 },
            noise_multiplier: None,
            stop_at_epsilon: Some(3.0),
            stop_when_flat: Some(4),
            rounds: 9,
            cohort: Some(12),
            schedule: None,
            evaluate_every: 3,
            evaluate_privately: 4,
            label_counts: true,
            evaluation_share: 0.2,
            label_counts_share: 0.1,
            held_out: 30,
            participations: Some(3),
            min_separation: 2,
            tree: false,
            clip: Some(0.5),
            adaptive_clip: Some(adaptive),
            learning_rate: Some(0.25),
            local_epochs: Some(2),
            batch: Some(8),
            proximal_mu: 0.01,
            server_optimiser: Some(OptimiserKind::Yogi),
            server_learning_rate: Some(0.1),
            buckets_log2: Some(10),
            partition: Some(Partition { skew: crate::Skew::Shards(2), people: Some(30) }),
            seed: 5,
            secure_aggregation: true,
            active_mode: true,
            groups: 3,
            trim: 1,
            poison: Some("flip:0.1".parse().unwrap()),
            clock: None,
            compare: true,
            threads: 1,
        };
        assert_eq!(config, expected);
        assert!(of(r#"{"noise": "tree"}"#).unwrap().tree);
        assert_eq!(of(r#"{"noise-multiplier": 2}"#).unwrap().noise_multiplier, Some(2.0));
        assert_eq!(of(r#"{"mode": "none", "epsilon": 1}"#).unwrap().privacy, PrivacyChoice::None);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        assert_eq!(field(r#"{"mode": "public"}"#), "mode");
        assert_eq!(field(r#"{"noise": "loud"}"#), "noise");
        assert_eq!(field(r#"{"encoder": "bag:wide"}"#), "encoder");
        assert_eq!(field(r#"{"server_opt": "lion"}"#), "server-opt");
        assert_eq!(field(r#"{"poison": "shout:0.1"}"#), "poison");
        assert_eq!(field(r#"{"partition": "thin"}"#), "partition");
        assert_eq!(field(r#"{"epsilon": 1, "noise_multiplier": 2}"#), "epsilon");
        assert_eq!(field(r#"{"secure_aggregation": true}"#), "secure-aggregation");
        for (setting, name) in [
            (r#""target_quantile": 0.5"#, "target-quantile"),
            (r#""clip_lr": 0.5"#, "clip-lr"),
            (r#""count_noise": 1"#, "count-noise"),
            (r#""evaluation_share": 0.5"#, "evaluation-share"),
            (r#""held_out": 10"#, "held-out"),
            (r#""label_counts_share": 0.5"#, "label-counts-share"),
            (r#""people": 30"#, "people"),
        ] {
            assert_eq!(field(&format!("{{{setting}}}")), name);
        }
        for unknown in [r#"{"epsilom": 1}"#, r#"{"schedule": []}"#, r#"{"rounds": -1}"#, r#"{"rounds": "ten"}"#] {
            assert!(serde_json::from_str::<Settings>(unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn an_encoder_is_read_as_it_is_written() {
        for encoder in
            [EncoderChoice::Bag, EncoderChoice::TrainedBag(32), EncoderChoice::Transformer, EncoderChoice::Bert]
        {
            assert_eq!(encoder.to_string().parse(), Ok(encoder));
        }
    }
}
