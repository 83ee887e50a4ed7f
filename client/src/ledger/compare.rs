//! Whether a ledger, its head and the key store's mark tell one story.

use super::chain::Chain;
use super::error::{Damage, LedgerError};
use super::open::Paths;
use crate::keys::Mark;

/// A charge writes the line, then the head, then the mark; one at most is under way. So the head is
/// at the mark or one after it, and the ledger's end at the head or one after the mark.
pub(super) fn compare(paths: &Paths, chain: &Chain, head: Mark, mark: Mark) -> Result<(), LedgerError> {
    let found = chain.records.len() as u64;
    let known = head.seq.max(mark.seq);
    if found < known {
        let (file, line) = (paths.ledger.clone(), chain.next_line());
        return Err(LedgerError::RolledBack { file, line, expected: known, found });
    }
    for (name, stated, damage) in [("head", head, Damage::HeadMac), ("mark", mark, Damage::Mark)] {
        if chain.mark_at(stated.seq) != Some(stated) {
            let expected = format!("the mac that the {name} names, {}", stated.mac);
            return Err(damaged(paths, stated.seq.max(1), damage, expected, "another".into()));
        }
    }
    if head.seq < mark.seq {
        let expected = format!("a head at record {} or after it", mark.seq);
        return Err(damaged(paths, head.seq.max(1), Damage::HeadBehind, expected, format!("one at {}", head.seq)));
    }
    if found + u64::from(chain.torn) > mark.seq + 1 {
        let expected = format!("at most record {}", mark.seq + 1);
        return Err(damaged(paths, mark.seq + 2, Damage::Ahead, expected, "more".into()));
    }
    Ok(())
}

fn damaged(paths: &Paths, line: u64, damage: Damage, expected: String, found: String) -> LedgerError {
    LedgerError::Damaged { file: paths.ledger.clone(), line, damage, expected, found }
}
