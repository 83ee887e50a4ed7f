//! `silhouette join`: a device takes part.

mod own_texts;
mod progress;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use silhouette_client::participant::End;
use silhouette_client::store::Store;
use silhouette_client::{DeviceFolder, Participant, ParticipantConfig, ParticipantEvent};
use silhouette_engine::{Backend, choose};
use silhouette_round::Conditions;
use silhouette_transport::DeviceIdentity;
use silhouette_wire::TaskId;
use tokio::sync::watch;

use self::own_texts::{OwnTexts, Score};
use super::enroll::resolve;
use crate::people::{read_person, skipped};
use crate::signals::Signals;
use crate::terminal;

/// Take part in training with one person's texts. What is sent is one bounded vector a round.
///
/// Ctrl-C or SIGTERM ends it in order, a second one at once; nothing is lost either way, and the
/// same command goes on. How well a model does on this device's own texts is shown before and after
/// training, here and nowhere else.
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
    /// Texts to bring into the device's store first: JSON Lines, CSV (either also .gz), or a folder
    /// of .txt files.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Whose texts of that file [default: all rows]
    #[arg(long, requires = "data")]
    user: Option<String>,
    /// Stop at the first bad row of that file instead of counting and skipping it.
    #[arg(long, requires = "data")]
    strict: bool,
    /// The task [default: the one enrolled for]
    #[arg(long)]
    task: Option<TaskId>,
    /// auto, native, flex, ndarray or wgpu.
    #[arg(long, default_value = "auto")]
    backend: Backend,
    /// The person agrees to take part. Without it the device declines every round.
    #[arg(long)]
    consent: bool,
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let folder = DeviceFolder::open(&args.device)?;
    let identity = DeviceIdentity::load(&folder.identity_folder())
        .context("this device is not enrolled; run silhouette enroll first")?;
    let mut store = folder.store()?;
    if let Some(data) = &args.data {
        import(&mut store, data, args, json)?;
    }
    let task = match &args.task {
        Some(task) => task.clone(),
        None => identity.tasks().first().cloned().context("this device is enrolled for no task; use --task")?,
    };
    let chosen = choose(args.backend)?;
    if json {
        terminal::json_event("joining", serde_json::json!({ "task": task.as_str(), "computed_by": chosen.why }))?;
    } else {
        terminal::line(&format!("computed by {}", chosen.why))?;
    }
    let (address, name) = resolve(&args.server)?;
    let consent = args.consent;
    let config = ParticipantConfig::new(address, name, task, move || Conditions { consent, fit_to_train: true })
        .policy(folder.policy().terms.clone())
        .identity_folder(folder.identity_folder());
    let own = OwnTexts::new(Arc::clone(&chosen.engine), folder.models(), store.events()?);
    let ledger = Box::new(folder.ledger()?);
    let participant = Participant::new(config, identity, chosen.engine, store.events()?, ledger, folder.models());
    terminal::runtime()?.block_on(take_part(participant, own, &args.device, json))
}

/// Brings a file's texts into the store and says what was new, and what could not be used.
fn import(store: &mut Store, data: &Path, args: &Args, json: bool) -> anyhow::Result<()> {
    let (events, report) = read_person(data, args.user.as_deref(), args.strict)?;
    let imported = store.import(&events)?;
    if json {
        let counts = serde_json::json!({
            "added": imported.added, "known": imported.duplicates, "file": data, "read": report,
        });
        return terminal::json_event("imported", counts);
    }
    terminal::line(&format!("{} new texts, {} known ones", imported.added, imported.duplicates))?;
    skipped(&report).iter().try_for_each(|line| terminal::line(line))
}

async fn take_part(mut participant: Participant, own: OwnTexts, device: &Path, json: bool) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        signals.next().await;
        let _ = stop.send(true);
        signals.impatient();
    });
    let own = Arc::new(own);
    let mut before = None;
    let end = participant
        .run(stopped, |event| {
            if let (ParticipantEvent::ModelReady { model, .. }, None) = (&event, &before) {
                let (own, model) = (Arc::clone(&own), *model);
                // Beside the round, which must not wait for it.
                before = Some(tokio::task::spawn_blocking(move || own.judge(model)));
            }
            progress::tell(&event, json);
        })
        .await?;
    let before = match before {
        Some(judging) => Some(judging.await??),
        None => None,
    };
    let after = match end {
        End::Finished { model, cached: true } => Some(own.judge(model)?),
        _ => None,
    };
    conclude(&end, [before, after], participant.transferred(), device, json)
}

/// Says how it ended: the model on this device's own texts before and after, the bytes moved.
fn conclude(
    end: &End,
    [before, after]: [Option<Score>; 2],
    moved: silhouette_client::participant::Transferred,
    device: &Path,
    json: bool,
) -> anyhow::Result<()> {
    if json {
        let mut line = progress::ended(end);
        line["own_texts"] = serde_json::json!({ "before": before, "after": after });
        line["transferred"] = serde_json::json!({ "up": moved.up, "down": moved.down });
        return terminal::json_line(&line);
    }
    if let Some(score) = before.as_ref().or(after.as_ref()).filter(|s| s.unknown_labels > 0) {
        terminal::line(&format!(
            "{} texts have a label this task does not know; they count as unlabelled",
            score.unknown_labels
        ))?;
    }
    match end {
        End::Finished { model, .. } => terminal::line(&format!("training is over; the last model is {model}"))?,
        End::Stopped => terminal::line("stopped; nothing is lost, join again at any time")?,
        other => terminal::line(&format!("{other:?}"))?,
    }
    own_texts::compare(before.as_ref(), after.as_ref())?;
    terminal::line(&format!("sent {}, received {}", terminal::bytes(moved.up), terminal::bytes(moved.down)))?;
    terminal::line(&format!("next: silhouette profile --device {}", device.display()))
}
