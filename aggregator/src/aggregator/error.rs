use silhouette_model::ModelError;
use silhouette_privacy::NoiseTreeError;
use silhouette_query::OptimiserError;
use silhouette_round::ConfigError;
use silhouette_transport::identity::IdentityError;
use silhouette_transport::server::BindError;
use thiserror::Error;

use crate::enrolment::EnrolmentError;
use crate::ownership::OwnershipError;
use crate::plan::PlanError;
use crate::storage::StorageError;

/// Why a folder could not be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The configuration.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The store.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Another aggregator runs on the folder.
    #[error("the folder is in use by another aggregator")]
    InUse,
    /// A model file.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The optimiser's state.
    #[error(transparent)]
    Optimiser(#[from] OptimiserError),
    /// The tree of noise.
    #[error(transparent)]
    NoiseTree(#[from] NoiseTreeError),
    /// A published round whose noise is gone.
    #[error(
        "round {round} was published with the noise of a tree, and that is not in the folder: it can't be drawn again"
    )]
    NoNoise {
        /// The round.
        round: u64,
    },
    /// The shape of the rounds.
    #[error(transparent)]
    Round(#[from] ConfigError),
    /// The task's owner, and what it signed.
    #[error(transparent)]
    Ownership(#[from] OwnershipError),
    /// The system has no randomness, or the store of tokens fails.
    #[error(transparent)]
    Enrolment(#[from] EnrolmentError),
    /// The certificate authority.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// Why the aggregator could not start to serve.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// The aggregator's certificate.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A QUIC endpoint.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The admin listener.
    #[error("admin listener: {0}")]
    Admin(std::io::Error),
}
