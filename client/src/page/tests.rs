//! Whole pages: what is on them, and what never is.

mod hostile;

use silhouette_text::{Event, EventKind};

use super::*;
use crate::profile::{Making, OwnerWord, make};

const NOW: i64 = 1_741_000_000;
const DAY: i64 = 86_400;

/// A made-up person who buys, rates and writes in two languages.
fn events() -> Vec<Event> {
    let things = [
        ("books", "The book is a wonderful read, great author", 5.0),
        ("food", "咖啡很香，价格实惠，很满意", 5.0),
        ("phones", "Terrible phone charger, it broke", 1.0),
        ("food", "Great coffee, cheap and good @mei", 4.0),
    ];
    let event = |i: usize| {
        let (category, text, rating) = things[i % things.len()];
        let mut event = Event::new("me", text);
        event.time = Some(1_735_000_000 + i as i64 * DAY + (i as i64 % 3) * 3_600);
        event.category = Some(category.to_owned());
        event.item = Some(format!("{category}-{}", i % 5));
        event.rating = Some(rating);
        event.kind = if i.is_multiple_of(3) { EventKind::Purchase } else { EventKind::Review };
        event.extra.insert("price".into(), (10 + i).into());
        event.extra.insert("brand".into(), category.into());
        event
    };
    (0..40).map(event).collect()
}

fn owner() -> OwnerWord {
    let mut owner = OwnerWord::default();
    owner.declared.insert("region".into(), "Hangzhou".into());
    owner.consent.insert("gender".into());
    owner
}

fn document(events: &[Event], owner: &OwnerWord) -> ProfileDocument {
    let plan = ProfilePlan::pack("retail").unwrap();
    let making = Making { plan: Some(&plan), owner: Some(owner), made_at: NOW, ..Making::default() };
    make(events, &making).unwrap().expose_on_device().clone()
}

fn html(document: &ProfileDocument, language: PersonaLanguage) -> String {
    render(document, &PageOptions { language, ..PageOptions::default() }).expose_on_device().clone()
}

fn text(document: &ProfileDocument, options: &PlainOptions<'_>) -> String {
    plain(document, options).expose_on_device().clone()
}

/// Where each needle stands, in order; panics where one is missing or before the one before it.
fn in_order(page: &str, needles: &[&str]) {
    let mut at = 0;
    for needle in needles {
        at += page[at..].find(needle).unwrap_or_else(|| panic!("{needle} is missing, or too early")) + needle.len();
    }
}

#[test]
fn every_part_is_there_in_its_order() {
    let document = document(&events(), &owner());
    let ids = [
        "persona",
        "interests",
        "sentiment",
        "behavior",
        "demographics",
        "psychographics",
        "keywords",
        "languages",
        "style",
        "social",
        "completeness",
        "provenance",
    ];
    let sections: Vec<String> = ids.iter().map(|id| format!("<section id=\"{id}\"")).collect();
    for language in [PersonaLanguage::En, PersonaLanguage::Zh] {
        let page = html(&document, language);
        let words = Words::of(language);
        in_order(&page, &sections.iter().map(String::as_str).collect::<Vec<_>>());
        in_order(&page, &["<header>", "<nav", "<main>", "</main>", "<footer>"]);
        let options = PlainOptions { language, ..PlainOptions::default() };
        let s = &words.sections;
        in_order(
            &text(&document, &options),
            &[
                s.persona,
                s.interests,
                s.sentiment,
                s.behavior,
                s.demographics,
                s.psychographics,
                s.keywords,
                s.languages,
                s.style,
                s.social,
                s.completeness,
                s.provenance,
            ],
        );
        assert!(page.contains(words.top.footer));
    }
}

#[test]
fn names_are_those_of_the_language() {
    let document = document(&events(), &owner());
    let (en, zh) = (html(&document, PersonaLanguage::En), html(&document, PersonaLanguage::Zh));
    for (english, chinese) in [("food and drink", "食品饮料"), ("electronics", "电子产品"), ("age group", "年龄段")]
    {
        assert!(en.contains(english) && !en.contains(chinese), "{english}");
        assert!(zh.contains(chinese) && !zh.contains(english), "{chinese}");
    }
    assert!(en.contains("<html lang=\"en\">") && zh.contains("<html lang=\"zh-Hans\">"));
}

#[test]
fn what_the_owner_said_is_marked_as_theirs() {
    let page = html(&document(&events(), &owner()), PersonaLanguage::En);
    in_order(&page, &["Hangzhou", "said by you", "sensitive", "your word"]);
}

#[test]
fn figures_are_those_of_the_document() {
    let document = document(&events(), &owner());
    let page = html(&document, PersonaLanguage::En);
    let b = &document.behavior;
    let value = b.value.as_ref().unwrap();
    assert_eq!(value.purchases, 14);
    in_order(&page, &["40 entries", "14 purchases with a price: 413 in all, 29.5 each"]);
    assert!(page.contains("40 ratings, standard deviation"));
    let next = b.next_category.as_ref().unwrap();
    assert_eq!(page.contains("take it lightly"), next.hit_rate <= next.baseline);
    let score = number::percent(document.completeness.score);
    assert!(page.contains(&format!(">{score}</text>")), "{score}");
}

#[test]
fn quotes_are_there_when_asked_for() {
    let document = document(&events(), &owner());
    let quote = document.evidence.iter().find(|e| e.field.starts_with("interests.")).unwrap().quote.clone();
    let count = |page: &str| page.matches(&html::escape(&quote)).count();
    assert!(count(&html(&document, PersonaLanguage::En)) >= 1);
    let options = PageOptions { evidence: false, ..PageOptions::default() };
    let without = render(&document, &options);
    assert_eq!(count(without.expose_on_device()), 0);
    assert!(!without.expose_on_device().contains("<details><summary>Where"));
    let lines = |evidence| text(&document, &PlainOptions { evidence, ..PlainOptions::default() });
    assert!(lines(true).contains("“") && !lines(false).contains("“"));
}

#[test]
fn an_empty_profile_says_what_it_lacks() {
    let document = document(&[], &OwnerWord::default());
    for language in [PersonaLanguage::En, PersonaLanguage::Zh] {
        let (page, words) = (html(&document, language), Words::of(language));
        assert!(page.contains(words.top.nothing) && page.contains(words.need(crate::profile::Need::Declaration)));
        assert!(text(&document, &PlainOptions { language, ..PlainOptions::default() }).contains(words.top.nothing));
    }
}

#[test]
fn a_page_asks_for_nothing_and_styles_itself_by_its_hash() {
    let page = html(&document(&events(), &owner()), PersonaLanguage::En);
    assert!(page.contains("content=\"default-src 'none'; style-src 'sha256-"));
    for active in
        ["<script", "<link", "<img", "<iframe", "url(", "@import", "http:", "https:", " style=", " src=", " on"]
    {
        let body = if active == " on" { continue } else { &page };
        assert!(!body.contains(active), "{active}");
    }
    let links: Vec<&str> = page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(!links.is_empty() && links.iter().all(|link| link.starts_with('#')));
    for id in links {
        assert!(page.contains(&format!("id=\"{}\"", &id[1..])), "{id} leads nowhere");
    }
}

#[test]
fn an_event_that_is_taken_away_leaves_no_trace() {
    let mut all = events();
    all.push(Event::new("me", "My zanzibar trip with the unforgettable platypus hotel"));
    let with = html(&document(&all, &owner()), PersonaLanguage::En);
    all.pop();
    let without = html(&document(&all, &owner()), PersonaLanguage::En);
    assert!(with.contains("platypus") && !without.contains("platypus") && !without.contains("zanzibar"));
    assert_eq!(without, html(&document(&events(), &owner()), PersonaLanguage::En));
}

#[test]
fn a_taxonomy_is_indented_under_what_is_above() {
    let document = document(&events(), &owner());
    let view = View::new(&document, PersonaLanguage::En, None, true);
    let topics = taxonomy::topics(&view);
    let category = &topics[0];
    assert_eq!((topics.len(), category.name.as_str()), (1, "shopping"));
    // Electronics has nothing but phones in it here, and shares the line.
    let phones = category.lines.iter().find(|line| line.path.last().unwrap() == "phones").unwrap();
    assert_eq!((phones.path.as_slice(), phones.depth), (&["electronics".to_owned(), "phones".to_owned()][..], 0));
    let total: f64 = category.lines.iter().filter(|line| line.depth == 0).map(|line| line.share).sum();
    assert!((total - 1.0).abs() < 1e-9, "{total}");
}
