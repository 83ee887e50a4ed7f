use proptest::prelude::*;
use silhouette_text::Language;

use super::*;
use crate::profile::{
    Behavior, Completeness, Keyword, LanguageShare, Origin, PersonaTexts, Provenance, Sentiment, SentimentSource,
};

fn interest(head: &str, label: &str, share: f64, confidence: f64) -> Interest {
    let (head, label) = (head.to_owned(), label.to_owned());
    Interest {
        path: vec![label.clone()],
        head,
        label,
        share,
        recent: share,
        confidence,
        texts: 10,
        origin: Origin::Model,
        shown: Default::default(),
        evidence: Vec::new(),
    }
}

fn keyword(term: &str) -> Keyword {
    Keyword { term: term.to_owned(), score: 1.0, count: 2, evidence: Vec::new() }
}

fn document(confidence: f64) -> ProfileDocument {
    let mut weekdays = vec![2; 7];
    weekdays[5] = 9;
    ProfileDocument {
        schema_version: 3,
        interests: vec![
            interest("topic", "sport", 0.62, confidence),
            interest("topic", "music", 0.2, confidence),
            interest("topic", "finance", 0.04, confidence),
        ],
        sentiment: Sentiment {
            mean: 0.4,
            positive: 0.7,
            neutral: 0.2,
            negative: 0.1,
            confidence,
            source: SentimentSource::Model,
            labels: Vec::new(),
            trend: Vec::new(),
            aspects: Vec::new(),
            evidence: Vec::new(),
        },
        demographics: Vec::new(),
        psychographics: Vec::new(),
        behavior: Behavior {
            events: 21,
            texts: 21,
            timed: 21,
            busiest_hours: vec![20, 21],
            weekdays,
            events_per_week: Some(4.24),
            ..Behavior::default()
        },
        languages: vec![
            LanguageShare { language: Language::Zh, share: 0.8, evidence: Vec::new() },
            LanguageShare { language: Language::En, share: 0.2, evidence: Vec::new() },
        ],
        keywords: vec![keyword("比赛"), keyword("guitar")],
        evidence: Vec::new(),
        persona: PersonaTexts::default(),
        completeness: Completeness::default(),
        provenance: Provenance {
            model: None,
            engine: None,
            round: None,
            made_at: 0,
            as_of: None,
            plan: String::new(),
            drift: Vec::new(),
        },
    }
}

#[test]
fn a_full_profile_in_english() {
    assert_eq!(
        compose(&document(0.8), PersonaLanguage::En).text(),
        "By topic, this person is clearly about sport (62%) and music (20%). \
         The tone is positive (70% of texts positive, 10% negative). \
         Typical words are 比赛 and guitar. \
         The texts are in Chinese (80%) and English (20%). \
         Active around 20:00 and 21:00 UTC, most of all on Saturdays; about 4.2 entries a week."
    );
}

#[test]
fn a_full_profile_in_chinese() {
    assert_eq!(
        compose(&document(0.8), PersonaLanguage::Zh).text(),
        "从话题看，明显偏向体育（62%）和音乐（20%）。语气积极（正面70%，负面10%）。\
         常用词有比赛、guitar。文本使用中文（80%）和英文（20%）。\
         多在20时、21时（UTC）活跃，周六最多，平均每周约4.2条。"
    );
}

#[test]
fn the_wording_follows_the_confidence() {
    let first = |c, language| compose(&document(c), language).clauses[0].text.clone();
    assert!(first(0.4, PersonaLanguage::En).contains("is probably about"));
    assert!(first(0.1, PersonaLanguage::En).contains("is perhaps about"));
    assert!(first(0.4, PersonaLanguage::Zh).contains("较可能偏向"));
    assert!(first(0.1, PersonaLanguage::Zh).contains("或许偏向"));
}

#[test]
fn what_no_field_can_vouch_for_is_not_said() {
    for language in [PersonaLanguage::Zh, PersonaLanguage::En] {
        let fields: Vec<_> = compose(&document(0.01), language).clauses.into_iter().map(|c| c.field).collect();
        assert_eq!(fields, ["keywords", "languages", "behavior.busiest_hours"]);
    }
}

#[test]
fn a_word_list_is_named_as_the_judge() {
    let mut d = document(0.4);
    d.sentiment.source = SentimentSource::Lexicon;
    d.sentiment.mean = -0.4;
    assert!(
        compose(&d, PersonaLanguage::En)
            .text()
            .contains("seems negative (70% of texts positive, 10% negative, going by a word list)")
    );
    assert!(compose(&d, PersonaLanguage::Zh).text().contains("语气看来消极（正面70%，负面10%，依词表判断）"));
}

#[test]
fn too_little_data_is_said_and_nothing_else() {
    let mut d = document(0.9);
    for (texts, en, zh) in
        [(0, "no texts yet", "还没有文本"), (1, "only one text", "只有1条"), (4, "only 4 texts", "只有4条")]
    {
        d.behavior.texts = texts;
        let (e, z) = (compose(&d, PersonaLanguage::En), compose(&d, PersonaLanguage::Zh));
        assert!(e.text().contains(en) && z.text().contains(zh));
        assert_eq!((e.clauses.len(), e.clauses[0].field.as_str()), (1, "behavior.texts"));
    }
}

#[test]
fn every_clause_names_a_field_of_the_document() {
    let d = document(0.8);
    let json = serde_json::to_value(&d).unwrap();
    for language in [PersonaLanguage::Zh, PersonaLanguage::En] {
        for clause in compose(&d, language).clauses {
            let top = clause.field.split('.').next().unwrap();
            assert!(json.get(top).is_some(), "{}", clause.field);
        }
    }
}

proptest! {
    #[test]
    fn no_persona_is_longer_than_the_bound(
        labels in prop::collection::vec("\\PC{0,300}", 0..8), words in prop::collection::vec("\\PC{0,100}", 0..8),
        share in 0.0_f64..=1.0, confidence in 0.0_f64..=1.0,
    ) {
        let mut d = document(confidence);
        d.interests = labels.iter().map(|l| interest(l, l, share, confidence)).collect();
        d.keywords = words.iter().map(|w| keyword(w)).collect();
        for language in [PersonaLanguage::Zh, PersonaLanguage::En] {
            prop_assert!(compose(&d, language).text().chars().count() <= MAX_CHARS);
        }
    }
}
