//! Folders that are not what they must be: each gives an error that names file and field.

use std::path::Path;

use proptest::prelude::*;
use silhouette_model::bert::{BertEncoder, BertError};
use tempfile::TempDir;

use super::golden;

/// A copy of a small encoder.
fn copy(name: &str) -> TempDir {
    fn files(from: &Path, to: &Path) {
        for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                std::fs::create_dir(&target).unwrap();
                files(&entry.path(), &target);
            } else {
                std::fs::copy(entry.path(), target).unwrap();
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    files(&golden(name), folder.path());
    folder
}

/// The file and field that opening complains about after a text of a file was replaced.
fn complaint(name: &str, file: &str, from: &str, to: &str) -> (String, String) {
    let folder = copy(name);
    let path = folder.path().join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    std::fs::write(&path, text.replace(from, to)).unwrap();
    named(BertEncoder::open(folder.path()).unwrap_err())
}

fn named(error: BertError) -> (String, String) {
    match error {
        BertError::Field { file, field, .. } => (file, field),
        other => panic!("{other}"),
    }
}

#[test]
fn settings_out_of_range_are_named() {
    let config = |from, to, field: &str| {
        assert_eq!(complaint("tiny-en", "config.json", from, to), ("config.json".into(), field.into()), "{to}");
    };
    config("\"hidden_size\": 16", "\"hidden_size\": 4000000000", "hidden_size");
    config("\"hidden_size\": 16", "\"hidden_size\": -1", "hidden_size");
    config("\"hidden_size\"", "\"size\"", "hidden_size");
    config("\"num_hidden_layers\": 2", "\"num_hidden_layers\": \"2\"", "num_hidden_layers");
    config("\"num_attention_heads\": 2", "\"num_attention_heads\": 3", "num_attention_heads");
    config("\"num_attention_heads\": 2", "\"num_attention_heads\": 16", "num_attention_heads");
    config("\"gelu\"", "\"swish\"", "hidden_act");
    config("1e-12", "0", "layer_norm_eps");
    config("\"bert\"", "\"roberta\"", "model_type");
    config("{", "[", "contents");
}

#[test]
fn another_tokenizer_is_named() {
    let json = |from, to, field: &str| {
        assert_eq!(complaint("tiny-en", "tokenizer.json", from, to), ("tokenizer.json".into(), field.into()), "{to}");
    };
    json("\"WordPiece\",\n    \"unk", "\"BPE\",\n    \"unk", "model.type");
    json("\"BertNormalizer\"", "\"NFKC\"", "normalizer");
    json("\"BertPreTokenizer\"", "\"Whitespace\"", "pre_tokenizer");
    json("\"[PAD]\": 0", "\"[PAD]\": 4000", "id");
    json("\"[PAD]\": 0", "\"[PAD]\": 4294967296", "model.vocab");
    json("\"lstrip\": false", "\"lstrip\": true", "added_tokens.lstrip");
    let zh = |from, to, field: &str| {
        assert_eq!(complaint("tiny-zh", "vocab.txt", from, to), ("vocab.txt".into(), field.into()), "{to}");
    };
    zh("[CLS]", "CLS", "vocabulary");
    zh("[UNK]", "UNK", "vocabulary");
    zh("今\n", "今\nmore\nwords\n", "id");
}

#[test]
fn another_pipeline_is_named() {
    let modules = |from, to, field: &str| {
        assert_eq!(complaint("tiny-en", "modules.json", from, to), ("modules.json".into(), field.into()));
    };
    modules("models.Normalize", "models.Dense", "type");
    modules("\"1_Pooling\"", "\"../1_Pooling\"", "path");
    modules("\"1_Pooling\"", "\"..\"", "path");
    let found = complaint(
        "tiny-en",
        "1_Pooling/config.json",
        "\"pooling_mode_cls_token\": false",
        "\"pooling_mode_max_tokens\": true",
    );
    assert_eq!(found, ("1_Pooling/config.json".into(), "pooling_mode".into()));
}

#[test]
fn missing_files_are_named() {
    for (name, file) in [("tiny-en", "config.json"), ("tiny-en", "tokenizer.json"), ("tiny-en", "model.safetensors")] {
        let folder = copy(name);
        std::fs::remove_file(folder.path().join(file)).unwrap();
        let expected = (file.to_owned(), "file".to_owned());
        assert_eq!(named(BertEncoder::open(folder.path()).unwrap_err()), expected);
    }
    let nowhere = BertEncoder::open("/nowhere/at/all".as_ref()).unwrap_err();
    assert_eq!(nowhere.to_string(), "config.json, file: expected to be in the folder, found none");
}

/// Opens a small encoder whose weights' file was changed.
fn weights(change: impl Fn(&mut Vec<u8>)) -> BertError {
    let folder = copy("tiny-en");
    let path = folder.path().join("model.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    change(&mut bytes);
    std::fs::write(&path, bytes).unwrap();
    BertEncoder::open(folder.path()).unwrap_err()
}

/// Replaces a text of the header by one of the same length.
fn header(from: &str, to: &str) -> (String, String) {
    assert_eq!(from.len(), to.len());
    let (file, field) = named(weights(|bytes| {
        let at = bytes.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
        bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
    }));
    assert_eq!(file, "model.safetensors");
    (field, to.to_owned())
}

#[test]
fn weights_of_other_shapes_are_named() {
    let word = "embeddings.word_embeddings.weight";
    let wide = "encoder.layer.0.intermediate.dense.weight";
    assert_eq!(header(word, "embeddings.word_embeddings.wejght").0, word);
    assert!(header("\"shape\":[40,16],\"data", "\"shape\":[16,40],\"data").0.contains("weight"));
    assert_eq!(header(wide, "encoder.layer.0.intermediate.dense.wwwwww").0, wide);
    assert!(header("\"F32\"", "\"I32\"").0.contains("embeddings"));
    // More than there can be: nothing of that size is asked for.
    assert!(header("\"shape\":[40,16],\"data", "\"shape\":[99999],\"data").0.contains("weight"));
}

#[test]
fn a_header_that_does_not_fit_its_file_is_refused() {
    let length = |n: u64| named(weights(|bytes| bytes[..8].copy_from_slice(&n.to_le_bytes()))).1;
    assert_eq!(length(u64::MAX), "header size");
    assert_eq!(length(1 << 40), "header size");
    assert_eq!(length(1 << 20), "header size");
    assert_eq!(length(10), "header");
    assert_eq!(length(0), "header");
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let whole = std::fs::metadata(golden("tiny-en").join("model.safetensors")).unwrap().len() as usize;
    for keep in (0..whole).step_by(whole / 40).chain([whole - 1, 7, 8]) {
        let error = weights(|bytes| bytes.truncate(keep));
        assert!(matches!(error, BertError::Field { .. } | BertError::Read { .. }), "{keep}");
    }
}

#[test]
fn numbers_that_are_none_are_refused() {
    let error = weights(|bytes| {
        let last = bytes.len() - 4;
        bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    });
    assert!(error.to_string().contains("expected finite numbers, found NaN"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn bytes_changed_anywhere_give_an_encoder_or_an_error(
        english: bool,
        file in 0_usize..4,
        patches in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let name = if english { "tiny-en" } else { "tiny-zh" };
        let vocabulary = if english { "tokenizer.json" } else { "vocab.txt" };
        let folder = copy(name);
        let file = ["config.json", vocabulary, "model.safetensors", "1_Pooling/config.json"][file];
        let path = folder.path().join(file);
        let mut bytes = std::fs::read(&path).unwrap();
        // The header of the weights, rather than their numbers.
        let changed = bytes.len().min(5000);
        patches.iter().for_each(|(at, byte)| bytes[at.index(changed)] = *byte);
        bytes.truncate(cut.map_or(bytes.len(), |cut| cut.index(bytes.len())));
        std::fs::write(&path, bytes).unwrap();
        // What opens works: every token is in the vocabulary, every position there.
        if let Ok(encoder) = BertEncoder::open(folder.path()) {
            let vector = &encoder.embed(&["the river 今天的比赛 café [SEP]"], 1)[0];
            prop_assert_eq!(vector.len(), encoder.dim());
            prop_assert!(vector.iter().all(|v| v.is_finite()));
        }
    }
}
