//! The population as files.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use serde::Serialize;
use thiserror::Error;

use super::{PlantedProfile, Population, SynthConfig};

/// Why a population could not be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The file cannot be made or filled.
    #[error("cannot write the population")]
    Io(#[from] io::Error),
    /// The population cannot be put into JSON.
    #[error("cannot encode the population")]
    Json(#[from] serde_json::Error),
}

/// The form of the planted truth in its file.
#[derive(Serialize)]
struct Truth<'a> {
    config: &'a SynthConfig,
    users: Vec<TruthOfUser<'a>>,
}

#[derive(Serialize)]
struct TruthOfUser<'a> {
    user: &'a str,
    split_user: &'static str,
    texts: usize,
    planted: &'a PlantedProfile,
}

impl Population {
    /// Writes all events to a JSON Lines file, user by user and in order of time.
    pub fn write_jsonl(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        let mut file = BufWriter::new(File::create(path)?);
        self.write_jsonl_to(&mut file)?;
        Ok(file.flush()?)
    }

    /// [`Population::write_jsonl`] to any writer.
    pub fn write_jsonl_to(&self, mut writer: impl Write) -> Result<(), WriteError> {
        for event in self.events() {
            serde_json::to_writer(&mut writer, event)?;
            writer.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Writes the configuration and the planted profiles to a JSON file.
    pub fn write_truth(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        let mut file = BufWriter::new(File::create(path)?);
        self.write_truth_to(&mut file)?;
        Ok(file.flush()?)
    }

    /// [`Population::write_truth`] to any writer.
    pub fn write_truth_to(&self, mut writer: impl Write) -> Result<(), WriteError> {
        let users = self.users.iter().map(|user| TruthOfUser {
            user: &user.id,
            split_user: user.split(),
            texts: user.events.len(),
            planted: &user.planted,
        });
        let truth = Truth { config: &self.config, users: users.collect() };
        serde_json::to_writer_pretty(&mut writer, &truth)?;
        Ok(writer.write_all(b"\n")?)
    }
}
