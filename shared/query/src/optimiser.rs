//! Server optimisers: what the aggregator does with the decoded mean update.
//!
//! All of it is post-processing of a released sum, so it costs no privacy. Notation of Reddi et
//! al., "Adaptive Federated Optimization" (2021), Algorithm 2: `Delta_t` the mean update, `m_t` the
//! first moment, `v_t` the second, `eta` the server learning rate, `tau` the adaptivity.

mod config;

pub use config::{OptimiserConfig, OptimiserError, OptimiserKind};

/// How much of the known noise variance is taken off the second moment.
const NOISE_MARGIN: f64 = 4.0;

/// The least denominator of Adam, in standard deviations of the noise.
const NOISE_FLOOR: f64 = 0.7;

/// A server optimiser with its state.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerOptimiser {
    config: OptimiserConfig,
    step: u64,
    /// Empty where this optimiser has no use for it, as `v` and `average`: all zeros then.
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
        let first = match c.kind {
            OptimiserKind::Adam | OptimiserKind::Sgd => 0.0,
            _ => (c.tau * c.tau) as f32,
        };
        let kept = |used: bool, value: f32| if used { vec![value; d] } else { Vec::new() };
        Ok(Self {
            config,
            step: 0,
            m: kept(c.keeps_m(), 0.0),
            v: kept(c.keeps_v(), first),
            iterate: parameters.to_vec(),
            average: kept(c.averaging > 0.0, 0.0),
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
    pub fn step(&mut self, mean: &[f32], noise_sd: f64, round: u64, rounds: u64) -> Result<&[f32], OptimiserError> {
        if mean.len() != self.iterate.len() {
            return Err(OptimiserError::Dimension { expected: self.iterate.len(), found: mean.len() });
        }
        self.step = self.step.saturating_add(1);
        match self.config.kind {
            OptimiserKind::Sgd => self.step_sgd(mean),
            OptimiserKind::Adam => self.step_adam(mean, noise_sd),
            kind => self.step_adaptive(mean, kind),
        }
        let first_averaged = rounds as f64 * (1.0 - self.config.averaging);
        if self.config.averaging > 0.0 && round as f64 > first_averaged {
            self.averaged = self.averaged.saturating_add(1);
            let share = 1.0 / self.averaged as f32;
            self.average.iter_mut().zip(&self.iterate).for_each(|(a, w)| *a += share * (w - *a));
            return Ok(&self.average);
        }
        Ok(&self.iterate)
    }

    /// The parameters the next round starts from.
    pub fn iterate(&self) -> &[f32] {
        &self.iterate
    }

    fn step_sgd(&mut self, mean: &[f32]) {
        let (eta, momentum) = (self.config.learning_rate as f32, self.config.momentum as f32);
        if !self.config.keeps_m() {
            self.iterate.iter_mut().zip(mean).for_each(|(w, delta)| *w += eta * delta);
            return;
        }
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
        let d = self.iterate.len();
        let mut bytes = Vec::with_capacity(16 + 16 * d);
        bytes.extend(self.step.to_le_bytes());
        bytes.extend(self.averaged.to_le_bytes());
        for vector in [&self.m, &self.v, &self.iterate, &self.average] {
            bytes.extend(vector.iter().flat_map(|x| x.to_le_bytes()));
            bytes.resize(bytes.len() + 4 * (d - vector.len()), 0);
        }
        bytes
    }

    /// Restores [`to_bytes`](Self::to_bytes) for a model of `dimension` parameters.
    ///
    /// # Errors
    /// When the length does not fit, a setting is outside its range, or the numbers are not finite: such
    /// a state would turn every later model into nothing.
    pub fn from_bytes(config: OptimiserConfig, dimension: usize, bytes: &[u8]) -> Result<Self, OptimiserError> {
        let empty = Self::new(config, &[])?;
        let expected = dimension.saturating_mul(16).saturating_add(16);
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
        let state = Self {
            step: word(0),
            averaged: word(8),
            m: vector(0),
            v: vector(1),
            iterate: vector(2),
            average: vector(3),
            ..empty
        };
        let mut state = state.checked()?;
        // Whoever has no use for a vector has written zeros.
        let unused = [(!config.keeps_m(), &mut state.m), (!config.keeps_v(), &mut state.v)];
        unused.into_iter().filter(|(unused, _)| *unused).for_each(|(_, vector)| *vector = Vec::new());
        if config.averaging == 0.0 {
            state.average = Vec::new();
        }
        Ok(state)
    }

    fn checked(self) -> Result<Self, OptimiserError> {
        let vectors = [("m", &self.m), ("v", &self.v), ("iterate", &self.iterate), ("average", &self.average)];
        for (vector, values) in vectors {
            if let Some(&found) = values.iter().find(|x| !x.is_finite()) {
                return Err(OptimiserError::Value { vector, expected: "finite numbers", found });
            }
        }
        match self.v.iter().find(|&&v| v < 0.0) {
            Some(&found) => Err(OptimiserError::Value { vector: "v", expected: "numbers from 0 on", found }),
            None => Ok(self),
        }
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
mod tests;
