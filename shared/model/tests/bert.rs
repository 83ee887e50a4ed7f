//! The BERT encoder held to the reference: token ids and vectors of two small encoders of our own, and of
//! all-MiniLM-L6-v2 as a package carries it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde::Deserialize;
use silhouette_model::bert::{BertEncoder, Pooling};

#[path = "bert/hostile.rs"]
mod hostile;
#[path = "bert/minilm.rs"]
mod minilm;

#[derive(Deserialize)]
struct Case {
    text: String,
    ids: Vec<u32>,
    vector: Vec<f32>,
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// Holds an encoder to the reference; the smallest cosine.
fn assert_equal(encoder: &BertEncoder, cases: &[Case], least: f64) -> f64 {
    let texts: Vec<&str> = cases.iter().map(|case| case.text.as_str()).collect();
    let vectors = encoder.embed(&texts, 2);
    let mut smallest = f64::INFINITY;
    for (case, vector) in cases.iter().zip(&vectors) {
        assert_eq!(encoder.tokenise(&case.text), case.ids, "{:?}", case.text);
        let cosine = cosine(vector, &case.vector);
        assert!(cosine > least, "{:?}: {cosine}", case.text);
        smallest = smallest.min(cosine);
    }
    smallest
}

fn small(name: &str) -> (BertEncoder, Vec<Case>) {
    let cases = std::fs::read(golden(name).join("golden.json")).unwrap();
    (BertEncoder::open(&golden(name)).unwrap(), serde_json::from_slice(&cases).unwrap())
}

#[test]
fn a_small_encoder_of_english_is_the_references() {
    let (encoder, cases) = small("tiny-en");
    assert_eq!((encoder.dim(), encoder.length(), encoder.positions()), (16, 32, 40));
    assert_eq!(encoder.pooling(), Pooling::Mean);
    assert_equal(&encoder, &cases, 0.999_999);
}

#[test]
fn a_small_encoder_of_chinese_is_the_references() {
    let (encoder, cases) = small("tiny-zh");
    assert_eq!((encoder.dim(), encoder.length(), encoder.positions()), (24, 24, 24));
    assert_eq!(encoder.pooling(), Pooling::Cls);
    assert_equal(&encoder, &cases, 0.999_999);
}

#[test]
fn the_vectors_tell_texts_apart() {
    // The control of the two tests above: other texts' vectors are far below their bound.
    for name in ["tiny-en", "tiny-zh"] {
        let (encoder, cases) = small(name);
        let vectors = encoder.embed(&cases.iter().map(|case| case.text.as_str()).collect::<Vec<_>>(), 1);
        let other = cosine(&vectors[0], &cases[5].vector);
        assert!(other < 0.99, "{name}: {other}");
    }
}

#[test]
fn a_vector_has_the_same_bits_in_any_company() {
    for name in ["tiny-en", "tiny-zh"] {
        let (encoder, cases) = small(name);
        let texts: Vec<&str> = cases.iter().cycle().take(100).map(|case| case.text.as_str()).collect();
        let together = encoder.embed(&texts, 1);
        assert_eq!(encoder.embed(&texts, 3), together);
        for (text, vector) in texts.iter().zip(&together).take(cases.len()) {
            assert_eq!(encoder.embed(&[text], 8), std::slice::from_ref(vector));
        }
    }
    let (encoder, _) = small("tiny-en");
    assert!(encoder.embed(&[], 2).is_empty());
}

#[test]
fn a_shorter_limit_cuts_as_the_folder_would() {
    let (encoder, cases) = small("tiny-en");
    let long = &cases.iter().find(|case| case.text.starts_with("the music the")).unwrap().text;
    let cut = encoder.embed_within(&[long], 6, 1);
    assert_eq!(cut, encoder.embed(&["the music the music"], 1));
    assert_ne!(cut, encoder.embed(&[long], 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_text_has_a_vector_of_length_one(text in "\\PC{0,60}|[a-z \\[\\]SEP#今天\u{301}\u{0}-\u{20}]{0,80}") {
        for name in ["tiny-en", "tiny-zh"] {
            let (encoder, cases) = small(name);
            let ids = encoder.tokenise(&text);
            prop_assert!(ids.len() >= 2 && ids.len() <= encoder.length());
            prop_assert_eq!((ids[0], ids[ids.len() - 1]), (cases[0].ids[0], *cases[0].ids.last().unwrap()));
            let vector = &encoder.embed(&[&text], 1)[0];
            prop_assert!((cosine(vector, vector) - 1.0).abs() < 1e-6);
            prop_assert!((vector.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-4);
        }
    }
}
