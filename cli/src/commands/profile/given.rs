//! What a profile is made of, as the command line names it.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use silhouette_client::DeviceFolder;
use silhouette_client::profile::{OwnerWord, PACKS, ProfilePlan};
use silhouette_model::Model;
use silhouette_text::Event;
use silhouette_wire::ContentHash;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use super::{Args, nearest};
use crate::people::{read_person, skipped};
use crate::terminal::{self, Usage};

/// Seconds from a day's start to its last.
const TO_THE_END: i64 = 86_399;

pub(super) struct Given {
    pub(super) events: Vec<Event>,
    pub(super) owner: Option<OwnerWord>,
    pub(super) plan: Option<ProfilePlan>,
    pub(super) model: Option<(Model, ContentHash)>,
    pub(super) made_at: i64,
}

impl Given {
    pub(super) fn read(args: &Args, json: bool) -> anyhow::Result<Self> {
        // The cheap ones first: whoever mistyped one should not wait for a file to be read.
        let plan = args.plan.as_deref().map(plan).transpose()?;
        let own = args.owner.as_deref().map(owner).transpose()?;
        let made_at = args.as_of.as_deref().map(moment).transpose()?;
        let (mut events, kept, newest) = match (&args.device, &args.data) {
            (Some(device), _) => {
                let store = DeviceFolder::open(device)?.store()?;
                let kept = store.owner()?.expose_on_device().clone();
                (store.events()?.expose_on_device().clone(), Some(kept), newest_model(&device.join("models"))?)
            }
            (None, Some(data)) => (from_file(data, args, json)?, None, None),
            (None, None) => bail!("expected --device or --data"),
        };
        if let Some(then) = made_at {
            events = until(events, then, json)?;
        }
        let model = args.model.clone().or(newest).as_deref().map(model).transpose()?;
        Ok(Self { events, owner: own.or(kept), plan, model, made_at: made_at.unwrap_or_else(terminal::now) })
    }
}

/// A pack's name or a plan's file.
fn plan(named: &str) -> anyhow::Result<ProfilePlan> {
    if let Ok(pack) = ProfilePlan::pack(named) {
        return Ok(pack);
    }
    let text = std::fs::read_to_string(named).map_err(|error| {
        let packs = PACKS.map(|(name, _)| name).join(", ");
        Usage(format!("--plan: expected a pack ({packs}) or the file of a plan, found {named} ({error})"))
    })?;
    ProfilePlan::from_toml(&text).map_err(|error| Usage(format!("--plan {named}: {error}")).into())
}

/// The owner's word in a file.
fn owner(path: &Path) -> anyhow::Result<OwnerWord> {
    let named = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| Usage(format!("--owner {named}: {error}")))?;
    // The parser's own message would quote the line, which is private.
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(0, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        Usage(format!("--owner {named}, line {line}: {}", error.message())).into()
    })
}

/// A moment in unix seconds; a date stands for its end.
fn moment(text: &str) -> anyhow::Result<i64> {
    let day = format_description!("[year]-[month]-[day]");
    if let Ok(date) = Date::parse(text, &day) {
        return Ok(date.midnight().assume_utc().unix_timestamp() + TO_THE_END);
    }
    if let Ok(moment) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(moment.unix_timestamp());
    }
    text.parse().map_err(|_| {
        let expected = "a date as 2025-03-31, a moment as 2025-03-31T20:15:00Z, or unix seconds";
        Usage(format!("--as-of: expected {expected}, found {text}")).into()
    })
}

/// The events up to a moment; of the others it is told how many they are.
fn until(events: Vec<Event>, then: i64, json: bool) -> anyhow::Result<Vec<Event>> {
    let all = events.len();
    let first = events.iter().filter_map(|event| event.time).min();
    let kept: Vec<Event> = events.into_iter().filter(|event| event.time.is_none_or(|time| time <= then)).collect();
    let later = all - kept.len();
    if kept.is_empty() {
        let first = first.and_then(|time| u64::try_from(time).ok()).map(terminal::utc).unwrap_or_default();
        bail!("--as-of: none of {all} entries is that old; the first is of {first}");
    }
    if later > 0 {
        let told = serde_json::json!({ "event": "as_of", "later": later, "kept": kept.len() });
        terminal::remark(&if json {
            told.to_string()
        } else {
            format!("left out {later} of {all} entries, which are later than --as-of")
        });
    }
    Ok(kept)
}

fn model(path: &Path) -> anyhow::Result<(Model, ContentHash)> {
    let bytes = std::fs::read(path).with_context(|| format!("--model {}", path.display()))?;
    let model = Model::from_safetensors(&bytes).with_context(|| path.display().to_string())?;
    Ok((model, ContentHash::of(&bytes)))
}

/// A person's texts of a file. What was skipped is a remark: standard output is for the profile.
fn from_file(data: &Path, args: &Args, json: bool) -> anyhow::Result<Vec<Event>> {
    let read = read_person(data, args.user.as_deref(), args.strict);
    let (events, report) = match (read, &args.user) {
        (Ok(read), _) => read,
        (Err(error), Some(user)) => return Err(nearest::with_ids(error, data, user)),
        (Err(error), None) => return Err(error),
    };
    if report.skipped > 0 || report.ended_early.is_some() {
        if json {
            terminal::remark(&serde_json::json!({ "event": "read", "file": data, "read": report }).to_string());
        } else {
            skipped(&report).iter().for_each(|line| terminal::remark(line));
        }
    }
    Ok(events)
}

/// The model that was fetched last.
fn newest_model(folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    let mut newest = None;
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|e| e == "safetensors") {
            newest = newest.max(Some((entry.metadata()?.modified()?, entry.path())));
        }
    }
    Ok(newest.map(|(_, path)| path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_stands_for_its_end() {
        assert_eq!(moment("1970-01-01").unwrap(), 86_399);
        assert_eq!(moment("1970-01-02T00:00:00+01:00").unwrap(), 82_800);
        assert_eq!(moment("-5").unwrap(), -5);
        assert!(moment("yesterday").unwrap_err().to_string().contains("2025-03-31"));
    }

    #[test]
    fn what_is_later_is_left_out_and_what_has_no_time_stays() {
        let at = |time: Option<i64>| Event { time, ..Event::new("me", "x") };
        let kept = until(vec![at(Some(1)), at(None), at(Some(9))], 5, true).unwrap();
        assert_eq!(kept.iter().map(|e| e.time).collect::<Vec<_>>(), [Some(1), None]);
        assert!(until(vec![at(Some(9))], 5, true).unwrap_err().to_string().contains("1970-01-01T00:00:09Z"));
    }
}
