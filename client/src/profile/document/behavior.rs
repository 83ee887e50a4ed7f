//! What the person did and when.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The mean of a head that predicts a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScoreMean {
    /// The head's name.
    pub head: String,
    /// The mean, on the head's own scale.
    pub mean: f64,
    /// The scale's ends.
    pub range: (f32, f32),
}

/// What the person did and when.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Behavior {
    /// All events.
    pub events: usize,
    /// Those with a text.
    pub texts: usize,
    /// Events by kind.
    pub kinds: BTreeMap<String, usize>,
    /// Mean length of a text, in characters.
    pub mean_length: f64,
    /// Mean rating given, where there are ratings.
    pub mean_rating: Option<f64>,
    /// Events with a time; the figures below are of these.
    pub timed: usize,
    /// The first, in unix seconds.
    pub first: Option<i64>,
    /// The last.
    pub last: Option<i64>,
    /// Events by hour of the day in UTC, 0 to 23; empty without times.
    pub hours: Vec<usize>,
    /// Events by day of the week in UTC, Monday first; empty without times.
    pub weekdays: Vec<usize>,
    /// Up to three busiest hours, busiest first.
    pub busiest_hours: Vec<u8>,
    /// Events a week between the first and the last; a span under a week counts as one.
    pub events_per_week: Option<f64>,
    /// Means of the heads that predict numbers.
    pub scores: Vec<ScoreMean>,
    /// Days from the last event to the making of the profile.
    pub recency_days: Option<f64>,
    /// What was spent, where purchases have prices.
    pub value: Option<Value>,
    /// Bouts of activity, where events have times.
    pub sessions: Option<Sessions>,
    /// What the events are about by their own category, most events first.
    pub categories: Vec<CategoryShare>,
    /// Share of events about an item that an earlier event was about too, where events name items.
    pub repeat_rate: Option<f64>,
    /// How ratings lean, where there are ratings.
    pub rating_bias: Option<RatingBias>,
    /// The category that comes next, where the order of categories is known.
    pub next_category: Option<NextCategory>,
    /// When the person comes back, where events have times.
    pub return_time: Option<ReturnTime>,
    /// How the person writes; absent without texts.
    pub style: Option<Style>,
    /// Whom the person mentions.
    pub social: Social,
    /// Places in [`ProfileDocument::evidence`](super::ProfileDocument::evidence): of the busiest hours and day, and of
    /// the ratings.
    pub evidence: Vec<usize>,
}

/// What was spent: the fields `price` or `amount` of purchases, times `quantity` where there is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Value {
    /// Purchases with a price.
    pub purchases: usize,
    /// Their sum, in the data's own unit.
    pub total: f64,
    /// The mean of a purchase.
    pub mean: f64,
}

/// Bouts of activity: events less than half an hour apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// How many.
    pub count: usize,
    /// Mean events of one.
    pub mean_events: f64,
    /// Mean minutes from its first event to its last.
    pub mean_minutes: f64,
}

/// One category of events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoryShare {
    /// The category, as the events name it.
    pub category: String,
    /// Its events.
    pub events: usize,
    /// Their share of the events that have a category.
    pub share: f64,
    /// The mean of its ratings, where it has any.
    pub mean_rating: Option<f64>,
}

/// How ratings lean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RatingBias {
    /// Ratings given.
    pub ratings: usize,
    /// Their standard deviation; 0 for somebody who always gives the same.
    pub deviation: f64,
    /// Share of the ratings that are the person's highest one.
    pub highest: f64,
    /// Share of the ratings that are the person's lowest one.
    pub lowest: f64,
}

/// What comes next, by the person's own habits: a chain of order one over categories, each row smoothed by the mix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextCategory {
    /// The likeliest.
    pub category: String,
    /// How likely.
    pub probability: f64,
    /// How often the chain, asked before each event of the past, named the right one.
    pub hit_rate: f64,
    /// How often the most frequent category so far would have been right.
    pub baseline: f64,
}

/// When the person comes back, by the gaps between their sessions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnTime {
    /// Half of the gaps are shorter, in days.
    pub median_days: f64,
    /// Nine of ten are shorter, in days.
    pub longest_days: f64,
    /// When the next session is due: the last event and a median gap, in unix seconds.
    pub due: i64,
    /// How unusual the silence since the last event is: the share of gaps that were shorter, with one shorter and one
    /// longer one added. Near 1, the person may not come back.
    pub churn: f64,
}

/// How the person writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Style {
    /// Mean words of a text.
    pub words_per_text: f64,
    /// Mean words of a sentence.
    pub words_per_sentence: f64,
    /// Different words in a hundred, over windows of a hundred (moving-average type-token ratio, Covington and McFall
    /// 2010); of all words where there are fewer.
    pub variety: f64,
    /// Exclamation marks in a hundred sentences.
    pub exclamations: f64,
    /// Questions in a hundred sentences.
    pub questions: f64,
    /// Emoji in a hundred texts.
    pub emoji: f64,
    /// Share of the words that are stop words.
    pub function_words: f64,
    /// Share of the Latin letters that are capitals.
    pub capitals: f64,
}

/// Whom the person mentions. Names stay in this document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Social {
    /// Different people mentioned with an at sign.
    pub people: usize,
    /// Share of events that are replies.
    pub replies: f64,
    /// The closest, most mentioned first.
    pub ties: Vec<Tie>,
}

/// One person who is mentioned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tie {
    /// As they are mentioned, without the at sign.
    pub name: String,
    /// Texts that mention them.
    pub texts: usize,
    /// Their share of all mentions.
    pub strength: f64,
}
