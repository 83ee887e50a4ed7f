//! What a task says of a frozen sentence encoder.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use silhouette_wire::ContentHash;

/// A published sentence encoder of the BERT family, frozen: see [`bert`](crate::bert).
///
/// A text's vector is its embedding of length 1 beside one constant, which plays the bias's part. The task names the
/// weights by their hash and no more: whoever encodes brings the folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BertSpec {
    /// SHA-256 of the folder's `model.safetensors`, in hexadecimal.
    #[serde(serialize_with = "to_hex", deserialize_with = "of_hex")]
    pub weights: ContentHash,
    /// Entries of an embedding: the folder's `hidden_size`.
    pub dim: usize,
    /// The longest text in tokens, with the two that frame it; the rest is cut off.
    #[serde(default = "default_length")]
    pub length: usize,
    /// Buckets of hashed n-grams beside the embedding, as a power of two; absent for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hashed: Option<u8>,
    /// Squared weight of the hashed part, where there is one; the embedding has the rest.
    #[serde(default = "default_share")]
    pub hashed_share: f32,
}

/// Texts were cut here when the encoders that are meant were trained.
fn default_length() -> usize {
    128
}

fn default_share() -> f32 {
    0.3
}

fn to_hex<S: Serializer>(hash: &ContentHash, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(hash)
}

fn of_hex<'de, D: Deserializer<'de>>(from: D) -> Result<ContentHash, D::Error> {
    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
}

impl BertSpec {
    /// The usual settings for weights of this hash and width.
    pub fn new(weights: ContentHash, dim: usize) -> Self {
        Self { weights, dim, length: default_length(), hashed: None, hashed_share: default_share() }
    }

    /// Buckets of the hashed part.
    pub fn buckets(&self) -> usize {
        self.hashed.map_or(0, |power| 1 << power)
    }

    /// Entries of a text's vector: the embedding, the buckets, one constant.
    pub fn inputs(&self) -> usize {
        self.dim + self.buckets() + 1
    }
}
