//! The hash of a model's file without the file.

use std::ops::Range;

use safetensors::tensor::SafeTensors;
use sha2::{Digest, Sha256};
use silhouette_wire::ContentHash;

use super::{Model, ModelError};

/// Parameters turned into bytes at a time.
const PIECE: usize = 1 << 12;

/// How every model of one task is written: what the file begins with, and in which order its tensors come. Whoever
/// hashes a model after every round needs the file itself never.
#[derive(Clone, Debug)]
pub struct FileShape {
    head: Vec<u8>,
    order: Vec<Range<usize>>,
    bytes: usize,
}

impl FileShape {
    /// The shape of this model's file and of every other model's of its task.
    ///
    /// # Errors
    /// When the file can't be made.
    pub fn of(model: &Model) -> Result<Self, ModelError> {
        let file = model.to_safetensors()?;
        let format = |e: &dyn std::fmt::Display| ModelError::Format(e.to_string());
        let (header, metadata) = SafeTensors::read_metadata(&file).map_err(|e| format(&e))?;
        let mut tensors: Vec<_> =
            metadata.tensors().into_iter().map(|(name, info)| (info.data_offsets, name)).collect();
        tensors.sort_unstable();
        let place = |(_, name): ((usize, usize), String)| model.layout().tensor(&name).map(super::TensorPlace::range);
        let order = tensors.into_iter().map(place).collect::<Option<_>>();
        let order = order.ok_or_else(|| format(&"a tensor that is not in the layout"))?;
        // The header's own length stands before it, in eight bytes.
        Ok(Self { head: file[..header + 8].to_vec(), order, bytes: file.len() })
    }

    /// Bytes of the file.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// [`Model::content_hash`] of a model of the same task.
    pub fn hash(&self, model: &Model) -> ContentHash {
        let mut hash = Sha256::new();
        hash.update(&self.head);
        let mut bytes = [[0; 4]; PIECE];
        for range in &self.order {
            for piece in model.values()[range.clone()].chunks(PIECE) {
                bytes.iter_mut().zip(piece).for_each(|(bytes, value)| *bytes = value.to_le_bytes());
                hash.update(bytes[..piece.len()].as_flattened());
            }
        }
        ContentHash(hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::{BagSpec, EncoderSpec, TransformerSpec};
    use crate::task::Task;

    #[test]
    fn the_hash_is_that_of_the_file() {
        let wide = BagSpec { buckets_log2: 11, dim: Some(5), hidden: Some(7), ..BagSpec::default() };
        for encoder in [
            EncoderSpec::Bag(BagSpec { buckets_log2: 8, ..BagSpec::default() }),
            EncoderSpec::Bag(wide),
            EncoderSpec::Transformer(TransformerSpec { buckets_log2: 7, layers: 2, ..TransformerSpec::default() }),
        ] {
            let task = Task::of_labels("t", ["a".into(), "b".into(), "c".into()].into(), encoder).unwrap();
            let shape = FileShape::of(&Model::new(task.clone(), 1)).unwrap();
            let model = Model::new(task, 2);
            assert_eq!(shape.hash(&model), model.content_hash().unwrap());
            assert_eq!(shape.bytes(), model.to_safetensors().unwrap().len());
        }
    }
}
