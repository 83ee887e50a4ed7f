//! Reading a file at a position, from many threads at once.

use std::fs::File;
use std::io;

#[cfg(unix)]
pub(super) struct Positioned(File);

#[cfg(unix)]
impl Positioned {
    pub(super) fn new(file: File) -> Self {
        Self(file)
    }

    pub(super) fn read_exact(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.0, bytes, at)
    }
}

/// Elsewhere a file has one position, which threads take turns to move.
#[cfg(not(unix))]
pub(super) struct Positioned(std::sync::Mutex<File>);

#[cfg(not(unix))]
impl Positioned {
    pub(super) fn new(file: File) -> Self {
        Self(std::sync::Mutex::new(file))
    }

    pub(super) fn read_exact(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = crate::shard::lock(&self.0);
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(bytes)
    }
}
