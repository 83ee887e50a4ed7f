//! Names and quotes that would rather be something else.

use proptest::prelude::*;

use super::*;
use crate::page::html::turns;
use crate::profile::{
    Aspect, Attribute, CategoryShare, Drift, Evidence, Gap, Keyword, Need, NextCategory, Origin, Tie,
};

/// What people put into forms.
const HOSTILE: [&str; 12] = [
    "</style><script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "</svg><style>*{background:url(http://x)}</style>",
    "<!--",
    "]]>",
    "</title><base href=http://x>",
    "&#60;script&#62;",
    "\u{202e}gnp.exe\u{2066}",
    "{0}{1}{99}",
    "\u{1b}]8;;http://x\u{7}\u{1b}[2J",
];

/// A document with one text in every place that the data can fill.
fn filled_with(text: &str) -> ProfileDocument {
    let mut d = document(&events(), &owner());
    let own = || text.to_owned();
    d.evidence = vec![Evidence {
        field: own(),
        label: own(),
        event: 0,
        time: None,
        start: 0,
        end: 1,
        quote: own(),
        weight: 1.0,
    }];
    for interest in &mut d.interests {
        (interest.head, interest.label, interest.path) = (own(), own(), vec![own(), own()]);
        interest.shown.clear();
        interest.evidence = vec![0, 7];
    }
    d.sentiment.aspects = vec![Aspect { field: own(), label: own(), mean: 0.5, texts: 1 }];
    d.sentiment.evidence = vec![0];
    d.behavior.kinds = [(own(), 1), ("post".into(), 2)].into();
    d.behavior.categories = vec![CategoryShare { category: own(), events: 1, share: 1.0, mean_rating: None }];
    d.behavior.next_category = Some(NextCategory { category: own(), probability: 1.0, hit_rate: 0.0, baseline: 0.0 });
    d.behavior.social.people = 1;
    d.behavior.social.ties = vec![Tie { name: own(), texts: 1, strength: 1.0 }];
    let attribute = |name: String| Attribute {
        name,
        value: own(),
        distribution: vec![crate::profile::LabelShare { label: own(), share: 1.0 }],
        score: Some(0.5),
        confidence: 0.5,
        origin: Origin::Words,
        sensitive: true,
        texts: 1,
        shown: Default::default(),
        evidence: vec![0],
    };
    (d.demographics, d.psychographics) = (vec![attribute(own())], vec![attribute(own())]);
    d.keywords = vec![Keyword { term: own(), score: 1.0, count: 1, evidence: vec![0] }];
    for clause in d.persona.en.iter_mut().chain(&mut d.persona.zh) {
        (clause.text, clause.field) = (own(), own());
    }
    d.completeness.filled = vec![own()];
    d.completeness.gaps = vec![Gap { field: own(), weight: 1.0, needs: Need::Texts }];
    d.provenance.drift = vec![Drift { field: own(), bits: 1.0, towards: own(), away_from: own() }];
    (d.provenance.model, d.provenance.engine, d.provenance.plan) = (Some(own()), Some(own()), own());
    d
}

/// The tags of a page with the names of their attributes, without values.
fn skeleton(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let (mut quoted, mut tag, mut end) = (false, String::new(), rest.len());
        for (at, c) in rest.char_indices() {
            match c {
                '"' => quoted = !quoted,
                '>' if !quoted => {
                    end = at;
                    break;
                }
                _ if quoted => {}
                c => tag.push(c),
            }
        }
        found.push(tag);
        rest = &rest[end.min(rest.len())..];
    }
    found
}

fn options(text: &str) -> PageOptions<'_> {
    PageOptions { title: Some(text), ..PageOptions::default() }
}

/// The page of a document full of `text` has the tags of one full of a harmless word, and no others.
fn is_inert(text: &str) -> Result<(), TestCaseError> {
    let page = render(&filled_with(text), &options(text)).expose_on_device().clone();
    let harmless = render(&filled_with("word"), &options("word")).expose_on_device().clone();
    prop_assert_eq!(skeleton(&page), skeleton(&harmless), "{:?}", text);
    prop_assert!(!page.chars().any(|c| turns(c) || (c.is_control() && c != '\n')));
    // The style is the sheet, to the byte: its hash is in the policy.
    let style = |page: &str| page.split("<style>").nth(1).and_then(|s| s.split("</style>").next()).map(str::to_owned);
    prop_assert_eq!(style(&page), style(&harmless));
    prop_assert_eq!(page.matches("</style>").count(), 1);
    Ok(())
}

#[test]
fn the_usual_tricks_are_inert() {
    for text in HOSTILE {
        is_inert(text).unwrap();
        let lines =
            plain(&filled_with(text), &PlainOptions { title: Some(text), evidence: true, ..PlainOptions::default() });
        assert!(!lines.expose_on_device().chars().any(|c| turns(c) || (c.is_control() && c != '\n')), "{text:?}");
    }
}

#[test]
fn a_tag_that_got_through_would_be_noticed() {
    let page = render(&filled_with("word"), &options("word")).expose_on_device().clone();
    assert_ne!(skeleton(&page), skeleton(&page.replacen("word", "<b>word</b>", 1)));
    assert_ne!(skeleton(&page), skeleton(&page.replacen("aria-hidden", "onclick=\"x\" aria-hidden", 1)));
}

#[test]
fn figures_that_are_none_are_drawn_as_nothing() {
    let mut d = document(&events(), &owner());
    for bad in [f64::NAN, f64::INFINITY, -1e308] {
        d.interests.iter_mut().for_each(|i| (i.share, i.recent, i.confidence) = (bad, bad, bad));
        d.sentiment.trend.iter_mut().for_each(|p| (p.mean, p.start) = (bad, i64::MAX));
        (d.sentiment.mean, d.sentiment.positive, d.completeness.score) = (bad, bad, bad);
        d.keywords.iter_mut().for_each(|k| k.score = bad);
        d.behavior.categories.iter_mut().for_each(|c| c.share = bad);
        (d.behavior.hours, d.behavior.weekdays) = (vec![usize::MAX / 64; 30], vec![1; 9]);
        let page = html(&d, PersonaLanguage::En);
        assert!(!page.contains("NaN") && !page.contains("inf%") && !page.contains("\"inf"), "{bad}");
        text(&d, &PlainOptions::default());
    }
}

#[test]
fn a_profile_as_large_as_they_get_is_one_page_still() {
    let mut d = document(&events(), &owner());
    let one = d.interests[0].clone();
    let label = |i: usize| format!("{}-{i}", "很长的标签".repeat(12));
    d.interests = (0..8_192)
        .map(|i| crate::profile::Interest {
            head: format!("h{}", i / 32),
            label: label(i),
            path: vec![label(i); 50],
            ..one.clone()
        })
        .collect();
    let page = html(&d, PersonaLanguage::Zh);
    assert_eq!(
        page.matches("<li class=\"row d0\">").count() + page.matches("<li class=\"row d3\">").count(),
        8_192 + 0
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_inert(
        before in "\\PC{0,12}", trick in prop::sample::select(&HOSTILE[..]), after in "[<>\"'&`/=\\x00-\\x20a-z\u{202a}-\u{202e}]{0,12}",
    ) {
        is_inert(&format!("{before}{trick}{after}"))?;
    }

    #[test]
    fn no_line_is_wider_than_the_screen(text in "\\PC{1,80}", width in 40_usize..121, ascii in any::<bool>(), chinese in any::<bool>()) {
        let marks = if ascii { Marks::Ascii } else { Marks::Blocks };
        let language = if chinese { PersonaLanguage::Zh } else { PersonaLanguage::En };
        let options = PlainOptions { language, title: Some(&text), evidence: true, plan: None, width, marks };
        for line in plain(&filled_with(&text), &options).expose_on_device().lines() {
            prop_assert!(crate::page::plain::width(line) <= width, "{} > {}: {}", crate::page::plain::width(line), width, line);
        }
    }
}
