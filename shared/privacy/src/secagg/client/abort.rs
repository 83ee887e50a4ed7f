use thiserror::Error;

use super::super::entropy::EntropyError;
use super::super::graph::GraphError;
use super::super::shamir::ShamirError;
use super::super::terms::TermsError;

/// Why a device left the round. Nothing that follows reveals anything about it.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum Abort {
    /// The terms are out of range.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// No graph protects the members under the terms.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// Secrets could not be shared.
    #[error(transparent)]
    Shamir(#[from] ShamirError),
    /// The operating system has no randomness to give.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The device's policy asks for more reports than the terms do.
    #[error("min_reports: the policy expects at least {least}, found {found}")]
    Policy {
        /// The policy's minimum.
        least: u32,
        /// The terms'.
        found: u32,
    },
    /// The terms ask for the active mode and the device has no identity, or the reverse.
    #[error("identity: expected in the active mode and only there")]
    Identity,
    /// The deadline of the round has passed.
    #[error("the deadline of the round has passed")]
    Deadline,
    /// Fewer members than a sum may cover, or more than were invited.
    #[error("members: expected {least} to {most}, found {found}")]
    Members {
        /// `N_min`.
        least: u32,
        /// The cohort.
        most: u32,
        /// What the aggregator says.
        found: u32,
    },
    /// Degree or threshold are not those the terms imply.
    #[error("degree and threshold are not those the terms imply")]
    GraphParameters,
    /// The neighbours are not those the graph gives, or their order is not that of their keys.
    #[error("the neighbours are not those of the graph")]
    Neighbours,
    /// The hash of the roster is not that of its entries.
    #[error("the hash of the roster is not that of its entries")]
    RosterHash,
    /// A public key or an identity occurs twice.
    #[error("member {member}: a key or identity occurs twice")]
    RepeatedKey {
        /// Where it was noticed.
        member: u32,
    },
    /// A public key of small order.
    #[error("member {member}: a public key has small order")]
    WeakKey {
        /// Whose.
        member: u32,
    },
    /// An advert's signature or endorsement does not hold.
    #[error("member {member}: the advert is not signed by an enrolled identity")]
    AdvertSignature {
        /// Whose.
        member: u32,
    },
    /// A list names somebody who is not a neighbour.
    #[error("a list names {member}, who is not a neighbour")]
    Unknown {
        /// Who.
        member: u32,
    },
    /// A list names somebody twice.
    #[error("a list names {member} twice")]
    Repeated {
        /// Who.
        member: u32,
    },
    /// A list names this device.
    #[error("a list names this device itself")]
    Own,
    /// Somebody who dropped out earlier is listed.
    #[error("{member} dropped out earlier and is listed again")]
    Returned {
        /// Who.
        member: u32,
    },
    /// Somebody is listed both as alive and as dropped.
    #[error("{member} is listed both as alive and as dropped")]
    Overlap {
        /// Who.
        member: u32,
    },
    /// Somebody is in neither list.
    #[error("{member} is listed neither as alive nor as dropped")]
    Missing {
        /// Who.
        member: u32,
    },
    /// Fewer neighbours alive than the threshold.
    #[error("neighbours alive: expected at least {threshold}, found {found}")]
    TooFewAlive {
        /// t.
        threshold: u32,
        /// How many are.
        found: u32,
    },
    /// Fewer survivors than a sum may cover.
    #[error("survivors: expected at least {least}, found {found}")]
    TooFewSurvivors {
        /// `N_min`.
        least: u32,
        /// What the aggregator says.
        found: u32,
    },
    /// The number of survivors contradicts the list.
    #[error("survivors: the number contradicts the list")]
    SurvivorCount,
    /// A neighbour's shares do not open: it acts on another manifest or another roster, or somebody
    /// changed them.
    #[error("the shares of {member} do not open")]
    Sealed {
        /// Whose.
        member: u32,
    },
    /// The vector is not of the terms' size.
    #[error("vector: expected {expected} bytes of {bits}-bit entries, found {found}")]
    Size {
        /// Bytes expected.
        expected: usize,
        /// Bits of an entry.
        bits: u8,
        /// Bytes found.
        found: usize,
    },
    /// The survivors to unmask are not those that were signed.
    #[error("the survivors are not those that this device signed")]
    OtherSurvivors,
    /// A second list of survivors.
    #[error("a second list of survivors")]
    SecondSurvivorList,
    /// A signature over the survivors does not hold.
    #[error("{member} did not sign the same survivors")]
    SurvivorSignature {
        /// Who.
        member: u32,
    },
    /// Too few members signed the survivors.
    #[error("signatures: expected more than {threshold}, found {found}")]
    TooFewSignatures {
        /// t.
        threshold: u32,
        /// How many hold, the device's own among them.
        found: u32,
    },
    /// Shares were asked for a second time.
    #[error("shares were asked for a second time")]
    SecondUnmask,
    /// A message of another step.
    #[error("a message came out of order")]
    OutOfOrder,
    /// The round is over for this device.
    #[error("the round is over for this device")]
    Over,
    /// The answer would have held both secrets of one member. A guard that never fires while the
    /// checks above hold.
    #[error("the answer would reveal both secrets of {member}")]
    BothSecrets {
        /// Whose.
        member: u32,
    },
}
