use proptest::prelude::*;
use silhouette_model::HeadKind;

use super::*;

fn plan(dimensions: &str) -> Result<ProfilePlan, PlanError> {
    ProfilePlan::from_toml(&format!("name = \"p\"\n{dimensions}"))
}

fn field(dimensions: &str) -> String {
    match plan(dimensions) {
        Err(PlanError::Field { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_pack_is_a_plan_with_names_in_both_languages() {
    for (name, _) in PACKS {
        let pack = ProfilePlan::pack(name).unwrap();
        assert_eq!(pack.name, name);
        for dimension in &pack.dimensions {
            assert_eq!(dimension.display.len(), 2, "{name} {}", dimension.name);
            for label in &dimension.labels {
                assert_eq!(label.display.len(), 2, "{name} {} {}", dimension.name, label.name);
                let han = |w: &String| w.chars().any(|c| c >= '\u{3400}');
                let (zh, en) = (label.words.iter().any(han), label.words.iter().any(|w| !han(w)));
                assert!(label.words.is_empty() || (zh && en), "{name} {} {}", dimension.name, label.name);
            }
        }
        assert_eq!(ProfilePlan::from_toml(&pack.to_toml().unwrap()), Ok(pack));
    }
    // Nothing about a body is on without being asked.
    assert!(ProfilePlan::pack("health").unwrap().dimensions.iter().all(|d| d.sensitive));
    assert!(matches!(ProfilePlan::pack("weather"), Err(PlanError::UnknownPack { .. })));
}

#[test]
fn a_taxonomy_has_paths() {
    let pack = ProfilePlan::pack("retail").unwrap();
    let category = pack.dimension("category").unwrap();
    assert_eq!(category.path("phones"), ["electronics", "phones"]);
    assert_eq!(category.path("books"), ["books"]);
    assert_eq!(category.path("no such label"), ["no such label"]);
    assert!(category.admits("books") && !category.admits("bikes"));
}

#[test]
fn what_is_wrong_is_named() {
    let d = "[[dimension]]\nname = \"d\"\nsection = \"interests\"\n";
    assert_eq!(field(""), "dimension");
    assert_eq!(field(&format!("{d}{d}")), "dimension.name");
    assert_eq!(field(&format!("{d}source = \"inferred\"")), "d.source");
    assert_eq!(field(&format!("{d}display = {{ fr = \"x\" }}")), "d.display");
    let label = |more: &str| format!("{d}[[dimension.label]]\nname = \"a\"\n{more}\n");
    assert_eq!(field(&label("parent = \"b\"")), "d.a.parent");
    assert_eq!(field(&label("words = [\"\"]")), "d.a.words");
    assert_eq!(field(&label("[[dimension.label]]\nname = \"a\"")), "d.label.name");
    assert_eq!(field(&label("parent = \"b\"\n[[dimension.label]]\nname = \"b\"\nparent = \"a\"")), "d.a.parent");
    assert_eq!(field(&label("parent = \"a\"")), "d.a.parent");
    assert!(matches!(plan("[[dimension]]\nname = \"d\"\nsection = \"weather\""), Err(PlanError::Parse(_))));
    assert!(matches!(plan(&format!("{d}colour = 1")), Err(PlanError::Parse(_))));
}

#[test]
fn heads_find_their_sections() {
    let head = |name: &str| Head::new(name, name, HeadKind::Classes { labels: vec!["a".into(), "b".into()] });
    let plan = ProfilePlan::of_heads(&["topic", "sentiment", "gender", "risk_appetite"].map(head));
    let found: Vec<_> = plan.dimensions.iter().map(|d| (d.section, d.sensitive)).collect();
    use Section::{Demographics, Interests, Psychographics, Sentiment};
    assert_eq!(found, [(Interests, false), (Sentiment, false), (Demographics, true), (Psychographics, true)]);
    let more = ProfilePlan::pack("retail").unwrap().with(plan);
    assert_eq!(more.dimensions.iter().filter(|d| d.name == "gender").count(), 1);
    assert!(more.dimension("topic").is_some());
}

proptest! {
    #[test]
    fn any_file_is_a_plan_or_an_error(text in "(\\[\\[dimension\\]\\]|\\[\\[dimension.label\\]\\]|name = \"[a-c]\"|section = \"interests\"|parent = \"[a-c]\"|words = \\[\"x\"\\]|\\n){0,30}") {
        if let Ok(plan) = ProfilePlan::from_toml(&text) {
            for d in &plan.dimensions {
                d.labels.iter().for_each(|l| assert!(d.path(&l.name).len() <= d.labels.len()));
            }
        }
    }
}
