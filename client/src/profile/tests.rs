use proptest::prelude::*;
use silhouette_model::{
    Change, EncoderSpec, Engine, EngineError, Examples, LocalTraining, Model, NativeEngine, Task, TextVector,
    Vectoriser,
};
use silhouette_text::EventKind;

use super::*;
use crate::fixtures;

mod owner;
mod published;

const TASK: &str = r#"
    name = "reviews"

    [encoder]
    kind = "bag"
    buckets_log2 = 12
    words = false

    [[head]]
    name = "topic"
    kind = "classes"
    labels = ["finance", "music", "sport"]
    field = "topic"

    [[head]]
    name = "sentiment"
    kind = "classes"
    labels = ["negative", "positive"]
    field = "mood"

    [[head]]
    name = "stars"
    kind = "score"
    min = 1.0
    max = 5.0
    field = "rating"
"#;

fn labelled(text: &str, topic: &str, mood: &str, stars: f32) -> Event {
    let mut event = fixtures::event(text, topic);
    event.extra.insert("mood".into(), mood.into());
    event.rating = Some(stars);
    event.kind = EventKind::Review;
    event
}

fn corpus() -> Vec<Event> {
    vec![
        labelled("the match ended with a wonderful late goal", "sport", "positive", 5.0),
        labelled("今天的足球比赛很精彩", "sport", "positive", 5.0),
        labelled("our team lost the match, awful defending", "sport", "negative", 1.0),
        labelled("the wonderful guitar sounds warm", "music", "positive", 5.0),
        labelled("这首歌的吉他很好听", "music", "positive", 5.0),
        labelled("an awful concert with two guitar players", "music", "negative", 1.0),
        labelled("the bank raised its rates", "finance", "negative", 2.0),
        labelled("银行的利率又涨了", "finance", "negative", 2.0),
    ]
}

fn trained(encoder: Option<EncoderSpec>) -> Model {
    let mut task = Task::from_toml(TASK).unwrap();
    if let Some(encoder) = encoder {
        task.encoder = encoder;
        return Model::new(task, 1);
    }
    let vectoriser = Vectoriser::new(&task.encoder).unwrap();
    let examples = Examples::of(&task, &vectoriser, &corpus()).unwrap();
    let training = LocalTraining { epochs: 150, batch: 4, learning_rate: 1.0, proximal_mu: 0.0, shuffled: true };
    let model = Model::new(task.clone(), 1);
    let update = NativeEngine.train(&model, &examples, &training, 3).unwrap().to_dense();
    Model::with_values(task, update).unwrap()
}

fn document(events: &[Event], model: Option<&Model>) -> ProfileDocument {
    let trained = model.map(|model| Trained {
        engine: &NativeEngine,
        model,
        hash: model.content_hash().unwrap(),
        round: Some(9),
        encoder_weights: None,
    });
    profile(events, trained, 1_700_000_000).unwrap().expose_on_device().clone()
}

#[test]
fn the_top_level_keys_are_fixed() {
    let json = serde_json::to_value(document(&corpus(), Some(&trained(None)))).unwrap();
    let keys: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
    let expected = [
        "behavior",
        "completeness",
        "demographics",
        "evidence",
        "interests",
        "keywords",
        "languages",
        "persona",
        "provenance",
        "psychographics",
        "schema_version",
        "sentiment",
    ];
    assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>(), expected.map(str::to_owned).iter().collect());
    assert_eq!(json["schema_version"], 3);
    assert_eq!(json["provenance"]["round"], 9);
    assert_eq!(
        serde_json::from_value::<ProfileDocument>(json.clone()).map(|d| serde_json::to_value(d).unwrap()).unwrap(),
        json
    );
}

#[test]
fn interests_are_a_mixture_with_evidence() {
    let events: Vec<_> = corpus().into_iter().take(4).collect();
    let d = document(&events, Some(&trained(None)));
    let labels: Vec<_> = d.interests.iter().map(|i| (i.head.as_str(), i.label.as_str(), i.texts)).collect();
    assert_eq!(labels, [("topic", "sport", 3), ("topic", "music", 1), ("topic", "finance", 0)]);
    assert!((d.interests.iter().map(|i| i.share).sum::<f64>() - 1.0).abs() < 1e-6);
    let sport = &d.interests[0];
    assert!(sport.share > 0.55 && sport.confidence > 0.15 && sport.confidence < 3.0 / 8.0, "{sport:?}");
    assert_eq!(d.interests[2].confidence, 0.0);
    assert!((1..=3).contains(&sport.evidence.len()));
    for &i in &sport.evidence {
        let e = &d.evidence[i];
        assert_eq!((e.field.as_str(), e.label.as_str()), ("interests.topic", "sport"));
        let place = &events[e.event].text[e.start..e.end];
        assert!(e.quote.contains(place) && e.weight > 0.0, "{e:?}");
    }
    let best = &d.evidence[sport.evidence[0]];
    assert!(["match", "足球", "比赛", "goal"].iter().any(|w| best.quote.contains(w)), "{best:?}");
}

#[test]
fn the_sentiment_head_judges_where_there_is_one() {
    let d = document(&corpus()[..4], Some(&trained(None)));
    let s = &d.sentiment;
    assert_eq!((s.source, s.labels.len()), (SentimentSource::Model, 2));
    assert!(s.mean > 0.2 && s.positive > s.negative);
    assert!((s.positive + s.neutral + s.negative - 1.0).abs() < 1e-9);
    assert!(s.evidence.iter().all(|&i| d.evidence[i].field == "sentiment"));
    assert!(!s.evidence.is_empty());
    assert!(!d.interests.iter().any(|i| i.head == "sentiment"));
}

#[test]
fn scores_come_back_on_their_own_scale() {
    let d = document(&corpus(), Some(&trained(None)));
    let stars = &d.behavior.scores[0];
    assert_eq!((stars.head.as_str(), stars.range), ("stars", (1.0, 5.0)));
    assert!((2.0..4.5).contains(&stars.mean), "{}", stars.mean);
}

#[test]
fn an_untrained_model_claims_nothing() {
    let model = Model::new(Task::from_toml(TASK).unwrap(), 1);
    let d = document(&corpus(), Some(&model));
    assert!(d.interests.iter().all(|i| i.confidence == 0.0 && (i.share - 1.0 / 3.0).abs() < 1e-6));
    assert_eq!(d.sentiment.confidence, 0.0);
    assert!(!d.evidence.iter().any(|e| e.field == "sentiment" || e.field.starts_with("interests")));
}

#[test]
fn without_a_model_there_is_still_a_profile() {
    let d = document(&corpus(), None);
    assert!(d.interests.is_empty() && d.provenance.model.is_none());
    assert_eq!(d.sentiment.source, SentimentSource::Lexicon);
    assert!(d.sentiment.positive > 0.0 && d.sentiment.negative > 0.0);
    assert_eq!(d.behavior.kinds["review"], 8);
    assert!(d.keywords.iter().any(|k| k.term == "guitar"));
    assert!((d.languages.iter().map(|l| l.share).sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(d.persona.zh.len() >= 3 && d.persona.en.len() == d.persona.zh.len());
}

/// The corpus, with a text every day at 20:15 and one event without a text at 3:00.
fn timed_corpus() -> Vec<Event> {
    let evening = 1_709_164_800 + 20 * 3600 + 15 * 60;
    let mut events = corpus();
    for (day, event) in events.iter_mut().enumerate() {
        event.time = Some(evening + 86_400 * day as i64);
    }
    events.push(Event { time: Some(1_709_164_800 + 3 * 3600), ..Event::new("me", " ") });
    events
}

#[test]
fn every_clause_of_a_persona_has_evidence() {
    let events = timed_corpus();
    for model in [None, Some(trained(None))] {
        let d = document(&events, model.as_ref());
        let fields: Vec<_> = d.persona.en.iter().map(|c| c.field.as_str()).collect();
        for field in ["sentiment", "behavior.mean_rating", "keywords", "languages", "behavior.busiest_hours"] {
            assert!(fields.contains(&field), "{field} is not in {fields:?}");
        }
        assert_eq!(fields.contains(&"interests.topic"), model.is_some());
        for clause in d.persona.en.iter().chain(&d.persona.zh) {
            let found = d.evidence_for(&clause.field, 3);
            assert!(!found.is_empty() && found.len() <= 3, "{clause:?}");
            for e in found {
                assert_eq!(e.time, events[e.event].time);
            }
        }
    }
}

#[test]
fn the_evidence_of_counts_is_what_was_counted() {
    let events = timed_corpus();
    let d = document(&events, None);
    let text = |i: usize| {
        let e = &d.evidence[i];
        &events[e.event].text[e.start..e.end]
    };
    for keyword in &d.keywords {
        assert_eq!(keyword.evidence.len(), 1, "{keyword:?}");
        assert_eq!(text(keyword.evidence[0]).to_lowercase(), keyword.term);
    }
    for share in &d.languages {
        let e = &d.evidence[share.evidence[0]];
        assert_eq!(silhouette_text::Language::of(&events[e.event].text), share.language);
        assert_eq!((e.label.clone(), e.weight), (share.language.to_string(), share.share));
    }
    let rhythm: Vec<_> = d.evidence.iter().filter(|e| e.field == "behavior.busiest_hours").collect();
    let labels: Vec<_> = rhythm.iter().map(|e| e.label.as_str()).collect();
    // Nine events: eight evenings from a Thursday on, so that Thursday comes three times.
    assert_eq!(labels, ["20:00", "3:00", "thursday"]);
    assert!((rhythm[0].weight - 8.0 / 9.0).abs() < 1e-9 && (rhythm[2].weight - 3.0 / 9.0).abs() < 1e-9);
    assert_eq!((rhythm[1].event, rhythm[1].start, rhythm[1].end, rhythm[1].quote.as_str()), (8, 1, 1, ""));
    let ratings: Vec<_> = d.evidence.iter().filter(|e| e.field == "behavior.mean_rating").collect();
    assert_eq!(ratings.iter().map(|e| e.label.as_str()).collect::<Vec<_>>(), ["1", "5"]);
}

#[test]
fn a_keyword_is_found_however_it_is_written() {
    let d = document(&[Event::new("me", "SAXOPHONE, Saxophone"), Event::new("me", "nothing")], None);
    let keyword = d.keywords.iter().find(|k| k.term == "saxophone").unwrap();
    assert_eq!((d.evidence[keyword.evidence[0]].start, d.evidence[keyword.evidence[0]].end), (0, 9));
}

#[test]
fn the_word_list_shows_its_words() {
    let mut events = corpus();
    events.push(Event::new("me", "This amplifier is not very good"));
    let d = document(&events, None);
    let of = |label: &str| {
        let found = d.sentiment.evidence.iter().map(|&i| &d.evidence[i]).filter(|e| e.label == label);
        found.map(|e| events[e.event].text[e.start..e.end].to_owned()).collect::<Vec<_>>()
    };
    let (good, bad) = (of("positive"), of("negative"));
    assert!(good.contains(&"wonderful".to_owned()) && bad.contains(&"awful".to_owned()), "{good:?} {bad:?}");
    assert!(bad.contains(&"not very good".to_owned()), "{bad:?}");
}

#[test]
fn a_chinese_persona_uses_the_tasks_chinese_names() {
    let own = "[head.display.zh]\nname = \"爱好\"\nlabels = { sport = \"运动\" }\n\n[[head]]\nname = \"sentiment\"";
    let task = Task::from_toml(&TASK.replace("[[head]]\n    name = \"sentiment\"", own)).unwrap();
    let plain = trained(None);
    let named = Model::with_values(task, plain.values().to_vec()).unwrap();
    let text = |model: &Model| document(&corpus(), Some(model)).persona.zh[0].text.clone();
    let (plain, named) = (text(&plain), text(&named));
    assert!(plain.starts_with("从话题看") && plain.contains("体育（"), "{plain}");
    // 财经 is not among the task's names: the usual one stands in.
    assert!(named.starts_with("从爱好看") && named.contains("运动（") && named.contains("财经（"), "{named}");
}

#[test]
fn no_events_and_empty_texts_are_no_error() {
    for events in [vec![], vec![Event::new("me", " ")]] {
        let d = document(&events, Some(&trained(None)));
        assert!(d.interests.is_empty() && d.evidence.is_empty() && d.keywords.is_empty());
        assert_eq!((d.behavior.texts, d.sentiment.confidence), (0, 0.0));
        assert!(d.sentiment.mean.abs() < 1e-12);
    }
}

/// A device whose GPU is gone.
struct Gone;

impl Engine for Gone {
    fn name(&self) -> &str {
        "gone"
    }

    fn train(&self, _: &Model, _: &Examples, _: &LocalTraining, _: u64) -> Result<Change, EngineError> {
        Err(EngineError::Device { engine: "gone", reason: "lost".into() })
    }

    fn predict(&self, _: &Model, _: &[&TextVector]) -> Result<Vec<Vec<f32>>, EngineError> {
        Err(EngineError::Device { engine: "gone", reason: "lost".into() })
    }
}

#[test]
fn an_engine_that_can_not_run_the_model_says_so() {
    let model = trained(None);
    let trained =
        Trained { engine: &Gone, model: &model, hash: ContentHash([0; 32]), round: None, encoder_weights: None };
    assert!(matches!(profile(&corpus(), Some(trained), 0), Err(ProfileError::Engine(_))));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_a_sound_document(texts in prop::collection::vec("[a-zA-Z 的好足球吉他,。!\\n😀']{0,40}", 0..12)) {
        let events: Vec<_> = texts.iter().map(|t| Event::new("me", t.clone())).collect();
        let d = document(&events, Some(&trained(None)));
        for share in d.interests.iter().flat_map(|i| [i.share, i.confidence]) {
            prop_assert!((0.0..=1.0 + 1e-6).contains(&share));
        }
        for e in &d.evidence {
            prop_assert!(events[e.event].text.get(e.start..e.end).is_some_and(|t| !t.is_empty()));
            prop_assert!(e.weight > 0.0 && !e.quote.is_empty());
        }
        let cited = d.interests.iter().flat_map(|i| &i.evidence).chain(&d.sentiment.evidence);
        let cited = cited.chain(d.keywords.iter().flat_map(|k| &k.evidence)).chain(&d.behavior.evidence);
        let mut cited: Vec<_> = cited.chain(d.languages.iter().flat_map(|l| &l.evidence)).copied().collect();
        cited.sort_unstable();
        prop_assert_eq!(cited, (0..d.evidence.len()).collect::<Vec<_>>());
        prop_assert_eq!(d, document(&events, Some(&trained(None))));
    }
}
