//! One person's texts as numbers, as bytes: what a file of encoded people is made of.
//!
//! All numbers are little-endian, floats by their bits, so that what is read trains to the same bits as what was
//! written:
//!
//! ```text
//! record   u16 length of the id, the id in UTF-8
//!          u32 number of examples, the examples
//!          u32 number of unseen texts, each: u16 length of its label, the label in UTF-8, its vector
//! example  for each head of the task: u8 kind (0 none, 1 class, 2 score), u32 class or f32 score (0 for none)
//!          its vector
//! vector   u8 kind (0 with values, 1 of ones), u32 number of entries, u32 each index, f32 each value (kind 0 only)
//! ```
//!
//! Decoding holds every number to the task before anything is allocated for it. The bytes are hashed words, not
//! text; whoever has them can still guess which common words a person wrote.

mod bytes;

use thiserror::Error;

use self::bytes::Bytes;
use crate::encoder::EncoderSpec;
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
        put_count(examples.len(), out);
        for example in examples.items() {
            example.targets.iter().for_each(|target| put_target(*target, out));
            put_vector(&example.vector, out);
        }
        put_count(unseen.len(), out);
        for (vector, label) in unseen {
            put_name(label, out);
            put_vector(vector, out);
        }
    }

    /// The person whose bytes these are, no more and no less.
    ///
    /// # Errors
    /// When they are cut, garbled, or of another task.
    pub fn decode(record: &[u8], task: &Task) -> Result<Self, RecordError> {
        let mut bytes = Bytes::new(record);
        let id = bytes.name("id")?;
        // An example without entries has this many bytes at least.
        let count = bytes.count("examples", 5 * task.heads.len() + 5)?;
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            let targets = task.heads.iter().map(|head| target(&mut bytes, &head.kind)).collect::<Result<_, _>>()?;
            items.push(Example { vector: vector(&mut bytes, &task.encoder)?, targets });
        }
        let count = bytes.count("unseen", 2 + 5)?;
        let mut unseen = Vec::with_capacity(count);
        for _ in 0..count {
            let label = bytes.name("label")?;
            unseen.push((vector(&mut bytes, &task.encoder)?, label));
        }
        bytes.end()?;
        Ok(Self { id, examples: Examples::from_items(items), unseen })
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

fn put_vector(vector: &TextVector, out: &mut Vec<u8>) {
    let ones = vector.values().iter().all(|value| value.to_bits() == 1.0_f32.to_bits());
    out.push(u8::from(ones));
    put_count(vector.indices().len(), out);
    vector.indices().iter().for_each(|index| out.extend_from_slice(&index.to_le_bytes()));
    if !ones {
        vector.values().iter().for_each(|value| out.extend_from_slice(&value.to_bits().to_le_bytes()));
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

/// The indices that a text's vector may have: from, below; and how many at most, in any order or ascending.
struct Bounds {
    from: u32,
    below: u32,
    most: usize,
    ascending: bool,
}

fn bounds(encoder: &EncoderSpec) -> Bounds {
    match encoder {
        EncoderSpec::Bag(bag) => {
            let inputs = if bag.dim.is_none() { bag.inputs() } else { bag.buckets() };
            Bounds { from: 0, below: inputs as u32, most: inputs, ascending: true }
        }
        EncoderSpec::Transformer(spec) => {
            Bounds { from: 1, below: spec.buckets() as u32, most: spec.length, ascending: false }
        }
    }
}

fn vector(bytes: &mut Bytes<'_>, encoder: &EncoderSpec) -> Result<TextVector, RecordError> {
    let Bounds { from, below, most, ascending } = bounds(encoder);
    let at = bytes.at();
    let wrong = |field, expected: String, found: String| Err(RecordError { byte: at, field, expected, found });
    let ones = match bytes.u8("vector")? {
        0 => false,
        1 => true,
        other => return wrong("vector", "kind 0 or 1".into(), other.to_string()),
    };
    let count = bytes.count("entries", if ones { 4 } else { 8 })?;
    if count > most {
        return wrong("entries", format!("at most {most}"), count.to_string());
    }
    let mut entries: Vec<(u32, f32)> = Vec::with_capacity(count);
    for index in bytes.u32s("index", count)? {
        let follows = !ascending || entries.last().is_none_or(|last| last.0 < index);
        if !(from..below).contains(&index) || !follows {
            let order = if ascending { ", ascending" } else { "" };
            return wrong("index", format!("from {from} to below {below}{order}"), index.to_string());
        }
        entries.push((index, 1.0));
    }
    if !ones {
        for (entry, bits) in entries.iter_mut().zip(bytes.u32s("value", count)?) {
            entry.1 = f32::from_bits(bits);
            if !entry.1.is_finite() {
                return wrong("value", "a finite number".into(), format!("{bits:#x}"));
            }
        }
    }
    Ok(TextVector::from_entries(entries))
}

#[cfg(test)]
mod tests;
