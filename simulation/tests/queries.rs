//! Private evaluation and label counts in the simulator, out of the budget that training has too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may panic")]

use silhouette_model::{Engine, Example, NativeEngine, Target, argmax};
use silhouette_privacy::Mode;
use silhouette_privacy::accounting::zcdp;
use silhouette_simulation::synth::{Population, SynthConfig};
use silhouette_simulation::{Dataset, PrivacyChoice, RunResult, SimulationConfig, TaskChoice, run};
use silhouette_wire::QueryKind;

fn config(mode: Option<Mode>) -> SimulationConfig {
    let budget = |mode| PrivacyChoice::Budget { mode, epsilon: 8.0, delta: 1e-5 };
    SimulationConfig {
        privacy: mode.map_or(PrivacyChoice::None, budget),
        rounds: 6,
        evaluate_privately: 3,
        label_counts: true,
        buckets_log2: Some(9),
        ..SimulationConfig::default()
    }
}

fn data(users: usize, config: &SimulationConfig) -> Dataset {
    let people = Population::generate(SynthConfig { users, ..SynthConfig::default() }).unwrap();
    Dataset::of_events(people.events().cloned().collect(), &TaskChoice::Field("interest".into()), config).unwrap()
}

fn trained(users: usize, config: &SimulationConfig) -> (Dataset, RunResult) {
    let data = data(users, config);
    let result = run(&data, config, &NativeEngine, &mut |_| {}).unwrap();
    (data, result)
}

fn truth(example: &Example) -> usize {
    let Some(Target::Class(label)) = example.targets[0] else { panic!("a class") };
    label as usize
}

/// The accuracy of the last model on the held-out texts of the people who train, each person weighing the same.
fn exact_accuracy(data: &Dataset, result: &RunResult, percent: u8) -> f64 {
    let of_person = |examples: &[Example]| {
        let texts: Vec<_> = examples.iter().map(|e| &e.vector).collect();
        let outputs = NativeEngine.predict(&result.model, &texts).unwrap();
        let right = outputs.iter().zip(examples).filter(|(p, e)| argmax(p) == truth(e)).count();
        right as f64 / examples.len() as f64
    };
    let parts: Vec<_> = data.train.kept().iter().map(|user| user.examples.parted(percent).1).collect();
    let told: Vec<_> = parts.iter().filter(|part| !part.is_empty()).map(|part| of_person(part.items())).collect();
    told.iter().sum::<f64>() / told.len() as f64
}

fn exact_shares(data: &Dataset) -> Vec<f64> {
    let mut shares = vec![0.0; data.task.heads[0].labels().len()];
    for user in data.train.kept() {
        let each = 1.0 / user.examples.len() as f64 / data.train.len() as f64;
        user.examples.items().iter().for_each(|e| shares[truth(e)] += each);
    }
    shares
}

#[test]
fn all_kinds_draw_on_one_budget_and_use_it_up() {
    let config = config(Some(Mode::Central));
    let (_, result) = trained(60, &config);
    let (train, evaluate) = (QueryKind::Train, QueryKind::Evaluate);
    let kinds: Vec<_> = result.rounds.iter().map(|r| r.query).collect();
    assert_eq!(kinds, [QueryKind::LabelCounts, train, train, train, evaluate, train, train, train, evaluate]);
    assert!(result.rounds.iter().zip(1..).all(|(record, round)| record.round == round));
    // Everybody joins every round of every kind, so the last one has spent exactly what was planned.
    let plan = result.plan.unwrap();
    let last = result.rounds.last().unwrap();
    assert_eq!(last.rho, Some(plan.rho_total.get()));
    assert!(last.epsilon.unwrap() <= 8.0 && last.epsilon.unwrap() > 7.999);
    assert_eq!(zcdp::epsilon(plan.rho_total, plan.delta).get(), last.epsilon.unwrap());
    // Training pays for the others with more noise.
    let alone = SimulationConfig { evaluate_privately: 0, label_counts: false, ..config };
    let alone = alone.plan(60).unwrap().unwrap();
    assert!(plan.noise_multiplier > alone.noise_multiplier);
    // An evaluation, and a count, leave the model as it is; training does not.
    for pair in result.rounds.windows(2) {
        assert_eq!(pair[0].model_sha256 == pair[1].model_sha256, pair[1].query != train, "round {}", pair[1].round);
        assert!(pair[1].rho > pair[0].rho);
    }
    for record in &result.rounds {
        assert_eq!(record.evaluation.is_some(), record.query == evaluate);
        assert_eq!(record.label_counts.is_some(), record.query == QueryKind::LabelCounts);
        assert!(record.query != evaluate || record.accuracy.is_some(), "the exact figure stands beside it");
    }
}

#[test]
fn without_noise_the_private_figures_are_the_exact_ones() {
    let (data, result) = trained(40, &config(None));
    let told = result.rounds.last().unwrap().evaluation.clone().unwrap();
    let accuracy = told.accuracy.unwrap();
    assert!((accuracy.value - exact_accuracy(&data, &result, 20)).abs() < 1e-4, "{accuracy:?}");
    let counts = result.rounds[0].label_counts.clone().unwrap();
    for (share, exact) in counts.shares.unwrap().iter().zip(exact_shares(&data)) {
        assert!((share.value - exact).abs() < 1e-4, "{share:?} {exact}");
    }
}

#[test]
fn with_noise_they_are_as_far_off_as_they_say() {
    for mode in [Mode::Central, Mode::Distributed] {
        let config = SimulationConfig { held_out: 40, evaluation_share: 0.4, ..config(Some(mode)) };
        let (data, result) = trained(300, &config);
        let told = result.rounds.last().unwrap().evaluation.clone().unwrap().accuracy.unwrap();
        let exact = exact_accuracy(&data, &result, 40);
        assert!((told.value - exact).abs() < 4.0 * told.standard_error, "{mode}: {told:?} {exact}");
        assert!(told.standard_error < 0.2, "{mode}: {told:?}");
        let counts = result.rounds[0].label_counts.clone().unwrap();
        for (share, exact) in counts.shares.unwrap().iter().zip(exact_shares(&data)) {
            assert!((share.value - exact).abs() < 4.5 * share.standard_error, "{mode}: {share:?} {exact}");
        }
    }
}

#[test]
fn neither_threads_nor_masks_change_a_figure() {
    let base = SimulationConfig { rounds: 2, evaluate_privately: 1, ..config(Some(Mode::Distributed)) };
    let told = |config: &SimulationConfig| {
        let (_, result) = trained(25, config);
        result.rounds.into_iter().map(|r| (r.evaluation, r.label_counts, r.model_sha256)).collect::<Vec<_>>()
    };
    let first = told(&base);
    assert_eq!(first, told(&SimulationConfig { threads: 1, ..base.clone() }));
    assert_eq!(first, told(&SimulationConfig { secure_aggregation: true, ..base.clone() }));
    assert_ne!(first, told(&SimulationConfig { seed: 8, ..base }));
}

#[test]
fn a_small_cohort_is_spread_evenly_in_every_kind() {
    let config = SimulationConfig { cohort: Some(7), rounds: 12, ..config(Some(Mode::Central)) };
    // No device refuses: each is asked as often as it may be, kind by kind, and no more.
    let (_, result) = trained(40, &config);
    let plan = result.plan.unwrap();
    assert!(result.rounds.iter().all(|r| r.reports == 7));
    assert!(result.rounds.last().unwrap().rho.unwrap() <= plan.rho_total.get());
    assert_eq!(plan.evaluation.unwrap().participations_per_user, 1);
}

#[test]
fn texts_are_kept_out_only_where_they_are_evaluated() {
    let without = SimulationConfig { evaluate_privately: 0, label_counts: false, ..config(None) };
    let counted = SimulationConfig { label_counts: true, ..without.clone() };
    let more = SimulationConfig { held_out: 50, ..without.clone() };
    let model = |config: &SimulationConfig| trained(20, config).1.model.content_hash().unwrap();
    assert_eq!(model(&without), model(&more));
    let evaluated = SimulationConfig { evaluate_privately: 6, ..without.clone() };
    assert_ne!(model(&without), model(&evaluated));
    assert_eq!(trained(20, &counted).1.rounds.len(), 7);
}

#[test]
fn the_clip_of_a_run_is_that_of_its_training() {
    let config = config(Some(Mode::Central));
    let (data, result) = trained(12, &config);
    assert_eq!(result.rounds.last().unwrap().query, QueryKind::Evaluate);
    let summary = silhouette_simulation::Summary::of(&data, &config, &result, "native").unwrap();
    assert_eq!(summary.clip, data.recipe.clip);
}
