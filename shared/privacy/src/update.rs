//! [`Update`]: a device's vector before the door.

use zeroize::Zeroize;

/// A vector, whole or by the entries that are not zero.
///
/// A device's texts touch few of a wide model's parameters. Both forms of the same vector give the
/// same release, bit for bit; the sparse one costs what is touched, not what is there.
#[derive(Clone, PartialEq)]
pub enum Update {
    /// Every entry.
    Dense(Vec<f32>),
    /// The entries that are not zero.
    Sparse {
        /// Entries of the whole vector.
        dimension: usize,
        /// Index and value, by rising index.
        entries: Vec<(u32, f32)>,
    },
}

impl Update {
    /// Entries of the whole vector.
    pub fn dimension(&self) -> usize {
        match self {
            Self::Dense(values) => values.len(),
            Self::Sparse { dimension, .. } => *dimension,
        }
    }

    /// The entries that are not zero (or not a number), as indices and values.
    pub(crate) fn into_entries(self) -> (Vec<u32>, Vec<f32>) {
        match self {
            Self::Dense(values) => {
                values.into_iter().enumerate().filter(|(_, v)| *v != 0.0).map(|(i, v)| (i as u32, v)).unzip()
            }
            Self::Sparse { entries, .. } => entries.into_iter().unzip(),
        }
    }

    /// Every entry. A sparse vector must be well formed.
    pub(crate) fn into_dense(self) -> Vec<f32> {
        match self {
            Self::Dense(values) => values,
            Self::Sparse { dimension, entries } => {
                let mut values = vec![0.0; dimension];
                entries.into_iter().for_each(|(i, v)| values[i as usize] = v);
                values
            }
        }
    }

    /// Whether indices rise and stay inside the dimension.
    pub(crate) fn is_well_formed(&self) -> bool {
        match self {
            Self::Dense(_) => true,
            Self::Sparse { dimension, entries } => {
                entries.windows(2).all(|w| w[0].0 < w[1].0)
                    && entries.last().is_none_or(|&(i, _)| (i as usize) < *dimension)
            }
        }
    }
}

impl From<Vec<f32>> for Update {
    fn from(values: Vec<f32>) -> Self {
        Self::Dense(values)
    }
}

impl Zeroize for Update {
    fn zeroize(&mut self) {
        match self {
            Self::Dense(values) => values.zeroize(),
            Self::Sparse { entries, .. } => entries.iter_mut().for_each(|(i, v)| {
                i.zeroize();
                v.zeroize();
            }),
        }
    }
}
