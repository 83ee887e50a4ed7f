//! What is hashed, signed and authenticated, byte for byte.
//!
//! Every use begins with its own label, and everything of variable length with its length, so that
//! no two uses share an input.

use sha2::{Digest, Sha256};
use silhouette_wire::message::RosterEntry;
use silhouette_wire::{ContentHash, TaskId};

use super::Terms;
use super::graph::GraphParameters;

const ROSTER: &[u8] = b"silhouette/v1|secagg|roster\0";
const SHARES: &[u8] = b"silhouette/v1|secagg|shares\0";
const ADVERT: &[u8] = b"silhouette/v1|secagg|advert\0";
const IDENTITY: &[u8] = b"silhouette/v1|secagg|identity\0";
const SURVIVORS: &[u8] = b"silhouette/v1|secagg|survivors\0";

fn with_task(label: &[u8], task: &TaskId) -> Vec<u8> {
    let name = task.as_str().as_bytes();
    // A task name has at most 64 bytes.
    [label, &[name.len() as u8], name].concat()
}

/// Hash over the keys of all members, in the order of their mask keys.
pub(super) fn roster<'a>(terms: &Terms, members: impl ExactSizeIterator<Item = &'a RosterEntry>) -> ContentHash {
    let mut hash = Sha256::new_with_prefix(with_task(ROSTER, &terms.task));
    hash.update(terms.round.to_le_bytes());
    hash.update(terms.manifest.0);
    hash.update((members.len() as u64).to_le_bytes());
    for entry in members {
        hash.update(entry.share_key);
        hash.update(entry.mask_key);
        match &entry.signature {
            None => hash.update([0]),
            Some(signed) => {
                hash.update([1]);
                hash.update(signed.identity);
            }
        }
    }
    ContentHash(hash.finalize().into())
}

/// What goes with sealed shares: members that were told different rosters, degrees or thresholds
/// can't open each other's.
pub(super) fn shares(roster: ContentHash, graph: GraphParameters, from: u32, to: u32) -> Vec<u8> {
    let numbers = [graph.degree, graph.threshold, from, to].map(u32::to_le_bytes).concat();
    [SHARES, &roster.0, &numbers].concat()
}

/// What a device signs with its identity key when it advertises.
pub(super) fn advert(terms: &Terms, share_key: &[u8; 32], mask_key: &[u8; 32]) -> Vec<u8> {
    let task = with_task(ADVERT, &terms.task);
    [&task, &terms.round.to_le_bytes()[..], &terms.manifest.0, share_key, mask_key].concat()
}

/// What the enrolment authority signs: that this identity is one device of this task.
pub(super) fn identity(task: &TaskId, identity: &[u8; 32]) -> Vec<u8> {
    [&with_task(IDENTITY, task)[..], identity].concat()
}

/// What a device signs in the consistency round: the hash of the survivors, all of them, ascending.
pub(super) fn survivors(roster: ContentHash, survivors: impl Iterator<Item = u32>) -> Vec<u8> {
    let mut hash = Sha256::new();
    let mut count = 0_u64;
    for member in survivors {
        hash.update(member.to_le_bytes());
        count += 1;
    }
    [SURVIVORS, &roster.0, &count.to_le_bytes()[..], &hash.finalize()].concat()
}
