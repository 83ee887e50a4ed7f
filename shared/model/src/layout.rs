//! The one order in which a model's parameters stand in the flat vector.

use serde::{Deserialize, Serialize};
use silhouette_wire::ContentHash;

use crate::encoder::EncoderSpec;
use crate::task::Task;

/// One tensor's place in the flat vector. Row-major.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorPlace {
    /// The tensor's name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its first entry in the flat vector.
    pub offset: usize,
}

impl TensorPlace {
    /// Entries of the tensor.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the tensor has no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its entries in the flat vector.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.len()
    }
}

/// The layout manifest: every tensor, in order. Both engines, the model file and the wire agree on
/// it, and its hash is part of every round's manifest, so an update for another layout is refused.
///
/// - `bag` with a frozen table: `head.weight [inputs, outputs]` alone; the inputs are the word
///   dimensions, the buckets, and one constant that plays the bias's part.
/// - `bag` with a trained table: `table [buckets, dim]`, with a hidden layer `hidden.weight [dim, hidden]`
///   and `hidden.bias`, then `head.weight [dim or hidden, outputs]`, `head.bias`.
/// - `bert`: `head.weight [inputs, outputs]` alone; the inputs are the embedding's entries, the buckets if there are
///   any, and the constant.
/// - `transformer`: `token [buckets, dim]`, `position [length, dim]`, per layer `norm1.weight`,
///   `norm1.bias`, `query`, `key`, `value`, `output` (each `.weight [dim, dim]`, `.bias`),
///   `norm2.*`, `inner.weight [dim, ff]`, `inner.bias`, `outer.weight [ff, dim]`, `outer.bias`;
///   then `norm.*` and the head on `dim` inputs.
///
/// Linear weights are `[inputs, outputs]`: one input's weights lie side by side, so that a device
/// touches only the rows of the features its texts hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    tensors: Vec<TensorPlace>,
}

impl Layout {
    /// The layout of a task's model.
    pub fn of(task: &Task) -> Self {
        let mut layout = Self { tensors: Vec::new() };
        let outputs = task.outputs();
        let width = match &task.encoder {
            EncoderSpec::Bag(bag) => match bag.dim {
                None => bag.inputs(),
                Some(dim) => {
                    layout.push("table", &[bag.buckets(), dim]);
                    if let Some(hidden) = bag.hidden {
                        layout.push("hidden.weight", &[dim, hidden]);
                        layout.push("hidden.bias", &[hidden]);
                    }
                    bag.hidden.unwrap_or(dim)
                }
            },
            EncoderSpec::Bert(bert) => bert.inputs(),
            EncoderSpec::Transformer(t) => {
                layout.push("token", &[t.buckets(), t.dim]);
                layout.push("position", &[t.length, t.dim]);
                (0..t.layers).for_each(|i| layout.push_block(i, t.dim, t.feed_forward));
                layout.push("norm.weight", &[t.dim]);
                layout.push("norm.bias", &[t.dim]);
                t.dim
            }
        };
        layout.push("head.weight", &[width, outputs]);
        if !task.encoder.is_frozen() {
            layout.push("head.bias", &[outputs]);
        }
        layout
    }

    fn push(&mut self, name: &str, shape: &[usize]) {
        let offset = self.total();
        self.tensors.push(TensorPlace { name: name.to_owned(), shape: shape.to_vec(), offset });
    }

    fn push_block(&mut self, i: usize, dim: usize, feed_forward: usize) {
        let mut push = |name: &str, shape: &[usize]| self.push(&format!("layer.{i}.{name}"), shape);
        push("norm1.weight", &[dim]);
        push("norm1.bias", &[dim]);
        for name in ["query", "key", "value", "output"] {
            push(&format!("{name}.weight"), &[dim, dim]);
            push(&format!("{name}.bias"), &[dim]);
        }
        push("norm2.weight", &[dim]);
        push("norm2.bias", &[dim]);
        push("inner.weight", &[dim, feed_forward]);
        push("inner.bias", &[feed_forward]);
        push("outer.weight", &[feed_forward, dim]);
        push("outer.bias", &[dim]);
    }

    /// Every tensor in order.
    pub fn tensors(&self) -> &[TensorPlace] {
        &self.tensors
    }

    /// The tensor of this name.
    pub fn tensor(&self, name: &str) -> Option<&TensorPlace> {
        self.tensors.iter().find(|t| t.name == name)
    }

    /// Entries of the flat vector.
    pub fn total(&self) -> usize {
        self.tensors.last().map_or(0, |t| t.range().end)
    }

    /// SHA-256 over name, shape and order.
    pub fn hash(&self) -> ContentHash {
        let text: String = self.tensors.iter().map(|t| format!("{} {:?}\n", t.name, t.shape)).collect();
        ContentHash::of(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::{BagSpec, TransformerSpec};

    fn task(encoder: EncoderSpec) -> Task {
        Task::of_labels("t", ["a".into(), "b".into(), "c".into()].into(), encoder).unwrap()
    }

    #[test]
    fn tensors_lie_side_by_side() {
        for encoder in [
            EncoderSpec::Bag(BagSpec { buckets_log2: 8, dim: None, ..BagSpec::default() }),
            EncoderSpec::Bag(BagSpec { buckets_log2: 8, dim: Some(16), ..BagSpec::default() }),
            EncoderSpec::Bag(BagSpec { buckets_log2: 8, dim: Some(16), hidden: Some(8), ..BagSpec::default() }),
            EncoderSpec::Transformer(TransformerSpec::default()),
        ] {
            let layout = Layout::of(&task(encoder));
            let mut end = 0;
            for t in layout.tensors() {
                assert_eq!(t.offset, end);
                end = t.range().end;
            }
            assert_eq!(end, layout.total());
            assert_eq!(layout.tensor("head.weight").unwrap().shape[1], 3);
        }
    }

    #[test]
    fn the_hash_tells_layouts_apart() {
        let hash = |buckets_log2| {
            Layout::of(&task(EncoderSpec::Bag(BagSpec { buckets_log2, dim: None, ..BagSpec::default() }))).hash()
        };
        assert_ne!(hash(8), hash(9));
        assert_eq!(hash(8), hash(8));
    }
}
