//! How text becomes numbers: the encoders a task may name.

mod bert;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::bert::BertSpec;
use crate::bert::BertError;

/// The encoder of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum EncoderSpec {
    /// A bag of hashed n-grams (and, for English words, of distilled word vectors).
    Bag(BagSpec),
    /// A published sentence encoder, frozen, whose weights the app brings.
    Bert(BertSpec),
    /// A small pre-norm transformer with masked mean pooling, trained whole.
    Transformer(TransformerSpec),
}

impl Default for EncoderSpec {
    fn default() -> Self {
        Self::Bag(BagSpec::default())
    }
}

/// The bag encoder.
///
/// With a *frozen* table (`dim` absent) a text's vector is its weighted feature counts themselves,
/// computed once per text; training touches the head alone. With a *trained* table (`dim = 64`,
/// say) every bucket has a learned vector and the text's vector is their weighted sum, which may go
/// through a hidden layer: `ReLU(x W + b)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BagSpec {
    /// Buckets of the hash, as a power of two.
    pub buckets_log2: u8,
    /// Width of the trained table; absent for the frozen one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dim: Option<usize>,
    /// Width of the hidden layer between a trained table and the heads; absent for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<usize>,
    /// Whether English words also bring their distilled vectors (frozen table only).
    pub words: bool,
    /// Squared weight of the hashed part where the text has English words with vectors; the word
    /// vectors have the rest. Noise makes the hashed part worth less, see [`hashed_share`].
    pub hashed_share: f32,
}

impl Default for BagSpec {
    fn default() -> Self {
        Self { buckets_log2: 14, dim: None, hidden: None, words: true, hashed_share: 0.3 }
    }
}

/// Dimensions of the distilled word vectors.
pub const WORD_DIMS: usize = 128;

/// The share of the hashed part for a given privacy budget: `a = 0.3 / (1 + (nu / 0.002)^2)` with
/// `nu = 1 / (sqrt(2 rho) n)`, the noise of one release of the whole budget over n users.
///
/// The hashed part is exact but wide, the word vectors are coarse but narrow: as noise grows
/// against the number of users, the narrow part carries more. The constants were set on training
/// users only (docs/benchmarks.md).
pub fn hashed_share(rho: Option<f64>, users: usize) -> f32 {
    let nu = rho.map_or(0.0, |rho| 1.0 / ((2.0 * rho).sqrt() * users.max(1) as f64));
    (0.3 / (1.0 + (nu / 2e-3).powi(2))) as f32
}

/// The transformer encoder: token and position embeddings, `layers` pre-norm blocks of `heads`
/// attention heads and a feed-forward, a final norm, the mean over real tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TransformerSpec {
    /// Buckets of the token hash, as a power of two; bucket 0 is padding.
    pub buckets_log2: u8,
    /// Longest text, in tokens; the rest is cut off.
    pub length: usize,
    /// Width.
    pub dim: usize,
    /// Blocks.
    pub layers: usize,
    /// Attention heads; divides the width.
    pub heads: usize,
    /// Width of the feed-forward.
    pub feed_forward: usize,
    /// What bends the feed-forward.
    pub activation: Activation,
}

/// The feed-forward's activation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Activation {
    /// `max(x, 0)`.
    #[default]
    Relu,
    /// `x (1 + erf(x / sqrt 2)) / 2`, the exact form of Hendrycks and Gimpel 2016, equation 1.
    Gelu,
}

impl Default for TransformerSpec {
    fn default() -> Self {
        Self {
            buckets_log2: 12,
            length: 64,
            dim: 32,
            layers: 1,
            heads: 2,
            feed_forward: 64,
            activation: Activation::Relu,
        }
    }
}

/// An encoder that can't be built.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum EncoderError {
    /// A setting outside its range.
    #[error("encoder, {field}: expected {expected}, found {found}")]
    Setting {
        /// The setting.
        field: &'static str,
        /// What is accepted.
        expected: &'static str,
        /// What was found.
        found: f64,
    },
    /// The weights that it needs.
    #[error(transparent)]
    Weights(#[from] BertError),
}

impl EncoderSpec {
    /// The encoder's name in reports.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Bag(bag) if bag.dim.is_none() => "bag",
            Self::Bag(_) => "bag (trained table)",
            Self::Bert(bert) if bert.hashed.is_some() => "bert with hashed n-grams",
            Self::Bert(_) => "bert",
            Self::Transformer(_) => "transformer",
        }
    }

    /// Whether texts' vectors never change, so that they are made once and only the head trains.
    pub fn is_frozen(&self) -> bool {
        match self {
            Self::Bag(bag) => bag.dim.is_none(),
            Self::Bert(_) => true,
            Self::Transformer(_) => false,
        }
    }

    /// Checks every range.
    ///
    /// # Errors
    /// Names the first setting outside its range.
    pub fn validate(&self) -> Result<(), EncoderError> {
        let check = |ok: bool, field, expected, found| {
            if ok { Ok(()) } else { Err(EncoderError::Setting { field, expected, found }) }
        };
        match self {
            Self::Bag(b) => {
                check((6..=20).contains(&b.buckets_log2), "buckets_log2", "6 to 20", f64::from(b.buckets_log2))?;
                let dim = b.dim.unwrap_or(1);
                check((1..=512).contains(&dim), "dim", "1 to 512", dim as f64)?;
                let hidden = b.hidden.unwrap_or(1);
                check((1..=1024).contains(&hidden), "hidden", "1 to 1024", hidden as f64)?;
                let stands = b.hidden.is_none() || b.dim.is_some();
                check(stands, "hidden", "no hidden layer without dim, on a frozen table", hidden as f64)?;
                check((0.0..=1.0).contains(&b.hashed_share), "hashed_share", "0 to 1", f64::from(b.hashed_share))
            }
            Self::Bert(b) => {
                check((4..=2048).contains(&b.dim), "dim", "4 to 2048", b.dim as f64)?;
                check((3..=8192).contains(&b.length), "length", "3 to 8192", b.length as f64)?;
                let hashed = b.hashed.unwrap_or(6);
                check((6..=20).contains(&hashed), "hashed", "6 to 20", f64::from(hashed))?;
                check((0.0..=1.0).contains(&b.hashed_share), "hashed_share", "0 to 1", f64::from(b.hashed_share))
            }
            Self::Transformer(t) => {
                check((6..=16).contains(&t.buckets_log2), "buckets_log2", "6 to 16", f64::from(t.buckets_log2))?;
                check((4..=512).contains(&t.length), "length", "4 to 512", t.length as f64)?;
                check((4..=512).contains(&t.dim), "dim", "4 to 512", t.dim as f64)?;
                check((1..=8).contains(&t.layers), "layers", "1 to 8", t.layers as f64)?;
                check(
                    (1..=16).contains(&t.heads) && t.dim % t.heads == 0,
                    "heads",
                    "a divisor of dim up to 16",
                    t.heads as f64,
                )?;
                check((4..=2048).contains(&t.feed_forward), "feed_forward", "4 to 2048", t.feed_forward as f64)
            }
        }
    }
}

impl BagSpec {
    /// Buckets of the hash.
    pub fn buckets(&self) -> usize {
        1 << self.buckets_log2
    }

    /// Entries of a text's vector under the frozen table: word dimensions, buckets, one constant.
    pub fn inputs(&self) -> usize {
        self.word_dims() + self.buckets() + 1
    }

    /// Word dimensions in a text's vector.
    pub fn word_dims(&self) -> usize {
        if self.words && self.dim.is_none() { WORD_DIMS } else { 0 }
    }
}

impl TransformerSpec {
    /// Rows of the token table.
    pub fn buckets(&self) -> usize {
        1 << self.buckets_log2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_falls_with_noise() {
        assert_eq!(hashed_share(None, 100), 0.3);
        let large = hashed_share(Some(1.4), 10_000);
        let small = hashed_share(Some(0.03), 500);
        assert!(large > 0.29 && small < 0.08, "{large} {small}");
    }

    #[test]
    fn settings_outside_their_range_are_named() {
        let field = |spec: &EncoderSpec| match spec.validate() {
            Err(EncoderError::Setting { field, .. }) => field,
            other => panic!("{other:?}"),
        };
        let bad = EncoderSpec::Transformer(TransformerSpec { heads: 3, ..TransformerSpec::default() });
        assert_eq!(field(&bad), "heads");
        let bad = EncoderSpec::Bag(BagSpec { buckets_log2: 40, ..BagSpec::default() });
        assert_eq!(field(&bad), "buckets_log2");
        let hidden = |dim, hidden| EncoderSpec::Bag(BagSpec { dim, hidden: Some(hidden), ..BagSpec::default() });
        assert_eq!(field(&hidden(None, 8)), "hidden");
        assert_eq!(field(&hidden(Some(8), 1025)), "hidden");
        assert_eq!(hidden(Some(8), 1024).validate(), Ok(()));
    }

    #[test]
    fn weights_are_named_by_their_hash_in_hexadecimal() {
        let spec = EncoderSpec::Bert(BertSpec::new(silhouette_wire::ContentHash::of(b"abc"), 384));
        let text = serde_json::to_string(&spec).unwrap();
        assert!(text.contains(r#""kind":"bert","weights":"ba7816bf8f01cfea"#), "{text}");
        assert_eq!(serde_json::from_str::<EncoderSpec>(&text).unwrap(), spec);
        let least = format!(r#"{{"kind":"bert","weights":"{}","dim":384}}"#, silhouette_wire::ContentHash::of(b"abc"));
        assert_eq!(serde_json::from_str::<EncoderSpec>(&least).unwrap(), spec);
        assert!(serde_json::from_str::<EncoderSpec>(&text.replace("ba7816", "ba78")).is_err());
        let EncoderSpec::Bert(mut bad) = spec else { panic!() };
        bad.hashed = Some(30);
        assert!(EncoderSpec::Bert(bad).validate().is_err());
    }

    #[test]
    fn an_encoder_written_before_a_setting_has_its_default() {
        let old = r#"{"kind":"transformer","buckets_log2":9,"length":8,"dim":8,"layers":1,"heads":2,"feed_forward":8}"#;
        let EncoderSpec::Transformer(read) = serde_json::from_str(old).unwrap() else { panic!() };
        assert_eq!(read.activation, Activation::Relu);
        let old = r#"{"kind":"bag","buckets_log2":9,"dim":8,"words":false,"hashed_share":0.3}"#;
        let EncoderSpec::Bag(read) = serde_json::from_str(old).unwrap() else { panic!() };
        assert_eq!(read.hidden, None);
    }
}
