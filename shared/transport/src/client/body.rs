use std::io;

use sha2::{Digest, Sha256};
use silhouette_wire::ContentHash;

/// Content on its way in: what arrived so far, and the running hash over it.
///
/// It outlives the connection it is filled from, so a download that was cut goes on where it
/// stopped.
#[derive(Debug)]
pub struct PartialBody<W> {
    hash: ContentHash,
    received: u64,
    hasher: Sha256,
    sink: W,
}

impl<W: io::Write> PartialBody<W> {
    /// Starts from nothing. `sink` is usually a `Vec` or a file.
    pub fn new(hash: ContentHash, sink: W) -> Self {
        Self { hash, received: 0, hasher: Sha256::new(), sink }
    }

    /// Goes on after a restart: `prefix` is what an earlier run has put into the sink.
    pub fn resumed(hash: ContentHash, mut prefix: impl io::Read, sink: W) -> io::Result<Self> {
        let mut body = Self::new(hash, sink);
        let mut buffer = vec![0; crate::defaults::CHUNK_BYTES];
        loop {
            match prefix.read(&mut buffer) {
                Ok(0) => return Ok(body),
                Ok(count) => {
                    body.hasher.update(&buffer[..count]);
                    body.received += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The content.
    pub fn hash(&self) -> ContentHash {
        self.hash
    }

    /// Bytes that arrived so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Whether what arrived is the content.
    pub fn is_complete(&self) -> bool {
        ContentHash(self.hasher.clone().finalize().into()) == self.hash
    }

    /// Gives the sink back. Check [`PartialBody::is_complete`] before using what is in it.
    pub fn into_inner(self) -> W {
        self.sink
    }

    pub(super) fn push(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.sink.write_all(chunk)?;
        self.hasher.update(chunk);
        self.received += chunk.len() as u64;
        Ok(())
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
