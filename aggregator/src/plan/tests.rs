use silhouette_privacy::Charge;
use silhouette_privacy::accounting::{Rho, zcdp};
use silhouette_wire::QueryKind;

use super::*;
use ed25519_dalek::SigningKey;
use silhouette_query::AdaptiveClipConfig;
use silhouette_wire::SignedManifest;

fn sample() -> TaskConfig {
    TaskConfig::from_toml(include_str!("../../sample.toml")).unwrap()
}

#[test]
fn the_sample_is_a_plan_that_keeps_its_promise() {
    let plan = Plan::new(sample()).unwrap();
    assert_eq!(plan.participations(), 5);
    let epsilon = plan.promised_epsilon().unwrap();
    assert!(epsilon <= 8.0 && epsilon > 7.99, "{epsilon}");
    // The smaller of the two bounds counts: with B = 10 a device can join 2 of 20 rounds.
    let apart = Plan::new(TaskConfig { min_separation: 10, ..sample() }).unwrap();
    assert_eq!(apart.participations(), 2);
    assert!(apart.parameters().noise_multiplier() < plan.parameters().noise_multiplier());
}

#[test]
fn the_sample_survives_being_written() {
    let config = sample();
    assert_eq!(TaskConfig::from_toml(&config.to_toml().unwrap()).unwrap(), config);
}

#[test]
fn the_sample_for_a_few_devices_lets_them_all_take_part_in_every_round() {
    for devices in (3..=40).chain([100, 200, 201, 300, 1_000]) {
        let text = sample_for(devices).unwrap();
        let config = TaskConfig::from_toml(&text).unwrap();
        assert_eq!((config.cohort, config.rounds), (devices, 10));
        assert!((3..=devices).contains(&config.min_reports));
        assert_eq!((config.deadline_ms, config.gathering_ms, config.retry_ms), (15_000, 3_000, (200, 1_000)));
        assert_eq!(config.over_selection, 1.0);
        let plan = Plan::new(config).unwrap();
        assert_eq!(plan.participations(), 10);
        let epsilon = plan.promised_epsilon().unwrap();
        assert!(epsilon <= 8.0 && epsilon > 7.99, "{epsilon}");
        // It explains what the large sample explains.
        let comments = |text: &str| text.lines().filter(|l| l.starts_with("# ")).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(comments(&text), comments(sample_config()));
        assert_eq!(text.lines().count(), sample_config().lines().count());
    }
    assert!(matches!(sample_for(2), Err(PlanError::TooFewDevices { found: 2 })));
    let share = |devices| match TaskConfig::from_toml(&sample_for(devices).unwrap()).unwrap().task.unwrap().encoder {
        silhouette_model::EncoderSpec::Bag(bag) => bag.hashed_share,
        other => panic!("{other:?}"),
    };
    assert!(share(3) < 0.01 && share(1_000) > 0.1);
}

#[test]
fn keys_left_out_mean_what_the_sample_shows() {
    let shown = sample();
    let mut text = String::new();
    let mut skip = false;
    for line in sample_config().lines() {
        if line.starts_with('[') {
            skip = line == "[training]" || line == "[optimiser]" || line == "[task.encoder]";
        }
        if !skip {
            text.push_str(line);
            text.push('\n');
        }
    }
    assert_eq!(TaskConfig::from_toml(&text).unwrap(), shown);
    let one = TaskConfig::from_toml(&format!("{text}\n[training]\nepochs = 2\n")).unwrap().training;
    assert_eq!(one, silhouette_wire::LocalTraining { epochs: 2, ..shown.training });
    assert!(TaskConfig::from_toml(&format!("{text}\n[training]\nepoch = 2\n")).is_err());
}

#[test]
fn a_device_recomputes_the_manifests_numbers() {
    let plan = Plan::new(sample()).unwrap();
    let owner = SigningKey::from_bytes(&[7; 32]);
    let manifest = plan.manifest(3, ContentHash([1; 32]), 9);
    let signed = SignedManifest::sign(&manifest, &owner).unwrap();
    let read = signed.verify(&owner.verifying_key()).unwrap();
    let parameters = ReleaseParameters::try_from(&read).unwrap();
    // The rotation is the round's own.
    assert_eq!(parameters, plan.parameters().clone().with_rotation(9));
    assert_eq!(read.rho, parameters.rho());
    assert_eq!(read.round, 3);
}

#[test]
fn epsilon_grows_with_the_rounds_up_to_the_promise() {
    let plan = Plan::new(sample()).unwrap();
    assert_eq!(plan.epsilon_after(0), 0.0);
    let spent: Vec<f64> = (1..=20).map(|rounds| plan.epsilon_after(rounds)).collect();
    assert!(spent.windows(2).all(|pair| pair[0] <= pair[1]));
    // Charges are rounded up to billionths of rho, so the sum may exceed the promise by that much.
    assert!(spent[19] <= 8.0, "{}", spent[19]);
}

#[test]
fn contradictions_are_refused() {
    let both = TaskConfig { noise_multiplier: Some(1.0), ..sample() };
    assert!(matches!(Plan::new(both), Err(PlanError::OneOfTwo)));
    let neither = TaskConfig { epsilon: None, ..sample() };
    assert!(matches!(Plan::new(neither), Err(PlanError::OneOfTwo)));
    let silent = TaskConfig { epsilon: None, noise_multiplier: Some(0.0), ..sample() };
    assert!(Plan::new(silent).is_err());
    let lonely = TaskConfig { min_reports: 101, ..sample() };
    assert!(Plan::new(lonely).is_err());
    let masked = TaskConfig { over_selection: 1.5, ..sample() };
    assert!(matches!(Plan::new(masked), Err(PlanError::OverSelection(_))));
    // Three of five may drop out and a tenth is corrupt: no threshold is safe and within reach.
    let crumbling = TaskConfig { min_reports: 40, ..sample() };
    assert!(matches!(Plan::new(crumbling), Err(PlanError::Masked(_))));
    assert_eq!(sample().mode, Mode::Distributed);
    assert!(matches!(Plan::new(TaskConfig { task: None, ..sample() }), Err(PlanError::NoTask)));
    let typo = format!("cohrot = 3\n{}", include_str!("../../sample.toml"));
    assert!(matches!(TaskConfig::from_toml(&typo), Err(PlanError::Parse(_))));
}

#[test]
fn the_numbers_of_a_round_of_groups_are_those_of_one_group() {
    let grouped = |groups, trim, min_groups| TaskConfig {
        groups,
        trim,
        min_groups,
        mode: Mode::Distributed,
        over_selection: 1.0,
        ..sample()
    };
    let plan = Plan::new(grouped(4, 1, None)).unwrap();
    let single = Plan::new(grouped(1, 0, None)).unwrap();
    // What a device is offered and charged is the same; only more of them are asked.
    assert_eq!((plan.parameters(), plan.charge()), (single.parameters(), single.charge()));
    assert_eq!((plan.round_config().invitations(), single.round_config().invitations()), (400, 100));
    assert_eq!(
        (plan.config().fewest_groups(), Plan::new(grouped(4, 1, Some(4))).unwrap().config().fewest_groups()),
        (3, 4)
    );
    for (groups, trim, min_groups) in [(4, 2, None), (4, 1, Some(2)), (4, 0, Some(5)), (1, 1, None), (0, 0, None)] {
        let refused = Plan::new(grouped(groups, trim, min_groups));
        assert!(matches!(refused, Err(PlanError::MinGroups { .. })), "{groups} {trim} {min_groups:?}");
    }
    let open = TaskConfig { groups: 2, mode: Mode::Central, ..sample() };
    assert!(matches!(Plan::new(open), Err(PlanError::Groups { found: 2, .. })));
    let other = Plan::new(grouped(4, 0, None)).unwrap();
    assert!(matches!(first_difference(&plan, &other), Some(PlanError::OtherTerms { term: "trim", .. })));
}

#[test]
fn the_pace_may_change_and_the_promise_may_not() {
    let plan = Plan::new(sample()).unwrap();
    let faster = Plan::new(TaskConfig { deadline_ms: 5, gathering_ms: 3, ..sample() }).unwrap();
    assert!(first_difference(&plan, &faster).is_none());
    let longer = Plan::new(TaskConfig { rounds: 21, ..sample() }).unwrap();
    assert!(matches!(first_difference(&plan, &longer), Some(PlanError::OtherTerms { term: "rounds", .. })));
}

#[test]
fn a_task_file_is_read_from_beside_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = sample();
    std::fs::write(folder.path().join("t.toml"), config.task.take().unwrap().to_toml().unwrap()).unwrap();
    config.task_file = Some("t.toml".into());
    let path = folder.path().join("c.toml");
    std::fs::write(&path, config.to_toml().unwrap()).unwrap();
    assert_eq!(TaskConfig::load(&path).unwrap(), sample());
}

fn many_rounds() -> TaskConfig {
    TaskConfig {
        mode: Mode::Central,
        noise: NoiseChoice::Tree,
        rounds: 128,
        max_participations: 8,
        min_separation: 16,
        optimiser: silhouette_query::OptimiserConfig { kind: OptimiserKind::Sgd, ..sample().optimiser },
        ..sample()
    }
}

#[test]
fn a_tree_of_noise_keeps_the_same_promise() {
    let plan = Plan::new(many_rounds()).unwrap();
    let epsilon = plan.promised_epsilon().unwrap();
    assert!(epsilon <= 8.0 && epsilon > 7.99, "{epsilon}");
    assert_eq!(plan.parameters().tree().unwrap().participations(), 8);
    // The device counts the same from the signed terms.
    let manifest = plan.manifest(128, ContentHash([1; 32]), 9);
    assert_eq!(&ReleaseParameters::try_from(&manifest).unwrap(), plan.parameters());
    assert_eq!(manifest.rho, plan.parameters().rho());
    let promised = |config: TaskConfig| Plan::new(config).map(|plan| plan.parameters().noise_multiplier());
    // 15.5 charges of a single node for each participation, see the schedule's test.
    let independent = promised(TaskConfig { noise: NoiseChoice::Independent, ..many_rounds() }).unwrap();
    let ratio = promised(many_rounds()).unwrap() / independent;
    assert!((ratio / 15.5_f64.sqrt() - 1.0).abs() < 1e-6, "{ratio}");
    let refused = |config| promised(config).unwrap_err().to_string();
    assert!(refused(TaskConfig { optimiser: sample().optimiser, ..many_rounds() }).contains("optimiser.kind"));
    assert!(refused(TaskConfig { mode: Mode::Local, ..many_rounds() }).contains("mode central"));
    assert!(refused(TaskConfig { rounds: 70_000, ..many_rounds() }).contains("rounds"));
    let both = TaskConfig { adaptive_clip: Some(AdaptiveClipConfig::default()), ..many_rounds() };
    assert!(refused(both).contains("one clip"));
}

#[test]
fn an_adaptive_clip_costs_what_a_fixed_one_costs() {
    let text = sample_config().replace("#[adaptive_clip]", "[adaptive_clip]").replace("#quantile", "quantile");
    let config = TaskConfig::from_toml(&text).unwrap();
    assert_eq!(config.adaptive_clip, Some(AdaptiveClipConfig::default()));
    let config = TaskConfig { mode: Mode::Central, ..config };
    let fixed = Plan::new(TaskConfig { adaptive_clip: None, ..config.clone() }).unwrap();
    let plan = Plan::new(config.clone()).unwrap();
    assert_eq!(plan.charge(), fixed.charge());
    // A twentieth of 100 devices.
    let manifest = plan.manifest(1, ContentHash([1; 32]), 9);
    assert_eq!(manifest.adaptive_clip.unwrap().count_noise, 5.0);
    assert_eq!(&ReleaseParameters::try_from(&manifest).unwrap(), plan.parameters());
    assert_eq!(plan.parameters().released_len(), fixed.parameters().released_len() + 1);
    assert_eq!(manifest.dimension, fixed.manifest(1, ContentHash([1; 32]), 9).dimension);
    assert!(matches!(first_difference(&fixed, &plan), Some(PlanError::OtherTerms { term: "adaptive_clip", .. })));
    assert!(Plan::new(TaskConfig { mode: Mode::Distributed, ..config.clone() }).is_ok());
    let refused = |adaptive| Plan::new(TaskConfig { adaptive_clip: Some(adaptive), ..config.clone() }).is_err();
    let good = AdaptiveClipConfig::default();
    assert!(refused(AdaptiveClipConfig { largest: 0.1, ..good }));
    assert!(refused(AdaptiveClipConfig { quantile: 0.0, ..good }));
    assert!(refused(AdaptiveClipConfig { count_noise: Some(0.1), ..good }));
}

/// Twenty rounds that everybody joins, an evaluation after every fifth, one count.
fn all_kinds() -> TaskConfig {
    TaskConfig { max_participations: 20, min_separation: 1, evaluate_every: 5, label_counts: true, ..sample() }
}

#[test]
fn one_promise_covers_every_kind_of_query() {
    let plan = Plan::new(all_kinds()).unwrap();
    let alone = Plan::new(TaskConfig { evaluate_every: 0, label_counts: false, ..all_kinds() }).unwrap();
    let promised = plan.promised_epsilon().unwrap();
    assert!(promised <= 8.0 && promised > 7.99, "{promised}");
    assert_eq!(plan.epsilon_after(plan.schedule().rounds()), promised);
    assert!(plan.parameters().noise_multiplier() > alone.parameters().noise_multiplier());
    assert_eq!(plan.schedule().rounds(), 25);
    // Every round's charge adds up to what is promised: rounds 1, 7, 13, 19 and 25 are not training.
    let all: u64 = (1..=25).map(|round| plan.charge_of(round).billionths()).sum();
    assert_eq!(Charge::of_billionths(all), plan.spent_after(25));
    // Training that would fit alone does not fit beside the others.
    let fits = alone.charge().times(20).billionths() + all - plan.charge().times(20).billionths();
    assert!(zcdp::epsilon(Rho::new(fits as f64 / 1e9).unwrap(), plan.delta).get() > 8.0);
    // What is left out costs nothing.
    assert_eq!(alone.last_manifests().len(), 1);
    assert_eq!(alone.last_manifests()[0].held_out, 0);
}

#[test]
fn the_owner_signs_terms_for_each_kind() {
    let plan = Plan::new(all_kinds()).unwrap();
    let kinds: Vec<QueryKind> = plan.last_manifests().iter().map(|m| m.query).collect();
    assert_eq!(kinds, QueryKind::ALL);
    let key = SigningKey::from_bytes(&[3; 32]).verifying_key().to_bytes();
    let terms = plan.task_terms(key, None).unwrap();
    for round in 1..=25 {
        let manifest = plan.manifest(round, ContentHash([1; 32]), 7);
        assert_eq!(manifest.query, plan.schedule().kind(round));
        assert_eq!(terms.allows(&manifest), Ok(()), "round {round}");
    }
    assert_eq!(terms.of_kind(QueryKind::LabelCounts).unwrap().max_participations, 1);
}

#[test]
fn what_does_not_go_with_other_kinds_is_refused() {
    let refused = |config| Plan::new(config).unwrap_err().to_string();
    assert!(refused(TaskConfig { evaluate_every: 21, ..all_kinds() }).starts_with("evaluate_every: "));
    assert!(refused(TaskConfig { held_out: 51, ..all_kinds() }).contains("held_out"));
    assert!(refused(TaskConfig { evaluation_share: 0.0, ..all_kinds() }).contains("share"));
    let tree = TaskConfig { noise: NoiseChoice::Tree, mode: Mode::Central, ..all_kinds() };
    assert!(refused(tree).starts_with("noise: "));
    let mut scores = all_kinds();
    let kind = silhouette_model::HeadKind::Score { min: 0.0, max: 1.0 };
    scores.task.as_mut().unwrap().heads = vec![silhouette_model::Head::new("score", "score", kind)];
    assert_eq!(refused(scores), "evaluation: expected a task with labels, found one without");
    let (old, new) = (Plan::new(all_kinds()).unwrap(), TaskConfig { evaluate_every: 4, ..all_kinds() });
    let difference = first_difference(&old, &Plan::new(new).unwrap());
    assert!(matches!(difference, Some(PlanError::OtherTerms { term: "evaluate_every", .. })), "{difference:?}");
}
