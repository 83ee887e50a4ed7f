//! The encoders' forward passes, on parameters given by name.

use burn::tensor::activation::{relu, softmax};
use burn::tensor::{Device, Int, Tensor, TensorData};
use silhouette_model::{Activation, BagSpec, EncoderSpec, TextVector, TransformerSpec};

use crate::leaves::{Leaves, matrix};

/// Added to the variance in a layer norm.
const NORM_EPSILON: f32 = 1e-5;

/// Added to the attention scores of padding: far below any score, far above overflow.
const MASKED: f32 = -1e9;

/// A batch of texts, its features numbered by the device's own rows.
pub(crate) struct Batch<'a> {
    pub(crate) texts: Vec<&'a TextVector>,
    pub(crate) rows: &'a [u32],
}

impl Batch<'_> {
    fn local(&self, row: u32) -> usize {
        self.rows.binary_search(&row).unwrap_or(0)
    }

    /// `[texts, rows]`: the texts' vectors over the device's own rows.
    fn dense(&self, device: &Device) -> Tensor<2> {
        let width = self.rows.len();
        let mut values = vec![0.0; self.texts.len() * width];
        for (i, text) in self.texts.iter().enumerate() {
            for (&row, &x) in text.indices().iter().zip(text.values()) {
                values[i * width + self.local(row)] += x;
            }
        }
        matrix(values, width, device)
    }
}

/// The name of the tensor whose rows are the features, per encoder.
pub(crate) fn table_of(encoder: &EncoderSpec) -> &'static str {
    match encoder {
        EncoderSpec::Transformer(_) => "token",
        encoder if encoder.is_frozen() => "head.weight",
        _ => "table",
    }
}

/// Raw outputs `[texts, outputs]`. `None` if a parameter is missing, which the layout rules out.
pub(crate) fn forward(encoder: &EncoderSpec, leaves: &Leaves, batch: &Batch<'_>, device: &Device) -> Option<Tensor<2>> {
    let pooled = match encoder {
        EncoderSpec::Transformer(t) => transformer(t, leaves, batch, device)?,
        encoder if encoder.is_frozen() => return Some(batch.dense(device).matmul(leaves.get("head.weight")?)),
        EncoderSpec::Bag(BagSpec { hidden: Some(_), .. }) => {
            relu(linear(batch.dense(device).matmul(leaves.get("table")?), leaves, "hidden")?)
        }
        _ => batch.dense(device).matmul(leaves.get("table")?),
    };
    Some(pooled.matmul(leaves.get("head.weight")?) + leaves.get("head.bias")?)
}

/// A linear layer on `[.., in]` flattened to a matrix.
fn linear(x: Tensor<2>, leaves: &Leaves, name: &str) -> Option<Tensor<2>> {
    Some(x.matmul(leaves.get(&format!("{name}.weight"))?) + leaves.get(&format!("{name}.bias"))?)
}

/// The exact GELU, from its definition: the derivative that Burn 0.22 takes of its own `gelu` is that
/// of the tanh approximation, not of what it computes.
fn gelu(x: Tensor<2>) -> Tensor<2> {
    x.clone() * (x * std::f32::consts::FRAC_1_SQRT_2).erf().add_scalar(1.0).mul_scalar(0.5)
}

/// Layer norm over the last dimension.
fn norm(x: Tensor<2>, leaves: &Leaves, name: &str) -> Option<Tensor<2>> {
    let centred = x.clone() - x.mean_dim(1);
    let variance = centred.clone().powi_scalar(2).mean_dim(1);
    let scaled = centred / (variance + NORM_EPSILON).sqrt();
    Some(scaled * leaves.get(&format!("{name}.weight"))? + leaves.get(&format!("{name}.bias"))?)
}

/// Pre-norm blocks and masked mean pooling: `[texts, dim]`.
fn transformer(spec: &TransformerSpec, leaves: &Leaves, batch: &Batch<'_>, device: &Device) -> Option<Tensor<2>> {
    let b = batch.texts.len();
    let length = batch.texts.iter().map(|t| t.indices().len()).max().unwrap_or(0).clamp(1, spec.length);
    let mut ids = vec![0_i64; b * length];
    let mut real = vec![0.0_f32; b * length];
    for (i, text) in batch.texts.iter().enumerate() {
        for (j, &id) in text.indices().iter().take(length).enumerate() {
            ids[i * length + j] = batch.local(id) as i64;
            real[i * length + j] = 1.0;
        }
    }
    let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [b * length]), device);
    let mask = Tensor::<2>::from_data(TensorData::new(real, [b, length]), device);
    let position = leaves.get("position")?.slice([0..length, 0..spec.dim]).unsqueeze::<3>().repeat_dim(0, b);
    let token = leaves.get("token")?.select(0, ids);
    let mut x = token + position.reshape([b * length, spec.dim]);
    let padding = ((mask.clone() - 1.0) * -MASKED).reshape([b, 1, 1, length]);
    for layer in 0..spec.layers {
        let name = |part: &str| format!("layer.{layer}.{part}");
        let h = norm(x.clone(), leaves, &name("norm1"))?;
        x = x + attention(spec, leaves, h, &padding, (b, length), layer)?;
        let h = norm(x.clone(), leaves, &name("norm2"))?;
        let inner = linear(h, leaves, &name("inner"))?;
        let bent = match spec.activation {
            Activation::Gelu => gelu(inner),
            _ => relu(inner),
        };
        x = x + linear(bent, leaves, &name("outer"))?;
    }
    let x = norm(x, leaves, "norm")?.reshape([b, length, spec.dim]);
    let count = mask.clone().sum_dim(1).clamp_min(1.0);
    let sum = (x * mask.reshape([b, length, 1])).sum_dim(1).reshape([b, spec.dim]);
    Some(sum / count)
}

fn attention(
    spec: &TransformerSpec,
    leaves: &Leaves,
    h: Tensor<2>,
    padding: &Tensor<4>,
    (b, length): (usize, usize),
    layer: usize,
) -> Option<Tensor<2>> {
    let head = spec.dim / spec.heads;
    let split = |part: &str| -> Option<Tensor<4>> {
        let flat = linear(h.clone(), leaves, &format!("layer.{layer}.{part}"))?;
        Some(flat.reshape([b, length, spec.heads, head]).swap_dims(1, 2))
    };
    let (query, key, value) = (split("query")?, split("key")?, split("value")?);
    let scores = query.matmul(key.swap_dims(2, 3)) / (head as f32).sqrt() + padding.clone();
    let mixed = softmax(scores, 3).matmul(value).swap_dims(1, 2).reshape([b * length, spec.dim]);
    linear(mixed, leaves, &format!("layer.{layer}.output"))
}
