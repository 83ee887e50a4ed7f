//! Reading a file of encoded people.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Crc;
use sha2::{Digest, Sha256};
use silhouette_model::Task;
use silhouette_model::record::PersonRecord;

use super::header::Header;
use super::positioned::Positioned;
use super::{ENTRY, EncodedError, FIXED, HASHED, MAGIC, MAX_HEADER, MAX_RECORD, VERSION};
use crate::people::{MakePeople, People, PersonError, Unseen, User};

/// A file of encoded people that is open, with its index in memory.
pub struct EncodedFile {
    path: PathBuf,
    file: Positioned,
    header: Header,
    train: usize,
    index: Vec<Entry>,
    /// Where the last record ends.
    end: u64,
    hash: [u8; 32],
}

/// Where a person's record begins, and what is known of it.
#[derive(Clone, Copy)]
struct Entry {
    at: u64,
    examples: u32,
    checksum: u32,
}

/// The numbers at a file's beginning.
struct Fixed {
    header: usize,
    train: usize,
    people: usize,
    index: u64,
}

impl EncodedFile {
    /// Whether a file begins as these do.
    pub fn is_one(path: &Path) -> bool {
        let mut start = [0; MAGIC.len()];
        let read = File::open(path).and_then(|mut file| io::Read::read_exact(&mut file, &mut start));
        read.is_ok() && start == MAGIC
    }

    /// Opens a file: reads its header and its index and checks their hash. Records are checked when they are read.
    ///
    /// # Errors
    /// When the file can't be read, or is damaged; says where, what was expected and what was found.
    pub fn open(path: &Path) -> Result<Arc<Self>, EncodedError> {
        let failed = |source| EncodedError::Io { file: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let file = Positioned::new(file);
        let Damage { wrong } = &Damage::of(path);
        if length < FIXED as u64 {
            return Err(wrong(0, "file", format!("at least {FIXED} bytes"), length.to_string()));
        }
        let mut bytes = [0; FIXED];
        file.read_exact(&mut bytes, 0).map_err(failed)?;
        let fixed = Fixed::of(&bytes, length, wrong)?;
        let mut header = vec![0; fixed.header];
        file.read_exact(&mut header, FIXED as u64).map_err(failed)?;
        let mut index = vec![0; fixed.people * ENTRY];
        file.read_exact(&mut index, fixed.index).map_err(failed)?;
        let parts = [&bytes[..HASHED], &header, &index];
        let hash: [u8; 32] = parts.iter().fold(Sha256::new(), Sha256::chain_update).finalize().into();
        if hash != bytes[HASHED..] {
            let expected = "the hash of the header and the index".to_owned();
            return Err(wrong(HASHED as u64, "hash", expected, "another: one of them is damaged".into()));
        }
        let header: Header = serde_json::from_slice(&header)
            .map_err(|error| wrong(FIXED as u64, "header", "a header of this version".into(), error.to_string()))?;
        header.task.validate()?;
        let index: Vec<Entry> = index.chunks_exact(ENTRY).map(Entry::of).collect();
        let mut at = FIXED as u64 + fixed.header as u64;
        for (person, entry) in index.iter().enumerate() {
            let end = index.get(person + 1).map_or(fixed.index, |next| next.at);
            if entry.at != at || end < at || end - at > MAX_RECORD {
                let place = fixed.index + (person * ENTRY) as u64;
                let expected = format!("a record from {at} on of at most {MAX_RECORD} bytes");
                return Err(wrong(place, "index", expected, format!("one from {} to {end}", entry.at)));
            }
            at = end;
        }
        Ok(Arc::new(Self { path: path.to_owned(), file, header, train: fixed.train, index, end: fixed.index, hash }))
    }

    /// The task, with the encoder whose vectors the records hold.
    pub fn task(&self) -> &Task {
        &self.header.task
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// Those who train, and those who are held out.
    pub fn people(self: &Arc<Self>) -> (People, People) {
        let part = |first, count| People::Made(Box::new(Part { file: Arc::clone(self), first, count }));
        (part(0, self.train), part(self.train, self.index.len() - self.train))
    }

    /// Reads person `number`; those who train come first.
    ///
    /// # Errors
    /// When there is no such person, or the record can't be read or is damaged.
    pub fn read(&self, number: usize) -> Result<User, EncodedError> {
        let Damage { wrong } = &Damage::of(&self.path);
        let Some(entry) = self.index.get(number) else {
            let expected = format!("a person below {}", self.index.len());
            return Err(wrong(self.end, "person", expected, number.to_string()));
        };
        let end = self.index.get(number + 1).map_or(self.end, |next| next.at);
        // At most MAX_RECORD, as the index was checked.
        let mut bytes = vec![0; (end - entry.at) as usize];
        let failed = |source| EncodedError::Io { file: self.path.clone(), source };
        self.file.read_exact(&mut bytes, entry.at).map_err(failed)?;
        let mut checksum = Crc::new();
        checksum.update(&bytes);
        if checksum.sum() != entry.checksum {
            let (expected, found) = (format!("{:#010x}", entry.checksum), format!("{:#010x}", checksum.sum()));
            return Err(wrong(entry.at, "record's checksum", expected, found));
        }
        let record = PersonRecord::decode(&bytes, &self.header.task).map_err(|source| EncodedError::Record {
            file: self.path.clone(),
            at: entry.at,
            source,
        })?;
        let unseen = record.unseen.into_iter().map(|(vector, label)| Unseen { vector, label });
        Ok(User { id: record.id, examples: record.examples, unseen: unseen.collect() })
    }
}

impl Fixed {
    fn of(bytes: &[u8; FIXED], length: u64, wrong: &Wrong<'_>) -> Result<Self, EncodedError> {
        if bytes[..8] != MAGIC {
            return Err(wrong(0, "magic", format!("{MAGIC:02x?}"), format!("{:02x?}", &bytes[..8])));
        }
        let u32_at = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
        if u32_at(8) != VERSION {
            return Err(wrong(8, "version", VERSION.to_string(), u32_at(8).to_string()));
        }
        if u64_at(40) != length {
            return Err(wrong(40, "length", format!("{length}, the file's"), u64_at(40).to_string()));
        }
        let (header, index) = (u32_at(12) as usize, u64_at(32));
        if header > MAX_HEADER || (FIXED + header) as u64 > length {
            return Err(wrong(12, "header", format!("at most {MAX_HEADER} bytes within the file"), header.to_string()));
        }
        if index > length || index < (FIXED + header) as u64 {
            return Err(wrong(32, "index", "a place after the header within the file".into(), index.to_string()));
        }
        let (train, held_out) = (u64_at(16), u64_at(24));
        let room = (length - index) / ENTRY as u64;
        let people = train
            .checked_add(held_out)
            .filter(|&people| people == room && (length - index).is_multiple_of(ENTRY as u64));
        let people = people.and_then(|people| usize::try_from(people).ok()).ok_or_else(|| {
            let expected = format!("as many people as the index's {} bytes hold, {ENTRY} each", length - index);
            wrong(16, "people", expected, format!("{train} and {held_out}"))
        })?;
        Ok(Self { header, train: train as usize, people, index })
    }
}

impl Entry {
    fn of(bytes: &[u8]) -> Self {
        let four = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        Self { at: u64::from(four(0)) | u64::from(four(4)) << 32, examples: four(8), checksum: four(12) }
    }
}

/// Says what is wrong with a file: where, what, expected, found.
type Wrong<'a> = dyn Fn(u64, &'static str, String, String) -> EncodedError + 'a;

struct Damage<'a> {
    wrong: Box<Wrong<'a>>,
}

impl<'a> Damage<'a> {
    fn of(path: &'a Path) -> Self {
        let wrong = move |byte, field, expected, found| EncodedError::Damaged {
            file: path.to_owned(),
            byte,
            field,
            expected,
            found,
        };
        Self { wrong: Box::new(wrong) }
    }
}

/// People side by side in a file.
struct Part {
    file: Arc<EncodedFile>,
    first: usize,
    count: usize,
}

impl MakePeople for Part {
    fn len(&self) -> usize {
        self.count
    }

    fn make(&self, number: usize) -> Result<User, PersonError> {
        self.file.read(self.first + number).map_err(|error| PersonError::new(number, error))
    }

    fn weight(&self, number: usize) -> Option<usize> {
        self.file.index.get(self.first + number).map(|entry| entry.examples as usize)
    }

    fn fingerprint(&self) -> Vec<u8> {
        self.file.hash.to_vec()
    }

    fn whence(&self) -> &'static str {
        "read from the file when their turn comes"
    }
}
