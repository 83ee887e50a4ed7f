//! The two worlds, and the releases made in them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use silhouette_privacy::noise::simulation::StreamKey;
use silhouette_privacy::noise::{DyadicSigma, NoiseSource, OpenDpNoise};
use silhouette_privacy::{Accumulator, Mode, Private, ReleaseParameters, Rounding, release, rotate};

use super::fault::Faulty;
use super::{Game, GameError, Sampler};

/// Runs of one piece of work, which has streams of its own: the result does not depend on who does it.
const PIECE: u64 = 2_000;

/// The game with everything that is the same in every run.
pub(super) struct Table<'a> {
    game: &'a Game,
    parameters: ReleaseParameters,
    /// The person's vector: as long as the clip, all of its entries alike.
    person: Vec<f32>,
    /// The same on the grid, before rounding, rotated where the release is.
    grid: Vec<f64>,
    squared: f64,
    variance: f64,
}

impl<'a> Table<'a> {
    pub(super) fn new(game: &'a Game, parameters: ReleaseParameters) -> Result<Self, GameError> {
        let d = parameters.dimension();
        // Clipped in floating point to a hair's breadth below the clip norm.
        let person = vec![(parameters.clip() / (d as f64).sqrt()) as f32; d];
        let turned = if game.mode == Mode::Distributed { rotate(person.clone(), game.seed) } else { person.clone() };
        let grid: Vec<f64> = turned.iter().map(|&u| f64::from(u) * parameters.scale()).collect();
        let squared = grid.iter().map(|k| k * k).sum();
        let deviation = game.noise_multiplier * parameters.delta2();
        Ok(Self { game, parameters, person, grid, squared, variance: deviation * deviation })
    }

    pub(super) fn sigma(&self) -> f64 {
        self.parameters.sigma().map_or(0.0, DyadicSigma::as_f64)
    }

    pub(super) fn norm_over_delta2(&self) -> f64 {
        self.squared.sqrt() / self.parameters.delta2()
    }

    /// The log-likelihood ratios of all runs: without the person, with the person.
    pub(super) fn play(&self, progress: &(dyn Fn(u64) + Sync)) -> Result<[Vec<f64>; 2], GameError> {
        let runs = self.game.runs / 2;
        let pieces = runs.div_ceil(PIECE);
        let next = AtomicU64::new(0);
        let done: Mutex<Vec<(u64, Vec<f64>)>> = Mutex::new(Vec::new());
        let work = || -> Result<(), GameError> {
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= 2 * pieces {
                    return Ok(());
                }
                let (present, piece) = (place >= pieces, place % pieces);
                let count = PIECE.min(runs - piece * PIECE);
                let ratios = self.piece(present, piece, count)?;
                progress(count);
                done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((place, ratios));
            }
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.game.threads).map(|_| scope.spawn(work)).collect();
            let ended = workers.into_iter().map(|w| w.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            ended.collect::<Result<Vec<()>, GameError>>()
        })?;
        let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        done.sort_unstable_by_key(|(place, _)| *place);
        let (absent, present): (Vec<_>, Vec<_>) = done.into_iter().partition(|(place, _)| *place < pieces);
        Ok([absent, present].map(|world| world.into_iter().flat_map(|(_, ratios)| ratios).collect()))
    }

    fn piece(&self, present: bool, piece: u64, count: u64) -> Result<Vec<f64>, GameError> {
        let seed: [u8; 32] = Sha256::new()
            .chain_update(b"silhouette/audit/game\0")
            .chain_update(self.game.seed.to_le_bytes())
            .chain_update(self.game.dimension.to_le_bytes())
            .chain_update(self.game.mode.to_string())
            .finalize()
            .into();
        let key = StreamKey::dangerous_for_simulation_only(seed, u64::from(present), piece, "mechanism game");
        let (mut inner, mut rounding): (Box<dyn NoiseSource>, Rounding) = match self.game.sampler {
            Sampler::Seeded => {
                let own = Sha256::new().chain_update(seed).chain_update([u8::from(present)]);
                let own = own.chain_update(piece.to_le_bytes()).chain_update(b"rounding").finalize();
                (Box::new(key.noise()), Rounding::seeded(own.into()))
            }
            Sampler::OpenDp => (Box::new(OpenDpNoise::new()), Rounding::from_system()?),
        };
        let mut noise = Faulty { inner: &mut inner, fault: self.game.fault };
        (0..count).map(|_| self.run(present, &mut noise, &mut rounding)).collect()
    }

    /// One release, from the vector to what is published; the log-likelihood ratio of that.
    fn run(&self, present: bool, noise: &mut dyn NoiseSource, rounding: &mut Rounding) -> Result<f64, GameError> {
        let p = &self.parameters;
        let mut sum = Accumulator::new(p.clone());
        for device in 0..p.cohort() {
            let share = p.draw_noise(noise)?;
            let update = if present && device == 0 { self.person.clone() } else { vec![0.0; self.person.len()] };
            let released = release(Private::new(update), p, share, rounding)?;
            sum.fold(released.as_bytes())?;
        }
        let published = sum.finish(noise)?;
        let along: f64 = published.as_grid().iter().zip(&self.grid).map(|(&y, v)| y as f64 * v).sum();
        // ln(N(y; v, s^2) / N(y; 0, s^2)) = (<y, v> - |v|^2 / 2) / s^2.
        Ok((along - 0.5 * self.squared) / self.variance)
    }
}
