//! Server optimisers: what the aggregator does with the decoded mean update.
//!
//! All of it is post-processing of a released sum, so it costs no privacy. Notation of Reddi et
//! al., "Adaptive Federated Optimization" (2021), Algorithm 2: `Delta_t` the mean update, `m_t` the
//! first moment, `v_t` the second, `eta` the server learning rate, `tau` the adaptivity.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How much of the known noise variance is taken off the second moment.
const NOISE_MARGIN: f64 = 4.0;

/// The least denominator of Adam, in standard deviations of the noise.
const NOISE_FLOOR: f64 = 0.7;

/// Which optimiser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum OptimiserKind {
    /// `w <- w + eta m`, `m <- momentum m + Delta`; plain averaging with momentum 0.
    Sgd,
    /// Adam with bias-corrected moments, aware of the noise it is given: see
    /// [`ServerOptimiser::step`].
    Adam,
    /// FedYogi: the second moment moves by its sign, so it cannot grow at once.
    Yogi,
    /// FedAdagrad: the second moment only grows.
    Adagrad,
}

impl FromStr for OptimiserKind {
    type Err = OptimiserError;

    fn from_str(s: &str) -> Result<Self, OptimiserError> {
        match s {
            "sgd" => Ok(Self::Sgd),
            "adam" => Ok(Self::Adam),
            "yogi" => Ok(Self::Yogi),
            "adagrad" => Ok(Self::Adagrad),
            _ => Err(OptimiserError::Unknown(s.to_owned())),
        }
    }
}

/// Settings of a server optimiser.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptimiserConfig {
    /// Which optimiser.
    pub kind: OptimiserKind,
    /// Server learning rate, eta.
    pub learning_rate: f64,
    /// First-moment decay: momentum of SGD, `beta_1` of the adaptive ones.
    pub momentum: f64,
    /// Second-moment decay, `beta_2`.
    pub beta2: f64,
    /// Adaptivity, tau: added to the root of the second moment. For Adam, in units of the clip norm
    /// and only a floor: what noise there is sets a higher one.
    pub tau: f64,
    /// Share of the last rounds whose iterates are averaged into the published model, 0 to 1.
    /// Averaging lowers the noise of the result and costs no privacy.
    pub averaging: f64,
}

impl Default for OptimiserConfig {
    fn default() -> Self {
        Self { kind: OptimiserKind::Adam, learning_rate: 0.3, momentum: 0.9, beta2: 0.99, tau: 2e-5, averaging: 0.0 }
    }
}

/// Settings or state that can't be used.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum OptimiserError {
    /// No optimiser of this name.
    #[error("server optimiser: expected sgd, adam, yogi or adagrad, found {0}")]
    Unknown(String),
    /// A setting outside its range.
    #[error("server optimiser, {field}: expected {expected}, found {found}")]
    Setting {
        /// The setting.
        field: &'static str,
        /// What is accepted.
        expected: &'static str,
        /// What was found.
        found: f64,
    },
    /// The update's length is not the model's.
    #[error("server optimiser: expected an update of {expected} values, found {found}")]
    Dimension {
        /// The model's dimension.
        expected: usize,
        /// The update's.
        found: usize,
    },
    /// Stored state that does not fit.
    #[error("server optimiser state: expected {expected} bytes, found {found}")]
    State {
        /// Bytes expected.
        expected: usize,
        /// Bytes found.
        found: usize,
    },
}

/// A server optimiser with its state.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerOptimiser {
    config: OptimiserConfig,
    step: u64,
    m: Vec<f32>,
    v: Vec<f32>,
    iterate: Vec<f32>,
    average: Vec<f32>,
    averaged: u64,
}

impl ServerOptimiser {
    /// A fresh optimiser that starts at `parameters`.
    ///
    /// # Errors
    /// When a setting is outside its range.
    pub fn new(config: OptimiserConfig, parameters: &[f32]) -> Result<Self, OptimiserError> {
        let check = |ok: bool, field, expected, found| {
            if ok { Ok(()) } else { Err(OptimiserError::Setting { field, expected, found }) }
        };
        let c = config;
        check(c.learning_rate.is_finite() && c.learning_rate > 0.0, "learning_rate", "above 0", c.learning_rate)?;
        check((0.0..1.0).contains(&c.momentum), "momentum", "0 to below 1", c.momentum)?;
        check((0.0..1.0).contains(&c.beta2), "beta2", "0 to below 1", c.beta2)?;
        check(c.tau.is_finite() && c.tau > 0.0, "tau", "above 0", c.tau)?;
        check((0.0..=1.0).contains(&c.averaging), "averaging", "0 to 1", c.averaging)?;
        let d = parameters.len();
        Ok(Self {
            config,
            step: 0,
            m: vec![0.0; d],
            v: vec![if c.kind == OptimiserKind::Adam { 0.0 } else { (c.tau * c.tau) as f32 }; d],
            iterate: parameters.to_vec(),
            average: vec![0.0; d],
            averaged: 0,
        })
    }

    /// Takes the decoded mean update of round `round` of `rounds`, on each coordinate of which lies
    /// noise of standard deviation `noise_sd` (public, 0 without noise), and returns the parameters
    /// to publish.
    ///
    /// Adam knows the noise. The second moment of a noisy update is the signal's plus `noise_sd^2`,
    /// so the known part is taken off again (Tang, Shpilevskiy, Lecuyer 2024, "DP-AdamBC", section
    /// 3; here [`NOISE_MARGIN`] times it, for the scatter of the estimate) and the denominator never
    /// falls below [`NOISE_FLOOR`] noise deviations:
    /// `w <- w + eta m / (sqrt(max(v_hat - margin noise_sd^2, 0)) + max(tau, floor noise_sd))`.
    /// Without noise this is Adam; under much noise it is SGD with momentum whose step is measured
    /// in units of the noise, so that one learning rate serves every budget.
    /// The next round's devices start from [`iterate`](Self::iterate), which differs from
    /// the published ones only while iterates are averaged.
    ///
    /// # Errors
    /// When the update has another length than the model.
    pub fn step(&mut self, mean: &[f32], noise_sd: f64, round: u64, rounds: u64) -> Result<Vec<f32>, OptimiserError> {
        if mean.len() != self.iterate.len() {
            return Err(OptimiserError::Dimension { expected: self.iterate.len(), found: mean.len() });
        }
        self.step += 1;
        match self.config.kind {
            OptimiserKind::Sgd => self.step_sgd(mean),
            OptimiserKind::Adam => self.step_adam(mean, noise_sd),
            kind => self.step_adaptive(mean, kind),
        }
        let first_averaged = rounds as f64 * (1.0 - self.config.averaging);
        if self.config.averaging > 0.0 && round as f64 > first_averaged {
            self.averaged += 1;
            let share = 1.0 / self.averaged as f32;
            self.average.iter_mut().zip(&self.iterate).for_each(|(a, w)| *a += share * (w - *a));
            return Ok(self.average.clone());
        }
        Ok(self.iterate.clone())
    }

    /// The parameters the next round starts from.
    pub fn iterate(&self) -> &[f32] {
        &self.iterate
    }

    fn step_sgd(&mut self, mean: &[f32]) {
        let (eta, momentum) = (self.config.learning_rate as f32, self.config.momentum as f32);
        for ((w, m), delta) in self.iterate.iter_mut().zip(&mut self.m).zip(mean) {
            *m = momentum * *m + delta;
            *w += eta * *m;
        }
    }

    fn step_adam(&mut self, mean: &[f32], noise_sd: f64) {
        let c = self.config;
        let t = i32::try_from(self.step).unwrap_or(i32::MAX);
        // Under noise the first moment's bias is left in place: it is a warm-up.
        let correct1 = if noise_sd > 0.0 { 1.0 } else { 1.0 - c.momentum.powi(t) };
        let correct2 = 1.0 - c.beta2.powi(t);
        let known = (NOISE_MARGIN * noise_sd * noise_sd) as f32;
        let floor = c.tau.max(NOISE_FLOOR * noise_sd) as f32;
        let eta = (c.learning_rate / correct1) as f32;
        let (b1, b2, correct2) = (c.momentum as f32, c.beta2 as f32, correct2 as f32);
        for (((w, m), v), &delta) in self.iterate.iter_mut().zip(&mut self.m).zip(&mut self.v).zip(mean) {
            *m = b1 * *m + (1.0 - b1) * delta;
            *v = b2 * *v + (1.0 - b2) * delta * delta;
            *w += eta * *m / ((*v / correct2 - known).max(0.0).sqrt() + floor);
        }
    }

    fn step_adaptive(&mut self, mean: &[f32], kind: OptimiserKind) {
        let c = self.config;
        let (eta, b1, b2, tau) = (c.learning_rate as f32, c.momentum as f32, c.beta2 as f32, c.tau as f32);
        for (((w, m), v), &delta) in self.iterate.iter_mut().zip(&mut self.m).zip(&mut self.v).zip(mean) {
            *m = b1 * *m + (1.0 - b1) * delta;
            let square = delta * delta;
            *v = match kind {
                OptimiserKind::Yogi => *v - (1.0 - b2) * square * sign(*v - square),
                _ => *v + square,
            };
            *w += eta * *m / (v.sqrt() + tau);
        }
    }

    /// The state as bytes, for an aggregator that survives a restart: step and averaged count as
    /// u64, then m, v, iterate and average as f32, all little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(16 + 16 * self.m.len());
        bytes.extend(self.step.to_le_bytes());
        bytes.extend(self.averaged.to_le_bytes());
        for vector in [&self.m, &self.v, &self.iterate, &self.average] {
            bytes.extend(vector.iter().flat_map(|x| x.to_le_bytes()));
        }
        bytes
    }

    /// Restores [`to_bytes`](Self::to_bytes) for a model of `dimension` parameters.
    ///
    /// # Errors
    /// When the length does not fit.
    pub fn from_bytes(config: OptimiserConfig, dimension: usize, bytes: &[u8]) -> Result<Self, OptimiserError> {
        let expected = 16 + 16 * dimension;
        if bytes.len() != expected {
            return Err(OptimiserError::State { expected, found: bytes.len() });
        }
        let word = |at: usize| {
            let mut b = [0; 8];
            b.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(b)
        };
        let vector = |i: usize| -> Vec<f32> {
            let start = 16 + 4 * dimension * i;
            bytes[start..start + 4 * dimension]
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect()
        };
        Ok(Self {
            config,
            step: word(0),
            averaged: word(8),
            m: vector(0),
            v: vector(1),
            iterate: vector(2),
            average: vector(3),
        })
    }
}

/// The sign of a number, 0 for 0 (`f32::signum` says 1).
fn sign(x: f32) -> f32 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(kind: OptimiserKind) -> OptimiserConfig {
        OptimiserConfig { kind, learning_rate: 0.1, momentum: 0.5, beta2: 0.5, tau: 0.5, averaging: 0.0 }
    }

    /// Two steps by hand: Delta = 1, then -2, from w = 0.
    fn two_steps(kind: OptimiserKind) -> f32 {
        let mut o = ServerOptimiser::new(config(kind), &[0.0]).unwrap();
        o.step(&[1.0], 0.0, 1, 2).unwrap();
        o.step(&[-2.0], 0.0, 2, 2).unwrap()[0]
    }

    #[test]
    fn each_optimiser_follows_its_equations() {
        // SGD: m = 1, then -1.5.
        assert!((two_steps(OptimiserKind::Sgd) - 0.1 * (1.0 - 1.5)).abs() < 1e-6);
        // Adaptive: m = .5, then -.75; v0 = tau^2 = .25.
        let adaptive = |v1: f32, v2: f32| 0.1 * (0.5 / (v1.sqrt() + 0.5) - 0.75 / (v2.sqrt() + 0.5));
        // Adam, bias-corrected: m = 1, then (.25 - 1) / .75; v = 1, then (.25 + 2) / .75.
        let adam = 0.1 * (1.0 / 1.5 - (0.75 / 0.75) / ((2.25_f32 / 0.75).sqrt() + 0.5));
        assert!((two_steps(OptimiserKind::Adam) - adam).abs() < 1e-6);
        assert!((two_steps(OptimiserKind::Yogi) - adaptive(0.75, 2.75)).abs() < 1e-6);
        assert!((two_steps(OptimiserKind::Adagrad) - adaptive(1.25, 5.25)).abs() < 1e-6);
    }

    #[test]
    fn adam_moves_little_on_noise_alone_and_fast_on_signal() {
        let c = OptimiserConfig { momentum: 0.9, beta2: 0.99, tau: 1e-4, ..config(OptimiserKind::Adam) };
        let mut o = ServerOptimiser::new(c, &[0.0, 0.0]).unwrap();
        // Noise of sd 1 and alternating sign on the first coordinate, a signal of 1 on the second.
        for r in 1..=20 {
            o.step(&[if r % 2 == 0 { 1.0 } else { -1.0 }, 1.0], 1.0, r, 20).unwrap();
        }
        assert!(o.iterate()[0].abs() < 0.2 && o.iterate()[1] > 1.0, "{:?}", o.iterate());
    }

    #[test]
    fn averaging_publishes_the_mean_of_the_last_iterates() {
        let c = OptimiserConfig { averaging: 0.5, momentum: 0.0, learning_rate: 1.0, ..config(OptimiserKind::Sgd) };
        let mut o = ServerOptimiser::new(c, &[0.0]).unwrap();
        let published: Vec<f32> = (1..=4).map(|r| o.step(&[1.0], 0.0, r, 4).unwrap()[0]).collect();
        assert_eq!(published, [1.0, 2.0, 3.0, 3.5]);
        assert_eq!(o.iterate(), [4.0]);
    }

    #[test]
    fn a_restart_goes_on_where_it_stopped() {
        let mut o = ServerOptimiser::new(config(OptimiserKind::Adam), &[0.0, 1.0]).unwrap();
        o.step(&[1.0, -1.0], 0.0, 1, 3).unwrap();
        let mut restored = ServerOptimiser::from_bytes(config(OptimiserKind::Adam), 2, &o.to_bytes()).unwrap();
        assert_eq!(restored, o);
        assert_eq!(restored.step(&[0.5, 0.5], 0.1, 2, 3), o.step(&[0.5, 0.5], 0.1, 2, 3));
        assert!(ServerOptimiser::from_bytes(config(OptimiserKind::Adam), 3, &o.to_bytes()).is_err());
    }

    #[test]
    fn wrong_settings_and_dimensions_are_refused() {
        let bad = OptimiserConfig { momentum: 1.0, ..config(OptimiserKind::Sgd) };
        assert!(matches!(ServerOptimiser::new(bad, &[0.0]), Err(OptimiserError::Setting { field: "momentum", .. })));
        let mut o = ServerOptimiser::new(config(OptimiserKind::Sgd), &[0.0]).unwrap();
        assert_eq!(o.step(&[1.0, 2.0], 0.0, 1, 1), Err(OptimiserError::Dimension { expected: 1, found: 2 }));
    }
}
