//! What was searched and what was found.

use std::path::PathBuf;

use serde::Serialize;
use silhouette_privacy::Mode;

use super::{Fault, Planted, Spelling};

/// A place that was searched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Place {
    /// Its name.
    pub name: &'static str,
    /// How many frames, lines or files it held.
    pub pieces: u64,
    /// What those are.
    pub unit: &'static str,
    /// Bytes.
    pub bytes: u64,
}

/// One of the words, found where it must not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// Where.
    pub place: &'static str,
    /// The file, where there is one.
    pub file: Option<PathBuf>,
    /// Which of the words.
    pub word: String,
    /// How it was spelled.
    pub spelling: Spelling,
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Outcome {
    /// Who added the noise.
    pub mode: Mode,
    /// Devices.
    pub devices: usize,
    /// Rounds.
    pub rounds: u64,
    /// Vectors that were uploaded.
    pub uploads: u64,
    /// The words that were looked for.
    pub words: Vec<String>,
    /// Byte strings that these stand for.
    pub needles: usize,
    /// Where they were looked for.
    pub searched: Vec<Place>,
    /// Where they were found.
    pub found: Vec<Finding>,
    /// What was broken on purpose.
    pub control: Option<Fault>,
    /// Where they were put on purpose.
    pub planted: Vec<Planted>,
}

impl Outcome {
    /// Whether none of the words was found anywhere.
    pub fn is_clean(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether everything put there on purpose was found, and there was such a thing.
    pub fn found_what_was_planted(&self) -> bool {
        let is_found = |planted: &Planted| {
            self.found
                .iter()
                .any(|f| (f.place, &f.word, f.spelling) == (planted.place, &planted.word, planted.spelling))
        };
        !self.planted.is_empty() && self.planted.iter().all(is_found)
    }
}
