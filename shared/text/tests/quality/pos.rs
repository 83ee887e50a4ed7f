//! Parts of speech.

use silhouette_text::pos;

use super::{Row, data};

/// The letters of the labelled sets.
fn name(letter: &str) -> Option<&'static str> {
    Some(match letter {
        "A" => "ADJ",
        "C" => "CCONJ",
        "D" => "DET",
        "E" => "PROPN",
        "I" => "INTJ",
        "M" => "NUM",
        "N" => "NOUN",
        "O" => "PRON",
        "P" => "ADP",
        "R" => "ADV",
        "S" => "SCONJ",
        "T" => "PART",
        "U" => "AUX",
        "V" => "VERB",
        _ => return None,
    })
}

/// Labelled words, and how many of them have the right tag at the right place.
pub fn accuracy(language: &str) -> (usize, usize) {
    let show = std::env::var_os("SILHOUETTE_SHOW_ERRORS").is_some();
    let gap = if language == "zh" { "" } else { " " };
    let (mut count, mut right) = (0, 0);
    for line in data(&format!("pos.{language}.txt")).lines() {
        let mut text = String::new();
        let mut labels = Vec::new();
        for piece in line.split(' ') {
            let (word, label) = piece.rsplit_once('/').unwrap_or((piece, ""));
            // Unlabelled marks before a Chinese word stand in one piece with it.
            let marks = word.len() - word.trim_start_matches(|c: char| !c.is_alphanumeric()).len();
            let start = text.len() + if name(label).is_some() { marks } else { 0 };
            text.push_str(word);
            labels.extend(name(label).map(|name| (start, text.len(), name)));
            text.push_str(gap);
        }
        let tagged = pos::tag(&text);
        for (start, end, label) in labels {
            count += 1;
            let found = tagged.iter().find(|word| (word.start, word.end) == (start, end)).map(|word| word.pos.name());
            right += usize::from(found == Some(label));
            if show && found != Some(label) {
                eprintln!("wrong pos {} {label} {found:?}: {text}", &text[start..end]);
            }
        }
    }
    (count, right)
}

/// The table.
pub fn rows() -> Vec<Row> {
    let row = |language: &str| {
        let (count, right) = accuracy(language);
        let figures = vec![("n", count as f64), ("accuracy", right as f64 / count as f64)];
        Row { set: format!("pos {language}"), kind: "words".to_owned(), figures }
    };
    vec![row("zh"), row("en")]
}
