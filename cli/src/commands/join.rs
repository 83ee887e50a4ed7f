//! `silhouette join`: a device takes part.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use silhouette_client::participant::End;
use silhouette_client::{DeviceFolder, Participant, ParticipantConfig, ParticipantEvent};
use silhouette_engine::{Backend, choose};
use silhouette_model::{Examples, Model, Target, Vectoriser, argmax};
use silhouette_round::Conditions;
use silhouette_text::{CleanOptions, Cleaner, Event, EventReader, ReadOptions};
use silhouette_transport::DeviceIdentity;

use super::enroll::resolve;
use crate::terminal;

/// Take part in training with one person's texts. What is sent is one bounded, noised vector a round.
#[derive(clap::Args)]
#[command(
    after_help = "Example: silhouette join --device my-device --server 127.0.0.1:4433 --data notes.jsonl --user me --consent"
)]
pub(crate) struct Args {
    /// The device's folder, enrolled.
    #[arg(long)]
    device: PathBuf,
    /// The aggregator's address, host:port.
    #[arg(long)]
    server: String,
    /// Texts to bring into the device's store first.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Whose texts of that file (all rows when absent).
    #[arg(long)]
    user: Option<String>,
    /// The task [default: the one enrolled for]
    #[arg(long)]
    task: Option<String>,
    /// auto, native, flex, ndarray or wgpu.
    #[arg(long, default_value = "auto")]
    backend: String,
    /// The person agrees to take part. Without it the device declines every round.
    #[arg(long)]
    consent: bool,
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let folder = DeviceFolder::open_or_create(&args.device)?;
    let identity = DeviceIdentity::load(&folder.identity_folder())
        .context("this device is not enrolled; run silhouette enroll first")?;
    let mut store = folder.store()?;
    if let Some(data) = &args.data {
        let events = read_person(data, args.user.as_deref())?;
        let imported = store.import(&events)?;
        if !json {
            terminal::line(&format!("{} new texts, {} known ones", imported.added, imported.duplicates))?;
        }
    }
    let task = match &args.task {
        Some(task) => task.parse().with_context(|| format!("--task {task}"))?,
        None => identity.tasks().first().cloned().context("this device is enrolled for no task; use --task")?,
    };
    let chosen = choose(args.backend.parse::<Backend>()?)?;
    if !json {
        terminal::line(&format!("computed by {}", chosen.why))?;
    }
    let (address, name) = resolve(&args.server)?;
    let consent = args.consent;
    let config = ParticipantConfig::new(address, name, task, move || Conditions { consent, fit_to_train: true })
        .policy(folder.policy().terms.clone())
        .identity_folder(folder.identity_folder());
    let events = store.events()?;
    let ledger = Box::new(folder.ledger()?);
    let mut participant = Participant::new(config, identity, chosen.engine.clone(), events, ledger, folder.models());
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let runtime = terminal::runtime()?;
    runtime.spawn(async move {
        let _ = tokio::signal::ctrl_c().await;
        let _ = stop.send(true);
    });
    let end = runtime.block_on(participant.run(stopped, |event| report(&event, json)))?;
    let moved = participant.transferred();
    if json {
        return terminal::json_line(
            &serde_json::json!({ "end": format!("{end:?}"), "transferred": format!("{moved:?}") }),
        );
    }
    match end {
        End::Finished { model, .. } => {
            terminal::line(&format!("training is over; the last model is {model}"))?;
            if let Some(model) = folder.models().load(model)? {
                own_texts(&model, store.events()?.expose_on_device(), chosen.engine.as_ref())?;
            }
            terminal::line(&format!("next: silhouette profile --device {}", args.device.display()))
        }
        End::Stopped => terminal::line("stopped; nothing is lost, join again at any time"),
        other => terminal::line(&format!("{other:?}")),
    }
}

fn report(event: &ParticipantEvent, json: bool) {
    // A progress line that can't be written is no reason to leave a round.
    let _ = if json {
        terminal::json_line(&serde_json::json!({ "event": event.to_string() }))
    } else {
        terminal::line(&format!("  {event}"))
    };
}

/// How the model does on the device's own texts: seen here, told nobody.
fn own_texts(model: &Model, events: &[Event], engine: &dyn silhouette_model::Engine) -> anyhow::Result<()> {
    let vectoriser = Vectoriser::new(&model.task().encoder)?;
    let examples = Examples::of(model.task(), &vectoriser, events)?;
    let texts: Vec<_> = examples.items().iter().map(|e| &e.vector).collect();
    let outputs = engine.predict(model, &texts)?;
    for (i, (head, range)) in model.task().ranges().enumerate() {
        let judged: Vec<bool> = outputs
            .iter()
            .zip(examples.items())
            .filter_map(|(o, e)| match e.targets[i] {
                Some(Target::Class(label)) => Some(argmax(&o[range.clone()]) == label as usize),
                _ => None,
            })
            .collect();
        if !judged.is_empty() {
            let right = judged.iter().filter(|&&r| r).count();
            terminal::line(&format!(
                "{}: right on {right} of this device's {} texts (known to this device only)",
                head.name,
                judged.len()
            ))?;
        }
    }
    Ok(())
}

/// One person's events of a file, cleaned.
pub(crate) fn read_person(path: &Path, user: Option<&str>) -> anyhow::Result<Vec<Event>> {
    let cleaner = Cleaner::new(CleanOptions::default());
    let mut events = Vec::new();
    for row in EventReader::open(path, ReadOptions::default())? {
        let mut event = row?;
        if user.is_none_or(|u| event.user == u) {
            event.text = cleaner.clean(&event.text);
            events.push(event);
        }
    }
    if events.is_empty() {
        match user {
            Some(user) => bail!("{}: no row of user {user}", path.display()),
            None => bail!("{}: no usable row", path.display()),
        }
    }
    Ok(events)
}
