//! A pre-norm block: `x += attention(norm1(x))`, `x += outer(bend(inner(norm2(x))))`.

use fearless_simd::Simd;

use super::attention::{Attention, Span};
use super::dense::{Dense, Parts, Segment};
use super::elementwise::bend;
use super::norm::Norm;
use crate::encoder::{Activation, TransformerSpec};
use crate::native::gemm::Matrix;

/// A block's parameters with what passed through it last.
#[derive(Debug, Default)]
pub(super) struct Block {
    activation: Activation,
    norm1: Norm,
    /// Query, key and value.
    project: Dense,
    attention: Attention,
    output: Dense,
    norm2: Norm,
    inner: Dense,
    outer: Dense,
    projected: Matrix,
    mixed: Matrix,
    bent: Matrix,
    slope: Matrix,
}

/// What a group's gradient passes through, the same for all blocks.
#[derive(Debug, Default)]
pub(super) struct Back {
    /// `[tokens, dim]`: the gradient by the stream.
    pub(super) stream: Matrix,
    /// `[tokens, dim]`, and the widest there is.
    pub(super) narrow: Matrix,
    wide: Matrix,
}

impl Block {
    pub(super) fn shape(&mut self, spec: &TransformerSpec) {
        let dim = Parts::whole(spec.dim);
        let heads = Parts { count: spec.heads, width: spec.dim / spec.heads };
        let inside = Parts::whole(spec.feed_forward);
        self.activation = spec.activation;
        self.attention.heads = heads;
        self.norm1.shape(spec.dim);
        self.project.shape(3, dim, heads);
        self.output.shape(1, heads, dim);
        self.norm2.shape(spec.dim);
        self.inner.shape(1, dim, inside);
        self.outer.shape(1, inside, dim);
    }

    /// Visits the parameters in the order of the layout.
    pub(super) fn segments(&mut self, visit: &mut Segment<'_>) {
        self.norm1.segments(visit);
        self.project.segments(visit);
        self.output.segments(visit);
        self.norm2.segments(visit);
        self.inner.segments(visit);
        self.outer.segments(visit);
    }

    pub(super) fn turn<S: Simd>(&mut self, simd: S) {
        let all = [&mut self.project, &mut self.output, &mut self.inner, &mut self.outer];
        all.into_iter().for_each(|dense| dense.turn(simd));
    }

    pub(super) fn forward<S: Simd>(&mut self, simd: S, stream: &mut Matrix, texts: &[Span], tokens: usize) {
        self.norm1.forward(simd, stream, tokens);
        self.project.forward(simd, &self.norm1.out, &mut self.projected, tokens);
        self.mixed.shape(tokens, self.attention.heads.lanes());
        self.attention.forward(simd, &self.projected, &mut self.mixed, texts);
        self.output.add_forward(simd, &self.mixed, stream, tokens);
        self.norm2.forward(simd, stream, tokens);
        self.inner.forward(simd, &self.norm2.out, &mut self.bent, tokens);
        let size = (tokens, self.inner.lanes_out());
        self.slope.shape(tokens, size.1);
        bend(simd, self.activation, &mut self.bent, &mut self.slope, size);
        self.outer.add_forward(simd, &self.bent, stream, tokens);
    }

    /// From the gradient by what comes out that by what went in, and the steps, which `first` begins anew.
    pub(super) fn backward<S: Simd>(
        &mut self,
        simd: S,
        back: &mut Back,
        texts: &[Span],
        (tokens, first): (usize, bool),
    ) {
        let size = (tokens, first);
        let Back { stream, narrow, wide } = back;
        self.outer.backward(simd, (&self.bent, Some(&self.slope)), stream, wide, size);
        self.inner.backward(simd, (&self.norm2.out, None), wide, narrow, size);
        self.norm2.backward(simd, narrow, stream, size);
        self.output.backward(simd, (&self.mixed, None), stream, narrow, size);
        wide.shape(tokens, self.project.lanes_out());
        self.attention.backward(simd, &self.projected, narrow, wide, texts);
        self.project.backward(simd, (&self.norm1.out, None), wide, narrow, size);
        self.norm1.backward(simd, narrow, stream, size);
    }

    /// Takes the steps.
    pub(super) fn step<S: Simd>(&mut self, simd: S) {
        [&mut self.norm1, &mut self.norm2].into_iter().for_each(Norm::step);
        let all = [&mut self.project, &mut self.output, &mut self.inner, &mut self.outer];
        all.into_iter().for_each(|dense| dense.step(simd));
    }
}
