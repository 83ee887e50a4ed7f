use silhouette_query::Figures;
use silhouette_wire::{ContentHash, QueryKind};

/// Something an operator may want to see. Nothing in it is about a single device.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A round is open and charged.
    RoundOpened {
        /// The round, from 1.
        round: u64,
        /// What it asks for.
        query: QueryKind,
        /// Devices invited.
        invited: usize,
        /// The model they start from.
        model: ContentHash,
    },
    /// A round's model is out, or its figures.
    RoundClosed {
        /// The round.
        round: u64,
        /// What it asked for.
        query: QueryKind,
        /// What it made public beside a model: of an evaluation and of label counts, which leave the model as it is.
        figures: Option<Figures>,
        /// Devices invited.
        invited: usize,
        /// Reports in the sum; with groups, in those that are in the result.
        reports: usize,
        /// Groups in the result; 1 without groups.
        groups: usize,
        /// Groups left out: too few of their devices stayed, or their sum was too long.
        groups_lost: usize,
        /// From its opening to its publication.
        seconds: f64,
        /// Epsilon so far of a device that joined as often as it could.
        epsilon: f64,
        /// Rho charged so far by all rounds together.
        rho: f64,
        /// The published model.
        model: ContentHash,
        /// Bytes of releases received during the round.
        bytes_up: u64,
        /// Bytes of models handed out during the round.
        bytes_down: u64,
    },
    /// A round has no result: too few reports, or the result could not be made. Its charge stays.
    RoundAbandoned {
        /// The round.
        round: u64,
        /// Devices invited.
        invited: usize,
        /// Reports that had arrived.
        reports: usize,
        /// Epsilon so far of a device that joined as often as it could.
        epsilon: f64,
    },
    /// The last round is over.
    Finished {
        /// The last round.
        round: u64,
        /// The last published model.
        model: ContentHash,
    },
}
