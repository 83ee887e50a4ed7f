//! Devices that wait for their turn, those asked least often first.

use std::collections::{BTreeMap, VecDeque};

/// Idle devices by how often they took part; within that, in turn. Four bytes a device.
#[derive(Debug, Default)]
pub(crate) struct Roster(BTreeMap<u32, VecDeque<u32>>);

impl Roster {
    /// Everybody, in this order, nobody having taken part yet.
    pub(crate) fn new(order: Vec<u32>) -> Self {
        Self(BTreeMap::from([(0, order.into())]))
    }

    /// Devices waiting.
    pub(crate) fn len(&self) -> usize {
        self.0.values().map(VecDeque::len).sum()
    }

    /// Takes out the first device that `fits`, of those who took part least often that has one, and how often it did.
    /// Whoever is passed over goes to the end of the line, so that the next look begins with others; where nobody fits
    /// the order stays as it was.
    pub(crate) fn take(&mut self, mut fits: impl FnMut(u32) -> bool) -> Option<(u32, u32)> {
        for (&participations, line) in &mut self.0 {
            for _ in 0..line.len() {
                let device = line.pop_front()?;
                if fits(device) {
                    return Some((device, participations));
                }
                line.push_back(device);
            }
        }
        None
    }

    /// Puts a device that took part so often at the end of its line.
    pub(crate) fn put(&mut self, device: u32, participations: u32) {
        self.0.entry(participations).or_default().push_back(device);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_took_part_least_often_come_first_and_others_in_turn() {
        let mut roster = Roster::new(vec![4, 2, 7]);
        roster.put(9, 1);
        assert_eq!(roster.len(), 4);
        assert_eq!(roster.take(|device| device != 4), Some((2, 0)));
        // 4 was passed over: it is behind 7 now.
        assert_eq!(roster.take(|_| true), Some((7, 0)));
        assert_eq!(roster.take(|device| device == 9), Some((9, 1)));
        assert_eq!(roster.take(|_| false), None);
        roster.put(2, 0);
        assert_eq!([(); 3].map(|()| roster.take(|_| true)), [Some((4, 0)), Some((2, 0)), None]);
    }
}
