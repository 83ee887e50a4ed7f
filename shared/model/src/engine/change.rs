//! What local training changed, by runs of neighbouring parameters.

use silhouette_wire::Run;

/// A model after local training minus the model before, flat, by the runs that training touched.
///
/// A device's texts touch few rows of a table but whole rows, so runs say the same in a fraction of
/// the bytes that single entries would take, and what follows can work on slices.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// Entries of the flat vector.
    pub dimension: usize,
    /// Runs by rising start, with a gap between each two; every entry outside them is zero.
    pub runs: Vec<Run>,
    /// The runs' changes, one run after the other. They may be zero.
    pub values: Vec<f32>,
}

impl Change {
    /// The entries of a whole vector that are not zero.
    pub fn of_dense(values: &[f32]) -> Self {
        let mut change = Self { dimension: values.len(), ..Self::default() };
        for (i, &v) in values.iter().enumerate().filter(|(_, v)| **v != 0.0) {
            change.touch(i, 1);
            change.values.push(v);
        }
        change
    }

    /// The whole vector.
    pub fn to_dense(&self) -> Vec<f32> {
        let mut whole = vec![0.0; self.dimension];
        let mut values = self.values.as_slice();
        for run in &self.runs {
            let (these, rest) = values.split_at(run.len as usize);
            whole[run.range()].copy_from_slice(these);
            values = rest;
        }
        whole
    }

    /// Notes that the next values stand at `start .. start + len`, past every run so far.
    pub(crate) fn touch(&mut self, start: usize, len: usize) {
        match self.runs.last_mut() {
            Some(last) if last.range().end == start => last.len += len as u32,
            _ if len == 0 => {}
            _ => self.runs.push(Run { start: start as u32, len: len as u32 }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_become_one_run() {
        let whole = [0.0, 1.0, 2.0, 0.0, 0.0, 3.0];
        let change = Change::of_dense(&whole);
        assert_eq!(change.runs, [Run { start: 1, len: 2 }, Run { start: 5, len: 1 }]);
        assert_eq!(change.values, [1.0, 2.0, 3.0]);
        assert_eq!(change.to_dense(), whole);
        assert_eq!(Change::of_dense(&[]).to_dense(), [0.0; 0]);
    }
}
