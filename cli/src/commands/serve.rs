//! `silhouette serve`: an aggregator.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use silhouette_aggregator::{Aggregator, Event, Listen, TaskConfig};
use tokio::sync::broadcast::error::RecvError;

use crate::terminal;

/// Run an aggregator: let devices in, run rounds, publish models.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  silhouette serve --sample > task.toml\n  silhouette serve --config task.toml --folder aggregator --tokens 3"
)]
pub(crate) struct Args {
    /// The task and its terms, TOML; --sample prints one with every key explained.
    #[arg(long, required_unless_present = "sample")]
    config: Option<PathBuf>,
    /// Where the aggregator keeps its state.
    #[arg(long, default_value = "aggregator")]
    folder: PathBuf,
    /// Enrolled devices connect here (UDP).
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
    /// Stop when the last round is over instead of telling devices so until stopped.
    #[arg(long)]
    once: bool,
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let (false, Some(path)) = (args.sample, &args.config) else {
        return terminal::line(include_str!("../../../aggregator/sample.toml").trim_end());
    };
    let config = TaskConfig::load(path).with_context(|| format!("--config {}", path.display()))?;
    let aggregator = Aggregator::open(&args.folder, config)?;
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

async fn serve(
    args: &Args,
    aggregator: Aggregator,
    listen: Listen,
    tokens: Vec<String>,
    json: bool,
) -> anyhow::Result<()> {
    let promised = aggregator.plan().promised_epsilon()?;
    let progress = aggregator.progress()?;
    let mut events = aggregator.events();
    let running = aggregator
        .run(listen, async {
            let _ = tokio::signal::ctrl_c().await;
        })
        .await?;
    let at = running.addresses();
    let authority = args.folder.join("authority").join("ca.pem");
    if json {
        terminal::json_line(
            &serde_json::json!({ "devices": at.devices, "enrolment": at.enrolment, "admin": at.admin, "authority": authority, "tokens": tokens, "promised_epsilon": promised }),
        )?;
    } else {
        terminal::line(&format!("devices {}  enrolment {}  admin http://{}", at.devices, at.enrolment, at.admin))?;
        terminal::line(&format!("promise: epsilon {promised:.3} per user over all rounds; {progress:?}"))?;
        for token in &tokens {
            terminal::line(&format!(
                "  silhouette enroll --device my-device --server {} --authority {} --token {token}",
                at.enrolment,
                authority.display()
            ))?;
        }
    }
    loop {
        match events.recv().await {
            Ok(event) => {
                terminal::line(&describe(&event, json))?;
                if args.once && matches!(event, Event::Finished { .. }) {
                    break;
                }
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => break,
        }
    }
    running.stop();
    running.stopped().await;
    Ok(())
}

fn describe(event: &Event, json: bool) -> String {
    if json {
        return serde_json::json!({ "event": format!("{event:?}") }).to_string();
    }
    match event {
        Event::RoundOpened { round, invited, .. } => format!("round {round}: {invited} devices invited"),
        Event::RoundClosed { round, invited, reports, seconds, epsilon, model, bytes_up, bytes_down, .. } => format!(
            "round {round}: {reports}/{invited} reports in {seconds:.1} s, epsilon {epsilon:.3}, up {}, down {}, model {model}",
            terminal::bytes(*bytes_up),
            terminal::bytes(*bytes_down)
        ),
        Event::RoundAbandoned { round, invited, reports, .. } => {
            format!("round {round}: abandoned with {reports}/{invited} reports; its charge stays")
        }
        Event::Finished { round, model } => format!("finished after round {round}, model {model}"),
        other => format!("{other:?}"),
    }
}
