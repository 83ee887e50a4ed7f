//! The hash of a model's file without the file.

use std::borrow::Cow;
use std::ops::Range;

use safetensors::tensor::{Dtype, Metadata, View};
use sha2::{Digest, Sha256};
use silhouette_wire::ContentHash;

use super::{Model, ModelError, header_entry};
use crate::layout::TensorPlace;

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
        let format = |e: &dyn std::fmt::Display| ModelError::Format(e.to_string());
        let tensors = model.layout().tensors().iter().map(|tensor| (tensor.name.as_str(), Outline(tensor)));
        let head = safetensors::serialize(tensors, Some(header_entry(model.task())?)).map_err(|e| format(&e))?;
        // The header's own length stands before it, in eight bytes.
        let header: Metadata = serde_json::from_slice(head.get(8..).unwrap_or(&[])).map_err(|e| format(&e))?;
        let mut tensors: Vec<_> = header.tensors().into_iter().map(|(name, info)| (info.data_offsets, name)).collect();
        tensors.sort_unstable();
        let place = |(_, name): &(_, String)| model.layout().tensor(name).map(TensorPlace::range);
        let order = tensors.iter().map(place).collect::<Option<_>>();
        let order = order.ok_or_else(|| format(&"a tensor that is not in the layout"))?;
        let bytes = head.len() + 4 * model.values().len();
        Ok(Self { head, order, bytes })
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

/// A tensor without its numbers: the header says how many there are, and nobody looks further.
struct Outline<'a>(&'a TensorPlace);

impl View for Outline<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&[])
    }

    fn data_len(&self) -> usize {
        4 * self.0.len()
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
