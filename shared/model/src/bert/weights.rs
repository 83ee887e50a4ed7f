//! The weights: `model.safetensors`, whose header is checked whole before any memory is asked for.

mod file;

use silhouette_wire::ContentHash;

use self::file::{FILE, Tensors};
use super::config::{Folder, Sizes};
use super::error::{BertError, field};
use crate::native::bert::{Network, Norm, Packed};

/// Reads the folder's weights, and the hash of their file.
pub(super) fn read(folder: &Folder) -> Result<(Network, ContentHash), BertError> {
    let mut tensors = Tensors::open(folder)?;
    let names = Names::of(&tensors, folder.sizes)?;
    // With every tensor there in its size, the network is at most a few times as large as the file.
    names.check(&tensors)?;
    let mut network = Network::new(&folder.sizes);
    names.load(&mut tensors, &mut network)?;
    let hash = tensors.hash()?;
    Ok((network, hash))
}

/// How the tensors of one file are called.
struct Names {
    sizes: Sizes,
    /// Before every name: `bert.` where the file has more than the encoder.
    prefix: &'static str,
    /// A norm's parameters: `weight` and `bias`, in old files `gamma` and `beta`.
    norm: [&'static str; 2],
}

/// A layer's dense maps with their numbers of outputs and inputs.
const DENSE: [&str; 6] = [
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
];

/// A layer's norms.
const NORMS: [&str; 2] = ["attention.output.LayerNorm", "output.LayerNorm"];

impl Names {
    fn of(tensors: &Tensors, sizes: Sizes) -> Result<Self, BertError> {
        const FIRST: &str = "embeddings.word_embeddings.weight";
        let prefix = ["", "bert."].into_iter().find(|prefix| tensors.has(&format!("{prefix}{FIRST}")));
        let prefix = prefix.ok_or_else(|| field(FILE, FIRST, "the tensor", "none of that name"))?;
        let old = tensors.has(&format!("{prefix}embeddings.LayerNorm.gamma"));
        Ok(Self { sizes, prefix, norm: if old { ["gamma", "beta"] } else { ["weight", "bias"] } })
    }

    fn embedding(&self, of: &str) -> String {
        format!("{}embeddings.{of}_embeddings.weight", self.prefix)
    }

    fn of_layer(&self, layer: usize, name: &str, kind: &str) -> String {
        format!("{}encoder.layer.{layer}.{name}.{kind}", self.prefix)
    }

    /// Outputs and inputs of a dense map.
    fn size(&self, name: &str) -> [usize; 2] {
        match name {
            "intermediate.dense" => [self.sizes.inner, self.sizes.dim],
            "output.dense" => [self.sizes.dim, self.sizes.inner],
            _ => [self.sizes.dim; 2],
        }
    }

    fn check(&self, tensors: &Tensors) -> Result<(), BertError> {
        let Sizes { dim, layers, positions, vocabulary, segments, .. } = self.sizes;
        for (of, rows) in [("word", vocabulary), ("position", positions), ("token_type", segments)] {
            tensors.check(&self.embedding(of), &[rows, dim])?;
        }
        for kind in self.norm {
            tensors.check(&format!("{}embeddings.LayerNorm.{kind}", self.prefix), &[dim])?;
        }
        for layer in 0..layers {
            for name in DENSE {
                let size = self.size(name);
                tensors.check(&self.of_layer(layer, name, "weight"), &size)?;
                tensors.check(&self.of_layer(layer, name, "bias"), &size[..1])?;
            }
            for (name, kind) in NORMS.iter().flat_map(|name| self.norm.map(|kind| (name, kind))) {
                tensors.check(&self.of_layer(layer, name, kind), &[dim])?;
            }
        }
        Ok(())
    }

    fn load(&self, tensors: &mut Tensors, network: &mut Network) -> Result<(), BertError> {
        let dim = self.sizes.dim;
        tensors.rows(&self.embedding("word"), dim, |row, values| network.set_word(row, values))?;
        tensors.rows(&self.embedding("position"), dim, |row, values| network.set_position(row, values))?;
        // Every text is one segment: its row goes with the positions once and for all.
        let mut segment = Vec::new();
        tensors.rows(&self.embedding("token_type"), dim, |row, values| {
            if row == 0 {
                segment.extend_from_slice(values);
            }
        })?;
        network.add_segment(&segment);
        self.load_norm(tensors, &format!("{}embeddings.LayerNorm", self.prefix), network.norm())?;
        for layer in 0..self.sizes.layers {
            for (i, name) in DENSE.iter().enumerate() {
                let (packed, first) = network.layer(layer).dense(i);
                self.load_dense(tensors, (layer, name), packed, first)?;
            }
            for (i, name) in NORMS.iter().enumerate() {
                let name = format!("{}encoder.layer.{layer}.{name}", self.prefix);
                self.load_norm(tensors, &name, network.layer(layer).norm(i))?;
            }
        }
        Ok(())
    }

    /// A map whose outputs stand in `packed` from `first` on.
    fn load_dense(
        &self,
        tensors: &mut Tensors,
        (layer, name): (usize, &str),
        packed: &mut Packed,
        first: usize,
    ) -> Result<(), BertError> {
        let [outputs, inputs] = self.size(name);
        let weight = self.of_layer(layer, name, "weight");
        tensors.rows(&weight, inputs, |row, values| packed.set_weights(first + row, values))?;
        let bias = self.of_layer(layer, name, "bias");
        tensors.rows(&bias, outputs, |_, values| packed.set_biases(first, values))
    }

    fn load_norm(&self, tensors: &mut Tensors, name: &str, norm: &mut Norm) -> Result<(), BertError> {
        let [weight, bias] = self.norm.map(|kind| format!("{name}.{kind}"));
        tensors.rows(&weight, self.sizes.dim, |_, values| norm.set_weight(values))?;
        tensors.rows(&bias, self.sizes.dim, |_, values| norm.set_bias(values))
    }
}
