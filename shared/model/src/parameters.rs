//! A model: its task, its layout and its flat parameter vector; and the file that holds them.

mod file_shape;

use std::collections::HashMap;

use fearless_simd::{Level, dispatch};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use silhouette_wire::ContentHash;
use thiserror::Error;

pub use self::file_shape::FileShape;
use crate::layout::Layout;
use crate::task::Task;

/// The largest model file that is read: 256 MiB.
pub const MAX_FILE_BYTES: usize = 256 << 20;

/// The format's name in a model file's metadata.
const FORMAT: &str = "silhouette/model/1";

/// A task with its flat parameter vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    task: Task,
    layout: Layout,
    values: Vec<f32>,
}

/// A model file or vector that can't be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelError {
    /// The vector's length is not the layout's.
    #[error("parameters: expected {expected} values, found {found}")]
    Dimension {
        /// The layout's total.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// A parameter is NaN or infinite.
    #[error("parameters, tensor {tensor}: expected finite values, found one that is not at entry {entry}")]
    NotFinite {
        /// The tensor.
        tensor: String,
        /// Its first such entry.
        entry: usize,
    },
    /// The file is larger than what is read.
    #[error("model file: expected at most {expected} bytes, found {found}")]
    TooLarge {
        /// The limit.
        expected: usize,
        /// The size.
        found: usize,
    },
    /// The file is no safetensors file, or not one of ours.
    #[error("model file: {0}")]
    Format(String),
    /// A tensor is missing, has another shape or type.
    #[error("model file, tensor {tensor}: expected {expected}, found {found}")]
    Tensor {
        /// The tensor.
        tensor: String,
        /// What the task implies.
        expected: String,
        /// What was found.
        found: String,
    },
}

impl Model {
    /// A fresh model. Embeddings and transformer weights are drawn from `seed`; heads and biases
    /// start at zero, so that the first update of every device points the same way.
    pub fn new(task: Task, seed: u64) -> Self {
        let layout = Layout::of(&task);
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut values = vec![0.0; layout.total()];
        for tensor in layout.tensors() {
            let slot = &mut values[tensor.range()];
            if tensor.name.ends_with("norm.weight")
                || tensor.name.contains("norm1.weight")
                || tensor.name.contains("norm2.weight")
            {
                slot.fill(1.0);
            } else if tensor.shape.len() == 2 && tensor.name != "head.weight" {
                // Uniform with variance 1/fan_in for linear weights and 1/dim for embeddings.
                let table = matches!(tensor.name.as_str(), "table" | "token" | "position");
                let fan = if table { tensor.shape[1] } else { tensor.shape[0] };
                let a = (3.0 / fan as f64).sqrt();
                for v in slot {
                    let unit = f64::from(random.next_u32()) / 4_294_967_296.0;
                    *v = ((2.0 * unit - 1.0) * a) as f32;
                }
            }
        }
        Self { task, layout, values }
    }

    /// A model of given parameters.
    ///
    /// # Errors
    /// When their number is not the layout's, or one is not finite.
    pub fn with_values(task: Task, values: Vec<f32>) -> Result<Self, ModelError> {
        let layout = Layout::of(&task);
        check(&layout, &values)?;
        Ok(Self { task, layout, values })
    }

    /// Takes other parameters.
    ///
    /// # Errors
    /// When their number is not the layout's, or one is not finite; the model is unchanged then.
    pub fn set_values(&mut self, values: &[f32]) -> Result<(), ModelError> {
        check(&self.layout, values)?;
        self.values.copy_from_slice(values);
        Ok(())
    }

    /// The task.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// The layout.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The flat vector.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// One tensor's values; empty if there is none of that name.
    pub fn tensor(&self, name: &str) -> &[f32] {
        self.layout.tensor(name).map_or(&[], |t| &self.values[t.range()])
    }

    /// The model as a safetensors file; the task stands in its metadata. Equal models give equal
    /// bytes, so the file's hash names the model.
    ///
    /// # Errors
    /// When the task or a tensor can't be written.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, ModelError> {
        let mut bytes = vec![0; 4 * self.values.len()];
        bytes.as_chunks_mut::<4>().0.iter_mut().zip(&self.values).for_each(|(b, v)| *b = v.to_le_bytes());
        let mut views = Vec::with_capacity(self.layout.tensors().len());
        for tensor in self.layout.tensors() {
            let range = tensor.range();
            let view = TensorView::new(Dtype::F32, tensor.shape.clone(), &bytes[4 * range.start..4 * range.end])
                .map_err(|e| ModelError::Format(e.to_string()))?;
            views.push((tensor.name.clone(), view));
        }
        safetensors::serialize(views, Some(header_entry(&self.task)?)).map_err(|e| ModelError::Format(e.to_string()))
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// When the file is too large, not ours, or holds other tensors than its task implies.
    pub fn from_safetensors(bytes: &[u8]) -> Result<Self, ModelError> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(ModelError::TooLarge { expected: MAX_FILE_BYTES, found: bytes.len() });
        }
        let format = |e: &dyn std::fmt::Display| ModelError::Format(e.to_string());
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| format(&e))?;
        let task = header.metadata().as_ref().and_then(|m| m.get(FORMAT)).ok_or_else(|| {
            ModelError::Format(format!("its metadata has no {FORMAT} entry; was it made by this program?"))
        })?;
        let task: Task = serde_json::from_str(task).map_err(|e| format(&e))?;
        task.validate().map_err(|e| format(&e))?;
        let layout = Layout::of(&task);
        let file = SafeTensors::deserialize(bytes).map_err(|e| format(&e))?;
        let mut values = Vec::with_capacity(layout.total().min(bytes.len() / 4 + 1));
        for tensor in layout.tensors() {
            let view = file.tensor(&tensor.name).map_err(|_| ModelError::Tensor {
                tensor: tensor.name.clone(),
                expected: format!("f32 {:?}", tensor.shape),
                found: "none".into(),
            })?;
            if view.dtype() != Dtype::F32 || view.shape() != tensor.shape {
                return Err(ModelError::Tensor {
                    tensor: tensor.name.clone(),
                    expected: format!("f32 {:?}", tensor.shape),
                    found: format!("{:?} {:?}", view.dtype(), view.shape()),
                });
            }
            values.extend(view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])));
        }
        if file.len() != layout.tensors().len() {
            return Err(ModelError::Format(format!(
                "expected {} tensors, found {}",
                layout.tensors().len(),
                file.len()
            )));
        }
        Self::with_values(task, values)
    }

    /// The model's name: SHA-256 of its file.
    ///
    /// # Errors
    /// When the file can't be made.
    pub fn content_hash(&self) -> Result<ContentHash, ModelError> {
        Ok(ContentHash::of(&self.to_safetensors()?))
    }
}

/// What a model file's header says of the task. One entry only: the order of several would not be fixed.
fn header_entry(task: &Task) -> Result<HashMap<String, String>, ModelError> {
    let task = serde_json::to_string(task).map_err(|e| ModelError::Format(e.to_string()))?;
    Ok(HashMap::from([(FORMAT.to_owned(), task)]))
}

/// The largest magnitude's bits, shifted by the sign: not finite sorts above finite.
#[inline(always)]
fn largest(values: &[f32]) -> u32 {
    values.iter().fold(0, |most, v| most.max(v.to_bits() << 1))
}

/// Whether these are parameters of this layout.
fn check(layout: &Layout, values: &[f32]) -> Result<(), ModelError> {
    if values.len() != layout.total() {
        return Err(ModelError::Dimension { expected: layout.total(), found: values.len() });
    }
    // All exponents at once first: the search for the culprit is slow, and nearly always for nothing.
    let largest = dispatch!(Level::new(), _simd => largest(values));
    if largest < f32::INFINITY.to_bits() << 1 {
        return Ok(());
    }
    let entry = values.iter().position(|v| !v.is_finite()).unwrap_or(0);
    let tensor = layout.tensors().iter().find(|t| t.range().contains(&entry));
    Err(ModelError::NotFinite {
        tensor: tensor.map_or_else(String::new, |t| t.name.clone()),
        entry: tensor.map_or(entry, |t| entry - t.offset),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::{BagSpec, EncoderSpec, TransformerSpec};

    fn task(encoder: EncoderSpec) -> Task {
        Task::of_labels("t", ["a".into(), "b".into()].into(), encoder).unwrap()
    }

    fn small() -> Task {
        task(EncoderSpec::Bag(BagSpec { buckets_log2: 6, dim: Some(4), ..BagSpec::default() }))
    }

    #[test]
    fn a_file_gives_the_same_model_back() {
        for t in [small(), task(EncoderSpec::Transformer(TransformerSpec::default()))] {
            let model = Model::new(t, 7);
            let bytes = model.to_safetensors().unwrap();
            let back = Model::from_safetensors(&bytes).unwrap();
            assert_eq!(back, model);
            assert_eq!(back.to_safetensors().unwrap(), bytes);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bits() {
        let hash = |seed| Model::new(small(), seed).content_hash().unwrap();
        assert_eq!(hash(1), hash(1));
        assert_ne!(hash(1), hash(2));
    }

    #[test]
    fn nan_and_wrong_dimensions_are_refused() {
        let mut values = Model::new(small(), 1).values().to_vec();
        assert!(matches!(
            Model::with_values(small(), values[1..].to_vec()),
            Err(ModelError::Dimension { expected: 266, found: 265 })
        ));
        values[3] = f32::NAN;
        assert_eq!(
            Model::with_values(small(), values.clone()),
            Err(ModelError::NotFinite { tensor: "table".into(), entry: 3 })
        );
        // The same in a file: patch the model's bytes, whose data end with the flat vector.
        let mut bytes = Model::new(small(), 1).to_safetensors().unwrap();
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        assert!(matches!(Model::from_safetensors(&bytes), Err(ModelError::NotFinite { .. })));
    }

    #[test]
    fn damaged_files_are_refused() {
        let bytes = Model::new(small(), 1).to_safetensors().unwrap();
        for cut in [0, 7, 8, 40, bytes.len() - 1] {
            assert!(Model::from_safetensors(&bytes[..cut]).is_err(), "{cut}");
        }
        let mut huge = bytes;
        huge[..8].copy_from_slice(&(1_u64 << 40).to_le_bytes());
        assert!(Model::from_safetensors(&huge).is_err());
    }
}
