//! What has to be the same wherever devices of one run are trained.

use sha2::{Digest, Sha256};
use silhouette_model::TaskError;
use silhouette_wire::ContentHash;

use crate::config::SimulationConfig;
use crate::dataset::Dataset;
use crate::people::People;

/// SHA-256 of the task, the recipe, the settings without `threads`, this version, and who has how many examples.
pub(super) fn fingerprint(data: &Dataset, config: &SimulationConfig) -> Result<ContentHash, TaskError> {
    let settings = SimulationConfig { threads: 0, ..config.clone() };
    let mut hash = Sha256::new();
    for part in [env!("CARGO_PKG_VERSION"), data.task.id()?.as_ref(), &format!("{settings:?} {:?}", data.recipe)] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.update(data.train.len().to_le_bytes());
    for user in data.train.kept() {
        hash.update(user.id.len().to_le_bytes());
        hash.update(&user.id);
        hash.update(user.examples.len().to_le_bytes());
    }
    if let People::Made(maker) = &data.train {
        hash.update(maker.fingerprint());
    }
    Ok(ContentHash(hash.finalize().into()))
}
