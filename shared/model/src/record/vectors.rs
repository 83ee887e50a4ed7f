//! Vectors out of bytes, held to what a task's encoder makes.

use super::bytes::Bytes;
use super::{RecordError, are_short};
use crate::encoder::EncoderSpec;
use crate::examples::Compact;
use crate::vector::TextVector;

/// The indices that a text's vector may have: from, below; and how many at most, in any order or ascending.
struct Bounds {
    from: u32,
    below: u32,
    most: usize,
    ascending: bool,
}

impl Bounds {
    fn of(encoder: &EncoderSpec) -> Self {
        match encoder {
            EncoderSpec::Bag(bag) => {
                let inputs = if bag.dim.is_none() { bag.inputs() } else { bag.buckets() };
                Self { from: 0, below: inputs as u32, most: inputs, ascending: true }
            }
            EncoderSpec::Bert(spec) => {
                Self { from: 0, below: spec.inputs() as u32, most: spec.inputs(), ascending: true }
            }
            EncoderSpec::Transformer(spec) => {
                Self { from: 1, below: spec.buckets() as u32, most: spec.length, ascending: false }
            }
        }
    }

    fn holds(&self, index: u32) -> bool {
        (self.from..self.below).contains(&index)
    }
}

/// The vectors of one person, as they come.
pub(super) struct Reading {
    bounds: Bounds,
    rows: Vec<u32>,
    touched: Vec<bool>,
    offsets: Vec<u32>,
    entries: Vec<(u32, f32)>,
}

impl Reading {
    /// Vectors that stand for themselves.
    pub(super) fn nothing(encoder: &EncoderSpec) -> Self {
        let (rows, touched, entries) = (Vec::new(), Vec::new(), Vec::new());
        Self { bounds: Bounds::of(encoder), rows, touched, offsets: vec![0], entries }
    }

    /// Reads the rows that the examples' vectors are over.
    pub(super) fn rows(bytes: &mut Bytes<'_>, encoder: &EncoderSpec) -> Result<Self, RecordError> {
        let mut read = Self::nothing(encoder);
        let count = bytes.count("rows", 4)?;
        let byte = bytes.at();
        read.rows = bytes.u32s("rows", count)?.collect();
        let falls = read.rows.windows(2).find(|pair| pair[0] >= pair[1]).map(|pair| pair[1]);
        if let Some(row) = falls.or_else(|| read.rows.iter().copied().find(|&row| !read.bounds.holds(row))) {
            return Err(read.bounds.refused(byte, "rows", true, row));
        }
        read.touched = vec![false; count];
        Ok(read)
    }

    /// An example's vector.
    pub(super) fn example(&mut self, bytes: &mut Bytes<'_>) -> Result<TextVector, RecordError> {
        let (count, ones) = self.head(bytes, if are_short(self.rows.len()) { 2 } else { 4 })?;
        let byte = bytes.at();
        let first = self.entries.len();
        let mut indices: Vec<u32> = Vec::with_capacity(count);
        let mut put = |place: u32| {
            let Some(&row) = self.rows.get(place as usize) else {
                let (expected, found) = (format!("a place among {} rows", self.rows.len()), place.to_string());
                return Err(RecordError { byte, field: "index", expected, found });
            };
            if self.bounds.ascending && indices.last().is_some_and(|&last| last >= row) {
                return Err(self.bounds.refused(byte, "index", true, row));
            }
            self.touched[place as usize] = true;
            self.entries.push((place, 1.0));
            indices.push(row);
            Ok(())
        };
        if are_short(self.rows.len()) {
            bytes.u16s("index", count)?.try_for_each(|place| put(place.into()))?;
        } else {
            bytes.u32s("index", count)?.try_for_each(put)?;
        }
        let values = values(bytes, count, ones)?;
        self.entries[first..].iter_mut().zip(&values).for_each(|(entry, value)| entry.1 = *value);
        self.offsets.push(self.entries.len() as u32);
        Ok(TextVector::from_parts(indices, values))
    }

    /// The vector of a text that is in no example.
    pub(super) fn unseen(&self, bytes: &mut Bytes<'_>) -> Result<TextVector, RecordError> {
        let (count, ones) = self.head(bytes, 4)?;
        let byte = bytes.at();
        let indices: Vec<u32> = bytes.u32s("index", count)?.collect();
        let ascending = self.bounds.ascending;
        let falls = indices.windows(2).find(|pair| ascending && pair[0] >= pair[1]).map(|pair| pair[1]);
        if let Some(index) = falls.or_else(|| indices.iter().copied().find(|&index| !self.bounds.holds(index))) {
            return Err(self.bounds.refused(byte, "index", ascending, index));
        }
        Ok(TextVector::from_parts(indices, values(bytes, count, ones)?))
    }

    /// All vectors side by side, each row in one of them at least.
    pub(super) fn compact(self, bytes: &Bytes<'_>) -> Result<Compact, RecordError> {
        if let Some(place) = self.touched.iter().position(|touched| !touched) {
            let (expected, found) = ("each row in an example".to_owned(), format!("row {} in none", self.rows[place]));
            return Err(RecordError { byte: bytes.at(), field: "rows", expected, found });
        }
        Ok(Compact::from_parts(self.rows, self.offsets, self.entries))
    }

    /// How many entries a vector has, and whether all of them are ones.
    fn head(&self, bytes: &mut Bytes<'_>, index_bytes: usize) -> Result<(usize, bool), RecordError> {
        let byte = bytes.at();
        let ones = match bytes.u8("vector")? {
            0 => false,
            1 => true,
            other => {
                let (expected, found) = ("kind 0 or 1".into(), other.to_string());
                return Err(RecordError { byte, field: "vector", expected, found });
            }
        };
        let count = bytes.count("entries", if ones { index_bytes } else { index_bytes + 4 })?;
        if count > self.bounds.most {
            let (expected, found) = (format!("at most {}", self.bounds.most), count.to_string());
            return Err(RecordError { byte, field: "entries", expected, found });
        }
        Ok((count, ones))
    }
}

impl Bounds {
    fn refused(&self, byte: usize, field: &'static str, ascending: bool, found: u32) -> RecordError {
        let order = if ascending { ", ascending" } else { "" };
        let expected = format!("from {} to below {}{order}", self.from, self.below);
        RecordError { byte, field, expected, found: found.to_string() }
    }
}

fn values(bytes: &mut Bytes<'_>, count: usize, ones: bool) -> Result<Vec<f32>, RecordError> {
    if ones {
        return Ok(vec![1.0; count]);
    }
    let byte = bytes.at();
    let values: Vec<f32> = bytes.u32s("value", count)?.map(f32::from_bits).collect();
    match values.iter().find(|value| !value.is_finite()) {
        None => Ok(values),
        Some(value) => {
            let (expected, found) = ("a finite number".into(), format!("{:#x}", value.to_bits()));
            Err(RecordError { byte, field: "value", expected, found })
        }
    }
}
