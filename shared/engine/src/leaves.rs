//! A model's parameters as Burn tensors, and back to the flat vector.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};
use silhouette_model::{Model, TensorPlace};

/// One parameter tensor, two-dimensional (vectors are one row).
pub(crate) struct Leaf {
    place: TensorPlace,
    /// The rows that stand for this device's features, where the tensor is a table.
    rows: Option<Vec<u32>>,
    start: Vec<f32>,
    width: usize,
    pub(crate) tensor: Tensor<2>,
}

/// All parameters of a model by name. Of a table only the rows that the device's texts touch are
/// there: the gradient of every other row is zero.
pub(crate) struct Leaves {
    leaves: BTreeMap<String, Leaf>,
}

impl Leaves {
    /// Puts the parameters on `device`; `table` names the tensor of which only `rows` are taken.
    pub(crate) fn new(model: &Model, table: &str, rows: &[u32], device: &Device, tracked: bool) -> Self {
        let leaves = model.layout().tensors().iter().map(|place| {
            let rows = (place.name == table).then(|| rows.to_vec());
            (place.name.clone(), Leaf::new(model, place, rows, device, tracked))
        });
        Self { leaves: leaves.collect() }
    }

    /// The tensor of this name. The layout has it: both are made from the same encoder.
    pub(crate) fn get(&self, name: &str) -> Option<Tensor<2>> {
        self.leaves.get(name).map(|leaf| leaf.tensor.clone())
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Leaf> {
        self.leaves.values_mut()
    }

    /// Parameters now minus parameters at the start, flat; untouched rows are zero.
    pub(crate) fn change(self, model: &Model) -> Option<Vec<f32>> {
        let mut flat = vec![0.0; model.layout().total()];
        for leaf in self.leaves.into_values() {
            let now: Vec<f32> = leaf.tensor.into_data().try_into_vec::<f32>().ok()?;
            let offset = leaf.place.offset;
            for (i, (now, start)) in now.iter().zip(&leaf.start).enumerate() {
                let (row, column) = (i / leaf.width, i % leaf.width);
                let row = leaf.rows.as_ref().map_or(row, |rows| rows[row] as usize);
                flat[offset + row * leaf.width + column] = now - start;
            }
        }
        Some(flat)
    }
}

impl Leaf {
    fn new(model: &Model, place: &TensorPlace, rows: Option<Vec<u32>>, device: &Device, tracked: bool) -> Self {
        let values = &model.values()[place.range()];
        let width = place.shape.last().copied().unwrap_or(1);
        let start = match &rows {
            Some(rows) => {
                rows.iter().flat_map(|&r| &values[r as usize * width..(r as usize + 1) * width]).copied().collect()
            }
            None => values.to_vec(),
        };
        let tensor = matrix(start.clone(), width, device);
        let tensor = if tracked { tensor.require_grad() } else { tensor };
        Self { place: place.clone(), rows, start, width, tensor }
    }

    /// The parameters at the start, for the proximal term.
    pub(crate) fn origin(&self, device: &Device) -> Tensor<2> {
        matrix(self.start.clone(), self.width, device)
    }
}

/// A matrix of `width` columns.
pub(crate) fn matrix(values: Vec<f32>, width: usize, device: &Device) -> Tensor<2> {
    let height = values.len() / width.max(1);
    Tensor::from_data(TensorData::new(values, [height, width]), device)
}
