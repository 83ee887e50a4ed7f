//! What a folder's small files say: the network's sizes, the pooling, the longest text.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::{BertError, field};

/// The most that is read of a small file.
const SMALL: u64 = 1 << 20;

/// How a text's vector comes from its tokens'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pooling {
    /// The first token's.
    Cls,
    /// The mean of all of them, `[CLS]` and `[SEP]` too.
    Mean,
}

/// What bends the feed-forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bend {
    /// `x Phi(x)`.
    Gelu,
    /// The same by `tanh` (Hendrycks and Gimpel 2016, section 2).
    GeluTanh,
    Relu,
}

/// The network's sizes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sizes {
    /// Width of a token's vector.
    pub(crate) dim: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    /// Width of the feed-forward.
    pub(crate) inner: usize,
    pub(crate) positions: usize,
    pub(crate) vocabulary: usize,
    /// Kinds of segments; a text is of the first.
    pub(crate) segments: usize,
    /// Added to a variance.
    pub(crate) epsilon: f32,
    pub(crate) bend: Bend,
}

/// A folder, read but for its vocabulary and its weights.
#[derive(Debug)]
pub(super) struct Folder {
    /// Where the network's files are.
    path: PathBuf,
    pub(super) sizes: Sizes,
    pub(super) pooling: Pooling,
    pub(super) length: usize,
    /// `tokenizer_config.json`, or an empty object.
    pub(super) tokenizer: Value,
}

impl Folder {
    pub(super) fn read(path: &Path) -> Result<Self, BertError> {
        let mut found = Self {
            path: path.to_owned(),
            sizes: Sizes::NONE,
            pooling: Pooling::Mean,
            length: 0,
            tokenizer: Value::Object(serde_json::Map::new()),
        };
        found.modules()?;
        let config = found.json("config.json", SMALL)?;
        found.sizes = Sizes::of(&config.ok_or_else(|| field("config.json", "file", "to be in the folder", "none"))?)?;
        if let Some(tokenizer) = found.json("tokenizer_config.json", SMALL)? {
            found.tokenizer = tokenizer;
        }
        found.length = found.longest()?;
        Ok(found)
    }

    /// What `modules.json` says of the pipeline: the network, a pooling, a normalisation, nothing else.
    fn modules(&mut self) -> Result<(), BertError> {
        const FILE: &str = "modules.json";
        let pooling = match self.json(FILE, SMALL)? {
            None => Some("1_Pooling".to_owned()),
            Some(modules) => {
                let mut pooling = None;
                for module in modules.as_array().map_or(&[][..], Vec::as_slice) {
                    let text = |key: &str| module.get(key).and_then(Value::as_str).unwrap_or_default();
                    let path = inside(FILE, text("path"))?;
                    match text("type").rsplit('.').next() {
                        Some("Transformer") => self.path.push(path),
                        Some("Pooling") => pooling = Some(path.to_owned()),
                        Some("Normalize") => {}
                        _ => return Err(field(FILE, "type", "Transformer, Pooling or Normalize", text("type"))),
                    }
                }
                pooling
            }
        };
        let Some(folder) = pooling else { return Ok(()) };
        // The pooling stands beside the network's folder, if that is one of its own.
        let file = format!("{folder}/config.json");
        let Some(config) = self.json(&file, SMALL)? else { return Ok(()) };
        let flagged = config.as_object().into_iter().flatten();
        let modes: Vec<&str> = match config.get("pooling_mode").and_then(Value::as_str) {
            Some(mode) => vec![mode],
            None => flagged.filter(|(_, on)| **on == Value::Bool(true)).filter_map(|(key, _)| mode(key)).collect(),
        };
        self.pooling = match modes[..] {
            ["cls" | "cls_token"] => Pooling::Cls,
            ["mean" | "mean_tokens"] => Pooling::Mean,
            _ => return Err(field(&file, "pooling_mode", "mean or cls", modes.join(" and "))),
        };
        Ok(())
    }

    /// The longest text, as sentence-transformers takes it.
    fn longest(&self) -> Result<usize, BertError> {
        const FILE: &str = "sentence_bert_config.json";
        let stated = self.json(FILE, SMALL)?.and_then(|config| config.get("max_seq_length").cloned());
        let stated = stated.filter(|value| !value.is_null());
        let found = match &stated {
            Some(value) => whole(FILE, "max_seq_length", Some(value), (3, MOST_POSITIONS))?,
            None => match self.tokenizer.get("model_max_length").and_then(Value::as_f64) {
                Some(most) if most < self.sizes.positions as f64 => (most as usize).max(3),
                _ => self.sizes.positions,
            },
        };
        Ok(found.min(self.sizes.positions))
    }

    /// A file of JSON, if it is there.
    pub(super) fn json(&self, name: &str, most: u64) -> Result<Option<Value>, BertError> {
        let Some(text) = self.text(name, most)? else { return Ok(None) };
        let value = serde_json::from_str(&text).map_err(|e| field(name, "contents", "JSON", e))?;
        Ok(Some(value))
    }

    /// A file of text, if it is there.
    pub(super) fn text(&self, name: &str, most: u64) -> Result<Option<String>, BertError> {
        let Some((file, size)) = self.file(name)? else { return Ok(None) };
        if size > most {
            return Err(field(name, "size", format!("at most {most} bytes"), size));
        }
        let mut text = String::new();
        file.take(most).read_to_string(&mut text).map_err(|e| read_error(name, &e))?;
        Ok(Some(text))
    }

    /// A file and its size, if it is there.
    pub(super) fn file(&self, name: &str) -> Result<Option<(File, u64)>, BertError> {
        let path = self.path.join(name);
        let metadata = match std::fs::metadata(&path) {
            Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            other => other.map_err(|e| read_error(name, &e))?,
        };
        if !metadata.is_file() {
            return Err(field(name, "kind", "a file", "something else"));
        }
        let file = File::open(&path).map_err(|e| read_error(name, &e))?;
        Ok(Some((file, metadata.len())))
    }
}

pub(super) fn read_error(name: &str, error: &std::io::Error) -> BertError {
    BertError::Read { file: name.to_owned(), reason: error.to_string() }
}

/// `pooling_mode_mean_tokens` to `mean_tokens`.
fn mode(key: &str) -> Option<&str> {
    key.strip_prefix("pooling_mode_")
}

/// A path that stays within the folder: one name, or nothing.
fn inside<'a>(file: &str, path: &'a str) -> Result<&'a str, BertError> {
    let name = path.trim_end_matches('/');
    if name.contains(['/', '\\', ':']) || name == ".." {
        return Err(field(file, "path", "the name of a folder beside it", format!("{name:?}")));
    }
    Ok(name)
}

const MOST_POSITIONS: usize = 8192;

/// A head is padded to whole lanes: narrower ones would make the weights many times as large as their file.
const NARROWEST_HEAD: usize = 8;

/// A whole number within a range.
fn whole(file: &str, key: &str, value: Option<&Value>, (low, high): (usize, usize)) -> Result<usize, BertError> {
    let expected = || format!("a whole number from {low} to {high}");
    let Some(value) = value else { return Err(field(file, key, expected(), "nothing")) };
    let found = value.as_u64().filter(|&n| (low as u64..=high as u64).contains(&n));
    found.map(|n| n as usize).ok_or_else(|| field(file, key, expected(), value))
}

impl Sizes {
    const NONE: Self = Self {
        dim: 0,
        layers: 0,
        heads: 0,
        inner: 0,
        positions: 0,
        vocabulary: 0,
        segments: 0,
        epsilon: 0.0,
        bend: Bend::Gelu,
    };

    fn of(config: &Value) -> Result<Self, BertError> {
        const FILE: &str = "config.json";
        let number = |key: &str, low, high| whole(FILE, key, config.get(key), (low, high));
        let text = |key: &str, default| config.get(key).and_then(Value::as_str).unwrap_or(default);
        let kind = text("model_type", "bert");
        if kind != "bert" {
            return Err(field(FILE, "model_type", "bert", kind));
        }
        let positions = text("position_embedding_type", "absolute");
        if positions != "absolute" {
            return Err(field(FILE, "position_embedding_type", "absolute", positions));
        }
        let bend = match text("hidden_act", "gelu") {
            "gelu" => Bend::Gelu,
            "gelu_new" | "gelu_pytorch_tanh" => Bend::GeluTanh,
            "relu" => Bend::Relu,
            other => return Err(field(FILE, "hidden_act", "gelu, gelu_new or relu", other)),
        };
        let epsilon = config.get("layer_norm_eps").map_or(Some(1e-12), Value::as_f64);
        let epsilon = epsilon.filter(|e| (1e-30..=1e-2).contains(e));
        let epsilon =
            epsilon.ok_or_else(|| field(FILE, "layer_norm_eps", "1e-30 to 0.01", &config["layer_norm_eps"]))?;
        let sizes = Self {
            dim: number("hidden_size", 4, 2048)?,
            layers: number("num_hidden_layers", 1, 48)?,
            heads: number("num_attention_heads", 1, 64)?,
            inner: number("intermediate_size", 4, 16_384)?,
            positions: number("max_position_embeddings", 4, MOST_POSITIONS)?,
            vocabulary: number("vocab_size", 5, 1 << 20)?,
            segments: if config.get("type_vocab_size").is_some() { number("type_vocab_size", 1, 16)? } else { 2 },
            epsilon: epsilon as f32,
            bend,
        };
        if !sizes.dim.is_multiple_of(sizes.heads) || sizes.dim / sizes.heads < NARROWEST_HEAD {
            let expected = format!("a divisor of hidden_size {}, {NARROWEST_HEAD} for each at least", sizes.dim);
            return Err(field(FILE, "num_attention_heads", expected, sizes.heads));
        }
        Ok(sizes)
    }
}
