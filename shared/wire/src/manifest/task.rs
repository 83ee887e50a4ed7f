use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::signed::{SignError, VerifyError};
use super::{Manifest, ManifestError, QueryKind};
use crate::{
    bounded::{Bytes, List},
    codec,
    defaults::MAX_MANIFEST_BYTES,
    extensions::Extensions,
    ids::ContentHash,
    signature::{SignatureBytes, holds, sign},
};

/// Goes before the terms in what the owner signs; see the manifest's own.
const DOMAIN: &[u8] = b"silhouette/task/1\0";

/// What the owner of a task signs, once, before the first round: every term of every round, and who
/// may fill in the rest. The owner need not be the aggregator, and its key need not be online.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskTerms {
    /// The manifest of the last round, with the model and the seed at zero and the clip of the first: a
    /// round differs from it in its number and in these two, and in the clip where that is adaptive
    /// ([`TaskTerms::allows`]).
    pub last_round: Manifest,
    /// The same for each other kind of query that the task has rounds of, each kind once.
    pub also: List<Manifest, 2>,
    /// Ed25519 key of the aggregator, which signs the manifest of each round: it chooses the round's
    /// model and seed, the clip within its bound if it is adaptive, and nothing else.
    pub round_key: [u8; 32],
    /// Ed25519 key that endorses the identities of devices; with one, masked rounds run in the active
    /// mode. It protects from the aggregator only when the aggregator does not hold it.
    pub endorser: Option<[u8; 32]>,
    /// Additions.
    pub extensions: Extensions,
}

impl TaskTerms {
    /// The terms under which `manifest` is allowed as a round, as is every round before it.
    pub fn up_to(manifest: &Manifest, round_key: [u8; 32], endorser: Option<[u8; 32]>) -> Self {
        let (last_round, also) = (bare(manifest), List::default());
        Self { last_round, also, round_key, endorser, extensions: Extensions::default() }
    }

    /// The same with rounds of another kind of query.
    ///
    /// # Errors
    /// When there are all kinds already.
    pub fn and_up_to(mut self, manifest: &Manifest) -> Result<Self, SignError> {
        self.also = List::new(self.also.as_slice().iter().cloned().chain([bare(manifest)]).collect::<Vec<_>>())?;
        Ok(self)
    }

    /// The terms of every kind of query, the first kind's first.
    pub fn kinds(&self) -> impl Iterator<Item = &Manifest> {
        std::iter::once(&self.last_round).chain(self.also.as_slice().iter())
    }

    /// The terms of one kind.
    pub fn of_kind(&self, query: QueryKind) -> Option<&Manifest> {
        self.kinds().find(|manifest| manifest.query == query)
    }

    /// Whether `manifest` is one of the rounds that the owner agreed to.
    ///
    /// # Errors
    /// The first field that differs.
    pub fn allows(&self, manifest: &Manifest) -> Result<(), ManifestError> {
        let Some(last) = self.of_kind(manifest.query) else {
            let found = manifest.query.name().to_owned();
            return Err(ManifestError { field: "query", expected: "a kind that the task's owner signed", found });
        };
        if manifest.round > last.round {
            let found = manifest.round.to_string();
            return Err(ManifestError { field: "round", expected: "at most the last round of the task", found });
        }
        // An adaptive clip starts where the owner says and moves from round to round, up to the largest
        // that the owner says, which the manifest repeats and is checked against. What it costs does not
        // depend on it.
        let moving = last.adaptive_clip.is_some() && manifest.round > self.before_training() + 1;
        let clip = if moving { last.clip } else { manifest.clip };
        let free = Manifest { round: last.round, model: last.model, seed: last.seed, clip, ..manifest.clone() };
        if free == *last {
            return Ok(());
        }
        let (field, found) = first_difference(last, &free);
        Err(ManifestError { field, expected: "what the task's owner signed", found })
    }

    /// Rounds before the first one of training: a task that counts labels does so in its first round.
    fn before_training(&self) -> u64 {
        u64::from(self.of_kind(QueryKind::LabelCounts).is_some())
    }

    fn validate(&self) -> Result<(), ManifestError> {
        self.last_round.validate()?;
        let mut seen = vec![&self.last_round];
        for other in self.also.as_slice().iter() {
            other.validate()?;
            self.agrees(other)?;
            if seen.iter().any(|one| one.query == other.query) {
                let found = format!("{} twice", other.query.name());
                return Err(ManifestError { field: "query", expected: "each kind once", found });
            }
            seen.push(other);
        }
        let keys = [("round_key", Some(self.round_key)), ("endorser", self.endorser)];
        for (field, key) in keys.into_iter().filter_map(|(field, key)| Some((field, key?))) {
            // A weak key signs everything for everybody.
            let sound = VerifyingKey::from_bytes(&key).is_ok_and(|key| !key.is_weak());
            if !sound {
                let found = ContentHash(key).to_string();
                return Err(ManifestError { field, expected: "an Ed25519 public key", found });
            }
        }
        Ok(())
    }
}

impl TaskTerms {
    /// What one task has one of, whatever its rounds compute: only what belongs to a vector differs.
    fn agrees(&self, other: &Manifest) -> Result<(), ManifestError> {
        let (first, round) = (&self.last_round, other.round);
        let alike = Manifest {
            query: first.query,
            layout: first.layout,
            dimension: first.dimension,
            clip: first.clip,
            adaptive_clip: first.adaptive_clip,
            noise_multiplier: first.noise_multiplier,
            correlation: first.correlation,
            clip_units: first.clip_units,
            modulus_bits: first.modulus_bits,
            rho: first.rho,
            max_participations: first.max_participations,
            training: first.training,
            ..other.clone()
        };
        if round != first.round {
            let found = round.to_string();
            return Err(ManifestError { field: "round", expected: "one last round for all kinds of query", found });
        }
        if alike == *first {
            return Ok(());
        }
        let (field, found) = first_difference(first, &alike);
        Err(ManifestError { field, expected: "the same for all kinds of query", found })
    }
}

/// Without what the aggregator fills in.
fn bare(manifest: &Manifest) -> Manifest {
    Manifest { model: ContentHash([0; 32]), seed: 0, ..manifest.clone() }
}

/// Names the field in which a round's terms differ from the task's.
fn first_difference(task: &Manifest, round: &Manifest) -> (&'static str, String) {
    let said = |m: &Manifest| {
        [
            ("protocol", m.protocol.to_string()),
            ("task", m.task.to_string()),
            ("query", format!("{:?}", m.query)),
            ("mode", m.mode.to_string()),
            ("layout", m.layout.to_string()),
            ("dimension", m.dimension.to_string()),
            ("adaptive_clip", format!("{:?}", m.adaptive_clip)),
            ("clip", m.clip.to_string()),
            ("noise_multiplier", m.noise_multiplier.to_string()),
            ("correlation", format!("{:?}", m.correlation)),
            ("clip_units", m.clip_units.to_string()),
            ("modulus_bits", m.modulus_bits.to_string()),
            ("cohort", m.cohort.to_string()),
            ("min_reports", m.min_reports.to_string()),
            ("corrupt_fraction", m.corrupt_fraction.to_string()),
            ("rho", m.rho.to_string()),
            ("delta", m.delta.to_string()),
            ("max_participations", m.max_participations.to_string()),
            ("min_separation", m.min_separation.to_string()),
            ("deadline_ms", m.deadline_ms.to_string()),
            ("held_out", m.held_out.to_string()),
            ("training", format!("{:?}", m.training)),
            ("extensions", format!("{:?}", m.extensions)),
        ]
    };
    let differs = said(task).into_iter().zip(said(round)).find(|(owner, found)| owner != found);
    differs.map_or_else(|| ("terms", "other terms".to_owned()), |(_, found)| found)
}

/// A task's terms as they travel: their bytes, and the owner's Ed25519 signature over them.
///
/// The terms are only to be had through [`SignedTask::verify`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedTask {
    terms: Bytes<MAX_MANIFEST_BYTES>,
    signature: SignatureBytes,
}

impl SignedTask {
    /// Validates and signs, as the owner.
    ///
    /// # Errors
    /// When a field is outside its range.
    pub fn sign(terms: &TaskTerms, owner: &SigningKey) -> Result<Self, SignError> {
        terms.validate()?;
        codec::check_extensions(&terms.last_round.extensions)?;
        codec::check_extensions(&terms.extensions)?;
        let bytes = Bytes::new(codec::to_bytes(terms).map_err(|_| SignError::Value)?)?;
        let signature = sign(&[DOMAIN, bytes.as_slice()], owner);
        Ok(Self { terms: bytes, signature })
    }

    /// Checks the owner's signature first, then the layout, then every range.
    ///
    /// # Errors
    /// Why the terms are not to be acted on.
    pub fn verify(&self, owner: &VerifyingKey) -> Result<TaskTerms, VerifyError> {
        if !holds(&[DOMAIN, self.terms.as_slice()], self.signature, owner) {
            return Err(VerifyError::Signature);
        }
        let terms: TaskTerms = codec::from_bytes(self.terms.as_slice())?;
        codec::check_extensions(&terms.last_round.extensions)?;
        codec::check_extensions(&terms.extensions)?;
        terms.validate()?;
        Ok(terms)
    }

    /// The bytes of the terms and the signature over them: what [`SignedTask::from_parts`] takes.
    pub fn parts(&self) -> (&[u8], [u8; 64]) {
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&self.signature[0]);
        signature[32..].copy_from_slice(&self.signature[1]);
        (self.terms.as_slice(), signature)
    }

    /// Puts a signed task together again. Nothing is checked here: [`SignedTask::verify`] does.
    ///
    /// # Errors
    /// When the terms are too long to be any.
    pub fn from_parts(terms: &[u8], signature: [u8; 64]) -> Result<Self, SignError> {
        let (mut r, mut s) = ([0; 32], [0; 32]);
        r.copy_from_slice(&signature[..32]);
        s.copy_from_slice(&signature[32..]);
        Ok(Self { terms: Bytes::new(terms)?, signature: [r, s] })
    }

    /// Names the terms: SHA-256 of their bytes.
    pub fn hash(&self) -> ContentHash {
        ContentHash::of(self.terms.as_slice())
    }
}
