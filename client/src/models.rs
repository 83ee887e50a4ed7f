//! Models on the disk, by the hash of their file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use silhouette_model::{Model, ModelError};
use silhouette_wire::ContentHash;
use thiserror::Error;

use crate::durable;

/// Why a model can't be kept or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelCacheError {
    /// The bytes are not what their hash names.
    #[error("model: expected hash {expected}, found {found}")]
    Hash {
        /// The hash asked for.
        expected: ContentHash,
        /// The hash of the bytes.
        found: ContentHash,
    },
    /// The file system failed.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The bytes are no model.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// A folder of models, each in the file `<hash>.safetensors`. Content is checked against its name
/// whenever it is read.
#[derive(Clone, Debug)]
pub struct ModelCache {
    folder: PathBuf,
}

impl ModelCache {
    /// The models in `folder`.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        Self { folder: folder.as_ref().to_owned() }
    }

    /// Where a model lies, or would.
    pub fn path(&self, hash: ContentHash) -> PathBuf {
        self.folder.join(format!("{hash}.safetensors"))
    }

    /// The model, `None` if it is not here or its file is damaged; a damaged one is removed, as it
    /// can be fetched again.
    ///
    /// # Errors
    /// When the file can't be read, or holds something whose hash is right and that is no model.
    pub fn load(&self, hash: ContentHash) -> Result<Option<Model>, ModelCacheError> {
        let path = self.path(hash);
        let Some(bytes) = durable::read_if_there(&path).map_err(io_error(&path))? else {
            return Ok(None);
        };
        if ContentHash::of(&bytes) != hash {
            fs::remove_file(&path).map_err(io_error(&path))?;
            return Ok(None);
        }
        Ok(Some(Model::from_safetensors(&bytes)?))
    }

    /// Checks a model file and keeps it.
    ///
    /// # Errors
    /// When the bytes have another hash, are no model, or can't be written.
    pub fn keep(&self, hash: ContentHash, bytes: &[u8]) -> Result<Model, ModelCacheError> {
        let found = ContentHash::of(bytes);
        if found != hash {
            return Err(ModelCacheError::Hash { expected: hash, found });
        }
        let model = Model::from_safetensors(bytes)?;
        let path = self.path(hash);
        durable::create_folder(&self.folder).and_then(|()| durable::replace(&path, bytes)).map_err(io_error(&path))?;
        Ok(model)
    }

    /// Removes all but the `keep` newest models; says how many went.
    ///
    /// # Errors
    /// When the folder can't be read or a file can't be removed.
    pub fn prune(&self, keep: usize) -> Result<usize, ModelCacheError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(io_error(&self.folder))? {
            let path = entry.map_err(io_error(&self.folder))?.path();
            if path.extension().is_some_and(|e| e == "safetensors") {
                let modified = fs::metadata(&path).and_then(|m| m.modified());
                found.push((modified.unwrap_or(SystemTime::UNIX_EPOCH), path));
            }
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        let old = found.split_off(keep.min(found.len()));
        for (_, path) in &old {
            fs::remove_file(path).map_err(io_error(path))?;
        }
        Ok(old.len())
    }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> ModelCacheError {
    let path = path.to_owned();
    move |source| ModelCacheError::Io { path, source }
}

#[cfg(test)]
mod tests {
    use silhouette_model::{BagSpec, EncoderSpec, Task};

    use super::*;

    fn model(seed: u64) -> (Model, Vec<u8>, ContentHash) {
        let encoder = EncoderSpec::Bag(BagSpec { buckets_log2: 6, dim: Some(4), ..BagSpec::default() });
        let task = Task::of_labels("t", ["a".into(), "b".into()].into(), encoder).unwrap();
        let model = Model::new(task, seed);
        let bytes = model.to_safetensors().unwrap();
        let hash = ContentHash::of(&bytes);
        (model, bytes, hash)
    }

    #[test]
    fn a_model_is_found_again_by_its_hash() {
        let folder = tempfile::tempdir().unwrap();
        let cache = ModelCache::new(folder.path().join("models"));
        let (model, bytes, hash) = model(1);
        assert!(cache.load(hash).unwrap().is_none());
        assert_eq!(cache.keep(hash, &bytes).unwrap(), model);
        assert_eq!(cache.load(hash).unwrap(), Some(model));
    }

    #[test]
    fn other_content_is_neither_kept_nor_used() {
        let folder = tempfile::tempdir().unwrap();
        let cache = ModelCache::new(folder.path());
        let (_, bytes, hash) = model(1);
        let other = ContentHash::of(b"other");
        assert!(matches!(cache.keep(other, &bytes), Err(ModelCacheError::Hash { .. })));
        assert!(!cache.path(other).exists());
        let junk = ContentHash::of(b"junk");
        assert!(matches!(cache.keep(junk, b"junk"), Err(ModelCacheError::Model(_))));
        cache.keep(hash, &bytes).unwrap();
        fs::write(cache.path(hash), &bytes[1..]).unwrap();
        assert!(cache.load(hash).unwrap().is_none());
        assert!(!cache.path(hash).exists());
    }

    #[test]
    fn only_the_newest_stay() {
        let folder = tempfile::tempdir().unwrap();
        let cache = ModelCache::new(folder.path());
        for seed in 1..=3 {
            let (_, bytes, hash) = model(seed);
            cache.keep(hash, &bytes).unwrap();
            let file = fs::File::options().write(true).open(cache.path(hash)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seed)).unwrap();
        }
        assert_eq!(cache.prune(1).unwrap(), 2);
        assert!(cache.load(model(3).2).unwrap().is_some());
    }
}
