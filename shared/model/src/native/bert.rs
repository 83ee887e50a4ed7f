//! The frozen layers of a BERT encoder (Devlin et al. 2019; post-norm as in Vaswani et al. 2017).
//!
//! There is no padding: the tokens of several texts stand one after the other in one matrix, and attention looks at
//! one text at a time. The weights are packed once, in the order in which the products read them.

mod attention;
mod elementwise;
mod packed;

use fearless_simd::{Level, Simd, dispatch};

use self::attention::Attention;
pub(crate) use self::elementwise::Norm;
use self::elementwise::{bend, pool};
pub(crate) use self::packed::Packed;
use super::gemm::Matrix;
use super::kernels::lanes_of;
use super::transformer::attention::Span;
use crate::bert::Pooling;
use crate::bert::config::{Bend, Sizes};

/// Rows that go through the feed-forward together: its wide middle stays in the cache.
const BLOCK: usize = 96;

/// The weights.
#[derive(Debug)]
pub(crate) struct Network {
    dim: usize,
    heads: usize,
    bend: Bend,
    /// `[vocabulary, dim]`.
    word: Vec<f32>,
    /// `[positions, dim]`, each with the first segment's row.
    position: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

/// One layer's weights.
#[derive(Debug)]
pub(crate) struct Layer {
    /// Queries, keys and values side by side.
    projection: Packed,
    output: Packed,
    inner: Packed,
    outer: Packed,
    norms: [Norm; 2],
}

/// What passes through, kept by a thread from group to group.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    texts: Vec<Span>,
    /// `[tokens, dim]`.
    stream: Matrix,
    /// `[tokens, 3 * heads * width]`.
    projected: Matrix,
    /// `[tokens, heads * width]`.
    mixed: Matrix,
    /// `[BLOCK, inner]`.
    inner: Matrix,
    attention: Attention,
}

impl Layer {
    fn new(sizes: &Sizes) -> Self {
        let whole = |width| (1, width);
        let heads = (sizes.heads, sizes.dim / sizes.heads);
        let norm = || Norm::new(sizes.dim, sizes.epsilon);
        Self {
            projection: Packed::new(whole(sizes.dim), (3 * heads.0, heads.1)),
            output: Packed::new(heads, whole(sizes.dim)),
            inner: Packed::new(whole(sizes.dim), whole(sizes.inner)),
            outer: Packed::new(whole(sizes.inner), whole(sizes.dim)),
            norms: [norm(), norm()],
        }
    }

    /// The map of this number in the order query, key, value, output, inner, outer, and where its outputs begin.
    pub(crate) fn dense(&mut self, i: usize) -> (&mut Packed, usize) {
        match i {
            0..3 => {
                let first = i * self.projection.outputs() / 3;
                (&mut self.projection, first)
            }
            3 => (&mut self.output, 0),
            4 => (&mut self.inner, 0),
            _ => (&mut self.outer, 0),
        }
    }

    /// The norm after the attention (0) or after the feed-forward (1).
    pub(crate) fn norm(&mut self, i: usize) -> &mut Norm {
        &mut self.norms[i]
    }
}

impl Network {
    /// All zeros.
    pub(crate) fn new(sizes: &Sizes) -> Self {
        Self {
            dim: sizes.dim,
            heads: sizes.heads,
            bend: sizes.bend,
            word: vec![0.0; sizes.vocabulary * sizes.dim],
            position: vec![0.0; sizes.positions * sizes.dim],
            norm: Norm::new(sizes.dim, sizes.epsilon),
            layers: (0..sizes.layers).map(|_| Layer::new(sizes)).collect(),
        }
    }

    pub(crate) fn dim(&self) -> usize {
        self.dim
    }

    pub(crate) fn positions(&self) -> usize {
        self.position.len() / self.dim
    }

    pub(crate) fn set_word(&mut self, row: usize, values: &[f32]) {
        self.word[row * self.dim..][..self.dim].copy_from_slice(values);
    }

    pub(crate) fn set_position(&mut self, row: usize, values: &[f32]) {
        self.position[row * self.dim..][..self.dim].copy_from_slice(values);
    }

    /// Adds the segment's row to every position's.
    pub(crate) fn add_segment(&mut self, values: &[f32]) {
        for row in self.position.chunks_exact_mut(self.dim) {
            row.iter_mut().zip(values).for_each(|(p, s)| *p += s);
        }
    }

    /// The norm of the embeddings.
    pub(crate) fn norm(&mut self) -> &mut Norm {
        &mut self.norm
    }

    pub(crate) fn layer(&mut self, i: usize) -> &mut Layer {
        &mut self.layers[i]
    }

    /// The texts' vectors, of length 1. Every text has at least one token and at most as many as there are positions;
    /// every token is in the vocabulary.
    pub(crate) fn forward(&self, scratch: &mut Scratch, texts: &[&[u32]], pooling: Pooling) -> Vec<Vec<f32>> {
        dispatch!(Level::new(), simd => self.pass(simd, scratch, texts, pooling))
    }

    fn pass<S: Simd>(&self, simd: S, scratch: &mut Scratch, texts: &[&[u32]], pooling: Pooling) -> Vec<Vec<f32>> {
        let tokens = self.embed(scratch, texts);
        let Scratch { texts, stream, projected, mixed, inner, attention } = scratch;
        self.norm.forward(simd, stream, 0..tokens);
        for layer in &self.layers {
            projected.shape(tokens, layer.projection.lanes());
            layer.projection.forward(simd, stream.view(), projected.view_mut(), tokens, false);
            mixed.shape(tokens, self.heads * lanes_of(self.dim / self.heads));
            attention.forward(simd, projected, mixed, texts, (self.heads, self.dim / self.heads));
            layer.output.forward(simd, mixed.view(), stream.view_mut(), tokens, true);
            layer.norms[0].forward(simd, stream, 0..tokens);
            for begin in (0..tokens).step_by(BLOCK) {
                let rows = BLOCK.min(tokens - begin);
                inner.shape(rows, layer.inner.lanes());
                layer.inner.forward(simd, stream.at(begin, 0), inner.view_mut(), rows, false);
                bend(simd, self.bend, inner, (rows, layer.inner.lanes()));
                layer.outer.forward(simd, inner.view(), stream.at_mut(begin, 0), rows, true);
                layer.norms[1].forward(simd, stream, begin..begin + rows);
            }
        }
        texts.iter().map(|&text| pool(simd, stream, text, self.dim, pooling)).collect()
    }

    /// The sum of each token's rows, before the norm. How many tokens there are.
    fn embed(&self, scratch: &mut Scratch, texts: &[&[u32]]) -> usize {
        let lanes = lanes_of(self.dim);
        scratch.texts.clear();
        let tokens = texts.iter().map(|text| text.len()).sum();
        scratch.stream.shape(tokens, lanes);
        let mut start = 0;
        for text in texts {
            for (at, &word) in text.iter().enumerate() {
                let row = scratch.stream.row_mut(start + at, lanes).as_flattened_mut();
                let (row, padding) = row.split_at_mut(self.dim);
                let word = &self.word[word as usize * self.dim..][..self.dim];
                let position = &self.position[at * self.dim..][..self.dim];
                row.iter_mut().zip(word.iter().zip(position)).for_each(|(x, (w, p))| *x = w + p);
                padding.fill(0.0);
            }
            scratch.texts.push(Span { start, len: text.len() });
            start += text.len();
        }
        tokens
    }
}
