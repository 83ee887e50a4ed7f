//! The owner's word, and forgetting.

use super::*;

fn made(events: &[Event], plan: Option<&ProfilePlan>, owner: &OwnerWord) -> ProfileDocument {
    let model = trained(None);
    let hash = model.content_hash().unwrap();
    let trained = Trained { engine: &NativeEngine, model: &model, hash, round: Some(9), encoder_weights: None };
    let making = Making { trained: Some(trained), plan, owner: Some(owner), made_at: 1_709_900_000 };
    make(events, &making).unwrap().expose_on_device().clone()
}

fn vetoing(veto: &str) -> OwnerWord {
    OwnerWord { vetoed: [veto.to_owned()].into(), ..OwnerWord::default() }
}

#[test]
fn a_forgotten_event_was_never_there() {
    let events = timed_corpus();
    let whole = made(&events, None, &OwnerWord::default());
    for gone in 0..events.len() {
        let mut left = events.clone();
        left.remove(gone);
        let without = made(&left, None, &OwnerWord::default());
        // Made again of what is left, the evidence, persona and figures are those of somebody who never had it.
        let mut shown: Vec<&str> = without.evidence.iter().map(|e| e.quote.as_str()).collect();
        shown.extend(without.persona.en.iter().map(|c| c.text.as_str()));
        let words = events[gone].text.trim();
        assert!(words.is_empty() || !shown.iter().any(|s| s.contains(words)), "{words}");
        assert_ne!(without, whole);
        assert_eq!(without, made(&left, None, &OwnerWord::default()));
    }
}

#[test]
fn what_is_vetoed_is_in_no_part_of_the_document() {
    let events = timed_corpus();
    let whole = made(&events, None, &OwnerWord::default());
    assert!(serde_json::to_string(&whole).unwrap().contains("music"));
    let d = made(&events, None, &vetoing("interests.topic/music"));
    let json = serde_json::to_string(&d).unwrap();
    assert!(!json.contains("\"music\"") && !d.persona.en.iter().any(|c| c.text.contains("music")), "{json}");
    assert!(d.evidence.iter().all(|e| e.label != "music") && d.evidence.len() < whole.evidence.len());
    for (i, interest) in d.interests.iter().flat_map(|i| i.evidence.iter().map(move |&e| (e, i))) {
        assert_eq!(d.evidence[i].label, interest.label);
    }
    let d = made(&events, None, &vetoing("keywords/guitar"));
    assert!(d.keywords.iter().all(|k| k.term != "guitar") && !d.keywords.is_empty());
    for part in ["interests", "sentiment", "behavior", "keywords", "languages"] {
        let d = made(&events, None, &vetoing(part));
        let of_part = |field: &str| field == part || field.starts_with(&format!("{part}."));
        assert!(!d.evidence.iter().any(|e| of_part(&e.field)), "{part}");
        assert!(!d.persona.zh.iter().chain(&d.persona.en).any(|c| of_part(&c.field)), "{part} {:?}", d.persona);
    }
}

const PLAN: &str = r#"
    name = "test"
    [[dimension]]
    name = "about"
    section = "interests"
    head = "topic"
    [[dimension.label]]
    name = "culture"
    [[dimension.label]]
    name = "music"
    parent = "culture"
    display = { zh = "乐" }
    [[dimension.label]]
    name = "sport"
    [[dimension.label]]
    name = "finance"
    [[dimension]]
    name = "age_group"
    section = "demographics"
    sensitive = true
    [[dimension.label]]
    name = "20s"
    words = ["guitar"]
    [[dimension.label]]
    name = "60s"
    words = ["bank"]
    [[dimension]]
    name = "region"
    section = "demographics"
    source = "declared"
"#;

#[test]
fn a_plan_names_sections_and_asks_for_consent() {
    let plan = ProfilePlan::from_toml(PLAN).unwrap();
    let mut owner = OwnerWord::default();
    let d = made(&corpus(), Some(&plan), &owner);
    assert!(d.interests.iter().all(|i| i.head == "about") && d.demographics.is_empty());
    let music = d.interests.iter().find(|i| i.label == "music").unwrap();
    assert_eq!(music.path, ["culture", "music"]);
    assert_eq!(music.shown["zh"].label.as_deref(), Some("乐"));
    let needs =
        |d: &ProfileDocument, field: &str| d.completeness.gaps.iter().find(|g| g.field == field).map(|g| g.needs);
    assert_eq!(needs(&d, "demographics.age_group"), Some(Need::Consent));
    assert_eq!(needs(&d, "demographics.region"), Some(Need::Declaration));
    // The model's own sentiment head comes after the plan.
    assert_eq!(d.sentiment.source, SentimentSource::Model);

    owner.consent.insert("age_group".into());
    owner.declared.insert("region".into(), "华东".into());
    let d = made(&corpus(), Some(&plan), &owner);
    let age = &d.demographics[0];
    assert_eq!((age.value.as_str(), age.origin, age.sensitive), ("20s", Origin::Words, true));
    assert!(age.confidence < 0.6 && d.evidence[age.evidence[0]].field == "demographics.age_group");
    let region = &d.demographics[1];
    assert_eq!((region.value.as_str(), region.origin, region.confidence), ("华东", Origin::Declared, 1.0));
    assert!(needs(&d, "demographics.region").is_none());

    owner.corrected.insert("age_group".into(), "60s".into());
    let d = made(&corpus(), Some(&plan), &owner);
    assert_eq!((d.demographics[0].value.as_str(), d.demographics[0].origin), ("60s", Origin::Corrected));
    assert!(d.evidence.iter().all(|e| e.field != "demographics.age_group"));
}

#[test]
fn a_declared_interest_comes_first() {
    let plan = ProfilePlan::from_toml(PLAN).unwrap();
    let owner = OwnerWord { declared: [("about".into(), "finance".into())].into(), ..OwnerWord::default() };
    let d = made(&corpus()[..4], Some(&plan), &owner);
    assert_eq!((d.interests[0].label.as_str(), d.interests[0].origin), ("finance", Origin::Declared));
    assert_eq!(d.interests.iter().filter(|i| i.label == "finance").count(), 1);
}

#[test]
fn a_statement_without_a_place_is_an_error() {
    let owner = OwnerWord { declared: [("colour".into(), "red".into())].into(), ..OwnerWord::default() };
    let making = Making { owner: Some(&owner), ..Making::default() };
    assert!(matches!(make(&corpus(), &making), Err(ProfileError::Owner(OwnerError::Dimension { .. }))));
}

#[test]
fn packs_work_without_a_model() {
    let plan = ProfilePlan::pack("retail").unwrap();
    let events = ["手机很好用,物流也快", "这个价格很实惠", "The laptop arrived quickly", "又买了一部手机"]
        .map(|t| Event::new("me", t));
    let making = Making { plan: Some(&plan), made_at: 1, ..Making::default() };
    let d = make(&events, &making).unwrap().expose_on_device().clone();
    assert_eq!((d.interests[0].label.as_str(), d.interests[0].origin), ("phones", Origin::Words));
    assert_eq!(d.interests[0].path, ["electronics", "phones"]);
    assert_eq!(d.psychographics.iter().find(|a| a.name == "price_attitude").unwrap().value, "bargain_hunter");
    assert!(d.interests[0].evidence.iter().all(|&e| d.evidence[e].quote.contains("手机")));
}
