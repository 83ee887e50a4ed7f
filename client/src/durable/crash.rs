//! Ends the program, as far as the disk can tell, at any step of a test.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Write};

#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Lives,
    EndsAfter(u32),
    Ended,
}

thread_local! {
    static FATE: Cell<Fate> = const { Cell::new(Fate::Lives) };
}

/// Runs `work` and lets it take `steps` steps; every further one fails, as nothing happens after a
/// crash. Also says whether it came to that.
pub(crate) fn after<T>(steps: u32, work: impl FnOnce() -> T) -> (T, bool) {
    FATE.set(Fate::EndsAfter(steps));
    let result = work();
    (result, FATE.replace(Fate::Lives) == Fate::Ended)
}

pub(super) fn step() -> io::Result<()> {
    match FATE.get() {
        Fate::Lives => return Ok(()),
        Fate::EndsAfter(0) | Fate::Ended => FATE.set(Fate::Ended),
        Fate::EndsAfter(left) => {
            FATE.set(Fate::EndsAfter(left - 1));
            return Ok(());
        }
    }
    Err(io::Error::other("the program was ended"))
}

/// A step inside a write: ended here, it leaves the first half of what was to be written. A program that
/// has ended writes nothing.
pub(super) fn half_way(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    step().or_else(|end| file.write_all(&bytes[..bytes.len() / 2]).and(Err(end)))
}
