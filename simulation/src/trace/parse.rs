//! From a file to a trace.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::daily::{Daily, MOST_A_DAY, Start};
use super::listed::Listed;
use super::{Availability, DAY, DEFAULT_TRACE, HOUR, SpeedClass, TimeZone, Trace, TraceError};
use crate::Millis;

/// Largest file: a million devices with a few dozen intervals each.
const LARGEST_FILE: u64 = 1 << 30;

/// Largest file of TOML.
const LARGEST_TOML: u64 = 1 << 20;

/// Most classes, zones, windows.
const MOST_ENTRIES: usize = 256;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TraceFile {
    drop_out: f64,
    speed: Vec<SpeedClass>,
    #[serde(default)]
    zones: Vec<TimeZone>,
    arrival: Option<ArrivalFile>,
    #[serde(default)]
    battery: Vec<WindowFile>,
    #[serde(default)]
    network: Vec<WindowFile>,
    devices: Option<PathBuf>,
    repeat_h: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArrivalFile {
    sessions_per_day: u32,
    minutes: (f64, f64),
    hours: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowFile {
    probability: f64,
    start_h: (f64, f64),
    length_h: (f64, f64),
}

/// A field, what is accepted, what was found.
type Wrong = (String, String, String);

fn ensure(holds: bool, field: &str, expected: &str, found: impl std::fmt::Debug) -> Result<(), Wrong> {
    if holds { Ok(()) } else { Err((field.to_owned(), expected.to_owned(), format!("{found:?}"))) }
}

/// Opens a file that is not too large.
pub(super) fn open(path: &Path) -> Result<File, TraceError> {
    let failed = |source| TraceError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?.len();
    if found > LARGEST_FILE {
        return Err(TraceError::TooLarge { path: path.to_owned(), most: LARGEST_FILE, found });
    }
    Ok(file)
}

impl Default for Trace {
    /// The built-in trace, [`DEFAULT_TRACE`].
    #[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
    fn default() -> Self {
        Self::from_toml(DEFAULT_TRACE, Path::new("default.toml")).expect("the built-in trace is one")
    }
}

impl Trace {
    /// Reads a trace: a file of TOML like [`DEFAULT_TRACE`], which may name a list of devices beside it, or such a
    /// list itself (`.jsonl`), whose speed classes are then the built-in trace's.
    ///
    /// # Errors
    /// Names file, line or field, what was expected and what was found.
    pub fn read(path: &Path) -> Result<Self, TraceError> {
        if path.extension().is_some_and(|e| e == "jsonl") {
            let default = Self::default();
            let listed = Listed::read(path, None, &default.speed)?;
            return Ok(Self { availability: Availability::Listed(Arc::new(listed)), ..default });
        }
        let found = open(path)?.metadata().map_or(0, |m| m.len());
        if found > LARGEST_TOML {
            return Err(TraceError::TooLarge { path: path.to_owned(), most: LARGEST_TOML, found });
        }
        let text =
            std::fs::read_to_string(path).map_err(|source| TraceError::Read { path: path.to_owned(), source })?;
        Self::from_toml(&text, path)
    }

    /// The trace that this text describes; `path` is named in errors, and a list of devices is looked for beside it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn from_toml(text: &str, path: &Path) -> Result<Self, TraceError> {
        let file: TraceFile = toml::from_str(text).map_err(|error| TraceError::Toml {
            path: path.to_owned(),
            message: error.to_string().trim().to_owned(),
        })?;
        let wrong = |(field, expected, found)| TraceError::Field { path: path.to_owned(), field, expected, found };
        check(&file).map_err(wrong)?;
        let zones = if file.zones.is_empty() { vec![TimeZone { utc_offset_h: 0.0, share: 1.0 }] } else { file.zones };
        let availability = match (file.devices, file.arrival) {
            (Some(devices), _) => {
                let beside = path.parent().unwrap_or_else(|| Path::new("")).join(devices);
                let repeat = file.repeat_h.map(|hours| (hours * HOUR as f64) as Millis);
                Availability::Listed(Arc::new(Listed::read(&beside, repeat, &file.speed)?))
            }
            (None, Some(arrival)) => {
                let kinds = |windows: &[WindowFile], first: u32| (first..).zip(windows).map(window).collect();
                Availability::Daily {
                    arrival: Box::new(sessions(&arrival)),
                    battery: kinds(&file.battery, 1),
                    network: kinds(&file.network, 1 + MOST_ENTRIES as u32),
                }
            }
            (None, None) => {
                return Err(wrong(("arrival".into(), "a table, or devices, a list".into(), "neither".into())));
            }
        };
        Ok(Self { speed: file.speed, zones, drop_out: file.drop_out, availability })
    }
}

/// Draws of kind 0.
fn sessions(file: &ArrivalFile) -> Daily {
    let mut sums = Box::new([0.0; 24]);
    let mut sum = 0.0;
    for (at, weight) in sums.iter_mut().zip(&file.hours) {
        sum += weight;
        *at = sum;
    }
    let ms = |minutes: f64| (minutes * 60e3) as Millis;
    Daily {
        probability: 1.0,
        count: file.sessions_per_day,
        start: Start::Hours(sums),
        length: (ms(file.minutes.0), ms(file.minutes.1)),
        kind: 0,
    }
}

fn window((kind, file): (u32, &WindowFile)) -> Daily {
    let ms = |hours: f64| (hours * HOUR as f64) as Millis;
    Daily {
        probability: file.probability,
        count: 1,
        start: Start::Between(ms(file.start_h.0), ms(file.start_h.1)),
        length: (ms(file.length_h.0), ms(file.length_h.1)),
        kind,
    }
}

fn check(file: &TraceFile) -> Result<(), Wrong> {
    const SHARE: &str = "a number from 0 to 1";
    ensure((0.0..=1.0).contains(&file.drop_out), "drop_out", SHARE, file.drop_out)?;
    let classes = file.speed.len();
    ensure((1..=MOST_ENTRIES).contains(&classes), "speed", "1 to 256 classes", classes)?;
    for class in &file.speed {
        check_class(class)?;
    }
    shares("speed.share", file.speed.iter().map(|class| class.share))?;
    ensure(file.zones.len() <= MOST_ENTRIES, "zones", "at most 256", file.zones.len())?;
    for zone in &file.zones {
        let offset = zone.utc_offset_h;
        ensure((-12.0..=14.0).contains(&offset), "zones.utc_offset_h", "-12 to 14", offset)?;
    }
    if !file.zones.is_empty() {
        shares("zones.share", file.zones.iter().map(|zone| zone.share))?;
    }
    let repeat = file.repeat_h.unwrap_or(1.0);
    ensure((0.01..=240_000.0).contains(&repeat), "repeat_h", "a number from 0.01 to 240000", repeat)?;
    ensure(file.repeat_h.is_none() || file.devices.is_some(), "repeat_h", "none without devices", repeat)?;
    if file.devices.is_some() {
        let modelled = file.arrival.is_some() || !file.battery.is_empty() || !file.network.is_empty();
        return ensure(!modelled, "devices", "neither arrival, battery nor network beside a list", "some of them");
    }
    let Some(arrival) = &file.arrival else { return Ok(()) };
    check_arrival(arrival)?;
    for (name, windows) in [("battery", &file.battery), ("network", &file.network)] {
        ensure((1..=MOST_ENTRIES).contains(&windows.len()), name, "1 to 256 windows", windows.len())?;
        windows.iter().try_for_each(|window| check_window(name, window))?;
    }
    Ok(())
}

fn check_class(class: &SpeedClass) -> Result<(), Wrong> {
    let field = |name: &str| format!("speed {}, {name}", class.name);
    let seconds = [("startup_s", class.startup_s), ("seconds_per_example", class.seconds_per_example)];
    for (name, value) in seconds {
        ensure((0.0..=86_400.0).contains(&value), &field(name), "0 to 86400 seconds", value)?;
    }
    for (name, value) in [("down_mbps", class.down_mbps), ("up_mbps", class.up_mbps)] {
        ensure((1e-3..=1e6).contains(&value), &field(name), "0.001 to 1000000 megabits a second", value)?;
    }
    ensure((0.0..1.0).contains(&class.spread), &field("spread"), "0 to below 1", class.spread)?;
    let chance = class.drop_out.unwrap_or(0.0);
    ensure((0.0..=1.0).contains(&chance), &field("drop_out"), "a number from 0 to 1", chance)
}

fn shares(field: &str, shares: impl Iterator<Item = f64> + Clone) -> Result<(), Wrong> {
    let fit = shares.clone().all(|share| (0.0..=1e9).contains(&share)) && shares.clone().sum::<f64>() > 0.0;
    ensure(fit, field, "numbers from 0 to 10^9, not all 0", shares.collect::<Vec<_>>())
}

fn check_arrival(arrival: &ArrivalFile) -> Result<(), Wrong> {
    let sessions = arrival.sessions_per_day;
    ensure((1..=MOST_A_DAY).contains(&sessions), "arrival.sessions_per_day", "1 to 24", sessions)?;
    let (shortest, longest) = arrival.minutes;
    let fit = shortest >= 1.0 && shortest <= longest && longest <= 1_440.0;
    ensure(fit, "arrival.minutes", "the shortest and the longest, 1 to 1440", arrival.minutes)?;
    ensure(arrival.hours.len() == 24, "arrival.hours", "24 weights", arrival.hours.len())?;
    shares("arrival.hours", arrival.hours.iter().copied())
}

fn check_window(name: &str, window: &WindowFile) -> Result<(), Wrong> {
    let field = |part: &str| format!("{name}.{part}");
    let chance = window.probability;
    ensure((0.0..=1.0).contains(&chance), &field("probability"), "a number from 0 to 1", chance)?;
    let ((earliest, latest), (shortest, longest)) = (window.start_h, window.length_h);
    let fit = earliest >= 0.0 && earliest <= latest && latest <= 30.0;
    ensure(fit, &field("start_h"), "the earliest and the latest, 0 to 30", window.start_h)?;
    let day = DAY as f64 / HOUR as f64;
    let fit = shortest > 0.0 && shortest <= longest && latest + longest <= 2.0 * day;
    ensure(fit, &field("length_h"), "the shortest and the longest, over by hour 48", window.length_h)
}
