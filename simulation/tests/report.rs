//! The report: complete, safe, self-contained, and robust against odd data.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use silhouette_simulation::report::{
    LedgerLine, PartitionSection, ProfileClause, ProfileSection, ProfileShare, ReportData, ReportKind, ReportLanguage,
    RoundPoint, render,
};

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn rounds(count: u64) -> Vec<RoundPoint> {
    let round = |round: u64| RoundPoint {
        clip: None,
        later_accuracy: None,
        round,
        invited: 120,
        reports: 100 + round % 7,
        accuracy: round.is_multiple_of(2).then_some(0.5),
        macro_f1: round.is_multiple_of(2).then_some(0.4),
        loss: Some(1.0 / (1 + round % 2) as f64),
        epsilon: Some(round as f64 / 128.0),
        bytes_up: 1_000_000,
        bytes_down: 500_000,
        seconds: 1.5,
        clock_hours: None,
    };
    (1..=count).map(round).collect()
}

fn full() -> ReportData {
    ReportData {
        title: "A run".into(),
        summary: vec![pair("Accuracy", "89.4%")],
        rounds: rounds(20),
        labels: vec!["music".into(), "sport".into()],
        confusion: vec![vec![1_500, 500], vec![0, 4]],
        partition: Some(PartitionSection {
            text: "partition: rows dealt to 2 made-up people".into(),
            labels: vec!["music".into(), "sport".into()],
            people: vec![("p0".into(), vec![3, 1]), ("p1".into(), vec![0, 8])],
        }),
        epsilon_budget: Some(2.0),
        settings: vec![pair("Seed", "7")],
        assumptions: vec!["The aggregator is trusted to add the noise.".into()],
        left_device: vec!["Clipped model changes.".into()],
        user_accuracy: vec![0.5, 0.9, 1.0],
        profile: Some(ProfileSection {
            name: "u00001".into(),
            synthetic: true,
            text: vec!["Likes music.".into()],
            clauses: vec![ProfileClause {
                text: "Likes music.".into(),
                field: "interests.interest".into(),
                quotes: vec!["an evening of jazz".into()],
            }],
            ledger: vec![LedgerLine { round: 7, time: "2025-01-31T09:30:00Z".into(), rho: 0.0625, epsilon: 1.5 }],
            facts: vec![pair("Language", "en")],
            shares: vec![ProfileShare { label: "music".into(), found: 0.7, planted: Some(0.65) }],
            terms: vec![("jazz".into(), 3.0), ("opera".into(), 1.0)],
            hours: (0..24).map(f64::from).collect(),
        }),
        ..ReportData::default()
    }
}

/// Every string of `data` replaced by `text`.
fn poisoned(text: &str) -> ReportData {
    let both = || vec![pair(text, text)];
    let mut data = full();
    data.title = text.into();
    (data.summary, data.settings) = (both(), both());
    data.labels = vec![text.into(), text.into()];
    data.partition = Some(PartitionSection {
        text: text.into(),
        labels: vec![text.into(), text.into()],
        people: vec![(text.into(), vec![1, 2])],
    });
    (data.assumptions, data.left_device) = (vec![text.into()], vec![text.into()]);
    data.profile = data.profile.map(|profile| ProfileSection {
        name: text.into(),
        text: vec![text.into()],
        clauses: vec![ProfileClause { text: text.into(), field: text.into(), quotes: vec![text.into()] }],
        ledger: vec![LedgerLine { time: text.into(), ..LedgerLine::default() }],
        facts: both(),
        terms: vec![(text.into(), 1.0)],
        shares: vec![ProfileShare { label: text.into(), ..profile.shares[0].clone() }],
        ..profile
    });
    data
}

#[test]
fn every_string_is_escaped() {
    let html = render(&poisoned("<script>alert(1)</script>\"' onload='x'"));
    assert!(!html.contains("<script"));
    assert!(!html.contains("onload='"));
    assert!(html.matches("&lt;script&gt;").count() >= 16);
    // A quote within a label must not end the attribute it is put into.
    let html = render(&poisoned("\" onmouseover=\"x"));
    assert!(!html.contains("\" onmouseover=\"x"));
    let html = render(&poisoned("a {0} {1} b"));
    assert!(html.contains("a {0} {1} b"));
}

#[test]
fn nothing_is_loaded_from_anywhere() {
    let html = render(&full());
    assert!(html.contains("default-src 'none'"));
    for request in ["http:", "https:", "//", "url(", "@import", "<script", "<link", "<img", "src="] {
        assert!(!html.replace("default-src", "").contains(request), "{request}");
    }
}

#[test]
fn all_sections_are_there() {
    let html = render(&full());
    for id in ["profile", "partition", "training", "confusion", "left", "settings", "rounds"] {
        assert!(html.contains(&format!("<section id=\"{id}\">")), "{id}");
    }
    assert_eq!(html.matches("<figure").count(), 6);
    for part in [
        "Budget 2<",
        "1,500",
        "75.0%",
        "music, predicted as sport: 500 (25.0% of the row)",
        "p0, music: 3 (75.0% of their rows)",
        "Median 90.0% (users: 3)",
        "Reports that count: 2,063, rounds: 20. Up from the devices: 20.0 MB, 9.69 kB for each of these.",
        "ε = 0.16 of a budget of 2.00",
        "Synthetic person",
        "music: found 70.0%, planted 65.0%",
        "Round 4 · Accuracy: 50.0%",
        "1.50 s",
        "simulation report",
        "<code>interests.interest</code><p>“an evening of jazz”</p>",
        "<th scope=\"row\">7</th><td>2025-01-31T09:30:00Z</td><td>0.062500</td><td>1.500000</td>",
    ] {
        assert!(html.contains(part), "{part}");
    }
}

#[test]
fn a_demonstration_is_not_called_a_simulation() {
    let html = render(&ReportData { kind: ReportKind::Demonstration, ..full() });
    assert!(html.contains("demonstration report") && !html.contains("simulation report"));
}

#[test]
fn every_element_is_closed() {
    for data in [full(), poisoned("a<b>"), ReportData::default()] {
        let html = render(&data);
        for element in ["div", "section", "svg", "g", "figure", "table", "tr", "li", "title", "p", "span"] {
            let opened = html.matches(&format!("<{element}>")).count() + html.matches(&format!("<{element} ")).count();
            let closed = html.matches(&format!("</{element}>")).count();
            assert_eq!(opened, closed, "{element}");
        }
    }
}

#[test]
fn values_that_are_not_numbers_leave_no_trace() {
    let mut data = full();
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        data.rounds.push(RoundPoint {
            round: 21,
            accuracy: Some(odd),
            macro_f1: Some(odd),
            loss: Some(odd),
            epsilon: Some(odd),
            seconds: odd,
            ..RoundPoint::default()
        });
        data.user_accuracy.push(odd);
        data.epsilon_budget = Some(odd);
        let profile = data.profile.as_mut().unwrap();
        profile.hours[3] = odd;
        profile.ledger.push(LedgerLine { rho: odd, epsilon: odd, ..LedgerLine::default() });
        profile.terms.push(("odd".into(), odd));
        profile.shares.push(ProfileShare { label: "odd".into(), found: odd, planted: Some(odd) });
        let html = render(&data);
        assert!(!html.contains("NaN"));
        assert!(!html.contains("inf\"") && !html.contains("inf,") && !html.contains(" inf"));
    }
}

#[test]
fn missing_data_make_no_section_and_no_promise() {
    let html = render(&ReportData::default());
    assert!(!html.contains("<figure") && !html.contains("id=\"confusion\""));
    assert!(html.contains("no differential-privacy guarantee"));
    assert!(html.contains("No assumptions were stated"));
    assert!(html.contains("No report was sent"));
    let crooked = ReportData { confusion: vec![vec![1, 2], vec![3]], ..full() };
    assert!(!render(&crooked).contains("id=\"confusion\""));
    let unnamed = ReportData { labels: vec![], ..full() };
    assert!(render(&unnamed).contains("id=\"confusion\""));
}

#[test]
fn one_round_and_many_rounds_are_drawn() {
    let data = |count| ReportData { rounds: rounds(count), ..ReportData::default() };
    assert!(render(&data(1)).contains("<figure"));
    let html = render(&data(5_000));
    // Tooltips are thinned out so that the page stays small.
    assert!(html.matches("class=\"hit\"").count() <= 8 * 300);
    assert!(html.contains("quiet"));
}

#[test]
fn fixed_words_come_in_chinese_too() {
    let html = render(&ReportData { lang: ReportLanguage::Zh, ..full() });
    assert!(html.contains("<html lang=\"zh-Hans\">"));
    for words in ["混淆矩阵", "隐私账本", "每句话的依据", "哪些数据离开了设备", "虚构人物", "20 轮共计入 2,063 份报告"]
    {
        assert!(html.contains(words), "{words}");
    }
    for english in ["Accuracy and", "Confusion", "Predicted class", "What left"] {
        assert!(!html.contains(english), "{english}");
    }
}

#[test]
fn the_data_survive_json_and_the_page_is_reproducible() {
    let data = full();
    let json = serde_json::to_string(&data).unwrap();
    let read: ReportData = serde_json::from_str(&json).unwrap();
    assert_eq!(read, data);
    assert_eq!(render(&read), render(&data));
    assert_eq!(serde_json::from_str::<ReportData>("{}").unwrap(), ReportData::default());
}

#[test]
fn a_virtual_clock_draws_accuracy_over_hours_from_the_start() {
    let mut data = full();
    assert!(!render(&data).contains("Accuracy over virtual time"));
    data.rounds.iter_mut().for_each(|round| round.clock_hours = Some(round.round as f64 * 0.125));
    let page = render(&data);
    assert!(page.contains("Accuracy over virtual time"));
    // Round 4 has an accuracy, half an hour after the start.
    assert!(page.contains("Virtual hours 0.50 · Accuracy: 50.0%"), "{page}");
    data.lang = ReportLanguage::Zh;
    assert!(render(&data).contains("虚拟小时"));
    // What is no number is no point.
    data.rounds.iter_mut().for_each(|round| round.clock_hours = Some(f64::NAN));
    assert!(!render(&data).contains("虚拟小时"));
}

#[test]
fn the_page_of_a_sweep_escapes_all_and_needs_nothing() {
    use silhouette_simulation::report::{SweepReport, render_sweep};
    use silhouette_simulation::sweep::{Group, Look, Spread};
    let spread = |mean: f64| Spread { mean, sd: 0.02 };
    let group = |name: &str, epsilon: Option<f64>, accuracy: f64| Group {
        values: vec![("encoder".into(), name.into()), ("epsilon".into(), "2".into())],
        runs: 3,
        epsilon: epsilon.map(spread),
        accuracy: spread(accuracy),
        macro_f1: spread(accuracy),
        worst_decile: None,
        rounds: spread(4.0),
        bytes_up: spread(4e6),
        central: Some(spread(0.9)),
        looks: (1..=4)
            .map(|round| Look { round, bytes_up: round as f64 * 1e6, accuracy: spread(accuracy * round as f64 / 4.0) })
            .collect(),
    };
    let page = |groups: &[Group]| {
        let both = || vec![pair("<i>", "\" onload=\"x")];
        let (summary, settings, notes) = (both(), both(), vec!["<b>".to_owned()]);
        render_sweep(&SweepReport { title: "<script>".into(), summary, settings, notes, groups })
    };
    let html = page(&[group("<u>", Some(2.0), 0.7), group("<u>", Some(8.0), 0.8), group("bag", None, 0.85)]);
    for odd in ["<script", "<i>", "<b>", "<u>", "\" onload=\"", "NaN", "http:", "url("] {
        assert!(!html.contains(odd), "{odd}");
    }
    // A bar for every point of two lines against epsilon and of three over rounds and bytes, less what is thinned out.
    assert!(html.matches("class=\"bar-of").count() >= 3 * (2 + 12 + 12), "{}", html.matches("class=\"bar-of").count());
    for part in
        ["70.0% ± 2.0%", "1 MB", "2 MB", "Central, no privacy 90.0%", "encoder bag, epsilon 2 85.0%", "over 3 seeds"]
    {
        assert!(html.contains(part), "{part}");
    }
    for element in ["div", "section", "svg", "figure", "table", "tr", "th", "td", "p", "span"] {
        let opened = html.matches(&format!("<{element}>")).count() + html.matches(&format!("<{element} ")).count();
        assert_eq!(opened, html.matches(&format!("</{element}>")).count(), "{element}");
    }
    // Many settings, one run each, at one place, or none at all.
    let many: Vec<Group> = (0..30).map(|i| group(&format!("e{i}"), Some(1.0), 0.5)).collect();
    assert!(page(&many).contains("the 8 most accurate of 30 settings"));
    let single =
        Group { runs: 1, accuracy: Spread { mean: 0.5, sd: 0.0 }, looks: Vec::new(), ..group("x", Some(1.0), 0.5) };
    let html = page(&[single]);
    assert!(html.contains("no error bars") && !html.contains("NaN"));
    assert!(!page(&[]).contains("<figure"));
}
