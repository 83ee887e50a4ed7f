//! How the person writes.

use std::collections::HashMap;

use silhouette_text::{Event, Script, Segmenter, StopWords, Token, emoji};

use super::super::document::Style;

/// Words of a window over which variety is counted.
const WINDOW: usize = 100;

/// What a person's texts add up to.
#[derive(Default)]
struct Counts {
    texts: usize,
    words: usize,
    sentences: usize,
    exclamations: usize,
    questions: usize,
    emoji: usize,
    function_words: usize,
    letters: usize,
    capitals: usize,
}

pub(super) fn style(events: &[Event], texts: &[usize]) -> Option<Style> {
    let stop = StopWords::built_in();
    let mut counts = Counts::default();
    let mut variety = Variety::default();
    for &i in texts {
        counts.add(&events[i].text, &stop, &mut variety);
    }
    let per = |n: usize, of: usize| n as f64 / of.max(1) as f64;
    (counts.texts > 0).then(|| Style {
        words_per_text: per(counts.words, counts.texts),
        words_per_sentence: per(counts.words, counts.sentences),
        variety: 100.0 * variety.mean(),
        exclamations: 100.0 * per(counts.exclamations, counts.sentences),
        questions: 100.0 * per(counts.questions, counts.sentences),
        emoji: 100.0 * per(counts.emoji, counts.texts),
        function_words: per(counts.function_words, counts.words),
        capitals: per(counts.capitals, counts.letters),
    })
}

impl Counts {
    fn add(&mut self, text: &str, stop: &StopWords, variety: &mut Variety) {
        let tokens: Vec<Token<'_>> = Segmenter::default().tokens(text);
        self.texts += 1;
        self.words += tokens.len();
        self.function_words += tokens.iter().filter(|token| stop.contains(token.lower().as_ref())).count();
        tokens.iter().for_each(|token| variety.add(token.lower().as_ref()));
        let mut open = false;
        for c in text.chars() {
            match c {
                '.' | '。' | '!' | '！' | '?' | '？' | '\n' | '；' | ';' => {
                    // Several marks in a row end one sentence.
                    self.sentences += usize::from(std::mem::take(&mut open));
                    self.exclamations += usize::from(matches!(c, '!' | '！'));
                    self.questions += usize::from(matches!(c, '?' | '？'));
                }
                c if c.is_alphanumeric() => {
                    open = true;
                    let latin = Script::of(c) == Script::Latin && c.is_alphabetic();
                    self.letters += usize::from(latin);
                    self.capitals += usize::from(latin && c.is_uppercase());
                }
                _ => {}
            }
        }
        self.sentences += usize::from(open);
        self.emoji += emoji::find(text).len();
    }
}

/// The mean share of different words in windows of [`WINDOW`], moved on word by word.
#[derive(Default)]
struct Variety {
    window: std::collections::VecDeque<String>,
    counts: HashMap<String, usize>,
    sum: f64,
    windows: usize,
}

impl Variety {
    fn add(&mut self, word: &str) {
        self.window.push_back(word.to_owned());
        *self.counts.entry(word.to_owned()).or_default() += 1;
        if self.window.len() > WINDOW
            && let Some(old) = self.window.pop_front()
            && let Some(count) = self.counts.get_mut(&old)
        {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&old);
            }
        }
        if self.window.len() == WINDOW {
            self.sum += self.counts.len() as f64 / WINDOW as f64;
            self.windows += 1;
        }
    }

    fn mean(&self) -> f64 {
        match (self.windows, self.window.len()) {
            (0, 0) => 0.0,
            (0, words) => self.counts.len() as f64 / words as f64,
            (windows, _) => self.sum / windows as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Style {
        let events: Vec<_> = texts.iter().map(|t| Event::new("me", *t)).collect();
        style(&events, &(0..events.len()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn counts_are_those_of_the_texts() {
        let s = of(&["Great! Really great?! 😀👍", "NO"]);
        assert!((s.words_per_text - 2.0).abs() < 1e-9);
        assert!((s.words_per_sentence - 4.0 / 3.0).abs() < 1e-9);
        assert!((s.exclamations - 200.0 / 3.0).abs() < 1e-9 && (s.questions - 100.0 / 3.0).abs() < 1e-9);
        assert!((s.emoji - 100.0).abs() < 1e-9);
        assert!((s.variety - 75.0).abs() < 1e-9, "{}", s.variety);
        assert!((s.capitals - 4.0 / 18.0).abs() < 1e-9, "{}", s.capitals);
        assert_eq!(style(&[], &[]), None);
    }

    #[test]
    fn variety_does_not_fall_with_length() {
        let words: Vec<String> = (0..2000).map(|i| format!("w{}", i % 90)).collect();
        assert!((of(&[&words.join(" ")]).variety - 90.0).abs() < 1.0);
    }

    #[test]
    fn chinese_sentences_end_too() {
        let s = of(&["质量很好！物流快吗？"]);
        assert!((s.exclamations - 50.0).abs() < 1e-9 && (s.questions - 50.0).abs() < 1e-9);
    }
}
