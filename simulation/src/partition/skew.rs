//! The kinds of skew, and how each deals rows out.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::draws::{Draws, sums};
use super::{dirichlet, labels, setting};
use crate::config::ConfigError;

/// The range of a concentration: below it everybody has one label, above it nobody differs.
const CONCENTRATION: std::ops::RangeInclusive<f64> = 1e-3..=1e6;

/// What makes made-up people differ.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[non_exhaustive]
pub enum Skew {
    /// Label skew: person by person a mixture of labels q ~ Dirichlet(alpha K p), p being the labels' shares of all
    /// rows and K their number (Hsu et al. 2019, section 3, whose concentration is `alpha p`: ours is the one in
    /// which balanced labels have alpha each). As many rows for everybody. A share has mean `p_k` and variance
    /// `p_k (1 - p_k) / (alpha K + 1)`.
    Dirichlet(f64),
    /// Nobody differs but by chance: rows in random order, as many for everybody.
    Iid,
    /// Everybody has exactly so many labels, with about as many rows of each.
    Labels(u32),
    /// Quantity skew: shares of all rows ~ Dirichlet(alpha) over the people, at least one row each; labels in
    /// random order.
    Quantity(f64),
    /// Rows sorted by label are cut into shards of one size, and everybody gets so many of them at random
    /// (McMahan et al. 2017, section 3: the pathological split, with 2).
    Shards(u32),
}

/// Makes the stream of draws of a purpose and number.
pub(super) type Streams<'a> = &'a dyn Fn(&str, u64) -> Draws;

impl Skew {
    /// Whether labels decide who gets a row.
    pub(super) fn looks_at_labels(self) -> bool {
        matches!(self, Self::Dirichlet(_) | Self::Labels(_) | Self::Shards(_))
    }

    pub(super) fn check(self) -> Result<(), ConfigError> {
        let fits = match self {
            Self::Iid => true,
            Self::Dirichlet(alpha) | Self::Quantity(alpha) => CONCENTRATION.contains(&alpha),
            Self::Labels(count) | Self::Shards(count) => (1..=4096).contains(&count),
        };
        if fits { Ok(()) } else { Err(unknown(&self.to_string())) }
    }

    /// The person of each row: `labels` are the rows' labels, below `kinds`. There are at least as many rows as
    /// people.
    pub(super) fn deal(
        self,
        labels: &[u32],
        kinds: usize,
        people: usize,
        streams: Streams<'_>,
    ) -> Result<Vec<u32>, ConfigError> {
        match self {
            Self::Dirichlet(alpha) => Ok(dirichlet::deal(alpha, labels, kinds, people, streams)),
            Self::Iid => Ok(in_parts(&shuffled(labels.len(), streams), |i| i * labels.len() / people, people)),
            Self::Labels(count) => labels::deal(count as usize, labels, kinds, people, streams),
            Self::Quantity(alpha) => Ok(quantity(alpha, labels.len(), people, streams)),
            Self::Shards(count) => shards(count as usize, labels, people, streams),
        }
    }
}

/// All rows in a random order.
pub(super) fn shuffled(rows: usize, streams: Streams<'_>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows).collect();
    streams("rows", 0).shuffle(&mut order);
    order
}

/// Part `i` of the order, from `cut(i)` to `cut(i + 1)`, goes to person `i`.
fn in_parts(order: &[usize], cut: impl Fn(usize) -> usize, parts: usize) -> Vec<u32> {
    let mut person_of = vec![0; order.len()];
    for part in 0..parts {
        order[cut(part)..cut(part + 1)].iter().for_each(|&row| person_of[row] = part as u32);
    }
    person_of
}

fn quantity(alpha: f64, rows: usize, people: usize, streams: Streams<'_>) -> Vec<u32> {
    let shares = streams("quantity", 0).dirichlet(&vec![alpha; people]);
    let running = sums(shares.into_iter());
    let free = rows - people;
    let cut = |i: usize| match i {
        0 => 0,
        i if i == people => rows,
        // One row each, and the shares of the others to the nearest row.
        i => i + ((running[i - 1] * free as f64 + 0.5) as usize).min(free),
    };
    in_parts(&shuffled(rows, streams), cut, people)
}

fn shards(count: usize, labels: &[u32], people: usize, streams: Streams<'_>) -> Result<Vec<u32>, ConfigError> {
    let (rows, all) = (labels.len(), people * count);
    if all > rows {
        let expected = format!("at most {rows} shards, one row each, over {people} people");
        return Err(setting("partition", expected, format!("shards:{count}")));
    }
    let mut order = shuffled(rows, streams);
    order.sort_by_key(|&row| labels[row]);
    let shard_of = in_parts(&order, |i| i * rows / all, all);
    let mut owners: Vec<u32> = (0..all).map(|i| (i / count) as u32).collect();
    streams("shards", 0).shuffle(&mut owners);
    Ok(shard_of.into_iter().map(|shard| owners[shard as usize]).collect())
}

impl fmt::Display for Skew {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dirichlet(alpha) => write!(out, "dirichlet:{alpha}"),
            Self::Iid => out.write_str("iid"),
            Self::Labels(count) => write!(out, "labels:{count}"),
            Self::Quantity(alpha) => write!(out, "quantity:{alpha}"),
            Self::Shards(count) => write!(out, "shards:{count}"),
        }
    }
}

impl From<Skew> for String {
    fn from(skew: Skew) -> Self {
        skew.to_string()
    }
}

impl TryFrom<String> for Skew {
    type Error = ConfigError;

    fn try_from(text: String) -> Result<Self, ConfigError> {
        text.parse()
    }
}

impl FromStr for Skew {
    type Err = ConfigError;

    /// `iid`, `dirichlet:ALPHA`, `shards:N`, `labels:N` or `quantity:ALPHA`.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let wrong = || unknown(text);
        let alpha = |value: &str| value.parse::<f64>().map_err(|_| wrong());
        let count = |value: &str| value.parse::<u32>().map_err(|_| wrong());
        let skew = match text.split_once(':') {
            None if text == "iid" => Self::Iid,
            Some(("dirichlet", value)) => Self::Dirichlet(alpha(value)?),
            Some(("labels", value)) => Self::Labels(count(value)?),
            Some(("quantity", value)) => Self::Quantity(alpha(value)?),
            Some(("shards", value)) => Self::Shards(count(value)?),
            _ => return Err(wrong()),
        };
        skew.check().map(|()| skew).map_err(|_| wrong())
    }
}

fn unknown(found: &str) -> ConfigError {
    let expected = "iid, dirichlet:ALPHA or quantity:ALPHA (0.001 to 1000000), shards:N or labels:N (1 to 4096)";
    setting("partition", expected.to_owned(), found.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        for text in ["iid", "dirichlet:0.1", "labels:2", "quantity:0.5", "shards:2"] {
            assert_eq!(text.parse::<Skew>().unwrap().to_string(), text);
        }
        for wrong in ["", "iid:1", "dirichlet", "dirichlet:0", "dirichlet:NaN", "dirichlet:1e7", "labels:0"] {
            let error = wrong.parse::<Skew>().unwrap_err().to_string();
            assert!(error.starts_with("--partition: expected iid") && error.ends_with(&format!("found {wrong}")));
        }
        for wrong in ["shards:-1", "shards:1.5", "quantity:inf", "labels:4097", "Dirichlet:1"] {
            assert!(wrong.parse::<Skew>().is_err(), "{wrong}");
        }
    }
}
