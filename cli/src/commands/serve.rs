//! `silhouette serve`: an aggregator.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use serde_json::{Value, json};
use silhouette_aggregator::{Aggregator, Event, Listen, Running, TaskConfig, TaskFile, sample_config, sample_for};
use silhouette_query::Figures;
use silhouette_simulation::percent_with_error;
use silhouette_wire::ContentHash;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::signals::Signals;
use crate::terminal;

/// Run an aggregator: let devices in, run rounds, publish models.
///
/// Ctrl-C or SIGTERM stops it in order: nobody new is let in, a result that is being made is
/// published, an open round is abandoned. A second signal stops it at once; the next start goes on
/// after the last published round either way.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  silhouette serve --sample --devices 3 > task.toml
  silhouette serve --config task.toml --folder aggregator --tokens 3")]
pub(crate) struct Args {
    /// The task and its terms, TOML; --sample prints one with every key explained.
    #[arg(long, required_unless_present = "sample")]
    config: Option<PathBuf>,
    /// Where the aggregator keeps its state.
    #[arg(long, default_value = "aggregator")]
    folder: PathBuf,
    /// The terms as the task's owner signed them (`silhouette task`); kept, so that later starts need
    /// it no more [default: this aggregator is the owner and signs them itself]
    #[arg(long, value_name = "FILE", conflicts_with = "sample")]
    task: Option<PathBuf>,
    /// Enrolled devices connect here (UDP); port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:4433")]
    listen: SocketAddr,
    /// New devices enrol here (UDP).
    #[arg(long, default_value = "127.0.0.1:4434")]
    enroll: SocketAddr,
    /// /healthz, /readyz and /metrics (TCP); keep it off the public network.
    #[arg(long, default_value = "127.0.0.1:9433")]
    admin: SocketAddr,
    /// Names and addresses under which devices reach this aggregator.
    #[arg(long = "name", default_values_t = ["localhost".to_owned(), "127.0.0.1".to_owned()])]
    names: Vec<String>,
    /// Print this many one-time enrolment tokens.
    #[arg(long, default_value_t = 0)]
    tokens: usize,
    /// Print a sample configuration and stop.
    #[arg(long)]
    sample: bool,
    /// Make the sample for this many devices, all of them in every round [default: one for a large
    /// population, each in a few rounds]
    #[arg(long, requires = "sample", value_parser = clap::value_parser!(u32).range(3..))]
    devices: Option<u32>,
    /// Stop when the last round is over instead of telling devices so until stopped.
    #[arg(long)]
    once: bool,
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let (false, Some(path)) = (args.sample, &args.config) else {
        return sample(args.devices, json);
    };
    let config = TaskConfig::load(path).with_context(|| format!("--config {}", path.display()))?;
    let signed = args.task.as_ref().map(|path| TaskFile::load(path).context("--task")).transpose()?;
    let aggregator = Aggregator::open_signed(&args.folder, config, signed)
        .with_context(|| format!("--folder {}", args.folder.display()))?;
    let tokens = aggregator.create_tokens(args.tokens)?;
    let listen = Listen {
        devices: args.listen,
        enrolment: args.enroll,
        admin: args.admin,
        names: args.names.clone(),
        ..Listen::loopback()
    };
    terminal::runtime()?.block_on(serve(args, aggregator, listen, tokens, json))
}

fn sample(devices: Option<u32>, json: bool) -> anyhow::Result<()> {
    let text = match devices {
        Some(devices) => sample_for(devices)?,
        None => sample_config().to_owned(),
    };
    if json {
        return terminal::json_line(&json!({ "config": TaskConfig::from_toml(&text)?, "toml": text }));
    }
    terminal::line(text.trim_end())
}

async fn serve(
    args: &Args,
    aggregator: Aggregator,
    listen: Listen,
    tokens: Vec<String>,
    json: bool,
) -> anyhow::Result<()> {
    // Before anything is served: a signal that comes early must stop it in order too.
    let signals = Signals::listen()?;
    let promised = aggregator.plan().promised_epsilon()?;
    let last_round = aggregator.progress()?.last_round;
    let owner = ContentHash(aggregator.owner_public_key());
    let events = aggregator.events();
    let running = aggregator.run(listen, std::future::pending()).await?;
    let at = running.addresses();
    let authority = args.folder.join("authority").join("ca.pem");
    if json {
        terminal::json_line(&json!({
            "event": "serving", "devices": at.devices, "enrolment": at.enrolment, "admin": at.admin,
            "authority": authority, "owner": owner.to_string(), "tokens": tokens, "promised_epsilon": promised, "last_round": last_round,
        }))?;
    } else {
        terminal::line(&format!("devices {}  enrolment {}  admin http://{}", at.devices, at.enrolment, at.admin))?;
        terminal::line(&format!(
            "promise: epsilon {promised:.3} per user over all rounds; {last_round} rounds are behind"
        ))?;
        terminal::line(&format!("task owner {owner}"))?;
        for (number, token) in (1..).zip(&tokens) {
            terminal::line(&format!(
                "  silhouette enroll --device device-{number} --server {} --authority {} --owner {owner} --token {token}",
                at.enrolment,
                authority.display()
            ))?;
        }
    }
    follow(args, &running, events, signals, json).await?;
    running.stopped().await;
    if json { terminal::json_line(&json!({ "event": "stopped" })) } else { terminal::line("stopped") }
}

/// Tells what happens until the aggregator has stopped.
async fn follow(
    args: &Args,
    running: &Running,
    mut events: Receiver<Event>,
    mut signals: Signals,
    json: bool,
) -> anyhow::Result<()> {
    let mut told_to_stop = false;
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Ok(event) => {
                    if json { terminal::json_line(&as_json(&event))? } else { terminal::line(&describe(&event))? }
                    if args.once && matches!(event, Event::Finished { .. }) {
                        running.stop();
                    }
                }
                Err(RecvError::Lagged(missed)) => tell_missed(missed, json)?,
                Err(RecvError::Closed) => return Ok(()),
            },
            () = signals.next() => {
                anyhow::ensure!(!told_to_stop, "stopped at once; the next start goes on after the last published round");
                told_to_stop = true;
                running.stop();
                if json {
                    terminal::json_line(&json!({ "event": "stopping" }))?;
                } else {
                    terminal::line("stopping: open exchanges end first; once more to stop at once")?;
                }
            }
        }
    }
}

fn tell_missed(missed: u64, json: bool) -> anyhow::Result<()> {
    if json {
        return terminal::json_line(&json!({ "event": "missed", "events": missed }));
    }
    terminal::line(&format!("{missed} events are not shown: this terminal was too slow"))
}

/// An event for machines: its name and its figures.
pub(crate) fn as_json(event: &Event) -> Value {
    match event {
        Event::RoundOpened { round, query, invited, model } => json!({
            "event": "round_opened", "round": round, "query": query.name(), "invited": invited,
            "model": model.to_string(),
        }),
        Event::RoundClosed {
            round,
            query,
            figures,
            invited,
            reports,
            groups,
            groups_lost,
            seconds,
            epsilon,
            rho,
            model,
            bytes_up,
            bytes_down,
        } => json!({
            "event": "round_closed", "round": round, "query": query.name(), "figures": figures, "invited": invited, "reports": reports, "groups": groups,
            "groups_lost": groups_lost, "seconds": seconds, "epsilon": epsilon, "rho": rho, "model": model.to_string(),
            "bytes_up": bytes_up, "bytes_down": bytes_down,
        }),
        Event::RoundAbandoned { round, invited, reports, epsilon } => json!({
            "event": "round_abandoned", "round": round, "invited": invited, "reports": reports, "epsilon": epsilon,
        }),
        Event::Finished { round, model } => {
            json!({ "event": "finished", "round": round, "model": model.to_string() })
        }
        other => json!({ "event": "other", "text": format!("{other:?}") }),
    }
}

fn describe(event: &Event) -> String {
    match event {
        Event::RoundOpened { round, query, invited, .. } => {
            format!("round {round}: {invited} devices invited for {query}")
        }
        Event::RoundClosed {
            round, figures, invited, reports, seconds, epsilon, model, bytes_up, bytes_down, ..
        } => format!(
            "round {round}: {reports}/{invited} reports in {seconds:.1} s, epsilon {epsilon:.3}, up {}, down {}, {}",
            terminal::bytes(*bytes_up),
            terminal::bytes(*bytes_down),
            figures.as_ref().map_or_else(|| format!("model {model}"), told)
        ),
        Event::RoundAbandoned { round, invited, reports, .. } => {
            format!("round {round}: abandoned with {reports}/{invited} reports; its charge stays")
        }
        Event::Finished { round, model } => format!("finished after round {round}, model {model}"),
        other => format!("{other:?}"),
    }
}

/// What a round beside training told, for people.
fn told(figures: &Figures) -> String {
    match figures {
        Figures::Evaluation(e) => {
            format!("private accuracy {}, macro F1 {}", percent_with_error(e.accuracy), percent_with_error(e.macro_f1))
        }
        Figures::LabelCounts(counts) => {
            let shares: Vec<String> =
                counts.shares.iter().flatten().map(|&share| percent_with_error(Some(share))).collect();
            if shares.is_empty() {
                "label counts drowned by the noise".into()
            } else {
                format!("label shares {}", shares.join(", "))
            }
        }
        other => format!("{other:?}"),
    }
}
