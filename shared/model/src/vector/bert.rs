//! The vectors of a frozen sentence encoder: the embedding, hashed n-grams beside it if they are asked for, and the
//! constant.

use std::sync::Arc;

use super::{CONSTANT, Scales, TextVector, Trace, Vectoriser, merged};
use crate::bert::{BertEncoder, BertError};
use crate::encoder::{BagSpec, BertSpec, EncoderError};

/// The weights that the encoder names, if they are these.
pub(super) fn checked(spec: &BertSpec, weights: Option<&Arc<BertEncoder>>) -> Result<Arc<BertEncoder>, EncoderError> {
    let wrong = |expected, found| EncoderError::from(BertError::Weights { expected, found });
    let needed = spec.weights.to_string();
    let Some(weights) = weights else { return Err(wrong(needed, "no weights".to_owned())) };
    if weights.hash() != spec.weights {
        return Err(wrong(needed, weights.hash().to_string()));
    }
    let setting = |field, expected, found: usize| EncoderError::Setting { field, expected, found: found as f64 };
    if weights.dim() != spec.dim {
        return Err(setting("dim", "the hidden_size of the weights", spec.dim));
    }
    if weights.positions() < spec.length {
        return Err(setting("length", "at most the positions of the weights", spec.length));
    }
    Ok(Arc::clone(weights))
}

/// The hashed part as a bag of its own, of length 1.
fn bag(spec: &BertSpec) -> Option<BagSpec> {
    let buckets_log2 = spec.hashed?;
    Some(BagSpec { buckets_log2, dim: None, hidden: None, words: false, hashed_share: 1.0 })
}

impl Vectoriser {
    pub(super) fn embed_all(&self, spec: &BertSpec, texts: &[&str]) -> Vec<TextVector> {
        let Some(bert) = &self.bert else { return Vec::new() };
        let embedded = bert.embed_within(texts, spec.length, self.threads);
        let bag = bag(spec);
        let share = if bag.is_some() { (1.0 - spec.hashed_share).sqrt() } else { 1.0 };
        let vector = |(text, embedding): (&&str, Vec<f32>)| {
            let mut entries = Vec::with_capacity(spec.dim + 1);
            entries.extend((0_u32..).zip(embedding.into_iter().map(|v| v * share)));
            if let Some(bag) = &bag {
                entries.extend(self.hashed(spec, bag, text));
            }
            entries.push(((spec.inputs() - 1) as u32, CONSTANT));
            TextVector::from_entries(entries)
        };
        texts.iter().zip(embedded).map(vector).collect()
    }

    /// The hashed part's entries.
    fn hashed(&self, spec: &BertSpec, bag: &BagSpec, text: &str) -> Vec<(u32, f32)> {
        let features = self.features(bag, text);
        let scale = Scales::of(bag, &features).hashed * spec.hashed_share.sqrt();
        merged(&features).into_iter().map(|(bucket, weight)| (spec.dim as u32 + bucket, weight * scale)).collect()
    }

    pub(super) fn hashed_trace(&self, spec: &BertSpec, text: &str) -> Vec<Trace> {
        let Some(bag) = bag(spec) else { return Vec::new() };
        let features = self.features(&bag, text);
        let scale = Scales::of(&bag, &features).hashed * spec.hashed_share.sqrt();
        let trace =
            |f: super::Feature| Trace { entries: vec![(spec.dim as u32 + f.bucket, f.weight * scale)], spans: f.spans };
        features.into_iter().map(trace).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use silhouette_wire::ContentHash;

    use super::*;
    use crate::encoder::EncoderSpec;

    fn weights(name: &str) -> Arc<BertEncoder> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
        Arc::new(BertEncoder::open(&folder).unwrap())
    }

    fn spec(weights: &BertEncoder) -> BertSpec {
        BertSpec { length: 20, ..BertSpec::new(weights.hash(), weights.dim()) }
    }

    fn vectoriser(spec: &BertSpec, weights: &Arc<BertEncoder>) -> Result<Vectoriser, EncoderError> {
        Vectoriser::with_bert(&EncoderSpec::Bert(spec.clone()), weights)
    }

    const TEXTS: [&str; 4] = ["the river plays music", "gardens, unknownly!", "", "比赛 music music river"];

    #[test]
    fn a_vector_is_the_embedding_beside_the_constant() {
        let bert = weights("tiny-en");
        let made = vectoriser(&spec(&bert), &bert).unwrap().vectorise_all(&TEXTS);
        for (text, vector) in TEXTS.iter().zip(made) {
            assert_eq!(vector.indices(), (0..=16).collect::<Vec<u32>>());
            assert_eq!(vector.values()[..16], bert.embed_within(&[text], 20, 1)[0]);
            assert_eq!(vector.values()[16], CONSTANT);
        }
    }

    #[test]
    fn many_at_once_have_the_bits_of_each_alone() {
        for hashed in [None, Some(8)] {
            let bert = weights("tiny-zh");
            let v = vectoriser(&BertSpec { hashed, ..spec(&bert) }, &bert).unwrap();
            let one_by_one: Vec<_> = TEXTS.iter().map(|text| v.vectorise(text)).collect();
            assert_eq!(v.vectorise_all(&TEXTS), one_by_one);
            assert_eq!(v.threads(3).vectorise_all(&TEXTS), one_by_one);
        }
    }

    #[test]
    fn the_hashed_part_has_its_share_and_can_be_traced() {
        let bert = weights("tiny-en");
        let spec = BertSpec { hashed: Some(8), hashed_share: 0.4, ..spec(&bert) };
        let v = vectoriser(&spec, &bert).unwrap();
        for text in TEXTS {
            let vector = v.vectorise(text);
            assert!(vector.indices().windows(2).all(|w| w[0] < w[1]));
            assert_eq!(*vector.indices().last().unwrap() as usize, spec.inputs() - 1);
            let squared = |part: &[f32]| part.iter().map(|x| x * x).sum::<f32>();
            let (embedded, rest) = vector.values().split_at(16);
            let (hashed, constant) = rest.split_at(rest.len() - 1);
            let expected = if text.is_empty() { 0.0 } else { 0.4 };
            assert!((squared(embedded) - 0.6).abs() < 1e-5 && (squared(hashed) - expected).abs() < 1e-5);
            assert_eq!(constant, [CONSTANT]);
            let mut traced = BTreeMap::<u32, f32>::new();
            v.trace(text).into_iter().flat_map(|t| t.entries).for_each(|(i, x)| *traced.entry(i).or_default() += x);
            let hashed: BTreeMap<u32, f32> =
                vector.indices()[16..].iter().copied().zip(hashed.iter().copied()).collect();
            assert_eq!(traced.len(), hashed.len());
            assert!(traced.iter().all(|(i, x)| (hashed[i] - x).abs() < 1e-6));
        }
    }

    #[test]
    fn other_weights_are_refused_by_their_hash() {
        let (bert, other) = (weights("tiny-en"), weights("tiny-zh"));
        let spec = spec(&bert);
        let needed = bert.hash().to_string();
        let error = Vectoriser::new(&EncoderSpec::Bert(spec.clone())).unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "encoder weights: expected a folder whose model.safetensors has the SHA-256 {needed}, found no weights"
            )
        );
        assert!(vectoriser(&spec, &other).unwrap_err().to_string().ends_with(&other.hash().to_string()));
        let wide = BertSpec { dim: 32, ..spec.clone() };
        assert!(vectoriser(&wide, &bert).unwrap_err().to_string().contains("dim"));
        let long = BertSpec { length: 41, ..spec.clone() };
        assert!(vectoriser(&long, &bert).unwrap_err().to_string().contains("length"));
        let none = BertSpec { weights: ContentHash([0; 32]), ..spec };
        assert!(matches!(vectoriser(&none, &bert), Err(EncoderError::Weights(BertError::Weights { .. }))));
    }
}
