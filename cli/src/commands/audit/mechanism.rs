//! `silhouette audit mechanism`: the likelihood-ratio game on the release.

use anyhow::bail;
use silhouette_privacy::Mode;
use silhouette_simulation::audit::mechanism::{
    CONFIDENCE, Fault, Game, GameError, LEAST_SHARE, Outcome, Sampler, play,
};

use super::{Verdict, threads};
use crate::terminal::{self, Usage};

/// The shipped sampler is some thirty times slower: fewer runs, and a delta that they still resolve.
const SHIPPED_RUNS: u64 = 200_000;
const SHIPPED_DELTA: f64 = 0.05;

/// Tell a person in a release from nobody, a million times: a lower bound on epsilon.
///
/// Half of the releases hold the worst-case vector, half hold zeros. The best test there is, the
/// likelihood ratio, guesses which; how often it is right bounds epsilon from below at the delta given,
/// with 99.9% confidence. Above the claim: too little noise. Far below it: too much.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  silhouette audit mechanism
  silhouette audit mechanism --mode distributed --dimension 64 --shares 10
  silhouette audit mechanism --opendp --dimension 1,8
  silhouette audit mechanism --control half-noise --runs 100000")]
pub(crate) struct Args {
    /// Who adds the noise.
    #[arg(long, value_delimiter = ',', default_value = "central,local,distributed")]
    mode: Vec<Mode>,
    /// Entries of the vector.
    #[arg(long, value_delimiter = ',', default_value = "1,8,64")]
    dimension: Vec<usize>,
    /// The noise multiplier z: standard deviation over sensitivity.
    #[arg(long, default_value_t = 1.0)]
    noise: f64,
    /// The delta at which epsilon is claimed and bounded; the events that decide at a smaller one are too
    /// rare to count [default: 0.01, with --opendp 0.05]
    #[arg(long)]
    delta: Option<f64>,
    /// Releases of each game [default: 1000000, with --opendp 200000]
    #[arg(long)]
    runs: Option<u64>,
    /// Mode distributed: devices whose shares of the noise add up.
    #[arg(long, default_value_t = 4)]
    shares: u32,
    /// Draw noise as shipped, by OpenDP from the operating system's randomness, instead of with the exact
    /// seeded sampler.
    #[arg(long)]
    opendp: bool,
    /// The bound has to reach this share of the tight claim. Lower it where z, delta or --runs leave too
    /// few events to count.
    #[arg(long, default_value_t = LEAST_SHARE)]
    least_share: f64,
    /// Break the noise on purpose; passes if the claim is then found broken.
    #[arg(long, value_enum)]
    control: Option<Control>,
    /// Seed of noise and rounding; without effect on noise drawn with --opendp.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Worker threads [default: all CPUs]; the result does not depend on it.
    #[arg(long)]
    threads: Option<usize>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Control {
    /// The sampler gives zeros.
    NoNoise,
    /// The sampler gives half of the deviation asked for.
    HalfNoise,
}

impl Control {
    fn fault(self) -> Fault {
        match self {
            Self::NoNoise => Fault::NoNoise,
            Self::HalfNoise => Fault::HalfNoise,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::NoNoise => "no-noise",
            Self::HalfNoise => "half-noise",
        }
    }
}

impl Args {
    fn delta(&self) -> f64 {
        self.delta.unwrap_or_else(|| if self.opendp { SHIPPED_DELTA } else { Game::new(Mode::Central, 1).delta })
    }

    fn games(&self) -> impl Iterator<Item = Game> + '_ {
        let game = |mode, dimension| {
            let standard = Game::new(mode, dimension);
            Game {
                noise_multiplier: self.noise,
                delta: self.delta(),
                runs: self.runs.unwrap_or(if self.opendp { SHIPPED_RUNS } else { standard.runs }),
                shares: self.shares,
                seed: self.seed,
                sampler: if self.opendp { Sampler::OpenDp } else { Sampler::Seeded },
                fault: self.control.map(Control::fault),
                threads: threads(self.threads),
                ..standard
            }
        };
        self.mode.iter().flat_map(move |&mode| self.dimension.iter().map(move |&dimension| game(mode, dimension)))
    }
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    if !(0.0..=1.0).contains(&args.least_share) {
        bail!(Usage(format!("--least-share: expected 0 to 1, found {}", args.least_share)));
    }
    let games: Vec<Game> = args.games().collect();
    let bar = terminal::bar(games.iter().map(|game| game.runs).sum(), json);
    bar.set_message("releases");
    if !json {
        introduce(args)?;
    }
    let mut outcomes = Vec::new();
    for game in &games {
        let outcome = play(game, &|made| bar.inc(made)).map_err(|error| match error {
            GameError::Setting { .. } => anyhow::Error::new(Usage(format!("--{error}"))),
            other => other.into(),
        })?;
        if json {
            terminal::json_event("game", &outcome)?;
        } else {
            bar.suspend(|| show(&outcome))?;
        }
        outcomes.push(outcome);
    }
    bar.finish_and_clear();
    judge(args, &outcomes, json)
}

fn introduce(args: &Args) -> anyhow::Result<()> {
    terminal::line(&format!(
        "Likelihood-ratio game on one release (unit: user; adjacency: add or remove one user)\n\
         z {}, delta {}, bounds at {}% confidence, noise by {}",
        args.noise,
        args.delta(),
        100.0 * CONFIDENCE,
        if args.opendp { "OpenDP" } else { "the exact seeded sampler" }
    ))?;
    terminal::line(&format!(
        "  {:<13}{:>6}  {:>12}{:>12}{:>12}{:>8}",
        "mode", "d", "claim zCDP", "claim tight", "at least", "share"
    ))
}

fn show(o: &Outcome) -> anyhow::Result<()> {
    terminal::line(&format!(
        "  {:<13}{:>6}  {:>12.4}{:>12.4}{:>12.4}{:>8.2}",
        o.mode.to_string(),
        o.dimension,
        o.epsilon_zcdp,
        o.epsilon_tight,
        o.epsilon_lower,
        o.share()
    ))
}

fn judge(args: &Args, outcomes: &[Outcome], json: bool) -> anyhow::Result<()> {
    let (passed, reason) = match args.control {
        Some(_) if outcomes.iter().all(|o| o.epsilon_lower > o.epsilon_zcdp) => {
            (true, "every game found both claims broken".to_owned())
        }
        Some(_) => (false, "a game did not find the claim broken".to_owned()),
        None if outcomes.iter().any(|o| !o.keeps_the_claim()) => {
            (false, "epsilon is larger than claimed: there is too little noise".to_owned())
        }
        None if outcomes.iter().any(|o| o.share() < args.least_share) => (
            false,
            format!(
                "a bound is below {} of the tight claim: too much noise, or too few runs to tell",
                args.least_share
            ),
        ),
        None => (true, format!("every bound is within its claim, and at least {} of it", args.least_share)),
    };
    Verdict { audit: "mechanism", control: args.control.map(Control::name), passed, reason: &reason }.give(json)
}
