use proptest::prelude::*;

use super::*;

/// Rows whose label is `label(i)`, of which every tenth has none.
fn rows(n: usize, label: impl Fn(usize) -> Option<usize>) -> Vec<Event> {
    let row = |i: usize| {
        let mut event = Event::new("somebody", format!("row {i}"));
        if let Some(label) = label(i) {
            event.extra.insert("topic".into(), format!("label {label}").into());
        }
        event
    };
    (0..n).map(row).collect()
}

fn apply(skew: Skew, people: usize, events: Vec<Event>, seed: u64) -> Result<(Vec<Event>, Dealt), DatasetError> {
    Partition { skew, people: Some(people) }.apply(events, "topic", seed)
}

/// Rows of each label, person by person.
fn counts(events: &[Event], kinds: usize) -> Vec<Vec<usize>> {
    let mut people: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for event in events {
        let counts = people.entry(&event.user).or_insert_with(|| vec![0; kinds]);
        if let Some(label) = event.field("topic") {
            counts[label.to_string().trim_start_matches("label ").parse::<usize>().unwrap()] += 1;
        }
    }
    people.into_values().collect()
}

fn skews() -> impl Strategy<Value = Skew> {
    prop_oneof![
        Just(Skew::Iid),
        (1e-3..10.0).prop_map(Skew::Dirichlet),
        (1_u32..4).prop_map(Skew::Shards),
        (1_u32..4).prop_map(Skew::Labels),
        (1e-3..10.0).prop_map(Skew::Quantity),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_row_is_dealt_once_and_nobody_goes_without(
        skew in skews(), labels in prop::collection::vec(prop::option::weighted(0.9, 0_usize..5), 1..300),
        people in 3_usize..40, seed: u64, split in prop::option::of(prop::collection::vec(any::<bool>(), 300)),
    ) {
        let mut events = rows(labels.len(), |i| labels[i]);
        if let Some(split) = &split {
            for (event, test) in events.iter_mut().zip(split) {
                event.extra.insert("split_user".into(), if *test { "test" } else { "train" }.into());
            }
        }
        let Ok((dealt, told)) = apply(skew, people, events.clone(), seed) else { return Ok(()) };
        let sorted = |events: &[Event]| {
            let mut texts: Vec<String> = events.iter().map(|e| format!("{} {:?}", e.text, e.field("topic"))).collect();
            texts.sort();
            texts
        };
        prop_assert_eq!(sorted(&dealt), sorted(&events));
        let each = counts(&dealt, 5);
        prop_assert_eq!((each.len(), told.people), (people, people));
        prop_assert!(each.iter().all(|counts| counts.iter().sum::<usize>() > 0));
        // Whoever has a row that is tested has no other.
        let mut held_out: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for event in &dealt {
            held_out.entry(&event.user).or_default().insert(event.field("split_user").unwrap().to_string());
        }
        prop_assert!(held_out.values().all(|splits| splits.len() == 1));
        let test = held_out.values().filter(|splits| splits.contains("test")).count();
        prop_assert!(test == told.held_out && test <= people - 2);
        if let Some(split) = &split {
            let was: BTreeMap<String, bool> = events.iter().zip(split).map(|(e, test)| (e.text.clone(), *test)).collect();
            let labelled_tests = events.iter().zip(split).any(|(e, test)| *test && e.field("topic").is_some());
            let kept = |e: &Event| was[&e.text] == (e.field("split_user").unwrap().to_string() == "test");
            prop_assert!(!labelled_tests || dealt.iter().all(kept));
        } else {
            prop_assert_eq!(test, (people / 5).max(1));
        }
        let again = apply(skew, people, events, seed).unwrap();
        prop_assert_eq!(again.0, dealt);
    }
}

/// Mean and variance over people of their share of each label.
fn moments(each: &[Vec<usize>], kinds: usize) -> Vec<(f64, f64)> {
    let share = |counts: &Vec<usize>, k: usize| counts[k] as f64 / counts.iter().sum::<usize>() as f64;
    let n = each.len() as f64;
    let of = |k: usize| {
        let mean = each.iter().map(|counts| share(counts, k)).sum::<f64>() / n;
        (mean, each.iter().map(|counts| (share(counts, k) - mean).powi(2)).sum::<f64>() / (n - 1.0))
    };
    (0..kinds).map(of).collect()
}

/// Labels 0 to 3 with a tenth, two tenths, three tenths and four tenths of the rows.
fn uneven(n: usize) -> Vec<Event> {
    rows(n, |i| Some([0, 1, 1, 2, 2, 2, 3, 3, 3, 3][i % 10]))
}

#[test]
fn label_shares_vary_as_dirichlet_mixtures_do() {
    let (people, size) = (1_000, 40);
    for alpha in [0.1, 1.0, 10.0] {
        let (events, told) = apply(Skew::Dirichlet(alpha), people, uneven(people * size), 7).unwrap();
        let each = counts(&events, 4);
        assert!(each.iter().all(|counts| counts.iter().sum::<usize>() == size));
        let total = 4.0 * alpha;
        for (k, (mean, variance)) in moments(&each, 4).into_iter().enumerate() {
            let p = (k as f64 + 1.0) / 10.0;
            // Every row is used, so the mean over people is p to the bit; the variance is Dirichlet-multinomial.
            assert!((mean - p).abs() < 1e-9, "{alpha}: {mean}");
            let expected = p * (1.0 - p) * (size as f64 + total) / (size as f64 * (1.0 + total));
            assert!((variance / expected - 1.0).abs() < 0.12, "{alpha}, {k}: {variance} for {expected}");
        }
        assert!(told.entropy < told.entropy_of_all);
    }
}

#[test]
fn entropy_falls_with_alpha() {
    let entropy = |skew| apply(skew, 200, uneven(8_000), 3).unwrap().1.entropy;
    let all = [0.001, 0.1, 1.0, 10.0, 1_000.0].map(|alpha| entropy(Skew::Dirichlet(alpha)));
    assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "{all:?}");
    assert!(all[0] < 0.05, "one label each: {all:?}");
    let iid = entropy(Skew::Iid);
    assert!((all[4] - iid).abs() < 0.02, "{all:?} {iid}");
}

#[test]
fn iid_shares_vary_as_draws_without_replacement_do() {
    let (people, size) = (500, 40);
    let (events, _) = apply(Skew::Iid, people, uneven(people * size), 5).unwrap();
    for (k, (_, variance)) in moments(&counts(&events, 4), 4).into_iter().enumerate() {
        let p = (k as f64 + 1.0) / 10.0;
        let expected = p * (1.0 - p) / size as f64;
        assert!((variance / expected - 1.0).abs() < 0.25, "{k}: {variance} for {expected}");
    }
}

#[test]
fn quantities_vary_as_dirichlet_shares_do_and_labels_do_not() {
    let (people, n) = (400, 200_000);
    for alpha in [0.5, 5.0] {
        let (events, told) = apply(Skew::Quantity(alpha), people, uneven(n), 11).unwrap();
        let sizes: Vec<f64> = counts(&events, 4).iter().map(|c| c.iter().sum::<usize>() as f64).collect();
        let mean = n as f64 / people as f64;
        let variance = sizes.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / (people - 1) as f64;
        // Of shares of n - people rows, Dirichlet(alpha): m^2 (people - 1) / (people alpha + 1), m the mean.
        let free = (n - people) as f64 / people as f64;
        let expected = free * free * (people as f64 - 1.0) / (people as f64 * alpha + 1.0);
        assert!((variance / expected - 1.0).abs() < 0.3, "{alpha}: {variance} for {expected}");
        assert!(told.rows[0] >= 1 && told.entropy > 0.8 * told.entropy_of_all);
    }
}

#[test]
fn shards_are_of_one_size_and_of_few_labels() {
    // 100 people with 2 of 200 shards of 20 rows: a shard of sorted labels spans at most two of ten.
    let events = rows(4_000, |i| Some(i % 10));
    let (dealt, _) = apply(Skew::Shards(2), 100, events, 1).unwrap();
    for counts in counts(&dealt, 10) {
        let labels = counts.iter().filter(|&&count| count > 0).count();
        assert!(counts.iter().sum::<usize>() == 40 && labels <= 2, "{counts:?}");
        assert!(counts.iter().all(|count| count % 20 == 0), "{counts:?}");
    }
}

#[test]
fn everybody_has_exactly_so_many_labels_and_every_pair_occurs() {
    let events = rows(6_000, |i| Some(i % 6));
    let (dealt, told) = apply(Skew::Labels(2), 300, events, 1).unwrap();
    let mut pairs = BTreeSet::new();
    for counts in counts(&dealt, 6) {
        let labels: Vec<usize> = (0..6).filter(|&k| counts[k] > 0).collect();
        assert_eq!(labels.len(), 2, "{counts:?}");
        pairs.insert(labels);
    }
    assert_eq!(pairs.len(), 15, "{pairs:?}");
    // 20 rows each, as the labels are even.
    assert_eq!(told.rows, [20, 20, 20]);
    let (dealt, _) = apply(Skew::Labels(3), 50, uneven(2_000), 1).unwrap();
    assert!(counts(&dealt, 4).iter().all(|counts| counts.iter().filter(|&&c| c > 0).count() == 3));
}

#[test]
fn a_persons_rows_keep_the_order_of_their_time() {
    let mut events = uneven(500);
    events.iter_mut().enumerate().for_each(|(i, event)| event.time = Some((i as i64 * 7_919) % 500));
    let (dealt, _) = apply(Skew::Dirichlet(0.5), 10, events, 1).unwrap();
    for pair in dealt.windows(2).filter(|pair| pair[0].user == pair[1].user) {
        assert!(pair[0].time <= pair[1].time);
    }
}

#[test]
fn what_cannot_be_dealt_is_said() {
    let refused = |skew, people, events| apply(skew, people, events, 1).unwrap_err().to_string();
    assert!(refused(Skew::Iid, 2, uneven(100)).starts_with("--people: expected at least 3"));
    assert_eq!(refused(Skew::Iid, 101, uneven(100)), "--people: expected at most the 100 rows with a label, found 101");
    assert!(refused(Skew::Shards(4), 30, uneven(100)).contains("at most 100 shards"));
    assert!(refused(Skew::Labels(5), 10, uneven(100)).contains("at most labels:4"));
    assert!(refused(Skew::Labels(1), 3, uneven(100)).contains("at least labels:2"));
    assert!(refused(Skew::Labels(4), 90, uneven(100)).contains("too few rows"));
    let many = rows(5_000, Some);
    assert!(refused(Skew::Dirichlet(1.0), 10, many.clone()).contains("at most 4096 labels, found 5000"));
    // Where labels decide nothing, any number will do.
    assert!(apply(Skew::Quantity(1.0), 10, many, 1).is_ok());
}

#[test]
fn a_partition_is_pinned() {
    let (dealt, told) = apply(Skew::Dirichlet(0.3), 8, uneven(60), 7).unwrap();
    let users: String =
        dealt.iter().map(|e| e.text.trim_start_matches("row ").to_owned() + &e.user[1..] + " ").collect();
    assert_eq!(
        users,
        "90 230 240 390 450 490 540 161 171 181 281 341 351 561 591 72 82 142 202 372 402 572 43 53 133 213 253 363 443 533 64 154 194 294 434 474 484 35 265 275 335 385 465 555 585 116 126 226 326 416 426 526 07 17 27 107 307 317 507 517 "
    );
    let said = "partition: rows dealt to 8 made-up people (1 held out) by dirichlet:0.3 over topic: 7 to 8 rows each, \
                median 8; a person's labels have 0.88 bits of entropy on average, all together 1.85";
    assert_eq!(told.note(), said);
}
