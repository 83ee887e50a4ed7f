//! Results appear in their folder whole or not at all, whenever the program is stopped.

use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::TempDir;

/// A hidden place inside the folder of the results, from which they are moved once all are written.
pub(crate) struct Staging {
    out: PathBuf,
    place: TempDir,
}

impl Staging {
    /// Makes the folder of the results if need be, and the place within.
    pub(crate) fn new(out: &Path) -> anyhow::Result<Self> {
        let make = || {
            std::fs::create_dir_all(out)?;
            tempfile::Builder::new().prefix(".unfinished-").tempdir_in(out)
        };
        let place = make().with_context(|| format!("--out {}", out.display()))?;
        Ok(Self { out: out.to_owned(), place })
    }

    /// Finds out whether the results will have a place, before hours of work for them.
    pub(crate) fn try_out(out: &Path) -> anyhow::Result<()> {
        Self::new(out).map(drop)
    }

    /// Where to write.
    pub(crate) fn place(&self) -> &Path {
        self.place.path()
    }

    /// Moves everything to the folder; a file of an earlier run of the same name is replaced.
    pub(crate) fn publish(self) -> anyhow::Result<()> {
        for entry in std::fs::read_dir(self.place.path())? {
            let entry = entry?;
            let to = self.out.join(entry.file_name());
            std::fs::rename(entry.path(), &to).with_context(|| to.display().to_string())?;
        }
        Ok(())
    }
}
