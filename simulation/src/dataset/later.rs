//! The later part of a person's texts, kept out of all training so that models can be compared on it.

use silhouette_text::Event;

use crate::people::User;

/// Per cent of a person's rows that are earlier ones, where no column says which.
const EARLIER: usize = 80;

/// A person's rows in two, in their order: the earlier ones, and the later ones.
///
/// Later are the rows whose column `split_time` says `test`, if any of the person's rows has that column, and else the
/// last fifth, by time where every row has one and in the file's order where not. Somebody of one row has no later one.
pub(super) fn parted(mut events: Vec<Event>) -> (Vec<Event>, Vec<Event>) {
    let of = |event: &Event| event.field("split_time").map(|split| split.to_string());
    if events.iter().any(|event| of(event).is_some()) {
        return events.into_iter().partition(|event| of(event).as_deref() != Some("test"));
    }
    if events.iter().all(|event| event.time.is_some()) {
        events.sort_by_key(|event| event.time);
    }
    let earlier = (events.len() * EARLIER).div_ceil(100).clamp(1, events.len().max(1));
    let later = events.split_off(earlier.min(events.len()));
    (events, later)
}

/// Texts of those who have any.
pub(super) fn texts(later: &[User]) -> usize {
    later.iter().map(|user| user.examples.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(times: &[Option<i64>]) -> Vec<Event> {
        let row = |(i, &time): (usize, &Option<i64>)| Event { time, ..Event::new("u", format!("text {i}")) };
        times.iter().enumerate().map(row).collect()
    }

    fn texts_of(events: &[Event]) -> Vec<&str> {
        events.iter().map(|event| event.text.as_str()).collect()
    }

    #[test]
    fn the_last_fifth_by_time_is_later() {
        let (earlier, later) = parted(rows(&[Some(5), Some(1), Some(2), Some(3), Some(4)]));
        assert_eq!(
            (texts_of(&earlier), texts_of(&later)),
            (vec!["text 1", "text 2", "text 3", "text 4"], vec!["text 0"])
        );
        // One row without a time, and the order of the file counts.
        let (earlier, later) = parted(rows(&[Some(5), None, Some(2), Some(3), Some(4)]));
        assert_eq!((earlier.len(), texts_of(&later)), (4, vec!["text 4"]));
        for (rows_of, expected) in [(0, 0), (1, 0), (2, 0), (4, 0), (5, 1), (9, 1), (10, 2)] {
            let (earlier, later) = parted(rows(&vec![None; rows_of]));
            assert_eq!((earlier.len() + later.len(), later.len()), (rows_of, expected), "{rows_of}");
        }
    }

    #[test]
    fn a_column_says_which_are_later() {
        let mut events = rows(&[Some(1), Some(2), Some(3)]);
        for (event, split) in events.iter_mut().zip(["test", "train", "train"]) {
            event.extra.insert("split_time".into(), split.into());
        }
        let (earlier, later) = parted(events);
        assert_eq!((texts_of(&earlier), texts_of(&later)), (vec!["text 1", "text 2"], vec!["text 0"]));
    }
}
