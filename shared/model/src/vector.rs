//! From a text to the numbers a model takes.

mod bert;

use std::sync::Arc;

use silhouette_text::{NgramHasher, NgramOptions};

use crate::bert::BertEncoder;
use crate::encoder::{BagSpec, EncoderError, EncoderSpec, TransformerSpec};
use crate::words::{WordTable, frequency_weight};

/// A text as numbers: sorted indices with their values. For the transformer the indices are the
/// token ids in reading order and the values are all 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextVector {
    indices: Vec<u32>,
    values: Vec<f32>,
}

impl TextVector {
    /// A vector of given entries, in their order.
    pub fn from_entries(entries: Vec<(u32, f32)>) -> Self {
        let (indices, values) = entries.into_iter().unzip();
        Self { indices, values }
    }

    /// The same of as many indices as values.
    pub(crate) fn from_parts(indices: Vec<u32>, values: Vec<f32>) -> Self {
        Self { indices, values }
    }

    /// The indices.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// The values, one per index.
    pub fn values(&self) -> &[f32] {
        &self.values
    }
}

/// A feature of a text with where it stands: what a prediction can be traced back to.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Byte ranges in the text.
    pub spans: Vec<(usize, usize)>,
    /// The entries of the text's vector that this feature brings.
    pub entries: Vec<(u32, f32)>,
}

/// The constant input that plays the bias's part in the frozen bag. Small on purpose: under a
/// clipped update a large constant would take most of the norm (docs/benchmarks.md).
const CONSTANT: f32 = 0.1;

/// Turns texts into vectors for one encoder. Deterministic: the same text gives the same bits on
/// every machine of one version.
#[derive(Clone, Debug)]
pub struct Vectoriser {
    spec: EncoderSpec,
    hasher: NgramHasher,
    /// The frozen sentence encoder's weights, if it is one.
    bert: Option<Arc<BertEncoder>>,
    threads: usize,
}

/// One hashed feature before normalisation.
struct Feature {
    bucket: u32,
    weight: f32,
    spans: Vec<(usize, usize)>,
    words: Vec<(u32, f32)>,
}

impl Vectoriser {
    /// A vectoriser for an encoder.
    ///
    /// # Errors
    /// When a setting of the encoder is outside its range, or it is a sentence encoder, whose weights only
    /// [`with_bert`](Self::with_bert) takes.
    pub fn new(spec: &EncoderSpec) -> Result<Self, EncoderError> {
        Self::of(spec, None)
    }

    /// The same with the weights of a frozen sentence encoder.
    ///
    /// # Errors
    /// When they are not those that the encoder names.
    pub fn with_bert(spec: &EncoderSpec, weights: &Arc<BertEncoder>) -> Result<Self, EncoderError> {
        Self::of(spec, Some(weights))
    }

    /// Either, for whoever has weights or not: they are used if the encoder needs some.
    ///
    /// # Errors
    /// As [`new`](Self::new) and [`with_bert`](Self::with_bert).
    pub fn of(spec: &EncoderSpec, weights: Option<&Arc<BertEncoder>>) -> Result<Self, EncoderError> {
        spec.validate()?;
        let (buckets_log2, bert) = match spec {
            EncoderSpec::Bag(b) => (b.buckets_log2, None),
            EncoderSpec::Bert(b) => (b.hashed.unwrap_or(6), Some(bert::checked(b, weights)?)),
            EncoderSpec::Transformer(t) => (t.buckets_log2, None),
        };
        let options = NgramOptions { buckets_log2, ..NgramOptions::default() };
        let hasher = NgramHasher::new(options).map_err(|_| EncoderError::Setting {
            field: "buckets_log2",
            expected: "a power the hash accepts",
            found: f64::from(buckets_log2),
        })?;
        Ok(Self { spec: spec.clone(), hasher, bert, threads: 1 })
    }

    /// The same, which may use so many threads where it is given many texts at once; one if nothing is said.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// The text's vector.
    pub fn vectorise(&self, text: &str) -> TextVector {
        match &self.spec {
            EncoderSpec::Bag(bag) => bag_vector(bag, &self.features(bag, text)),
            EncoderSpec::Bert(_) => self.vectorise_all(&[text]).pop().unwrap_or_default(),
            EncoderSpec::Transformer(t) => self.tokens(t, text),
        }
    }

    /// The texts' vectors in their order: those that [`vectorise`](Self::vectorise) gives, a sentence encoder's in a
    /// fraction of the time.
    pub fn vectorise_all(&self, texts: &[&str]) -> Vec<TextVector> {
        match &self.spec {
            EncoderSpec::Bert(spec) => self.embed_all(spec, texts),
            _ => texts.iter().map(|text| self.vectorise(text)).collect(),
        }
    }

    /// The text's features, each with its places and its part of the vector. Empty for the
    /// transformer, whose predictions can't be split by feature; of a sentence encoder's the hashed part alone.
    pub fn trace(&self, text: &str) -> Vec<Trace> {
        let bag = match &self.spec {
            EncoderSpec::Bag(bag) => bag,
            EncoderSpec::Bert(spec) => return self.hashed_trace(spec, text),
            EncoderSpec::Transformer(_) => return Vec::new(),
        };
        let features = self.features(bag, text);
        let scales = Scales::of(bag, &features);
        features
            .into_iter()
            .map(|f| {
                let mut entries: Vec<_> = f.words.iter().map(|&(i, v)| (i, v * scales.words)).collect();
                entries.push((bag.word_dims() as u32 + f.bucket, f.weight * scales.hashed));
                Trace { spans: f.spans, entries }
            })
            .collect()
    }

    fn features(&self, bag: &BagSpec, text: &str) -> Vec<Feature> {
        let table = (bag.word_dims() > 0).then(WordTable::get);
        self.hasher
            .features_with_spans(text)
            .into_iter()
            .map(|found| {
                let term = found.spans.first().and_then(|&(a, b)| text.get(a..b)).unwrap_or("").to_lowercase();
                let count = 1.0 + (found.spans.len() as f32).ln();
                let weight = count * frequency_weight(&term);
                let words = table.map_or_else(Vec::new, |t| t.vector(&term, count));
                Feature { bucket: found.bucket, weight, spans: found.spans, words }
            })
            .collect()
    }

    /// Token ids in reading order: the buckets of the unigrams (words, Han characters), never the
    /// padding id 0.
    fn tokens(&self, spec: &TransformerSpec, text: &str) -> TextVector {
        let mut placed: Vec<(usize, u32)> = self
            .hasher
            .features_with_spans(text)
            .into_iter()
            .flat_map(|f| f.spans.into_iter().map(move |s| (s, f.bucket)))
            .filter(|&((a, b), _)| !is_han_bigram(&text[a..b]))
            .map(|((a, _), bucket)| (a, bucket.max(1)))
            .collect();
        placed.sort_unstable();
        TextVector::from_entries(placed.into_iter().take(spec.length).map(|(_, id)| (id, 1.0)).collect())
    }
}

fn is_han_bigram(term: &str) -> bool {
    let mut chars = term.chars();
    matches!((chars.next(), chars.next(), chars.next()), (Some(a), Some(b), None) if is_han(a) && is_han(b))
}

pub(crate) fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3134f}')
}

/// What the two parts are multiplied by: each has length 1, then the hashed part has squared weight
/// `hashed_share` and the words the rest. A text without word vectors is all hashed part.
struct Scales {
    hashed: f32,
    words: f32,
}

impl Scales {
    fn of(bag: &BagSpec, features: &[Feature]) -> Self {
        let hashed: f32 = merged(features).iter().map(|(_, w)| w * w).sum::<f32>().sqrt();
        let words = if bag.word_dims() == 0 { 0.0 } else { norm(&word_sum(features)) };
        let share = if words > 0.0 { bag.hashed_share } else { 1.0 };
        let over = |numerator: f32, norm: f32| if norm > 0.0 { numerator / norm } else { 0.0 };
        Self { hashed: over(share.sqrt(), hashed), words: over((1.0 - share).sqrt(), words) }
    }
}

/// Weights by bucket; features come sorted by bucket.
fn merged(features: &[Feature]) -> Vec<(u32, f32)> {
    features.iter().map(|f| (f.bucket, f.weight)).collect()
}

fn word_sum(features: &[Feature]) -> Vec<f32> {
    let mut sum = vec![0.0; crate::encoder::WORD_DIMS];
    for &(i, v) in features.iter().flat_map(|f| &f.words) {
        sum[i as usize] += v;
    }
    sum
}

fn norm(v: &[f32]) -> f32 {
    v.iter().map(|x| x * x).sum::<f32>().sqrt()
}

fn bag_vector(bag: &BagSpec, features: &[Feature]) -> TextVector {
    let scales = Scales::of(bag, features);
    let offset = bag.word_dims() as u32;
    let mut entries = Vec::with_capacity(features.len() + offset as usize + 1);
    if scales.words > 0.0 {
        let sum = word_sum(features);
        entries.extend(sum.iter().enumerate().map(|(i, v)| (i as u32, v * scales.words)));
    }
    entries.extend(merged(features).iter().map(|(b, w)| (offset + b, w * scales.hashed)));
    if bag.dim.is_none() {
        entries.push(((bag.inputs() - 1) as u32, CONSTANT));
    }
    TextVector::from_entries(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bag(words: bool) -> (BagSpec, Vectoriser) {
        let spec = BagSpec { buckets_log2: 10, words, ..BagSpec::default() };
        (spec.clone(), Vectoriser::new(&EncoderSpec::Bag(spec)).unwrap())
    }

    fn squared(v: &TextVector) -> f32 {
        v.values().iter().map(|x| x * x).sum()
    }

    #[test]
    fn a_bag_vector_has_length_one_beside_its_constant() {
        for text in ["the match was great", "今天的比赛很精彩", "great 比赛", ""] {
            let (spec, vectoriser) = bag(true);
            let v = vectoriser.vectorise(text);
            let expected = if text.is_empty() { 0.01 } else { 1.01 };
            assert!((squared(&v) - expected).abs() < 1e-4, "{text} {}", squared(&v));
            assert!(v.indices().windows(2).all(|w| w[0] < w[1]));
            assert!(v.indices().iter().all(|&i| (i as usize) < spec.inputs()));
        }
    }

    #[test]
    fn common_words_weigh_less_than_rare_ones() {
        let (_, vectoriser) = bag(false);
        let v = vectoriser.vectorise("the gardening");
        let [a, b] = [v.values()[0], v.values()[1]];
        assert!(a.min(b) < 0.5 * a.max(b));
    }

    #[test]
    fn a_trace_adds_up_to_the_vector() {
        let (_, vectoriser) = bag(true);
        let text = "great guitars, great music 音乐";
        let v = vectoriser.vectorise(text);
        let mut sum = std::collections::BTreeMap::<u32, f32>::new();
        for (i, x) in vectoriser.trace(text).into_iter().flat_map(|t| t.entries) {
            *sum.entry(i).or_default() += x;
        }
        for (&i, &x) in v.indices().iter().zip(v.values()).take(v.indices().len() - 1) {
            assert!((sum[&i] - x).abs() < 1e-5);
        }
    }

    #[test]
    fn transformer_tokens_keep_the_reading_order_and_the_length() {
        let spec = TransformerSpec { length: 5, ..TransformerSpec::default() };
        let vectoriser = Vectoriser::new(&EncoderSpec::Transformer(spec)).unwrap();
        let ab = vectoriser.vectorise("alpha beta");
        let ba = vectoriser.vectorise("beta alpha");
        assert_eq!(ab.indices()[0], ba.indices()[1]);
        assert_eq!(vectoriser.vectorise("一二三四五六七").indices().len(), 5);
    }
}
