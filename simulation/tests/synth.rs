//! The made-up population: reproducible, true to what was planted, and not too easy.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sha2::{Digest, Sha256};
use silhouette_simulation::synth::{
    ConfigError, LanguageMix, PlantedLanguage, Population, SynthConfig, SynthUser, TextsPerUser,
};
use silhouette_text::{Event, EventKind, NgramHasher};

fn population(users: usize, seed: u64) -> Population {
    let config = SynthConfig { users, seed, ..SynthConfig::default() };
    Population::generate(config).unwrap()
}

fn jsonl(population: &Population) -> Vec<u8> {
    let mut bytes = Vec::new();
    population.write_jsonl_to(&mut bytes).unwrap();
    bytes
}

fn hex_digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn column(event: &Event, name: &str) -> String {
    event.field(name).unwrap().to_string()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let bytes = jsonl(&population(50, 7));
    assert_eq!(bytes, jsonl(&population(50, 7)));
    assert_ne!(bytes, jsonl(&population(50, 8)));
    assert_eq!(hex_digest(&bytes), GOLDEN_EVENTS);
    let mut truth = Vec::new();
    population(50, 7).write_truth_to(&mut truth).unwrap();
    assert_eq!(hex_digest(&truth), GOLDEN_TRUTH);
}

const GOLDEN_EVENTS: &str = "4544b0691b8a672055142e19a9c5ca84328ec400279b881e27c6f9c40e8cdf19";
const GOLDEN_TRUTH: &str = "b659e734c3834388b50fb31a21512bbdfdf19e00791b879f08c5a9788942375a";

#[test]
fn a_larger_population_contains_the_smaller_one() {
    assert_eq!(population(10, 3).users[..], population(20, 3).users[..10]);
}

#[test]
fn files_are_read_back() {
    let population = population(5, 1);
    let folder = std::env::temp_dir().join(format!("synth-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    population.write_jsonl(folder.join("events.jsonl")).unwrap();
    population.write_truth(folder.join("truth.json")).unwrap();
    let lines = std::fs::read_to_string(folder.join("events.jsonl")).unwrap();
    let read: Vec<Event> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(population.events().eq(read.iter()));
    let truth: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("truth.json")).unwrap()).unwrap();
    assert_eq!(truth["config"]["users"], 5);
    let planted = &truth["users"][4]["planted"];
    assert_eq!(planted, &serde_json::to_value(&population.users[4].planted).unwrap());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn events_have_the_promised_columns() {
    let population = population(200, 1);
    let config = &population.config;
    for user in &population.users {
        assert!((20..=40).contains(&user.events.len()));
        assert!(user.events.is_sorted_by_key(|event| event.time));
        for event in &user.events {
            assert_eq!(event.user, user.id);
            let day = (event.time.unwrap() - config.start) / 86_400;
            assert!((0..90).contains(&day));
            assert!(matches!(event.lang.as_deref(), Some("en" | "zh")));
            assert_eq!(column(event, "split_user"), user.split());
            assert!(!event.text.contains(['{', '}']), "{}", event.text);
        }
    }
    let labels = |name| {
        let values = population.events().map(|event| column(event, name));
        values.collect::<BTreeSet<_>>()
    };
    assert_eq!(labels("interest").len(), 8);
    assert_eq!(labels("sentiment").into_iter().collect::<Vec<_>>(), ["negative", "neutral", "positive"]);
    assert!(population.events().any(|event| event.kind == EventKind::Search));
}

/// Values computed with the Python of the rule: `sha256("split:" + user)`.
#[test]
fn a_fifth_of_the_users_is_for_testing() {
    let population = population(1_000, 1);
    let test: Vec<_> =
        population.users.iter().filter(|user| user.split() == "test").map(|user| user.id.as_str()).collect();
    assert!((160..=240).contains(&test.len()), "{}", test.len());
    assert_eq!(test[..5], FIRST_TEST_USERS);
}

const FIRST_TEST_USERS: [&str; 5] = ["u00002", "u00005", "u00021", "u00022", "u00024"];

#[test]
fn texts_follow_the_planted_profile() {
    let config =
        SynthConfig { users: 60, texts: TextsPerUser { min: 400, median: 400, max: 400 }, ..SynthConfig::default() };
    for user in Population::generate(config).unwrap().users {
        let planted = &user.planted;
        let share =
            |keep: &dyn Fn(&Event) -> bool| user.events.iter().filter(|event| keep(event)).count() as f64 / 400.0;
        for (interest, planted) in &planted.interests {
            let seen = share(&|event| column(event, "interest") == interest.key());
            assert!((seen - planted).abs() < 0.1, "{interest:?}: {seen} {planted}");
        }
        let active = share(&|event| {
            let hour = event.time.unwrap() / 3_600 % 24;
            planted.active_hours.contains(&(hour as u8))
        });
        assert!(active > 0.85, "{active}");
        let english = share(&|event| event.lang.as_deref() == Some("en"));
        assert!((english - planted.english_share).abs() < 0.1);
        let positive = share(&|event| column(event, "sentiment") == "positive");
        let negative = share(&|event| column(event, "sentiment") == "negative");
        assert!((positive / (positive + negative) - planted.positivity).abs() < 0.12);
        assert!(favourites_stand_out(&user), "{:?}", planted.favourite_terms);
    }
}

/// Whether the favourites come up in at least one text in twelve.
fn favourites_stand_out(user: &SynthUser) -> bool {
    let mentions = user.events.iter().filter(|event| {
        let text = event.text.to_lowercase();
        let mut terms = user.planted.favourite_terms.iter();
        terms.any(|term| text.contains(&term.to_lowercase()))
    });
    mentions.count() * 12 >= user.events.len()
}

#[test]
fn the_language_mix_is_kept() {
    let mix = |english, chinese, bilingual| {
        let config = SynthConfig {
            users: 300,
            languages: LanguageMix { english, chinese, bilingual },
            ..SynthConfig::default()
        };
        let mut counts = HashMap::new();
        for user in Population::generate(config).unwrap().users {
            *counts.entry(user.planted.language).or_insert(0) += 1;
        }
        counts
    };
    assert_eq!(mix(0.0, 2.0, 0.0)[&PlantedLanguage::Chinese], 300);
    let counts = mix(1.0, 1.0, 1.0);
    assert!(counts.values().all(|count| (70..=130).contains(count)));
}

#[test]
fn without_neutral_every_text_judges() {
    let config = SynthConfig { neutral: false, interests: 3, ..SynthConfig::default() };
    let population = Population::generate(config).unwrap();
    for event in population.events() {
        assert_ne!(column(event, "sentiment"), "neutral");
        assert!(["music", "sport", "cooking"].contains(&column(event, "interest").as_str()));
    }
}

#[test]
fn senseless_configurations_are_refused() {
    let refused = |change: fn(&mut SynthConfig)| {
        let mut config = SynthConfig::default();
        change(&mut config);
        Population::generate(config).unwrap_err()
    };
    assert_eq!(refused(|c| c.days = 0), ConfigError::Days);
    assert_eq!(refused(|c| c.interests = 1), ConfigError::Interests);
    assert_eq!(refused(|c| c.interests = 9), ConfigError::Interests);
    assert_eq!(refused(|c| c.texts.min = 0), ConfigError::Texts);
    assert_eq!(refused(|c| c.texts.min = 41), ConfigError::Texts);
    assert_eq!(refused(|c| c.languages.english = f64::NAN), ConfigError::Languages);
    assert_eq!(refused(|c| c.languages.english = -1.0), ConfigError::Languages);
}

#[test]
fn the_problem_is_learnable_and_not_trivial() {
    let population = population(500, 5);
    let interest = naive_bayes_accuracy(&population, "interest");
    let sentiment = naive_bayes_accuracy(&population, "sentiment");
    println!("naive Bayes: interest {interest:.3}, sentiment {sentiment:.3}");
    assert!((0.85..0.96).contains(&interest), "{interest}");
    assert!((0.75..0.96).contains(&sentiment), "{sentiment}");
}

#[derive(Default)]
struct Class {
    texts: f64,
    total: f64,
    counts: HashMap<u32, f64>,
}

/// Multinomial naive Bayes, trained on the training users and scored on the others.
fn naive_bayes_accuracy(population: &Population, label: &str) -> f64 {
    const SMOOTHING: f64 = 0.1;
    const BUCKETS: f64 = 30_000.0;
    let hasher = NgramHasher::default();
    let mut classes: BTreeMap<String, Class> = BTreeMap::new();
    let (mut right, mut all) = (0.0, 0.0);
    let (train, test): (Vec<_>, Vec<_>) = population.events().partition(|event| column(event, "split_user") == "train");
    for event in train {
        let class = classes.entry(column(event, label)).or_default();
        class.texts += 1.0;
        for &(bucket, count) in hasher.features(&event.text).pairs() {
            *class.counts.entry(bucket).or_default() += f64::from(count);
            class.total += f64::from(count);
        }
    }
    for event in test {
        let features = hasher.features(&event.text);
        let score = |class: &Class| {
            features.pairs().iter().fold(class.texts.ln(), |score, &(bucket, count)| {
                let seen = class.counts.get(&bucket).copied().unwrap_or_default() + SMOOTHING;
                score + f64::from(count) * (seen / (class.total + SMOOTHING * BUCKETS)).ln()
            })
        };
        let best = classes.iter().max_by(|a, b| score(a.1).total_cmp(&score(b.1))).unwrap();
        all += 1.0;
        right += f64::from(u8::from(*best.0 == column(event, label)));
    }
    right / all
}
