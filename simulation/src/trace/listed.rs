//! Availability that a file lists, device by device.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use silhouette_wire::ContentHash;

use super::parse::open;
use super::{DAY, SpeedClass, TraceError};
use crate::Millis;
use crate::people::People;

/// Latest time a list may name: ten thousand days, in seconds.
const LATEST: f64 = 8.64e8;

/// Intervals of every listed user, one after the other.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Listed {
    /// Of the file: it stands for the list where settings are compared.
    digest: Option<ContentHash>,
    users: BTreeMap<String, u32>,
    /// Each user's speed class, if the line names one.
    classes: Vec<Option<u16>>,
    /// Where each user's intervals end; they start where those of the user before end.
    ends: Vec<u32>,
    /// From the first to the second, sorted, no two touch.
    intervals: Vec<(Millis, Millis)>,
    /// After so long everything comes again.
    repeat: Option<Millis>,
}

impl fmt::Debug for Listed {
    /// Short, and the same in every process that has read the same list.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = self.digest.map(|digest| digest.to_string());
        out.debug_struct("Listed").field("digest", &digest).field("repeat", &self.repeat).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    user: String,
    speed: Option<String>,
    available: Vec<(f64, f64)>,
}

impl Listed {
    pub(crate) fn len(&self) -> usize {
        self.users.len()
    }

    /// The place of the class that a line names.
    pub(crate) fn class(&self, line: u32) -> Option<usize> {
        self.classes.get(line as usize).copied().flatten().map(usize::from)
    }

    /// Reads JSON Lines: `{"user": "anna", "speed": "slow", "available": [[start_s, end_s], ...]}`, seconds since the
    /// start of the run, `speed` optional. With `repeat`, everything comes again after so long.
    pub(super) fn read(path: &Path, repeat: Option<Millis>, speed: &[SpeedClass]) -> Result<Self, TraceError> {
        let mut listed = Self { repeat, ..Self::default() };
        let mut digest = Sha256::new();
        for (number, text) in (1..).zip(BufReader::new(open(path)?).lines()) {
            let text = text.map_err(|source| TraceError::Read { path: path.to_owned(), source })?;
            digest.update(text.as_bytes());
            digest.update(b"\n");
            if !text.trim().is_empty() {
                listed.add(&text, speed).map_err(|(field, expected, found)| TraceError::Line {
                    path: path.to_owned(),
                    line: number,
                    field,
                    expected,
                    found,
                })?;
            }
        }
        listed.digest = Some(ContentHash(digest.finalize().into()));
        Ok(listed)
    }

    fn add(&mut self, text: &str, speed: &[SpeedClass]) -> Result<(), (&'static str, String, String)> {
        let line: Line = serde_json::from_str(text).map_err(|error| {
            (
                "line",
                "{\"user\": ..., \"speed\": ..., \"available\": [[start_s, end_s], ...]}".into(),
                error.to_string(),
            )
        })?;
        let class = line.speed.map(|name| {
            let place = speed.iter().position(|class| class.name == name);
            let names = speed.iter().map(|class| class.name.as_str()).collect::<Vec<_>>().join(", ");
            place.map(|place| place as u16).ok_or_else(|| ("speed", format!("one of {names}"), name))
        });
        let class = class.transpose()?;
        let first = self.intervals.len();
        for (from, to) in line.available {
            self.push(first, from, to)?;
        }
        let number = self.ends.len() as u32;
        if self.users.insert(line.user.clone(), number).is_some() {
            return Err(("user", "each user once".into(), line.user));
        }
        self.classes.push(class);
        self.ends.push(self.intervals.len() as u32);
        Ok(())
    }

    /// One interval in seconds; one that begins where the last ends makes it longer.
    fn push(&mut self, first: usize, from: f64, to: f64) -> Result<(), (&'static str, String, String)> {
        let most = self.repeat.map_or(LATEST, |repeat| repeat as f64 / 1e3);
        // NaN is in no range.
        if !((0.0..=most).contains(&from) && (0.0..=most).contains(&to) && from < to) {
            let expected = format!("0 <= start_s < end_s <= {most}");
            return Err(("available", expected, format!("[{from}, {to}]")));
        }
        let (from, to) = ((from * 1e3) as Millis, (to * 1e3) as Millis);
        match self.intervals[first..].last_mut() {
            Some((_, end)) if *end > from => {
                let expected = "intervals in order that do not overlap".into();
                Err(("available", expected, format!("one from {} s before {} s", from as f64 / 1e3, *end as f64 / 1e3)))
            }
            Some((_, end)) if *end == from => {
                *end = to;
                Ok(())
            }
            _ => {
                self.intervals.push((from, to));
                Ok(())
            }
        }
    }

    /// Each training user's line, if there is one.
    pub(super) fn lines_of(&self, people: &People) -> Result<Vec<Option<u32>>, TraceError> {
        let People::Kept(users) = people else { return Err(TraceError::Nameless) };
        let lines: Vec<_> = users.iter().map(|user| self.users.get(&user.id).copied()).collect();
        if lines.iter().all(Option::is_none) {
            return Err(TraceError::NobodyListed { expected: users.len(), listed: self.len() });
        }
        Ok(lines)
    }

    /// When this line's device, which is not eligible at `t`, is so next, if it ever is.
    pub(super) fn next(&self, line: u32, t: Millis) -> Option<Millis> {
        let intervals = self.intervals_of(line);
        let within = self.repeat.map_or(t, |repeat| t % repeat);
        let next = intervals.partition_point(|&(start, _)| start <= within);
        match (intervals.get(next), self.repeat, intervals.first()) {
            (Some((start, _)), ..) => Some(t + (start - within)),
            // From the beginning.
            (None, Some(repeat), Some((start, _))) => Some(t + (repeat - within) + start),
            _ => None,
        }
    }

    fn intervals_of(&self, line: u32) -> &[(Millis, Millis)] {
        let line = line as usize;
        let start = line.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.intervals[start as usize..self.ends[line] as usize]
    }

    /// Until when this line's device is eligible, if it is at `t`; at most a day on.
    pub(super) fn until(&self, line: u32, t: Millis) -> Option<Millis> {
        let intervals = self.intervals_of(line);
        let within = self.repeat.map_or(t, |repeat| t % repeat);
        let next = intervals.partition_point(|&(_, end)| end <= within);
        let (_, end) = *intervals.get(next).filter(|&&(start, _)| start <= within)?;
        // What lasts to the end may go on from the beginning.
        let on = match (self.repeat, intervals.first()) {
            (Some(repeat), Some(&(0, end_of_first))) if end == repeat => end_of_first,
            _ => 0,
        };
        Some((t + (end - within) + on).min(t + DAY))
    }
}
