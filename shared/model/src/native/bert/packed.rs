//! Weights in the order in which a product reads them.

use fearless_simd::Simd;

use crate::native::gemm::{Matrix, Start, View, ViewMut, multiply_rows};
use crate::native::kernels::{LANES, Lane, lanes_of};

/// Lanes of a panel: as many as a tile of the product is wide.
const PANEL: usize = 4;

/// A dense map `in W + b`, its weights in panels of [`PANEL`] lanes of outputs: a tile reads one panel from its begin
/// to its end.
#[derive(Debug)]
pub(crate) struct Packed {
    /// Parts of so many numbers, each padded to whole lanes: count and width.
    inputs: (usize, usize),
    outputs: (usize, usize),
    panels: Matrix,
    bias: Vec<Lane>,
}

/// The place of number `i` among parts of `width` numbers, each padded to whole lanes.
fn place(i: usize, width: usize) -> usize {
    i / width * lanes_of(width) * LANES + i % width
}

impl Packed {
    /// All zeros.
    pub(super) fn new(inputs: (usize, usize), outputs: (usize, usize)) -> Self {
        let lanes = outputs.0 * lanes_of(outputs.1);
        let mut panels = Matrix::default();
        panels.shape(lanes.div_ceil(PANEL) * inputs.0 * lanes_of(inputs.1) * LANES, PANEL);
        Self { inputs, outputs, panels, bias: vec![[0.0; LANES]; lanes] }
    }

    /// Outputs, without padding.
    pub(super) fn outputs(&self) -> usize {
        self.outputs.0 * self.outputs.1
    }

    /// Lanes of a token's output.
    pub(super) fn lanes(&self) -> usize {
        self.bias.len()
    }

    /// Inputs with their padding.
    fn depth(&self) -> usize {
        self.inputs.0 * lanes_of(self.inputs.1) * LANES
    }

    /// The weights of one output, one for each input.
    pub(crate) fn set_weights(&mut self, output: usize, values: &[f32]) {
        let to = place(output, self.outputs.1);
        let (panel, column) = (to / (PANEL * LANES), to % (PANEL * LANES));
        let first = panel * self.depth();
        let numbers = self.panels.lanes_mut().as_flattened_mut();
        for (i, value) in values.iter().enumerate() {
            numbers[(first + place(i, self.inputs.1)) * PANEL * LANES + column] = *value;
        }
    }

    /// The biases of the outputs from `first` on.
    pub(crate) fn set_biases(&mut self, first: usize, values: &[f32]) {
        for (i, value) in values.iter().enumerate() {
            self.bias.as_flattened_mut()[place(first + i, self.outputs.1)] = *value;
        }
    }

    /// `out = in W + b` of `rows` rows, or `out += in W + b`.
    pub(super) fn forward<S: Simd>(&self, simd: S, input: View<'_>, out: ViewMut<'_>, rows: usize, add: bool) {
        let (depth, lanes) = (self.depth(), self.lanes());
        let ViewMut { data, stride } = out;
        for lane in (0..lanes).step_by(PANEL) {
            let wide = PANEL.min(lanes - lane);
            let bias = &self.bias[lane..lane + wide];
            let start = if add { Start::RowThere(bias) } else { Start::Row(bias) };
            let to = ViewMut { data: &mut data[lane..], stride };
            let panel = self.panels.at(lane / PANEL * depth, 0);
            multiply_rows(simd, input, panel, to, (rows, depth, wide), start);
        }
    }
}
