//! What several test modules start from.

use silhouette_model::Model;
use silhouette_privacy::{Mode, ReleaseParameters};
use silhouette_query::{dimension, layout};
use silhouette_round::Terms;
use silhouette_text::Event;
use silhouette_wire::manifest::{LocalTraining, Manifest, QueryKind};

/// A labelled text of one person.
pub(crate) fn event(text: &str, topic: &str) -> Event {
    let mut event = Event::new("me", text);
    event.extra.insert("topic".into(), topic.into());
    event
}

/// Six texts, three music and three sport, Chinese and English.
pub(crate) fn events() -> Vec<Event> {
    vec![
        event("the match ended with a late goal", "sport"),
        event("今天的足球比赛很精彩", "sport"),
        event("our team won the match", "sport"),
        event("the new guitar sounds warm", "music"),
        event("这首歌的吉他很好听", "music"),
        event("a concert with two guitar players", "music"),
    ]
}

/// Valid terms for a round of `model`.
pub(crate) fn manifest(model: &Model, round: u64, mode: Mode) -> Manifest {
    manifest_of(QueryKind::Train, model, round, mode)
}

/// The same of any kind of query.
pub(crate) fn manifest_of(query: QueryKind, model: &Model, round: u64, mode: Mode) -> Manifest {
    let p = ReleaseParameters::new(mode, dimension(query, model).unwrap(), 1.0, 2.0, 10, 2).unwrap();
    let terms = Terms {
        task: model.task().id().unwrap(),
        query,
        layout: layout(query, model).unwrap(),
        parameters: p,
        delta: 1e-6,
        max_participations: 100,
        min_separation: 1,
        deadline: 60_000,
        held_out: if query == QueryKind::Evaluate { 50 } else { 0 },
        training: LocalTraining { epochs: 2, batch: 4, learning_rate: 0.5, proximal_mu: 0.0, shuffled: true },
    };
    terms.manifest(round, model.content_hash().unwrap(), 3)
}
