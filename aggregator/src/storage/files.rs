//! Models, optimiser states and trees of noise: files named by the hash of their content.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use silhouette_wire::ContentHash;

use super::{Storage, StorageError};

pub(super) const MODELS: &str = "models";
pub(super) const OPTIMISER: &str = "optimiser";
pub(super) const NOISE: &str = "noise";

/// The folder and what it holds are the owner's alone: keys and tokens lie in it.
pub(crate) fn create_folders(folder: &Path) -> Result<(), StorageError> {
    for path in [folder.to_path_buf(), folder.join(MODELS), folder.join(OPTIMISER), folder.join(NOISE)] {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(StorageError::at(&path))?;
    }
    Ok(())
}

impl Storage {
    /// Where the model of this hash lies, if it is there.
    pub fn model_path(&self, hash: &ContentHash) -> PathBuf {
        self.folder.join(MODELS).join(format!("{hash}.safetensors"))
    }

    fn optimiser_path(&self, hash: &ContentHash) -> PathBuf {
        self.folder.join(OPTIMISER).join(format!("{hash}.state"))
    }

    /// Keeps a model file; it is on the disk when this returns.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn put_model(&self, bytes: &[u8]) -> Result<ContentHash, StorageError> {
        let hash = ContentHash::of(bytes);
        put(&self.model_path(&hash), bytes).map(|()| hash)
    }

    /// Reads a model file and checks it against its name.
    ///
    /// # Errors
    /// When it can't be read, or is damaged.
    pub fn model(&self, hash: &ContentHash) -> Result<Vec<u8>, StorageError> {
        read(self.model_path(hash), hash)
    }

    /// Keeps an optimiser's state; it is on the disk when this returns.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn put_optimiser(&self, bytes: &[u8]) -> Result<ContentHash, StorageError> {
        let hash = ContentHash::of(bytes);
        put(&self.optimiser_path(&hash), bytes).map(|()| hash)
    }

    /// Reads an optimiser's state and checks it against its name.
    ///
    /// # Errors
    /// When it can't be read, or is damaged.
    pub fn optimiser(&self, hash: &ContentHash) -> Result<Vec<u8>, StorageError> {
        read(self.optimiser_path(hash), hash)
    }

    fn noise_path(&self, hash: &ContentHash) -> PathBuf {
        self.folder.join(NOISE).join(format!("{hash}.state"))
    }

    /// Keeps a tree of noise; it is on the disk when this returns. Whoever reads it can take the noise
    /// off a published model.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn put_noise(&self, bytes: &[u8]) -> Result<ContentHash, StorageError> {
        let hash = ContentHash::of(bytes);
        put(&self.noise_path(&hash), bytes).map(|()| hash)
    }

    /// Reads a tree of noise and checks it against its name.
    ///
    /// # Errors
    /// When it can't be read, or is damaged.
    pub fn noise(&self, hash: &ContentHash) -> Result<Vec<u8>, StorageError> {
        read(self.noise_path(hash), hash)
    }
}

/// Who may read a file besides its owner.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Whom the folder lets in.
    All,
    /// Nobody.
    None,
}

/// Written beside its place, flushed, renamed, and the folder flushed: after a crash the file is
/// there whole or not at all.
pub(crate) fn replace(path: &Path, bytes: &[u8], readers: Readers) -> std::io::Result<()> {
    let temporary = path.with_extension("part");
    // A leftover of a crash may have been half written, or be readable by others.
    match fs::remove_file(&temporary) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if readers == Readers::None {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let mut file = options.open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Keeps content under its hash, which is there already or not.
fn put(path: &Path, bytes: &[u8]) -> Result<(), StorageError> {
    if path.exists() {
        return Ok(());
    }
    replace(path, bytes, Readers::All).map_err(StorageError::at(path))
}

/// Makes the names in a folder durable. Only Unix lets a folder be opened for it; elsewhere the
/// file system's own journal has to do.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    // The folder of a bare file name is the current one.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn read(path: PathBuf, hash: &ContentHash) -> Result<Vec<u8>, StorageError> {
    let bytes = fs::read(&path).map_err(StorageError::at(&path))?;
    if ContentHash::of(&bytes) == *hash { Ok(bytes) } else { Err(StorageError::Damaged { path, hash: *hash }) }
}

/// Reads a secret file of the owner's, or makes it from `fresh` and keeps it, readable by nobody
/// else, before anything is done with it.
pub(crate) fn secret<E: From<StorageError>>(
    path: &Path,
    fresh: impl FnOnce() -> Result<Vec<u8>, E>,
) -> Result<Vec<u8>, E> {
    match fs::read(path) {
        Ok(bytes) => return Ok(bytes),
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(StorageError::at(path)(e).into()),
    }
    let bytes = fresh()?;
    replace(path, &bytes, Readers::None).map_err(StorageError::at(path))?;
    Ok(bytes)
}
