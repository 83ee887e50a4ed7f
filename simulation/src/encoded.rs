//! People whose texts are numbers already, in a file: encoded once, read when their turn comes.
//!
//! [`write_encoded`] leaves every person of a [`Dataset`] in a file, [`Dataset::of_encoded`] makes a data set of it
//! that keeps 16 bytes a person in memory. The model of a run over the file has the same bits as that of the run over
//! the texts. Records are read by their position, on any thread at once; what is read again soon comes from the
//! operating system's cache. The file is not mapped into memory, for which Rust needs `unsafe`
//! (docs/adr/0013-encoded-files.md).
//!
//! All numbers are little-endian:
//!
//! ```text
//! 0   8 bytes   "SILX", 0D 0A 1A 0A: a transfer that changes line ends is noticed
//! 8   u32       version, 1
//! 12  u32       length of the header
//! 16  u64       people who train
//! 24  u64       people held out
//! 32  u64       where the index begins
//! 40  u64       length of the file
//! 48  32 bytes  SHA-256 of bytes 0 to 48, the header and the index
//! 80  header    JSON: the task with its encoder, and what the results say of the data
//!     records   one for each person, as silhouette_model::record has them; those who train come first
//!     index     16 bytes for each: u64 where the record begins, u32 its examples, u32 its CRC-32
//! ```
//!
//! Whoever has the file can guess which common words a person wrote: keep it as you keep the texts. It is written for
//! its owner's eyes only, where the system knows of owners.

mod error;
mod header;
mod positioned;
mod read;
mod write;

pub use self::error::EncodedError;
pub use self::read::EncodedFile;
pub use self::write::write_encoded;

/// What a file begins with.
const MAGIC: [u8; 8] = *b"SILX\r\n\x1a\n";

const VERSION: u32 = 1;

/// Bytes before the header, and those of them that the hash covers.
const FIXED: usize = 80;
const HASHED: usize = 48;

/// Bytes of a person in the index.
const ENTRY: usize = 16;

/// Largest header: 4,096 labels of 64 heads, and notes.
const MAX_HEADER: usize = 64 << 20;

/// Largest record: as much text as a reader takes of one user.
const MAX_RECORD: u64 = 1 << 30;
