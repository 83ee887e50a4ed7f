//! Writing a file of encoded people.

use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use flate2::Crc;
use sha2::{Digest, Sha256};
use silhouette_model::record::{MAX_NAME_BYTES, PersonRecord};

use super::header::Header;
use super::{ENTRY, EncodedError, FIXED, HASHED, MAGIC, VERSION};
use crate::dataset::Dataset;
use crate::people::User;

/// Leaves every person of a data set in a file, those who train first. The file is whole or not there: it is written
/// beside its place and then moved.
///
/// # Errors
/// When it can't be written, somebody's id is longer than 65,535 bytes, or somebody can't be made.
pub fn write_encoded(data: &Dataset, path: &Path) -> Result<(), EncodedError> {
    let failed = |source| EncodedError::Io { file: path.to_owned(), source };
    let header = serde_json::to_vec(&Header {
        task: data.task.clone(),
        rows_kept: data.read.kept,
        rows_skipped: data.read.skipped,
        duplicates: data.duplicates,
        unseen: data.unseen(),
        dealt: data.dealt.clone(),
        notes: data.notes.clone(),
    })?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut part = tempfile::Builder::new().prefix(".unfinished-").tempfile_in(folder).map_err(failed)?;
    let mut out = BufWriter::with_capacity(1 << 20, part.as_file_mut());
    out.write_all(&[0; FIXED]).and_then(|()| out.write_all(&header)).map_err(failed)?;
    let (train, test) = (data.train.len(), data.test.len());
    let (mut at, mut record) = ((FIXED + header.len()) as u64, Vec::new());
    let mut index = Vec::with_capacity((train + test) * ENTRY);
    for number in 0..train + test {
        let person = if number < train { data.train.person(number)? } else { data.test.person(number - train)? };
        record.clear();
        encode(&person, number, &mut record)?;
        out.write_all(&record).map_err(failed)?;
        let mut checksum = Crc::new();
        checksum.update(&record);
        index.extend_from_slice(&at.to_le_bytes());
        index.extend_from_slice(&(person.examples.len() as u32).to_le_bytes());
        index.extend_from_slice(&checksum.sum().to_le_bytes());
        at += record.len() as u64;
    }
    out.write_all(&index).map_err(failed)?;
    let mut fixed = Vec::with_capacity(FIXED);
    fixed.extend_from_slice(&MAGIC);
    fixed.extend_from_slice(&VERSION.to_le_bytes());
    fixed.extend_from_slice(&(header.len() as u32).to_le_bytes());
    for number in [train as u64, test as u64, at, at + index.len() as u64] {
        fixed.extend_from_slice(&number.to_le_bytes());
    }
    debug_assert_eq!(fixed.len(), HASHED);
    let parts = [&fixed, &header, &index];
    let hash = parts.iter().fold(Sha256::new(), Sha256::chain_update).finalize();
    fixed.extend_from_slice(&hash);
    out.seek(SeekFrom::Start(0)).and_then(|_| out.write_all(&fixed)).and_then(|()| out.flush()).map_err(failed)?;
    drop(out);
    part.as_file().sync_all().map_err(failed)?;
    part.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

fn encode(person: &User, number: usize, record: &mut Vec<u8>) -> Result<(), EncodedError> {
    let names = std::iter::once(("id", &person.id)).chain(person.unseen.iter().map(|text| ("label", &text.label)));
    for (field, name) in names {
        if name.len() > MAX_NAME_BYTES {
            return Err(EncodedError::LongName { person: number, field, found: name.len() });
        }
    }
    let unseen: Vec<_> = person.unseen.iter().map(|text| (&text.vector, text.label.as_str())).collect();
    PersonRecord::encode(&person.id, &person.examples, &unseen, record);
    Ok(())
}
