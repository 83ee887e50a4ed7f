//! A place in a text with a little around it, cut where a reader would cut: between words.
//!
//! Words are those of the segmenter, so a Chinese quote never begins or ends inside a word. Lengths
//! are counted in columns, two for a Chinese character, so that both scripts get the same room.

use silhouette_text::Segmenter;

/// Columns quoted on either side of a place.
const AROUND: usize = 24;

/// Most columns of a quote; only a place that is itself long comes near it.
const LONGEST: usize = 96;

/// Characters on either side that are cut into words: more than [`AROUND`] can reach, and a bound on
/// the work for a long text.
const WINDOW: usize = 96;

/// The first columns of a text that are shown where the whole text is the evidence.
const OPENING: usize = 40;

fn width(text: &str) -> usize {
    // From U+2E80 on, scripts are wide, bar a few.
    text.chars().map(|c| if c < '\u{2e80}' { 1 } else { 2 }).sum()
}

/// Whether a sentence ends in what lies between two words.
fn ends_sentence(between: &str) -> bool {
    between.contains(['。', '！', '？', '；', '!', '?', ';', '\n', '…']) || between.trim_end().ends_with('.')
}

/// The place from byte `start` to byte `end`, widened to whole words, with the words around it that
/// have room and belong to the same sentence. `…` stands where the sentence goes on.
pub(super) fn quote(text: &str, start: usize, end: usize) -> String {
    let low = text[..start].char_indices().rev().take(WINDOW).last().map_or(start, |(i, _)| i);
    let high = text[end..].char_indices().nth(WINDOW).map_or(text.len(), |(i, _)| end + i);
    let words: Vec<(usize, usize)> =
        Segmenter::default().tokens(&text[low..high]).iter().map(|t| (low + t.start, low + t.end)).collect();
    let inside = || words.iter().filter(|&&(a, b)| a < end && start < b);
    let start = inside().map(|w| w.0).min().unwrap_or(start).min(start);
    let end = inside().map(|w| w.1).max().unwrap_or(end).max(end);

    let (mut from, mut to) = (start, end);
    let mut goes_on = false;
    for &(a, b) in words.iter().rev().filter(|w| w.1 <= start) {
        if ends_sentence(&text[b..from]) {
            break;
        }
        if width(&text[a..start]) > AROUND {
            goes_on = true;
            break;
        }
        from = a;
    }
    let before = if goes_on || (from == low && low > 0) { "…" } else { "" };
    goes_on = false;
    for &(a, b) in words.iter().filter(|w| w.0 >= end) {
        if ends_sentence(&text[to..a]) {
            break;
        }
        if width(&text[end..b]) > AROUND {
            goes_on = true;
            break;
        }
        to = b;
    }
    // A sentence that is quoted to its end keeps its mark.
    let mark = text[to..].chars().next().filter(|c| !goes_on && ".。!！?？".contains(*c)).map_or(0, char::len_utf8);
    let after = if goes_on || (to == high && high < text.len()) { "…" } else { "" };
    bounded(before, &text[from..to + mark], after)
}

/// The words a text begins with: the byte after them. The whole text if it is short; never nothing
/// if there is anything but white space.
pub(super) fn opening(text: &str) -> (usize, usize) {
    let start = text.len() - text.trim_start().len();
    let high = text[start..].char_indices().nth(WINDOW).map_or(text.len(), |(i, _)| start + i);
    let mut end = start;
    for token in Segmenter::default().tokens(&text[start..high]) {
        let last = start + token.end;
        if width(&text[start..last]) > OPENING {
            break;
        }
        end = last;
    }
    if end == start {
        // No words, or one that is too long: the first characters then.
        let columns = OPENING / 2;
        end = text[start..]
            .char_indices()
            .nth(columns)
            .map_or_else(|| start + text[start..].trim_end().len(), |(i, _)| start + i);
    }
    (start, end)
}

/// White space folded; cut hard only where a single word is longer than a quote may be.
fn bounded(before: &str, words: &str, after: &str) -> String {
    let folded = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut columns = 0;
    let cut = folded.char_indices().find(|&(_, c)| {
        columns += if c < '\u{2e80}' { 1 } else { 2 };
        columns > LONGEST
    });
    match cut {
        Some((at, _)) => format!("{before}{}…", &folded[..at]),
        None => format!("{before}{folded}{after}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str, place: &str) -> String {
        let start = text.find(place).unwrap();
        quote(text, start, start + place.len())
    }

    #[test]
    fn a_quote_is_cut_between_words() {
        let text = "Spent the weekend automating the lights at the development office with two colleagues.";
        assert_eq!(of(text, "lights"), "…weekend automating the lights at the development…");
        assert_eq!(
            of(text, "omating the li"),
            "…Spent the weekend automating the lights at the development…".replacen('…', "", 1)
        );
        assert_eq!(of(text, "colleagues"), "…development office with two colleagues.".replace("development ", ""));
    }

    #[test]
    fn a_chinese_quote_is_cut_between_words_too() {
        let text = "昨天和朋友一起去看了一场非常精彩的足球比赛，大家都很开心";
        let quote = of(text, "足球");
        assert!(quote.starts_with('…') && quote.ends_with("足球比赛，大家都很开心"), "{quote}");
        // Half of 足球 is widened to the word.
        assert_eq!(of(text, "球"), quote);
        let words = Segmenter::default().tokens(text);
        let first = text.find(quote.trim_start_matches('…')).unwrap();
        assert!(words.iter().any(|t| t.start == first));
    }

    #[test]
    fn a_quote_stays_in_its_sentence() {
        assert_eq!(of("质量不好。但是味道很好！下次再来", "味道"), "但是味道很好！");
        assert_eq!(of("It broke. The sound is great! Bye", "sound"), "The sound is great!");
        assert_eq!(of("a   b\t c", "b"), "a b c");
    }

    #[test]
    fn an_opening_is_whole_words() {
        let of = |text: &'static str| &text[opening(text).0..opening(text).1];
        assert_eq!(of("  short one "), "short one");
        assert_eq!(of("Spent the whole weekend automating the lights"), "Spent the whole weekend automating the");
        assert_eq!(of("!!! 😀"), "!!! 😀");
        assert_eq!(of(""), "");
    }

    proptest! {
        #[test]
        fn any_place_gives_a_bounded_quote_that_holds_it(
            text in "[a-zA-Z 的好足球吉他,。!\\n😀'é]{1,200}", a in 0_usize..200, b in 0_usize..200,
        ) {
            let at: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
            let (a, b) = (at[a % at.len()], at[b % at.len()]);
            let (a, b) = (a.min(b), a.max(b));
            let quote = quote(&text, a, b);
            prop_assert!(width(&quote) <= LONGEST + 4);
            let place = text[a..b].split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assert!(quote.contains(&place) || width(&place) > LONGEST - 3 * AROUND, "{quote:?} {place:?}");
        }

        #[test]
        fn no_word_is_cut(words in prop::collection::vec("[a-z]{1,12}", 1..30), pick in 0_usize..30) {
            let text = words.join(" ");
            let start = words[..pick % words.len()].iter().map(|w| w.len() + 1).sum::<usize>();
            let quote = quote(&text, start, start + words[pick % words.len()].len());
            for word in quote.trim_matches('…').split(' ') {
                prop_assert!(words.iter().any(|w| w == word), "{quote:?}");
            }
        }

        #[test]
        fn an_opening_is_a_place(text in "\\PC{0,120}") {
            let (start, end) = opening(&text);
            prop_assert!(text.get(start..end).is_some());
            prop_assert_eq!(end == start, text.trim().is_empty());
        }
    }
}
