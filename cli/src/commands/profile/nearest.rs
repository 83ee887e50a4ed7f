//! Somebody who is not in a file, and those whose ids look most like theirs.

use std::path::Path;

use anyhow::anyhow;
use silhouette_text::{EventReader, ReadOptions};

/// Ids that are named.
const NAMED: usize = 5;

/// Characters of an id that are compared.
const COMPARED: usize = 64;

/// The error, with the nearest ids where it is that the file has nobody of this one.
pub(super) fn with_ids(error: anyhow::Error, data: &Path, user: &str) -> anyhow::Error {
    match nearest(data, user) {
        Some(ids) if !ids.is_empty() => {
            anyhow!("{}: no row of user {user}; the nearest ids there are {}", data.display(), ids.join(", "))
        }
        _ => error,
    }
}

/// The ids of a file that are nearest to one; none where the id is there after all, or the file can't be read.
fn nearest(data: &Path, user: &str) -> Option<Vec<String>> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let reader = EventReader::open(data, ReadOptions::default()).ok()?;
    for event in reader {
        let id = event.ok()?.user;
        if id == user {
            return None;
        }
        if found.iter().any(|(_, known)| *known == id) {
            continue;
        }
        let place = (distance(user, &id), id);
        if found.len() < NAMED || found.last().is_some_and(|worst| place < *worst) {
            found.push(place);
            found.sort();
            found.truncate(NAMED);
        }
    }
    Some(found.into_iter().map(|(_, id)| id.chars().filter(|c| !c.is_control()).collect()).collect())
}

/// Characters to insert, delete or replace to make one of the other (Wagner and Fischer 1974).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(COMPARED).collect(), b.chars().take(COMPARED).collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_by_hand() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!((distance("", "ab"), distance("ab", ""), distance("吉他", "吉它")), (2, 2, 1));
    }
}
