use proptest::prelude::*;
use silhouette_text::Event;

use super::*;
use crate::profile::{Making, OwnerWord, ProfilePlan, make};

fn of(events: &[Event]) -> ProfileDocument {
    let plan = ProfilePlan::pack("retail").unwrap();
    let owner = OwnerWord::default();
    let making = Making { plan: Some(&plan), owner: Some(&owner), made_at: 2_000_000, ..Making::default() };
    make(events, &making).unwrap().expose_on_device().clone()
}

fn events(texts: &[&str]) -> Vec<Event> {
    let at = |(i, text): (usize, &&str)| Event { time: Some(1000 + 3600 * i as i64), ..Event::new("me", *text) };
    texts.iter().enumerate().map(at).collect()
}

const PHONES: [&str; 3] = ["这部手机很好用", "the phone arrived", "手机充电器坏了"];
const BOOKS: [&str; 3] = ["这本书内容很好", "a wonderful novel", "the author writes well"];

#[test]
fn a_profile_does_not_differ_from_itself() {
    let d = of(&events(&PHONES));
    assert!(diff(&d, &d).expose_on_device().is_empty());
}

#[test]
fn what_came_and_what_went_is_told() {
    let (phones, books) = (of(&events(&PHONES)), of(&events(&BOOKS)));
    let changes = diff(&phones, &books);
    let changes = changes.expose_on_device();
    let of = |field: &str, label: &str| {
        let c = changes.iter().find(|c| c.field == field && c.label.as_deref() == Some(label)).unwrap();
        (c.before.as_deref(), c.after.as_deref())
    };
    assert_eq!(of("interests.category", "phones"), (Some("1.00"), None));
    assert_eq!(of("interests.category", "books"), (None, Some("1.00")));
    assert!(changes.windows(2).all(|w| (&w[0].field, &w[0].label) < (&w[1].field, &w[1].label)));
}

#[test]
fn two_devices_are_one_person() {
    let (first, second) = (events(&PHONES), events(&BOOKS));
    let merged = merge(&of(&first), &of(&second)).expose_on_device().clone();
    let both: Vec<Event> = first.iter().chain(&second).cloned().collect();
    let whole = of(&both);
    // By words, a mixture is a mean over texts: the same from two parts.
    for interest in &whole.interests {
        let found = merged.interests.iter().find(|i| i.label == interest.label).unwrap();
        assert!((found.share - interest.share).abs() < 1e-9, "{interest:?} {found:?}");
    }
    assert_eq!((merged.behavior.events, merged.behavior.texts), (6, 6));
    assert_eq!(merged.behavior.hours, whole.behavior.hours);
    assert_eq!(merged.behavior.busiest_hours, whole.behavior.busiest_hours);
    assert!((merged.sentiment.mean - whole.sentiment.mean).abs() < 1e-9);
    for e in &merged.evidence {
        assert!(both[e.event].text.get(e.start..e.end).is_some());
    }
    assert!(merged.keywords.iter().all(|k| k.evidence.iter().all(|&e| merged.evidence[e].label == k.term)));
    assert!(merged.behavior.return_time.is_none() && merged.sentiment.trend.is_empty());
}

proptest! {
    #[test]
    fn merging_keeps_documents_sound(a in prop::collection::vec("[a-z手机书好 ]{0,20}", 0..6), b in prop::collection::vec("[a-z手机书好 ]{0,20}", 0..6)) {
        let list = |t: &[String]| events(&t.iter().map(String::as_str).collect::<Vec<_>>());
        let (a, b) = (of(&list(&a)), of(&list(&b)));
        let m = merge(&a, &b).expose_on_device().clone();
        prop_assert!(m.interests.iter().all(|i| (0.0..=1.0 + 1e-9).contains(&i.share) && i.evidence.iter().all(|&e| e < m.evidence.len())));
        prop_assert_eq!(m.evidence.len(), a.evidence.len() + b.evidence.len());
    }
}
