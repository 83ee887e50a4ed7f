//! The vocabulary: `tokenizer.json`, or `vocab.txt` with `tokenizer_config.json`.

use std::collections::HashMap;

use serde_json::Value;

use super::config::Folder;
use super::error::{BertError, field};
use super::wordpiece::{Normaliser, WordPiece};

const JSON: &str = "tokenizer.json";
const TEXT: &str = "vocab.txt";
const SETTINGS: &str = "tokenizer_config.json";

/// The most that is read of a vocabulary.
const MOST_BYTES: u64 = 64 << 20;

/// What both kinds of files say.
struct Parts {
    file: &'static str,
    pieces: HashMap<String, u32>,
    prefix: String,
    longest_word: usize,
    named: Vec<(String, u32)>,
    unknown: String,
}

/// Reads the folder's vocabulary.
pub(super) fn read(folder: &Folder) -> Result<WordPiece, BertError> {
    let settings = &folder.tokenizer;
    let (parts, normaliser) = if let Some(json) = folder.json(JSON, MOST_BYTES)? {
        (of_json(&json)?, normaliser_of_json(&json)?)
    } else if let Some(text) = folder.text(TEXT, MOST_BYTES)? {
        (of_text(&text, settings)?, Given { lower: true, chinese: true, clean: true, accents: None })
    } else {
        return Err(field(JSON, "file", "it or vocab.txt to be in the folder", "none"));
    };
    let normaliser = normaliser.with(settings)?;
    build(parts, normaliser, settings, folder.sizes.vocabulary)
}

/// The normaliser's settings; accents go with the case unless it is said.
struct Given {
    clean: bool,
    chinese: bool,
    accents: Option<bool>,
    lower: bool,
}

impl Given {
    /// What `tokenizer_config.json` says goes before.
    fn with(self, settings: &Value) -> Result<Normaliser, BertError> {
        let lower = flag(SETTINGS, settings, "do_lower_case")?.unwrap_or(self.lower);
        let accents = flag(SETTINGS, settings, "strip_accents")?.or(self.accents);
        let chinese = flag(SETTINGS, settings, "tokenize_chinese_chars")?.unwrap_or(self.chinese);
        Ok(Normaliser { clean: self.clean, chinese, accents: accents.unwrap_or(lower), lower })
    }
}

/// A truth value, if it is there.
fn flag(file: &str, object: &Value, key: &str) -> Result<Option<bool>, BertError> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(other) => Err(field(file, key, "true or false", other)),
    }
}

fn kind<'a>(json: &'a Value, part: &str) -> &'a str {
    json.get(part).and_then(|part| part.get("type")).and_then(Value::as_str).unwrap_or("nothing")
}

fn normaliser_of_json(json: &Value) -> Result<Given, BertError> {
    for (part, expected) in [("normalizer", "BertNormalizer"), ("pre_tokenizer", "BertPreTokenizer")] {
        if kind(json, part) != expected {
            return Err(field(JSON, part, expected, kind(json, part)));
        }
    }
    let normaliser = &json["normalizer"];
    let flag = |key| flag(JSON, normaliser, key);
    Ok(Given {
        clean: flag("clean_text")?.unwrap_or(true),
        chinese: flag("handle_chinese_chars")?.unwrap_or(true),
        accents: flag("strip_accents")?,
        lower: flag("lowercase")?.unwrap_or(true),
    })
}

fn of_json(json: &Value) -> Result<Parts, BertError> {
    let found = kind(json, "model");
    if found != "WordPiece" {
        return Err(field(JSON, "model.type", "WordPiece", found));
    }
    let model = &json["model"];
    let text = |key: &str| model.get(key).and_then(Value::as_str);
    let id = |name: &str, value: &Value| {
        let id = value.as_u64().and_then(|id| u32::try_from(id).ok());
        id.ok_or_else(|| field(JSON, name, "an id of 32 bits", value))
    };
    let vocabulary = model.get("vocab").and_then(Value::as_object);
    let vocabulary = vocabulary.ok_or_else(|| field(JSON, "model.vocab", "pieces with their ids", "none"))?;
    let pieces = vocabulary.iter().map(|(piece, value)| Ok((piece.clone(), id("model.vocab", value)?)));
    let mut named = Vec::new();
    for token in json.get("added_tokens").and_then(Value::as_array).into_iter().flatten() {
        for key in ["single_word", "lstrip", "rstrip", "normalized"] {
            if flag(JSON, token, key)? == Some(true) {
                return Err(field(JSON, &format!("added_tokens.{key}"), "false", "true"));
            }
        }
        let content = token.get("content").and_then(Value::as_str).filter(|content| !content.is_empty());
        let content = content.ok_or_else(|| field(JSON, "added_tokens.content", "a text", token))?;
        named.push((content.to_owned(), id("added_tokens.id", &token["id"])?));
    }
    Ok(Parts {
        file: JSON,
        pieces: pieces.collect::<Result<_, BertError>>()?,
        prefix: text("continuing_subword_prefix").unwrap_or("##").to_owned(),
        longest_word: model
            .get("max_input_chars_per_word")
            .and_then(Value::as_u64)
            .map_or(100, |n| n.min(1000) as usize),
        named,
        unknown: text("unk_token").unwrap_or("[UNK]").to_owned(),
    })
}

fn of_text(text: &str, settings: &Value) -> Result<Parts, BertError> {
    let lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
    let pieces = (0_u32..).zip(lines).map(|(id, line)| (line.trim_end_matches('\r').to_owned(), id));
    let pieces: HashMap<String, u32> = pieces.collect();
    let names = NAMES.iter().map(|(key, default)| name(settings, key, default));
    let named = names.filter_map(|name| Some((name.to_owned(), *pieces.get(name)?))).collect();
    let unknown = name(settings, "unk_token", "[UNK]").to_owned();
    Ok(Parts { file: TEXT, pieces, prefix: "##".to_owned(), longest_word: 100, named, unknown })
}

/// The tokens that frame, mask and stand for others, with their usual names.
const NAMES: [(&str, &str); 5] = [
    ("unk_token", "[UNK]"),
    ("sep_token", "[SEP]"),
    ("pad_token", "[PAD]"),
    ("cls_token", "[CLS]"),
    ("mask_token", "[MASK]"),
];

/// A token's name: a text, or an object with it.
fn name<'a>(settings: &'a Value, key: &str, default: &'a str) -> &'a str {
    let value = settings.get(key).map(|value| value.get("content").unwrap_or(value));
    value.and_then(Value::as_str).filter(|name| !name.is_empty()).unwrap_or(default)
}

fn build(parts: Parts, normaliser: Normaliser, settings: &Value, rows: usize) -> Result<WordPiece, BertError> {
    let Parts { file, pieces, prefix, longest_word, named, unknown } = parts;
    let ids = pieces.values().chain(named.iter().map(|(_, id)| id));
    if let Some(id) = ids.copied().max().filter(|&id| id as usize >= rows) {
        return Err(field(file, "id", format!("below config.json's vocab_size {rows}"), id));
    }
    let id = |name: &str| {
        let stated = named.iter().find(|(known, _)| known == name).map(|(_, id)| id);
        let id = pieces.get(name).or(stated).copied();
        id.ok_or_else(|| field(file, "vocabulary", format!("the token {name}"), "none of that name"))
    };
    let [first, last] =
        [("cls_token", "[CLS]"), ("sep_token", "[SEP]")].map(|(key, usual)| id(name(settings, key, usual)));
    let continuations = pieces.iter().filter_map(|(piece, id)| Some((piece.strip_prefix(&*prefix)?.to_owned(), *id)));
    Ok(WordPiece {
        normaliser,
        continuations: continuations.collect(),
        longest_piece: pieces.keys().map(String::len).max().unwrap_or(0),
        longest_word,
        first: first?,
        last: last?,
        unknown: id(&unknown)?,
        named,
        starts: pieces,
    })
}
