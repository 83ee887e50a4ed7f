//! Files that survive a power cut: written whole or not at all, readable by their owner only.
//!
//! Every call that changes a disk goes through here, one [`step`] before each, so that tests can stop
//! the program between any two of them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

#[cfg(test)]
pub(crate) mod crash;

/// Where a test may end the program.
#[cfg(test)]
fn step() -> io::Result<()> {
    crash::step()
}

#[cfg(not(test))]
#[allow(clippy::unnecessary_wraps, reason = "tests make it fail")]
fn step() -> io::Result<()> {
    Ok(())
}

/// Makes the names in `folder` durable: a new file is on the disk only once its folder is too.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    step()?;
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder can't be opened for this; the file system's own journal has to do.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes the folder that holds `file` durable.
pub(crate) fn sync_parent(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => sync_folder(folder),
        _ => sync_folder(Path::new(".")),
    }
}

/// Options under which only the owner may read what is created.
pub(crate) fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Creates a folder, and those above it, for the owner only.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    step()?;
    builder.create(folder)?;
    sync_parent(folder)
}

/// Creates `path` with `bytes` in one step; fails if it is there already.
///
/// A crash leaves no file or the whole one: a key of half its length would lock a device out for ever.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = write_fresh(path, bytes)?;
    step()?;
    // Unlike a renamed file, a second name never takes the place of another file.
    let linked = fs::hard_link(&fresh, path);
    step()?;
    fs::remove_file(&fresh)?;
    match linked {
        Err(e) if matches!(e.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) => {
            create_in_place(path, bytes)?;
        }
        other => other?,
    }
    sync_parent(path)
}

/// For file systems without second names (FAT, an app's folder on Android).
fn create_in_place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = owner_only(OpenOptions::new().write(true).create_new(true)).open(path)?;
    write_all(&mut file, bytes)
}

/// Replaces `path` by `bytes` in one step: a crash leaves the old file or the new one.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = write_fresh(path, bytes)?;
    step()?;
    fs::rename(&fresh, path)?;
    sync_parent(path)
}

fn write_fresh(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let fresh = fresh_name(path);
    step()?;
    // What a crash left there may be a second name of a file in use, whose content must not be touched.
    match fs::remove_file(&fresh) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => step()?,
    }
    let mut file = owner_only(OpenOptions::new().write(true).create_new(true)).open(&fresh)?;
    write_all(&mut file, bytes)?;
    Ok(fresh)
}

/// Writes `bytes` where the file stands, and flushes them.
pub(crate) fn write_all(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    step()?;
    #[cfg(test)]
    crash::half_way(file, bytes)?;
    file.write_all(bytes)?;
    step()?;
    file.sync_all()
}

/// Flushes what others may have written, after cutting the file to `len` if that is given.
pub(crate) fn flush(path: &Path, len: Option<u64>) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    if let Some(len) = len {
        step()?;
        file.set_len(len)?;
    }
    step()?;
    file.sync_all()
}

/// Where a replacement is written before it takes its place.
pub(crate) fn fresh_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// The file's content, `None` if there is no such file.
pub(crate) fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}
