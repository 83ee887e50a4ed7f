//! Tags and entities.

mod entity;

use super::CleanReport;

/// Longest tag, in bytes. What runs on longer without an end is not markup.
const MAX_TAG: usize = 2_048;

/// Tags inside a word or sentence: they leave no gap, all others leave a space.
const INLINE: [&str; 22] = [
    "a", "abbr", "b", "big", "bdi", "bdo", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "mark", "q", "s",
    "small", "span", "strong", "sub", "u",
];

/// Tags whose content is not text.
const NOT_TEXT: [&str; 2] = ["script", "style"];

/// Drops the tags and decodes the entities; `None` where there are none.
pub(super) fn strip(text: &str, report: &mut CleanReport) -> Option<String> {
    let mut at = text.find(['<', '&'])?;
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    // Where a search for the end of a script failed once, it fails for the rest of the text.
    let mut unclosed = [false; NOT_TEXT.len()];
    loop {
        let rest = &text[at..];
        if let Some(tag) = tag(rest, &mut unclosed) {
            out.push_str(&text[from..at]);
            out.push_str(tag.gap);
            report.tags += 1;
            from = at + tag.length;
            at = from;
        } else if let Some((decoded, length)) = entity::decode(rest) {
            out.push_str(&text[from..at]);
            out.push(decoded);
            report.entities += 1;
            from = at + length;
            at = from;
        } else {
            at += 1;
        }
        match text[at..].find(['<', '&']) {
            Some(next) => at += next,
            None => break,
        }
    }
    if from == 0 {
        return None;
    }
    out.push_str(&text[from..]);
    Some(out)
}

struct Tag {
    length: usize,
    gap: &'static str,
}

/// The tag, comment, or script at the start of `rest`.
fn tag(rest: &str, unclosed: &mut [bool; NOT_TEXT.len()]) -> Option<Tag> {
    let bytes = rest.as_bytes();
    if bytes[0] != b'<' {
        return None;
    }
    let first = *bytes.get(1)?;
    if !first.is_ascii_alphabetic() && !matches!(first, b'/' | b'!' | b'?') {
        return None;
    }
    if let Some(comment) = rest.strip_prefix("<!--") {
        let window = comment.as_bytes();
        let window = &window[..window.len().min(MAX_TAG)];
        if let Some(end) = find(window, b"-->") {
            return Some(Tag { length: "<!--".len() + end + "-->".len(), gap: " " });
        }
    }
    // A second `<` before the end means that the first one was not a tag.
    let window = &bytes[1..bytes.len().min(MAX_TAG)];
    let end = window.iter().position(|byte| matches!(byte, b'<' | b'>'))?;
    if window[end] != b'>' {
        return None;
    }
    let mut length = 1 + end + 1;
    let name = name(&rest[1..=end]);
    if let Some(index) = NOT_TEXT.iter().position(|tag| name.eq_ignore_ascii_case(tag))
        && first != b'/'
    {
        length += content(&bytes[length..], NOT_TEXT[index], &mut unclosed[index]);
    }
    let inline = INLINE.iter().any(|tag| name.eq_ignore_ascii_case(tag));
    Some(Tag { length, gap: if inline { "" } else { " " } })
}

/// Length of the content up to the closing tag; nothing where there is none, since a person may
/// write about a tag.
fn content(after: &[u8], tag: &str, unclosed: &mut bool) -> usize {
    if *unclosed {
        return 0;
    }
    let mut at = 0;
    while let Some(next) = find(&after[at..], b"</") {
        at += next;
        let closes = after[at + 2..].get(..tag.len()).is_some_and(|name| name.eq_ignore_ascii_case(tag.as_bytes()));
        if closes {
            return at;
        }
        at += 2;
    }
    *unclosed = true;
    0
}

fn name(inside: &str) -> &str {
    let inside = inside.strip_prefix('/').unwrap_or(inside);
    let end = inside.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inside.len());
    &inside[..end]
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(text: &str) -> String {
        strip(text, &mut CleanReport::default()).unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn drops_markup_and_keeps_comparisons() {
        for (text, rest) in [
            ("a<br>b", "a b"),
            ("很<B class='x'>好</B>", "很好"),
            ("x<!-- a > b -->y", "x y"),
            ("x<STYLE type=a>b{c:d}</style >y", "x  y"),
            ("a<script>1</b></script>z", "a  z"),
            ("an open <script> tag", "an open   tag"),
            ("a<b and c", "a<b and c"),
            ("a < b > c", "a < b > c"),
            ("<3 <- <", "<3 <- <"),
            ("<url> <num>", "   "),
            ("<a href=\"é好\">链接</a>", "链接"),
        ] {
            assert_eq!(stripped(text), rest, "{text}");
        }
    }

    #[test]
    fn too_long_a_tag_is_text() {
        let text = format!("<b {}>", "x".repeat(MAX_TAG));
        assert_eq!(stripped(&text), text);
    }
}
