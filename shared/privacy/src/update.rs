//! [`Update`]: a device's vector before the door.

use silhouette_wire::Run;
use zeroize::Zeroize;

/// A vector, whole or by the entries that were touched.
///
/// A device's texts touch few of a wide model's parameters, row by row. The sparse form costs what is touched,
/// not what is there: entries outside its runs are zero and stay zero.
#[derive(Clone, PartialEq)]
pub enum Update {
    /// Every entry.
    Dense(Vec<f32>),
    /// The entries that were touched.
    Sparse {
        /// Entries of the whole vector.
        dimension: usize,
        /// Where they are: by rising start, without overlap.
        runs: Vec<Run>,
        /// Their values, run after run.
        values: Vec<f32>,
    },
}

impl Update {
    /// A sparse vector of single entries, index and value by rising index.
    pub fn of_entries(dimension: usize, entries: &[(u32, f32)]) -> Self {
        let mut runs: Vec<Run> = Vec::new();
        for &(index, _) in entries {
            match runs.last_mut() {
                Some(run) if run.start.checked_add(run.len) == Some(index) => run.len += 1,
                _ => runs.push(Run { start: index, len: 1 }),
            }
        }
        Self::Sparse { dimension, runs, values: entries.iter().map(|&(_, v)| v).collect() }
    }

    /// Entries of the whole vector.
    pub fn dimension(&self) -> usize {
        match self {
            Self::Dense(values) => values.len(),
            Self::Sparse { dimension, .. } => *dimension,
        }
    }

    /// The entries that were touched. There are no more than 2^24.
    pub(crate) fn into_runs(self) -> (Vec<Run>, Vec<f32>) {
        match self {
            Self::Dense(values) => (vec![Run { start: 0, len: values.len() as u32 }], values),
            Self::Sparse { runs, values, .. } => (runs, values),
        }
    }

    /// Every entry. A sparse vector must be well formed.
    pub(crate) fn into_dense(self) -> Vec<f32> {
        match self {
            Self::Dense(values) => values,
            Self::Sparse { dimension, runs, values } => {
                let mut dense = vec![0.0; dimension];
                let mut rest = &values[..];
                for run in runs {
                    let (these, after) = rest.split_at(run.len as usize);
                    dense[run.range()].copy_from_slice(these);
                    rest = after;
                }
                dense
            }
        }
    }

    /// Whether runs rise without overlap, stay inside the dimension and have as many values as entries.
    pub(crate) fn is_well_formed(&self) -> bool {
        match self {
            Self::Dense(_) => true,
            Self::Sparse { dimension, runs, values } => {
                runs.windows(2).all(|w| w[0].range().end <= w[1].range().start)
                    && runs.iter().all(|run| run.len > 0)
                    && runs.last().is_none_or(|run| run.range().end <= *dimension)
                    && runs.iter().map(|run| run.len as usize).sum::<usize>() == values.len()
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
            Self::Sparse { runs, values, .. } => {
                runs.iter_mut().for_each(|Run { start, len }| {
                    start.zeroize();
                    len.zeroize();
                });
                values.zeroize();
            }
        }
    }
}
