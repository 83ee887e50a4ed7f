//! However a round's devices are split into shards, and however the parts are merged, the model has the same bits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may panic")]

use std::ops::Range;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use silhouette_model::{Model, NativeEngine};
use silhouette_privacy::Mode;
use silhouette_query::AdaptiveClipConfig;
use silhouette_simulation::synth::{Population, SynthConfig};
use silhouette_simulation::{
    Dataset, FederationError, PartialSum, PrivacyChoice, RoundSpec, ShardError, SimulationConfig, SimulationShard,
    TaskChoice, Workers, run, run_on,
};

fn dataset(config: &SimulationConfig) -> Dataset {
    let people = Population::generate(SynthConfig { users: 40, seed: 3, ..SynthConfig::default() }).unwrap();
    Dataset::of_events(people.events().cloned().collect(), &TaskChoice::Field("interest".into()), config).unwrap()
}

fn config(mode: Option<Mode>) -> SimulationConfig {
    SimulationConfig {
        privacy: mode.map_or(PrivacyChoice::None, |mode| PrivacyChoice::Budget { mode, epsilon: 8.0, delta: 1e-5 }),
        rounds: 3,
        cohort: Some(21),
        buckets_log2: Some(8),
        threads: 2,
        ..SimulationConfig::default()
    }
}

/// Shards of other processes: each has read the data for itself, gets bytes and answers with bytes. Rounds are cut
/// at random, parts are merged in a random order and grouping.
struct Apart<'s> {
    shards: Vec<SimulationShard<'s>>,
    random: ChaCha8Rng,
}

impl Workers for Apart<'_> {
    fn run(&mut self, spec: &RoundSpec, driver: &SimulationShard<'_>) -> Result<PartialSum, FederationError> {
        let bytes = spec.to_bytes()?;
        let devices = spec.places().len();
        let mut cuts: Vec<usize> = (0..5).map(|_| self.random.random_range(0..=devices)).chain([0, devices]).collect();
        cuts.sort_unstable();
        let mut parts = Vec::new();
        for (i, cut) in cuts.windows(2).enumerate() {
            let shard = &self.shards[i % self.shards.len()];
            let part = shard.run(&shard.decode(&bytes)?, cut[0]..cut[1])?;
            parts.push(driver.decode_partial(&part.to_bytes()?, spec)?);
        }
        parts.shuffle(&mut self.random);
        while parts.len() > 1 {
            let (a, b) = (self.random.random_range(0..parts.len()), self.random.random_range(0..parts.len() - 1));
            let a = parts.swap_remove(a);
            let b = parts.swap_remove(b);
            parts.push(a.merge(b)?);
        }
        Ok(parts.remove(0))
    }
}

#[test]
fn any_sharding_gives_the_bits_of_one_process() {
    let adaptive =
        SimulationConfig { adaptive_clip: Some(AdaptiveClipConfig::default()), ..config(Some(Mode::Central)) };
    let groups = SimulationConfig { groups: 4, trim: 1, ..config(Some(Mode::Distributed)) };
    let queries = SimulationConfig { evaluate_privately: 2, label_counts: true, ..config(Some(Mode::Local)) };
    let poisoned = SimulationConfig { poison: Some("boost:0.1".parse().unwrap()), ..groups.clone() };
    let all = [
        config(None),
        config(Some(Mode::Central)),
        adaptive,
        config(Some(Mode::Distributed)),
        groups,
        queries,
        poisoned,
    ];
    for (i, config) in all.iter().enumerate() {
        let data = dataset(config);
        let alone = run(&data, config, &NativeEngine, &mut |_| {}).unwrap();
        let hash = alone.model.content_hash().unwrap();
        for seed in 0..3 {
            // Threads are the shard's own business.
            let theirs =
                [SimulationConfig { threads: 1, ..config.clone() }, SimulationConfig { threads: 7, ..config.clone() }];
            let copies = [dataset(config), dataset(config)];
            let shards = theirs.iter().zip(&copies).map(|(c, d)| SimulationShard::new(d, c, &NativeEngine).unwrap());
            let mut apart = Apart { shards: shards.collect(), random: ChaCha8Rng::seed_from_u64(seed) };
            let model = Model::new(data.task.clone(), config.seed);
            let result = run_on(model, &data, config, &NativeEngine, &mut apart, &mut |_| {}).unwrap();
            assert_eq!(result.model.content_hash().unwrap(), hash, "settings {i}, seed {seed}");
            let records = |rounds: &[silhouette_simulation::RoundRecord]| -> Vec<_> {
                rounds.iter().map(|r| (r.round, r.reports, r.rho, r.clip.to_bits(), r.model_sha256.clone())).collect()
            };
            assert_eq!(records(&result.rounds), records(&alone.rounds), "settings {i}, seed {seed}");
        }
    }
}

/// What a driver does with a round's parts.
type Act = fn(&RoundSpec, &SimulationShard<'_>) -> Result<PartialSum, FederationError>;

struct Acting(Act);

impl Workers for Acting {
    fn run(&mut self, spec: &RoundSpec, shard: &SimulationShard<'_>) -> Result<PartialSum, FederationError> {
        (self.0)(spec, shard)
    }
}

fn refused(act: Act) -> String {
    let config = config(Some(Mode::Central));
    let data = dataset(&config);
    let model = Model::new(data.task.clone(), config.seed);
    let result = run_on(model, &data, &config, &NativeEngine, &mut Acting(act), &mut |_| {});
    result.err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn parts_that_are_missing_double_or_of_another_round_are_refused() {
    let missing = refused(|spec, shard| shard.run(spec, 0..20));
    assert!(missing.starts_with("partial sum: expected all 21 devices of the round, found 20"), "{missing}");
    let hole = refused(|spec, shard| Ok(shard.run(spec, 0..5)?.merge(shard.run(spec, 6..21)?)?));
    assert!(hole.starts_with("partial sum: expected all 21 devices of the round, found 20"), "{hole}");
    let twice = refused(|spec, shard| Ok(shard.run(spec, 0..10)?.merge(shard.run(spec, 9..21)?)?));
    assert_eq!(twice, "partial sum: the devices from place 9 on are in both parts");
    let outside = refused(|spec, shard| shard.run(spec, 0..22));
    assert_eq!(outside, "shard: expected a range within the round's 21 devices, found 0 to 22");
}

#[test]
fn bytes_that_are_cut_garbled_or_of_another_run_are_refused() {
    let cut = refused(|spec, shard| {
        let part = shard.run(spec, 0..21)?.to_bytes()?;
        for len in (0..part.len()).step_by(97) {
            assert!(shard.decode_partial(&part[..len], spec).is_err(), "{len} bytes of a sum");
        }
        assert!(shard.decode_partial(&[&part[..], &[0]].concat(), spec).is_err());
        let bytes = spec.to_bytes()?;
        for len in (0..bytes.len()).step_by(97) {
            assert!(shard.decode(&bytes[..len]).is_err(), "{len} bytes of a round");
        }
        // Bytes changed at random are refused or understood, and nothing else.
        let mut random = ChaCha8Rng::seed_from_u64(9);
        for original in [&part, &bytes] {
            for _ in 0..300 {
                let mut garbled = original.clone();
                for _ in 0..random.random_range(1..4) {
                    // Most of the time in the head, where lengths and places are.
                    let within = if random.random_bool(0.8) { garbled.len().min(1200) } else { garbled.len() };
                    garbled[random.random_range(0..within)] = random.random();
                }
                if let Ok(other) = shard.decode_partial(&garbled, spec) {
                    assert!(other.len() <= 21);
                }
                if let Ok(other) = shard.decode(&garbled) {
                    drop(shard.run(&other, 0..other.places().len().min(2)));
                }
            }
        }
        // A parameter that was changed on the way.
        let mut changed = bytes.clone();
        *changed.last_mut().unwrap() ^= 1;
        let error = shard.decode(&changed).err().unwrap();
        assert!(matches!(error, ShardError::Bytes { what: "round", .. }), "{error}");
        shard.decode(&bytes[..7])?;
        unreachable!()
    });
    assert_eq!(cut, "round: expected a head, its length first, found 7 bytes");
    let other = refused(|spec, _| {
        let config = SimulationConfig { seed: 8, ..config(Some(Mode::Central)) };
        let data = dataset(&config);
        let range: Range<usize> = 0..21;
        SimulationShard::new(&data, &config, &NativeEngine)?.run(spec, range)
    });
    assert!(other.starts_with("shard: expected a round of the data and settings"), "{other}");
}

/// The head of these bytes, changed, with its length put right.
fn with_head(bytes: &[u8], change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let len = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut head = bytes[8..8 + len].to_vec();
    change(&mut head);
    [&(head.len() as u64).to_le_bytes()[..], &head, &bytes[8 + len..]].concat()
}

#[test]
fn heads_that_no_run_can_have_are_refused_before_they_are_kept() {
    let done = refused(|spec, shard| {
        let said = |bytes: &[u8]| shard.decode(bytes).err().unwrap().to_string();
        let bytes = spec.to_bytes()?;
        // A head far longer than the people of this data set can make it, and one with something behind its end.
        let long = said(&with_head(&bytes, |head| head.resize(1 << 20, 0)));
        assert!(long.starts_with("round: expected a head of at most "), "{long}");
        let behind = said(&with_head(&bytes, |head| head.push(0)));
        assert_eq!(behind, "round: expected nothing behind the head's last field, found 1 bytes");
        // Fingerprint, round, now (two bytes), the model's hash, clip; then one group that ends at 21, and 21 people.
        let lists = 32 + 1 + 2 + 32 + 8;
        let twice = said(&with_head(&bytes, |head| {
            assert_eq!(head[lists..lists + 3], [1, 21, 21]);
            head[lists + 3] = head[lists + 4];
        }));
        assert!(twice.starts_with("round: expected people who are in it once, found "), "{twice}");
        let short = said(&with_head(&bytes, |head| head[lists + 1] = 20));
        assert_eq!(short, "round: expected groups in order that hold 21 devices, found groups that end at 20");
        let late = said(&with_head(&bytes, |head| drop(head.splice(33..35, [[0xff; 9].as_slice(), &[1]].concat()))));
        assert_eq!(late, format!("round: expected a time of at most {} ms, found {}", 1_u64 << 53, u64::MAX));
        let grouped = said(&with_head(&bytes, |head| {
            head[lists] = 2;
            head.insert(lists + 1, 10);
        }));
        assert_eq!(grouped, "shard: expected a round of at most 1 groups, found 2");

        let part = shard.run(spec, 0..5)?.to_bytes()?;
        let said = |bytes: &[u8]| shard.decode_partial(bytes, spec).err().unwrap().to_string();
        let long = said(&with_head(&part, |head| head.resize(1 << 20, 0)));
        assert!(long.starts_with("partial sum: expected a head of at most "), "{long}");
        // Fingerprint, round; one group with five reports; one range of five devices.
        let claimed = said(&with_head(&part, |head| {
            assert_eq!(head[33..], [1, 1, 5, 1, 0, 5]);
            head[38] = 6;
        }));
        assert_eq!(claimed, "partial sum: expected 6 reports of group 0, one of each device, found 5");
        let nobody = said(&with_head(&part, |head| head[38] = 0));
        assert!(nobody.starts_with("partial sum: expected devices in order, within 21 places"), "{nobody}");
        shard.run(spec, 0..22)
    });
    assert_eq!(done, "shard: expected a range within the round's 21 devices, found 0 to 22");
}

#[test]
fn real_masks_are_refused_in_shards() {
    let config = SimulationConfig { secure_aggregation: true, ..config(Some(Mode::Distributed)) };
    let data = dataset(&config);
    let model = Model::new(data.task.clone(), config.seed);
    let mut workers = Acting(|spec, shard| shard.run(spec, 0..spec.places().len()));
    let error = run_on(model, &data, &config, &NativeEngine, &mut workers, &mut |_| {}).err().unwrap().to_string();
    assert!(error.starts_with("secure-aggregation: expected to be off"), "{error}");
}
