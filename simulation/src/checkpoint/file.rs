//! The bytes of a checkpoint, and how they get to the disk and back.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use silhouette_wire::ContentHash;

use super::exact::{from_bits, to_bits};
use super::identity::Identity;
use super::{Bounds, CheckpointError, Head, Saved};
use crate::federation::{RoundRecord, State};

/// What every checkpoint begins with: its name and its version.
const MAGIC: &[u8; 8] = b"silhckp1";

/// Bytes of the hash at the end.
const HASH: usize = 32;

/// Puts a run down: whole, or as it was before.
pub(crate) fn write(
    path: &Path,
    identity: &Identity,
    state: &State,
    records: &[RoundRecord],
    seconds: f64,
) -> Result<(), CheckpointError> {
    let failed = |source| CheckpointError::File { path: path.to_owned(), source };
    let pasts = postcard::to_stdvec(&*state.pasts).map_err(|e| failed(std::io::Error::other(e)))?;
    let averaged: Option<Vec<u8>> =
        state.averaged.as_ref().map(|values| values.iter().flat_map(|value| value.to_le_bytes()).collect());
    let sections = [Some(&state.optimiser), averaged.as_ref(), state.tree.as_ref(), Some(&pasts)];
    let head = Head {
        identity: identity.clone(),
        round: state.round,
        now: state.now,
        random_position: state.random_position.to_string(),
        clip: state.clip.to_bits(),
        seconds,
        sections: sections.map(|section| section.map(|bytes| bytes.len() as u64)),
        records: to_bits(serde_json::to_value(records).map_err(|e| failed(e.into()))?),
    };
    let head = serde_json::to_vec(&head).map_err(|e| failed(e.into()))?;
    let length = (head.len() as u64).to_le_bytes();
    // Part by part: what each of a million devices spent is in memory once more, not twice.
    let mut parts: Vec<&[u8]> = vec![MAGIC, &length, &head];
    parts.extend(sections.into_iter().flatten().map(Vec::as_slice));
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    let hash = hash.finalize();
    parts.push(&hash);
    to_disk(path, &parts).map_err(failed)
}

/// Writes these parts, one after the other, beside the place, and puts them there only when all are on the disk.
pub(crate) fn to_disk(path: &Path, parts: &[&[u8]]) -> std::io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    let mut file = File::create(&unfinished)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.sync_all()?;
    drop(file);
    std::fs::rename(&unfinished, path)?;
    // The name too has to be on the disk; where folders can't be opened there is nothing to be done for it.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder).map_or(Ok(()), |folder| folder.sync_all())
}

/// Takes a run up again.
///
/// # Errors
/// When there is none, its bytes are not whole, or it is another run's. Nothing is read that is longer than `bounds`
/// allow.
pub(crate) fn read(path: &Path, identity: &Identity, bounds: Bounds) -> Result<Saved, CheckpointError> {
    let bytes = bytes_of(path, bounds.most())?;
    let garbled = |field, expected: &str, found: String| CheckpointError::Garbled {
        path: path.to_owned(),
        field,
        expected: expected.to_owned(),
        found,
    };
    let least = MAGIC.len() + 8 + HASH;
    if bytes.len() < least {
        return Err(garbled("length", "a whole checkpoint", format!("{} bytes", bytes.len())));
    }
    if !bytes.starts_with(MAGIC) {
        let found = String::from_utf8_lossy(&bytes[..MAGIC.len()]).into_owned();
        return Err(garbled("first bytes", "those of a checkpoint of this version", format!("{found:?}")));
    }
    let (body, hash) = bytes.split_at(bytes.len() - HASH);
    let found = ContentHash::of(body);
    if found.0 != hash {
        return Err(garbled("SHA-256", "that of the bytes before it: the file is cut or changed", found.to_string()));
    }
    let mut rest = &body[MAGIC.len()..];
    let mut take = |length: u64, field| -> Result<&[u8], CheckpointError> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some((part, after)) = rest.split_at_checked(length) else {
            return Err(garbled(field, &format!("{length} bytes"), format!("{}", rest.len())));
        };
        rest = after;
        Ok(part)
    };
    let mut length = [0; 8];
    length.copy_from_slice(take(8, "length of the head")?);
    let head: Head = serde_json::from_slice(take(u64::from_le_bytes(length), "head")?)
        .map_err(|e| garbled("head", "what this version writes", e.to_string()))?;
    if let Some((what, expected, found)) = identity.difference(&head.identity) {
        return Err(CheckpointError::OtherRun { path: path.to_owned(), what, expected, found });
    }
    let [optimiser, averaged, tree, pasts] = head.sections;
    let optimiser = take(optimiser.unwrap_or(0), "optimiser")?.to_vec();
    let averaged = averaged.map(|length| take(length, "average")).transpose()?.map(floats);
    let tree = tree.map(|length| take(length, "tree")).transpose()?.map(<[u8]>::to_vec);
    let pasts: Vec<_> = postcard::from_bytes(take(pasts.unwrap_or(0), "devices")?)
        .map_err(|e| garbled("devices", "what each spent and joined", e.to_string()))?;
    if !rest.is_empty() {
        return Err(garbled("end", "nothing more", format!("{} bytes", rest.len())));
    }
    let random_position = head
        .random_position
        .parse()
        .map_err(|_| garbled("random_position", "a whole number", head.random_position.clone()))?;
    let records: Vec<RoundRecord> = serde_json::from_value(from_bits(head.records))
        .map_err(|e| garbled("records", "what this version writes", e.to_string()))?;
    let ordered = (1..).zip(&records).all(|(round, record)| record.round == round);
    if records.len() as u64 != head.round || !ordered {
        let expected = format!("one of each of the {} rounds", head.round);
        return Err(garbled("records", &expected, records.len().to_string()));
    }
    let (round, now, clip) = (head.round, head.now, f64::from_bits(head.clip));
    let state = State { round, now, random_position, clip, optimiser, averaged, tree, pasts: pasts.into() };
    Ok(Saved { state, records, seconds: head.seconds })
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value)).collect()
}

fn bytes_of(path: &Path, most: u64) -> Result<Vec<u8>, CheckpointError> {
    let failed = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => CheckpointError::Missing { path: path.to_owned() },
        _ => CheckpointError::File { path: path.to_owned(), source },
    };
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    if length > most {
        return Err(CheckpointError::Garbled {
            path: path.to_owned(),
            field: "length",
            expected: format!("at most {most} bytes, which is the most this run can write"),
            found: length.to_string(),
        });
    }
    let mut bytes = Vec::with_capacity(length as usize);
    file.take(most).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
