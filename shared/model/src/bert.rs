//! Sentence encoders of the BERT family, read from a folder as they are published: `config.json`, a WordPiece
//! vocabulary, `model.safetensors`.
//!
//! The encoder is frozen: it turns texts into vectors of length 1 and learns nothing. Tokens and vectors are those of
//! the reference (Hugging Face's `tokenizers` and `transformers`, `sentence-transformers`), which tests hold it to.
//! Nothing is fetched: an app brings the folder. Any folder is safe to open, whatever is in it: sizes are checked
//! against the file and against limits before memory is asked for.
//!
//! ```no_run
//! use silhouette_model::bert::BertEncoder;
//!
//! let encoder = BertEncoder::open("all-MiniLM-L6-v2".as_ref()).unwrap();
//! let vectors = encoder.embed(&["a late goal won the match", "精彩的比赛"], 2);
//! assert_eq!(vectors[0].len(), encoder.dim());
//! ```

pub(crate) mod config;
mod error;
mod unicode;
mod vocabulary;
mod weights;
mod wordpiece;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use silhouette_wire::ContentHash;

use self::config::Folder;
pub use self::config::Pooling;
pub use self::error::BertError;
use self::wordpiece::WordPiece;
use crate::native::bert::{Network, Scratch};

/// Tokens of the texts that pass through the layers together, about: enough for the weights to be read seldom.
const GROUP: usize = 256;

/// A frozen sentence encoder. Two are equal if their weights have the same hash.
pub struct BertEncoder {
    words: WordPiece,
    network: Network,
    pooling: Pooling,
    length: usize,
    hash: ContentHash,
}

impl std::fmt::Debug for BertEncoder {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "BertEncoder({}, {} wide)", self.hash, self.dim())
    }
}

impl PartialEq for BertEncoder {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl BertEncoder {
    /// Reads a folder.
    ///
    /// # Errors
    /// When a file is missing or is not what it must be; names file, field, what is expected and what was found.
    pub fn open(folder: &Path) -> Result<Self, BertError> {
        let folder = Folder::read(folder)?;
        let words = vocabulary::read(&folder)?;
        let (network, hash) = weights::read(&folder)?;
        Ok(Self { words, network, pooling: folder.pooling, length: folder.length, hash })
    }

    /// Entries of a vector.
    pub fn dim(&self) -> usize {
        self.network.dim()
    }

    /// The longest text in tokens that the folder asks for, with the two that frame it; the rest is cut off.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The longest text that the weights have positions for.
    pub fn positions(&self) -> usize {
        self.network.positions()
    }

    /// How a text's vector comes from those of its tokens.
    pub fn pooling(&self) -> Pooling {
        self.pooling
    }

    /// SHA-256 of `model.safetensors`, by which a task names the weights it needs.
    pub fn hash(&self) -> ContentHash {
        self.hash
    }

    /// The text's token ids, from `[CLS]` to `[SEP]`, at most [`length`](Self::length).
    pub fn tokenise(&self, text: &str) -> Vec<u32> {
        self.words.encode(text, self.length)
    }

    /// The texts' vectors, `[dim]` each and of length 1, in the texts' order, by so many threads.
    ///
    /// A vector has the same bits whatever texts are beside it and however many threads there are.
    pub fn embed(&self, texts: &[&str], threads: usize) -> Vec<Vec<f32>> {
        self.embed_within(texts, self.length, threads)
    }

    /// The same with another longest text, which [`positions`](Self::positions) bounds.
    pub fn embed_within(&self, texts: &[&str], length: usize, threads: usize) -> Vec<Vec<f32>> {
        let length = length.clamp(2, self.positions());
        let threads = threads.clamp(1, texts.len().max(1));
        let tokens: Vec<Vec<u32>> = self
            .shared(texts.len().div_ceil(TEXTS_AT_ONCE), threads, |_, part| {
                let end = texts.len().min((part + 1) * TEXTS_AT_ONCE);
                texts[part * TEXTS_AT_ONCE..end].iter().map(|text| self.words.encode(text, length)).collect::<Vec<_>>()
            })
            .into_iter()
            .flatten()
            .collect();
        let groups = groups(&tokens, threads);
        let passed = self.shared(groups.len(), threads, |scratch, group| {
            let texts: Vec<&[u32]> = groups[group].iter().map(|&text| tokens[text].as_slice()).collect();
            self.network.forward(scratch, &texts, self.pooling)
        });
        let mut vectors = vec![Vec::new(); texts.len()];
        for (group, found) in groups.iter().zip(passed) {
            group.iter().zip(found).for_each(|(&text, vector)| vectors[text] = vector);
        }
        vectors
    }

    /// Does so many pieces of work on so many threads; their results in the order of the pieces.
    fn shared<T: Send>(&self, pieces: usize, threads: usize, work: impl Fn(&mut Scratch, usize) -> T + Sync) -> Vec<T> {
        let next = AtomicUsize::new(0);
        let run = || {
            let mut scratch = Scratch::default();
            let piece = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&piece| piece < pieces);
            std::iter::from_fn(piece).map(|piece| (piece, work(&mut scratch, piece))).collect::<Vec<_>>()
        };
        let threads = threads.min(pieces);
        let mut done = if threads <= 1 {
            run()
        } else {
            std::thread::scope(|scope| {
                let workers: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
                let results = workers.into_iter().map(|w| w.join().unwrap_or_else(|e| std::panic::resume_unwind(e)));
                results.flatten().collect()
            })
        };
        done.sort_unstable_by_key(|(piece, _)| *piece);
        done.into_iter().map(|(_, result)| result).collect()
    }
}

/// Texts that a thread takes to tokenise at once.
const TEXTS_AT_ONCE: usize = 64;

/// Texts in groups of about [`GROUP`] tokens, or fewer if else a thread had nothing to do; the longest first, so that
/// the threads end together.
fn groups(tokens: &[Vec<u32>], threads: usize) -> Vec<Vec<usize>> {
    let all: usize = tokens.iter().map(Vec::len).sum();
    let full = GROUP.min(all.div_ceil(threads));
    let mut order: Vec<usize> = (0..tokens.len()).collect();
    order.sort_by_key(|&text| std::cmp::Reverse(tokens[text].len()));
    let (mut groups, mut group, mut size) = (Vec::new(), Vec::new(), 0);
    for text in order {
        group.push(text);
        size += tokens[text].len();
        if size >= full {
            groups.push(std::mem::take(&mut group));
            size = 0;
        }
    }
    if !group.is_empty() {
        groups.push(group);
    }
    groups
}
