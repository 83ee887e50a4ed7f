//! Secure aggregation, in the order of a round.
//!
//! | exchange | the device sends | the aggregator answers when the step is over |
//! |---|---|---|
//! | advertise | [`SecaggAdvert`] | [`SecaggRoster`] |
//! | share | [`SecaggShares`] | [`SecaggInbox`] |
//! | masked input | [`SecaggMaskedInput`] and the vector | [`SecaggUnmask`], or [`SecaggSurvivors`] in the active mode |
//! | consistency (active mode) | [`SecaggConsistency`] | [`SecaggUnmask`] |
//! | unmask | [`SecaggRevealed`] | [`UploadReply`](crate::UploadReply) |
//!
//! Members are named by their place in the roster, from 0. A device that is not (or no longer) part
//! of the round is answered with a [`Refusal`](crate::Refusal).

mod advert;
mod exchange;
mod input;
mod shares;
mod survivors;

use serde::{Deserialize, Serialize};

pub use crate::signature::SignatureBytes;
pub use advert::{AdvertSignature, RosterEntry, SecaggAdvert, SecaggRoster};
pub use exchange::{SecaggReply, SecaggRequest};
pub use input::SecaggMaskedInput;
pub use shares::{SealedShare, SealedShares, SecaggInbox, SecaggShares};
pub use survivors::{RevealedShare, SecaggConsistency, SecaggRevealed, SecaggSurvivors, SecaggUnmask, Signed};

use crate::{
    bounded::List,
    defaults::{MAX_COHORT, MAX_NEIGHBOURS},
    error_code::ErrorCode,
    ids::{Nonce, TaskId},
};

/// Names of neighbours, ascending.
pub type MemberList = List<u32, MAX_NEIGHBOURS>;

/// Which participation a message belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participation {
    /// The task.
    pub task: TaskId,
    /// The round.
    pub round: u64,
    /// The nonce of the assignment.
    pub nonce: Nonce,
}

/// Refuses names that do not ascend, occur twice, or lie beyond the largest cohort: one set has one
/// spelling.
fn check_names(names: impl Iterator<Item = u32>) -> Result<(), ErrorCode> {
    let mut last = None;
    for name in names {
        if name >= MAX_COHORT || last.is_some_and(|last| last >= name) {
            return Err(ErrorCode::Malformed);
        }
        last = Some(name);
    }
    Ok(())
}
