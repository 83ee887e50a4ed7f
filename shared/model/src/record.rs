//! One person's texts as numbers, as bytes: what a file of encoded people is made of.
//!
//! All numbers are little-endian, floats by their bits, so that what is read trains to the same bits as what was
//! written:
//!
//! ```text
//! record   u16 length of the id, the id in UTF-8
//!          u32 number of rows, u32 each: the indices that occur in the examples, ascending
//!          u32 number of examples, the examples
//!          u32 number of unseen texts, each: u16 length of its label, the label in UTF-8, its vector of indices
//! example  for each head of the task: u8 kind (0 none, 1 class, 2 score), u32 class or f32 score (0 for none)
//!          its vector of places among the rows, u16 each where there are at most 65,536 rows, else u32
//! vector   u8 kind (0 with values, 1 of ones), u32 number of entries, each index or place, f32 each value (kind 0 only)
//! ```
//!
//! Rows are what training looks up: that they are there saves sorting and searching whenever a person is read.
//!
//! Decoding holds every number to the task before anything is allocated for it. The bytes are hashed words, not
//! text; whoever has them can still guess which common words a person wrote.

mod bytes;
mod vectors;

use thiserror::Error;

use self::bytes::Bytes;
use self::vectors::Reading;
use crate::examples::{Example, Examples};
use crate::task::{HeadKind, Target, Task};
use crate::vector::TextVector;

/// Longest id of a person, and longest label, in bytes.
pub const MAX_NAME_BYTES: usize = u16::MAX as usize;

/// A person's texts as numbers.
#[derive(Clone, Debug, Default)]
pub struct PersonRecord {
    /// Who it is.
    pub id: String,
    /// The labelled texts.
    pub examples: Examples,
    /// Texts of a held-out person whose label is none of the task's, with that label.
    pub unseen: Vec<(TextVector, String)>,
}

/// Bytes that are no record of a task's.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("byte {byte}, {field}: expected {expected}, found {found}")]
pub struct RecordError {
    /// Where in the record.
    pub byte: usize,
    /// What is wrong.
    pub field: &'static str,
    /// What is accepted.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl PersonRecord {
    /// The bytes of a person, at the end of `out`. A name longer than [`MAX_NAME_BYTES`] is cut.
    pub fn encode(id: &str, examples: &Examples, unseen: &[(&TextVector, &str)], out: &mut Vec<u8>) {
        put_name(id, out);
        let compact = examples.compact();
        put_count(compact.rows.len(), out);
        compact.rows.iter().for_each(|row| out.extend_from_slice(&row.to_le_bytes()));
        let short = are_short(compact.rows.len());
        put_count(examples.len(), out);
        for (i, example) in examples.items().iter().enumerate() {
            example.targets.iter().for_each(|target| put_target(*target, out));
            put_vector(compact.text(i).iter().map(|entry| entry.0), short, example.vector.values(), out);
        }
        put_count(unseen.len(), out);
        for (vector, label) in unseen {
            put_name(label, out);
            put_vector(vector.indices().iter().copied(), false, vector.values(), out);
        }
    }

    /// The person whose bytes these are, no more and no less.
    ///
    /// # Errors
    /// When they are cut, garbled, or of another task.
    pub fn decode(record: &[u8], task: &Task) -> Result<Self, RecordError> {
        let mut bytes = Bytes::new(record);
        let id = bytes.name("id")?;
        let mut read = Reading::rows(&mut bytes, &task.encoder)?;
        // An example without entries has this many bytes at least.
        let count = bytes.count("examples", 5 * task.heads.len() + 5)?;
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            let targets = task.heads.iter().map(|head| target(&mut bytes, &head.kind)).collect::<Result<_, _>>()?;
            items.push(Example { vector: read.example(&mut bytes)?, targets });
        }
        let compact = read.compact(&bytes)?;
        let read = Reading::nothing(&task.encoder);
        let count = bytes.count("unseen", 2 + 5)?;
        let mut unseen = Vec::with_capacity(count);
        for _ in 0..count {
            let label = bytes.name("label")?;
            unseen.push((read.unseen(&mut bytes)?, label));
        }
        bytes.end()?;
        Ok(Self { id, examples: Examples::from_parts(items, compact), unseen })
    }
}

fn put_count(count: usize, out: &mut Vec<u8>) {
    // A person has far fewer texts, and a text far fewer entries, than 2^32.
    out.extend_from_slice(&(count as u32).to_le_bytes());
}

fn put_name(name: &str, out: &mut Vec<u8>) {
    let mut end = name.len().min(MAX_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    out.extend_from_slice(&(end as u16).to_le_bytes());
    out.extend_from_slice(&name.as_bytes()[..end]);
}

fn put_target(target: Option<Target>, out: &mut Vec<u8>) {
    let (kind, bits) = match target {
        None => (0, 0),
        Some(Target::Class(class)) => (1, class),
        Some(Target::Score(score)) => (2, score.to_bits()),
    };
    out.push(kind);
    out.extend_from_slice(&bits.to_le_bytes());
}

/// Whether places among so many rows take two bytes.
fn are_short(rows: usize) -> bool {
    rows <= usize::from(u16::MAX) + 1
}

fn put_vector(indices: impl ExactSizeIterator<Item = u32>, short: bool, values: &[f32], out: &mut Vec<u8>) {
    let ones = values.iter().all(|value| value.to_bits() == 1.0_f32.to_bits());
    out.push(u8::from(ones));
    put_count(indices.len(), out);
    indices.for_each(|index| match short {
        // A place among at most 65,536 is below that.
        true => out.extend_from_slice(&(index as u16).to_le_bytes()),
        false => out.extend_from_slice(&index.to_le_bytes()),
    });
    if !ones {
        values.iter().for_each(|value| out.extend_from_slice(&value.to_bits().to_le_bytes()));
    }
}

fn target(bytes: &mut Bytes<'_>, kind: &HeadKind) -> Result<Option<Target>, RecordError> {
    let at = bytes.at();
    match (bytes.u8("target")?, bytes.u32("target")?, kind) {
        (0, 0, _) => Ok(None),
        (1, class, HeadKind::Classes { labels }) if (class as usize) < labels.len() => Ok(Some(Target::Class(class))),
        (2, bits, HeadKind::Score { .. }) if (0.0..=1.0).contains(&f32::from_bits(bits)) => {
            Ok(Some(Target::Score(f32::from_bits(bits))))
        }
        (found, value, kind) => {
            let expected = match kind {
                HeadKind::Classes { labels } => format!("0 for none, or 1 and a class below {}", labels.len()),
                HeadKind::Score { .. } => "0 for none, or 2 and a score from 0 to 1".to_owned(),
            };
            Err(RecordError { byte: at, field: "target", expected, found: format!("{found} and {value:#x}") })
        }
    }
}

#[cfg(test)]
mod tests;
