use silhouette_model::{EncoderSpec, Example, NativeEngine, Target, Task, TextVector};
use silhouette_privacy::ReleaseParameters;
use silhouette_round::Terms;
use silhouette_wire::manifest::{LocalTraining, QueryKind, SignedManifest, SignedTask, TaskTerms};

use super::*;

fn key(byte: u8) -> SigningKey {
    SigningKey::from_bytes(&[byte; 32])
}

/// What the first device does in a masked round whose manifest names this endorser.
fn begins(named: Option<&SigningKey>, endorsed_by: Option<SigningKey>) -> Result<Outward, FederationError> {
    let task = Task::of_labels("t", ["a".into(), "b".into()].into(), EncoderSpec::default()).unwrap();
    let model = Model::new(task, 1);
    let terms = Terms {
        task: "t".parse().unwrap(),
        query: QueryKind::Train,
        layout: model.layout().hash(),
        parameters: ReleaseParameters::new(Mode::Distributed, model.layout().total(), 1.0, 2.0, 10, 10).unwrap(),
        delta: 1e-5,
        max_participations: 1,
        min_separation: 1,
        deadline: 1000,
        held_out: 0,
        training: LocalTraining { epochs: 1, batch: 8, learning_rate: 1.0, proximal_mu: 0.0, shuffled: true },
    };
    let manifest = terms.manifest(1, model.content_hash().unwrap(), 3);
    let owner = key(1);
    let named = named.map(|endorser| endorser.verifying_key().to_bytes());
    let signed = SignedTask::sign(&TaskTerms::up_to(&manifest, owner.verifying_key().to_bytes(), named), &owner);
    let signed = SignedManifest::sign_round(&manifest, &signed.unwrap(), &owner).unwrap();
    let verified = Arc::new(Verified::new(&signed, &owner.verifying_key()).unwrap());
    let kind = Kind { task: terms.task, owner: owner.verifying_key(), cap: 1.0, authority: endorsed_by, seed: 7 };
    let vector = TextVector::from_entries(vec![(3, 1.0)]);
    let examples = Examples::from_items(vec![Example { vector, targets: vec![Some(Target::Class(1))] }]);
    let around =
        Surroundings { now: 1, seed: 7, engine: &NativeEngine, model: &model, examples: &examples, in_process: false };
    VirtualDevice::new(0, &kind, Past::default(), None).begin(&around, &verified, Nonce([0; 16]))
}

#[test]
fn a_device_without_the_named_endorsement_stays_away() {
    assert!(matches!(begins(Some(&key(2)), Some(key(2))), Ok(Outward::Mask { .. })));
    for endorsed_by in [None, Some(key(3))] {
        let refused = begins(Some(&key(2)), endorsed_by);
        assert!(matches!(refused, Err(FederationError::Device(Refusal::Endorsement { .. }))));
    }
    assert!(matches!(begins(None, None), Ok(Outward::Mask { .. })));
}
