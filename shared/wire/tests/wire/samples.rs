//! One fixed value of every message.

use ed25519_dalek::SigningKey;
use silhouette_wire::{
    bounded::List,
    message::{AnnouncedLimits, Availability, Build, Certificate, Issued, Token},
    *,
};

pub(crate) fn hash(seed: u8) -> ContentHash {
    ContentHash([seed; 32])
}

pub(crate) fn task() -> TaskId {
    TaskId::new("news.en-1").unwrap()
}

pub(crate) fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub(crate) fn manifest() -> Manifest {
    Manifest {
        protocol: 1,
        task: task(),
        round: 3,
        query: QueryKind::Train,
        mode: Mode::Distributed,
        model: hash(1),
        layout: hash(2),
        dimension: 1000,
        clip: 0.5,
        adaptive_clip: None,
        noise_multiplier: 1.25,
        correlation: Correlation::Independent,
        clip_units: 1024,
        modulus_bits: 24,
        cohort: 100,
        min_reports: 50,
        corrupt_fraction: 0.1,
        rho: 0.01,
        delta: 1e-6,
        max_participations: 10,
        min_separation: 2,
        deadline_ms: 600_000,
        held_out: 0,
        training: LocalTraining { epochs: 1, batch: 8, learning_rate: 0.1, proximal_mu: 0.0, shuffled: true },
        seed: 42,
        extensions: Extensions::default(),
    }
}

pub(crate) fn hello() -> Hello {
    Hello { versions: List::new([1]).unwrap(), features: 0, build: Build::lossy("silhouette 0.1.0") }
}

pub(crate) fn hello_reply() -> HelloReply {
    HelloReply {
        version: 1,
        features: 0,
        server_time_ms: 1_700_000_000_000,
        limits: AnnouncedLimits { max_upload_bytes: 1 << 26, idle_timeout_ms: 60_000 },
    }
}

pub(crate) fn check_in() -> CheckIn {
    CheckIn { task: task(), last_round: 2, available: Availability { charging: true, unmetered: true, idle: false } }
}

pub(crate) fn check_in_replies() -> [CheckInReply; 4] {
    [
        CheckInReply::Assigned { manifest: SignedManifest::sign(&manifest(), &key()).unwrap(), nonce: Nonce([9; 16]) },
        CheckInReply::Wait { min_ms: 60_000, max_ms: 120_000 },
        CheckInReply::Finished { model: hash(1), round: 12 },
        CheckInReply::Refused(ErrorCode::NotEnrolled),
    ]
}

/// A round of evaluation in a task that trains and counts labels too.
pub(crate) fn evaluation() -> CheckInReply {
    let of_kind = |query, dimension| {
        let training = LocalTraining { epochs: 0, batch: 0, learning_rate: 0.0, proximal_mu: 0.0, shuffled: false };
        let terms =
            Manifest { query, dimension, clip: 1.0, noise_multiplier: 4.0, held_out: 20, training, ..manifest() };
        Manifest { max_participations: 2, rho: 0.04, ..terms }
    };
    let (round, train) = (of_kind(QueryKind::Evaluate, 10), Manifest { held_out: 20, ..manifest() });
    let terms = TaskTerms::up_to(&train, key().verifying_key().to_bytes(), None);
    let terms = terms.and_up_to(&round).and_then(|terms| terms.and_up_to(&of_kind(QueryKind::LabelCounts, 3))).unwrap();
    let task = SignedTask::sign(&terms, &key()).unwrap();
    CheckInReply::Assigned {
        manifest: SignedManifest::sign_round(&round, &task, &key()).unwrap(),
        nonce: Nonce([9; 16]),
    }
}

pub(crate) fn fetch() -> Fetch {
    Fetch { hash: hash(1), offset: 65_536 }
}

pub(crate) fn body_header() -> BodyHeader {
    BodyHeader { hash: hash(1), total_len: 3_000_000, offset: 65_536 }
}

pub(crate) fn upload() -> Upload {
    Upload {
        task: task(),
        round: 3,
        nonce: Nonce([9; 16]),
        manifest_hash: hash(4),
        dimension: 1000,
        modulus_bits: 24,
        byte_len: 3000,
        sha256: hash(5),
    }
}

pub(crate) fn upload_replies() -> [UploadReply; 2] {
    [UploadReply::Receipt { round: 3, sha256: hash(5), duplicate: false }, UploadReply::Refused(ErrorCode::Late)]
}

pub(crate) fn enroll() -> Enroll {
    Enroll {
        token: Token::new(*b"one-time-token").unwrap(),
        csr_der: vec![0x30, 0x03, 1, 2, 3].try_into().unwrap(),
        identity: [4; 32],
        possession: [[5; 32], [6; 32]],
    }
}

pub(crate) fn enroll_replies() -> [EnrollReply; 2] {
    let certificate = |seed| Certificate::new([seed; 4]).unwrap();
    [
        EnrollReply::Issued(Issued {
            certificate_chain_der: List::new([certificate(1)]).unwrap(),
            ca_der: certificate(2),
            owner_public_key: key().verifying_key().to_bytes(),
            tasks: List::new([task()]).unwrap(),
            endorser: [7; 32],
            endorsements: List::new([[[8; 32], [9; 32]]]).unwrap(),
        }),
        EnrollReply::Refused(ErrorCode::TokenUsed),
    ]
}

pub(crate) fn refusal() -> Refusal {
    Refusal { code: ErrorCode::WrongVersion }
}
