//! How the texts feel: by the model's head named `sentiment`, else by the lexicon.

use silhouette_text::{Event, Lexicon, Segmenter};

use super::document::{LabelShare, Sentiment, SentimentSource};
use super::evidence::{Place, Witness};
use super::predict::{HeadView, Predictions, confidence};

mod course;

pub(super) use course::{aspects, trend};

/// The name of the head that judges sentiment where no plan names another.
pub(super) const HEAD: &str = "sentiment";

/// The field of the profile.
const FIELD: &str = "sentiment";

/// Beyond this a text counts as positive or negative for the model: a third of the scale each.
const MODEL_EDGE: f64 = 1.0 / 3.0;

/// The same for the lexicon, whose values are small: VADER's edge (Hutto and Gilbert 2014).
const LEXICON_EDGE: f64 = 0.05;

/// How sure a word list can be of a text it knows a word of.
const LEXICON_CERTAINTY: f64 = 0.6;

const POSITIVE: [&str; 8] = ["positive", "pos", "good", "正面", "积极", "正向", "好评", "喜欢"];
const NEUTRAL: [&str; 6] = ["neutral", "neu", "mixed", "中性", "中立", "中评"];
const NEGATIVE: [&str; 8] = ["negative", "neg", "bad", "负面", "消极", "负向", "差评", "讨厌"];

/// How the texts feel, with the feeling of each: by the model's head of this name where it can be placed on a scale,
/// else by the lexicon.
pub(super) fn sentiment(
    predictions: Option<&Predictions<'_>>,
    head: &str,
    events: &[Event],
    texts: &[usize],
    witness: &mut Witness<'_>,
) -> (Sentiment, Vec<f64>) {
    if let Some(view) = predictions.and_then(|predictions| predictions.head(head))
        && let Some(values) = valences(view.head.labels())
    {
        return by_model(&view, &values, witness);
    }
    by_lexicon(events, texts, witness)
}

fn by_model(view: &HeadView<'_>, values: &[f64], witness: &mut Witness<'_>) -> (Sentiment, Vec<f64>) {
    let expected: Vec<f64> =
        view.rows().map(|row| row.iter().zip(values).map(|(&p, v)| f64::from(p) * v).sum()).collect();
    let mut sentiment = summary(&expected, MODEL_EDGE, SentimentSource::Model);
    sentiment.confidence = confidence(view.rows().map(|row| view.certainty(row)));
    let labels = view.head.labels().iter().zip(view.shares());
    sentiment.labels = labels.map(|(label, share)| LabelShare { label: label.clone(), share }).collect();
    let likeliest = view.likeliest();
    for (label, &value) in values.iter().enumerate() {
        if value != 0.0 && likeliest.contains(&label) {
            sentiment.evidence.extend(witness.find(view, label, FIELD));
        }
    }
    (sentiment, expected)
}

fn by_lexicon(events: &[Event], texts: &[usize], witness: &mut Witness<'_>) -> (Sentiment, Vec<f64>) {
    let lexicon = Lexicon::built_in();
    let mut values = Vec::with_capacity(texts.len());
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for &event in texts {
        let text = &events[event].text;
        let words = lexicon.words_and_emoji(text, &Segmenter::default().tokens(text));
        values.push(f64::from(Lexicon::of_words(&words)));
        for word in words {
            let side = if word.weight > 0.0 { &mut good } else { &mut bad };
            side.push(Place { event, start: word.start, end: word.end, weight: f64::from(word.weight.abs()) });
        }
    }
    let mut sentiment = summary(&values, LEXICON_EDGE, SentimentSource::Lexicon);
    sentiment.confidence = confidence(values.iter().map(|&v| if v == 0.0 { 0.0 } else { LEXICON_CERTAINTY }));
    for (label, places) in [(POSITIVE[0], good), (NEGATIVE[0], bad)] {
        sentiment.evidence.extend(witness.quote(places, FIELD, label));
    }
    (sentiment, values)
}

/// Says nothing.
pub(super) fn silent(source: SentimentSource) -> Sentiment {
    summary(&[], LEXICON_EDGE, source)
}

fn summary(values: &[f64], edge: f64, source: SentimentSource) -> Sentiment {
    let n = values.len().max(1) as f64;
    let share = |of: fn(f64, f64) -> bool| values.iter().filter(|&&v| of(v, edge)).count() as f64 / n;
    let (positive, negative) = (share(|v, edge| v > edge), share(|v, edge| v < -edge));
    Sentiment {
        mean: (values.iter().sum::<f64>() / n).clamp(-1.0, 1.0),
        positive,
        negative,
        neutral: if values.is_empty() { 0.0 } else { (1.0 - positive - negative).max(0.0) },
        confidence: 0.0,
        source,
        labels: Vec::new(),
        trend: Vec::new(),
        aspects: Vec::new(),
        evidence: Vec::new(),
    }
}

/// What each label of a head that judges sentiment is worth, -1 to 1: by name, or by size where all are numbers. `None`
/// if a label can't be placed.
pub fn valences(labels: &[String]) -> Option<Vec<f64>> {
    let numbers: Option<Vec<f64>> = labels.iter().map(|l| l.parse().ok().filter(|v: &f64| v.is_finite())).collect();
    if let Some(numbers) = numbers {
        let min = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let max = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        return (max > min).then(|| numbers.iter().map(|v| 2.0 * (v - min) / (max - min) - 1.0).collect());
    }
    let named = |label: &String| {
        let label = label.trim().to_lowercase();
        let is = |names: &[&str]| names.contains(&label.as_str());
        if is(&POSITIVE) {
            Some(1.0)
        } else if is(&NEUTRAL) {
            Some(0.0)
        } else if is(&NEGATIVE) {
            Some(-1.0)
        } else {
            None
        }
    };
    labels.iter().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(labels: &[&str]) -> Option<Vec<f64>> {
        valences(&labels.iter().map(|&l| l.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn labels_are_placed_by_name_or_by_size() {
        assert_eq!(of(&["negative", "Neutral", "positive"]), Some(vec![-1.0, 0.0, 1.0]));
        assert_eq!(of(&["正面", "负面"]), Some(vec![1.0, -1.0]));
        assert_eq!(of(&["0", "1"]), Some(vec![-1.0, 1.0]));
        assert_eq!(of(&["1", "2", "3", "4", "5"]), Some(vec![-1.0, -0.5, 0.0, 0.5, 1.0]));
        assert_eq!(of(&["positive", "sarcastic"]), None);
        assert_eq!(of(&["1", "1"]), None);
    }
}
