//! A file of safetensors, read row by row.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use silhouette_wire::ContentHash;

use crate::bert::config::{Folder, read_error};
use crate::bert::error::{BertError, field};

pub(super) const FILE: &str = "model.safetensors";

/// The most that a header may take.
const MOST_HEADER: u64 = 16 << 20;

/// Bytes read at a time, or one row if that has more.
const PIECE: usize = 1 << 18;

/// What the header says of one tensor.
#[derive(Debug, Deserialize)]
struct Tensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

/// A header's entry: a tensor, or a remark.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Tensor(Tensor),
    Remark(serde::de::IgnoredAny),
}

/// An open file whose header is known to fit it.
pub(super) struct Tensors {
    file: File,
    /// Where the data begin.
    begin: u64,
    tensors: BTreeMap<String, Tensor>,
}

/// How numbers are written.
#[derive(Clone, Copy)]
enum Kind {
    F32,
    F16,
    Bf16,
}

impl Tensors {
    pub(super) fn open(folder: &Folder) -> Result<Self, BertError> {
        let none = || field(FILE, "file", "to be in the folder", "none");
        let (mut file, size) = folder.file(FILE)?.ok_or_else(none)?;
        let mut length = [0; 8];
        file.read_exact(&mut length).map_err(|e| read_error(FILE, &e))?;
        let length = u64::from_le_bytes(length);
        let most = MOST_HEADER.min(size.saturating_sub(8));
        if length > most {
            return Err(field(FILE, "header size", format!("at most {most} bytes"), length));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(|e| read_error(FILE, &e))?;
        let entries: BTreeMap<String, Entry> =
            serde_json::from_slice(&header).map_err(|e| field(FILE, "header", "JSON of tensors", e))?;
        let mut tensors = BTreeMap::new();
        for (name, entry) in entries {
            match entry {
                Entry::Tensor(tensor) => drop(tensors.insert(name, tensor)),
                Entry::Remark(_) if name == "__metadata__" => {}
                Entry::Remark(_) => return Err(field(FILE, &name, "dtype, shape and data_offsets", "something else")),
            }
        }
        let data = size - 8 - length;
        for (name, Tensor { data_offsets: [begin, end], .. }) in &tensors {
            if begin > end || *end > data {
                let expected = format!("within the file's {data} bytes of data");
                return Err(field(FILE, name, expected, format!("{begin} to {end}")));
            }
        }
        Ok(Self { file, begin: 8 + length, tensors })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Whether a tensor is there, of numbers that can be read and of this shape.
    pub(super) fn check(&self, name: &str, shape: &[usize]) -> Result<(), BertError> {
        let tensor = self.tensors.get(name);
        let tensor = tensor.ok_or_else(|| field(FILE, name, "the tensor", "none of that name"))?;
        if !tensor.shape.iter().copied().eq(shape.iter().map(|&n| n as u64)) {
            return Err(field(FILE, name, format!("shape {shape:?}"), format!("{:?}", tensor.shape)));
        }
        let needed = shape.iter().product::<usize>() as u64 * tensor.kind(name)?.bytes() as u64;
        let [begin, end] = tensor.data_offsets;
        if end - begin != needed {
            return Err(field(FILE, name, format!("{needed} bytes"), end - begin));
        }
        Ok(())
    }

    /// Shows a tensor row by row, `width` numbers each.
    pub(super) fn rows(
        &mut self,
        name: &str,
        width: usize,
        mut visit: impl FnMut(usize, &[f32]),
    ) -> Result<(), BertError> {
        let tensor = self.tensors.get(name);
        let tensor = tensor.ok_or_else(|| field(FILE, name, "the tensor", "none of that name"))?;
        let kind = tensor.kind(name)?;
        let [begin, end] = tensor.data_offsets;
        let row = width * kind.bytes();
        let read = |e: std::io::Error| read_error(FILE, &e);
        self.file.seek(SeekFrom::Start(self.begin + begin)).map_err(read)?;
        let rows = (end - begin) as usize / row;
        let at_once = (PIECE / row).clamp(1, rows.max(1));
        let mut bytes = vec![0; at_once * row];
        let mut values = vec![0.0; width];
        for first in (0..rows).step_by(at_once) {
            let bytes = &mut bytes[..at_once.min(rows - first) * row];
            self.file.read_exact(bytes).map_err(read)?;
            for (i, bytes) in bytes.chunks_exact(row).enumerate() {
                kind.read(bytes, &mut values);
                if let Some(odd) = values.iter().find(|value| !value.is_finite()) {
                    return Err(field(FILE, name, "finite numbers", odd));
                }
                visit(first + i, &values);
            }
        }
        Ok(())
    }

    /// SHA-256 of the whole file.
    pub(super) fn hash(&mut self) -> Result<ContentHash, BertError> {
        let read = |e: std::io::Error| read_error(FILE, &e);
        self.file.seek(SeekFrom::Start(0)).map_err(read)?;
        let mut hash = Sha256::new();
        let mut bytes = vec![0; PIECE];
        loop {
            match self.file.read(&mut bytes).map_err(read)? {
                0 => return Ok(ContentHash(hash.finalize().into())),
                n => hash.update(&bytes[..n]),
            }
        }
    }
}

impl Tensor {
    fn kind(&self, name: &str) -> Result<Kind, BertError> {
        match self.dtype.as_str() {
            "F32" => Ok(Kind::F32),
            "F16" => Ok(Kind::F16),
            "BF16" => Ok(Kind::Bf16),
            other => Err(field(FILE, name, "numbers of F32, F16 or BF16", other)),
        }
    }
}

impl Kind {
    fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    fn read(self, bytes: &[u8], values: &mut [f32]) {
        let halves = bytes.as_chunks::<2>().0.iter().map(|&b| u16::from_le_bytes(b));
        match self {
            Self::F32 => {
                let all = bytes.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b));
                values.iter_mut().zip(all).for_each(|(value, read)| *value = read);
            }
            Self::F16 => values.iter_mut().zip(halves).for_each(|(value, half)| *value = of_half(half)),
            Self::Bf16 => {
                values.iter_mut().zip(halves).for_each(|(v, half)| *v = f32::from_bits(u32::from(half) << 16));
            }
        }
    }
}

/// IEEE 754's binary16: one bit of sign, five of the exponent, ten of the fraction.
fn of_half(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let (exponent, fraction) = (u32::from(bits >> 10 & 0x1f), u32::from(bits & 0x3ff));
    let magnitude = match exponent {
        // Zero and the numbers below the smallest normal one, 2^-14: steps of 2^-24.
        0 => fraction as f32 * (-24_f32).exp2(),
        0x1f => f32::from_bits(0x7f80_0000 | fraction << 13),
        _ => f32::from_bits((exponent + 112) << 23 | fraction << 13),
    };
    f32::from_bits(magnitude.to_bits() | sign)
}

#[cfg(test)]
mod tests {
    use super::of_half;

    #[test]
    fn half_numbers_are_what_the_standard_says() {
        let known = [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0400, 6.103_515_6e-5),
            (0x0001, 5.960_464_5e-8),
            (0x03ff, 6.097_555e-5),
            (0x3555, 0.333_251_95),
            (0x8000, -0.0),
        ];
        for (bits, value) in known {
            assert_eq!(of_half(bits).to_bits(), f32::to_bits(value), "{bits:x}");
        }
        assert!(of_half(0x7c01).is_nan() && of_half(0xfc00) == f32::NEG_INFINITY);
    }
}
