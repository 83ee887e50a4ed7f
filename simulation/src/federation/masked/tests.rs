use ed25519_dalek::SigningKey;
use silhouette_model::{Model, NativeEngine};
use silhouette_privacy::Mode;
use silhouette_round::Refusal;
use silhouette_wire::ContentHash;

use super::*;
use crate::config::{PrivacyChoice, SimulationConfig};
use crate::dataset::{Dataset, TaskChoice};
use crate::synth::{Population, SynthConfig};

fn config() -> SimulationConfig {
    SimulationConfig {
        privacy: PrivacyChoice::Budget { mode: Mode::Distributed, epsilon: 8.0, delta: 1e-5 },
        rounds: 2,
        buckets_log2: Some(6),
        secure_aggregation: true,
        active_mode: true,
        threads: 2,
        ..SimulationConfig::default()
    }
}

fn data(config: &SimulationConfig) -> Dataset {
    let people = Population::generate(SynthConfig { users: 9, seed: 3, ..SynthConfig::default() }).unwrap();
    Dataset::of_events(people.events().cloned().collect(), &TaskChoice::Field("interest".into()), config).unwrap()
}

fn federation<'a>(data: &'a Dataset, config: &'a SimulationConfig) -> Federation<'a> {
    Federation::new(Model::new(data.task.clone(), config.seed), data, config, &NativeEngine).unwrap()
}

#[test]
fn devices_that_the_named_endorser_did_not_endorse_decline_and_are_not_charged() {
    let config = config();
    let data = data(&config);
    for authority in [None, Some(SigningKey::from_bytes(&[9; 32]))] {
        let mut federation = federation(&data, &config);
        let named = federation.shard.offers.endorser.unwrap();
        let known = authority.as_ref().map(|key| ContentHash(key.verifying_key().to_bytes()).to_string());
        federation.shard.offers.kind.authority = authority;
        let Err(FederationError::Device(Refusal::Endorsement { expected, found: by })) = federation.round(None) else {
            panic!("joined");
        };
        assert_eq!(expected.0, named.to_bytes());
        assert_eq!(by, known.unwrap_or_else(|| "nobody".to_owned()));
        assert!(
            federation.pasts.iter().all(|past| past.participations() == silhouette_round::Participations::default())
        );
    }
}

/// What the endorser states decides, not that there is a statement: a sound one for another task is none.
#[test]
fn an_endorsement_for_another_task_is_none() {
    let config = config();
    let data = data(&config);
    let mut federation = federation(&data, &config);
    let right = federation.shard.offers.kind.task.clone();
    federation.shard.offers.kind.task = "another".parse().unwrap();
    let elsewhere = federation.shard.offers.kind.identity(0).unwrap();
    assert!(elsewhere.is_endorsed_for(&federation.shard.offers.kind.task) && !elsewhere.is_endorsed_for(&right));
    federation.shard.offers.kind.task = right.clone();
    assert!(federation.shard.offers.kind.identity(0).unwrap().is_endorsed_for(&right));
    assert!(federation.round(None).is_ok());
}

/// An aggregator and an owner who do not agree on the mode come to no sum: so a sum in the active mode means
/// that keys and survivors were signed.
#[test]
fn devices_of_the_active_mode_do_not_report_to_an_aggregator_outside_it() {
    let config = config();
    let data = data(&config);
    let mut federation = federation(&data, &config);
    let (_, groups) = federation.gather().unwrap();
    let manifest = federation.shard.offers.training.manifest(1, federation.file, 5);
    let verified = federation.shard.offers.sign(&manifest).unwrap();
    federation.shard.offers.endorser = None;
    let parameters = federation.shard.offers.training.parameters.clone();
    assert!(federation.collect_masked(&groups, &parameters, &[manifest], &[verified]).is_err());
}
