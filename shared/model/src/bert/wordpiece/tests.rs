use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::{Normaliser, WordPiece};

const UNICODE: &str = include_str!("../../../tests/golden/unicode.json");

fn normaliser(lower: bool) -> Normaliser {
    Normaliser { clean: true, chinese: true, accents: lower, lower }
}

/// A vocabulary of these pieces, whose ids are their places.
fn vocabulary(pieces: &[&str]) -> WordPiece {
    let all: HashMap<String, u32> = (0..).zip(pieces).map(|(id, piece)| ((*piece).to_owned(), id)).collect();
    let continuations = all.iter().filter_map(|(p, id)| Some((p.strip_prefix("##")?.to_owned(), *id))).collect();
    WordPiece {
        normaliser: normaliser(true),
        continuations,
        named: vec![("[SEP]".into(), 2), ("[SEP][SEP]".into(), 3)],
        longest_word: 100,
        longest_piece: 20,
        first: 1,
        last: 2,
        unknown: 0,
        starts: all,
    }
}

#[test]
fn every_character_is_treated_as_the_reference_treats_it() {
    let golden: HashMap<String, Vec<String>> = serde_json::from_str(UNICODE).unwrap();
    for (name, lower) in [("lower", true), ("kept", false)] {
        let wrong: Vec<usize> = golden[name]
            .iter()
            .enumerate()
            .filter(|(block, expected)| {
                let points = (*block as u32 * 4096..).take(4096).filter_map(char::from_u32);
                let mut words = String::new();
                for c in points {
                    words += &words_of(&normaliser(lower).apply(&format!("a{c}b"))).join(" ");
                    words.push('\n');
                }
                let hash = Sha256::digest(words.as_bytes());
                let hash: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
                hash != **expected
            })
            .map(|(block, _)| block)
            .collect();
        assert!(wrong.is_empty(), "{name}: blocks of 4096 characters {wrong:x?}");
    }
}

/// What [`WordPiece`] takes for words.
fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    super::each_word(text, |word| {
        words.push(word.to_owned());
        true
    });
    words
}

#[test]
fn the_longest_piece_goes_first_and_a_gap_makes_the_word_unknown() {
    let v = vocabulary(&["[UNK]", "[CLS]", "[SEP]", "x", "un", "unk", "##n", "##known", "##now", "."]);
    // "unk" is longer than "un", after which nothing goes on with "ow".
    assert_eq!(v.encode("unkn unknow unkx. unn", 11), [1, 5, 6, 5, 8, 0, 9, 4, 6, 2]);
}

#[test]
fn a_text_ends_where_its_room_ends() {
    let v = vocabulary(&["[UNK]", "[CLS]", "[SEP]", "x", "a", "##a"]);
    assert_eq!(v.encode("aaa aaa", 5), [1, 4, 5, 5, 2]);
    assert_eq!(v.encode("aaa aaa", 2), [1, 2]);
    assert_eq!(v.encode("", 5), [1, 2]);
}

#[test]
fn of_names_that_begin_together_the_longest_counts() {
    let v = vocabulary(&["[UNK]", "[CLS]", "[SEP]", "x", "a"]);
    assert_eq!(v.encode("a[SEP][SEP]a[SEP] a", 9), [1, 4, 3, 4, 2, 4, 2]);
}
