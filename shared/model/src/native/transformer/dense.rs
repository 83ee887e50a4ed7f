//! A dense layer: `out = in W + b`, with its weights by inputs and by outputs.

use fearless_simd::{Simd, SimdBase, f32x16};

use super::norm::add;
use crate::native::gemm::{
    Matrix, Start, add_and_transpose, multiply_columns, multiply_rows, multiply_rows_times, transpose,
};
use crate::native::kernels::{LANES, Lane, lanes_of};

/// What a layer's parameters are shown to, segment by segment in the order of the layout.
pub(super) type Segment<'a> = dyn FnMut(&mut [f32]) + 'a;

/// How one side of a weight lies in lanes: parts of `width` numbers, each padded to whole lanes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) count: usize,
    pub(super) width: usize,
}

impl Parts {
    /// All in one part.
    pub(super) fn whole(width: usize) -> Self {
        Self { count: 1, width }
    }

    pub(super) fn lanes(self) -> usize {
        self.count * lanes_of(self.width)
    }

    /// Where part `i` begins, in numbers.
    fn begin(self, i: usize) -> usize {
        i * lanes_of(self.width) * LANES
    }
}

/// Dense layers on the same input, side by side.
#[derive(Debug, Default)]
pub(super) struct Dense {
    /// How many there are: their parameters come one layer after the other.
    layers: usize,
    inputs: Parts,
    /// Of each.
    outputs: Parts,
    /// `[inputs, layers * outputs]`, in lanes.
    weight: Matrix,
    /// The same, turned.
    turned: Matrix,
    bias: Vec<Lane>,
    weight_step: Matrix,
    bias_step: Vec<Lane>,
}

impl Dense {
    pub(super) fn shape(&mut self, layers: usize, inputs: Parts, outputs: Parts) {
        if (self.layers, self.inputs, self.outputs) == (layers, inputs, outputs) {
            return;
        }
        let lanes = layers * outputs.lanes();
        let rows = inputs.lanes() * LANES;
        *self = Self { layers, inputs, outputs, ..Self::default() };
        self.weight.shape(rows, lanes);
        self.weight_step.shape(rows, lanes);
        self.turned.shape(lanes * LANES, inputs.lanes());
        self.bias = vec![[0.0; LANES]; lanes];
        self.bias_step = self.bias.clone();
    }

    /// Lanes of a token's output.
    pub(super) fn lanes_out(&self) -> usize {
        self.layers * self.outputs.lanes()
    }

    /// Visits the parameters in the order of the layout. [`turn`](Self::turn) must follow a change.
    pub(super) fn segments(&mut self, visit: &mut Segment<'_>) {
        let (inputs, outputs) = (self.inputs, self.outputs);
        for layer in 0..self.layers {
            let first = outputs.begin(layer * outputs.count);
            for (part, within) in (0..inputs.count).flat_map(|part| (0..inputs.width).map(move |i| (part, i))) {
                let row = (inputs.begin(part) + within) * self.weight.stride * LANES + first;
                let row = &mut self.weight.lanes_mut().as_flattened_mut()[row..];
                (0..outputs.count).for_each(|part| visit(&mut row[outputs.begin(part)..][..outputs.width]));
            }
            let bias = &mut self.bias.as_flattened_mut()[first..];
            (0..outputs.count).for_each(|part| visit(&mut bias[outputs.begin(part)..][..outputs.width]));
        }
    }

    /// Makes the turned weights anew.
    pub(super) fn turn<S: Simd>(&mut self, simd: S) {
        let size = (self.inputs.lanes() * LANES, self.lanes_out());
        transpose(simd, self.weight.view(), self.turned.view_mut(), size);
    }

    /// `out = in W + b`.
    pub(super) fn forward<S: Simd>(&self, simd: S, input: &Matrix, out: &mut Matrix, tokens: usize) {
        let size = (tokens, self.inputs.lanes() * LANES, self.lanes_out());
        out.shape(tokens, size.2);
        multiply_rows(simd, input.view(), self.weight.view(), out.view_mut(), size, Start::Row(&self.bias));
    }

    /// `out += in W + b`.
    pub(super) fn add_forward<S: Simd>(&self, simd: S, input: &Matrix, out: &mut Matrix, tokens: usize) {
        let size = (tokens, self.inputs.lanes() * LANES, self.lanes_out());
        multiply_rows(simd, input.view(), self.weight.view(), out.view_mut(), size, Start::RowThere(&self.bias));
    }

    /// Given the gradient by the outputs: that by the inputs into `through`, times `slope` if there is one, and the
    /// steps of weight and bias. `first` begins them anew.
    pub(super) fn backward<S: Simd>(
        &mut self,
        simd: S,
        (input, slope): (&Matrix, Option<&Matrix>),
        delta: &Matrix,
        through: &mut Matrix,
        (tokens, first): (usize, bool),
    ) {
        let (inputs, lanes) = (self.inputs.lanes(), self.lanes_out());
        through.shape(tokens, inputs);
        let size = (tokens, lanes * LANES, inputs);
        let (delta_view, to) = (delta.view(), through.view_mut());
        match slope {
            None => multiply_rows(simd, delta_view, self.turned.view(), to, size, Start::Zero),
            Some(slope) => multiply_rows_times(simd, delta_view, self.turned.view(), to, size, slope.view()),
        }
        let start = if first { Start::Zero } else { Start::There };
        let size = (inputs * LANES, tokens, lanes);
        multiply_columns(simd, input.view(), delta.view(), self.weight_step.view_mut(), size, start);
        simd.vectorize(
            #[inline(always)]
            || {
                let rows = delta.lanes();
                for (lane, sum) in self.bias_step.iter_mut().enumerate() {
                    let mut all = if first { f32x16::splat(simd, 0.0) } else { f32x16::load_array_ref(simd, sum) };
                    for token in 0..tokens {
                        all += f32x16::load_array_ref(simd, &rows[token * delta.stride + lane]);
                    }
                    all.store_array(sum);
                }
            },
        );
    }

    /// Takes the step.
    pub(super) fn step<S: Simd>(&mut self, simd: S) {
        let (weight, turned) = (self.weight.view_mut(), self.turned.view_mut());
        let size = (self.inputs.lanes(), self.layers * self.outputs.lanes());
        add_and_transpose(simd, weight, self.weight_step.view(), turned, size);
        add(&mut self.bias, &self.bias_step);
    }
}
