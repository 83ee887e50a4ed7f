//! Character references.

/// The names met in ordinary text; the several thousand others of the standard are not.
const NAMED: [(&str, char); 40] = [
    ("amp", '&'),
    ("apos", '\''),
    ("bull", '•'),
    ("cent", '¢'),
    ("copy", '©'),
    ("deg", '°'),
    ("divide", '÷'),
    ("eacute", 'é'),
    ("egrave", 'è'),
    ("emsp", ' '),
    ("ensp", ' '),
    ("euro", '€'),
    ("frac12", '½'),
    ("frac14", '¼'),
    ("gt", '>'),
    ("hellip", '…'),
    ("laquo", '«'),
    ("larr", '←'),
    ("ldquo", '“'),
    ("lsaquo", '‹'),
    ("lsquo", '‘'),
    ("lt", '<'),
    ("mdash", '—'),
    ("middot", '·'),
    ("nbsp", ' '),
    ("ndash", '–'),
    ("para", '¶'),
    ("plusmn", '±'),
    ("pound", '£'),
    ("quot", '"'),
    ("raquo", '»'),
    ("rarr", '→'),
    ("rdquo", '”'),
    ("reg", '®'),
    ("rsaquo", '›'),
    ("rsquo", '’'),
    ("sect", '§'),
    ("times", '×'),
    ("trade", '™'),
    ("yen", '¥'),
];

/// Longest reference looked at, in bytes after the ampersand.
const MAX_REFERENCE: usize = 10;

/// The character that the reference at the start of `rest` stands for, and the reference's length.
///
/// `&amp;amp;lt;`, escaped more than once, is one reference: decoding it layer by layer would take
/// a pass for each.
pub(super) fn decode(rest: &str) -> Option<(char, usize)> {
    let mut at = rest.strip_prefix('&').map(|_| 1)?;
    while let Some(layer) =
        ["amp;", "#38;", "#x26;", "#X26;"].iter().find(|layer| rest.as_bytes()[at..].starts_with(layer.as_bytes()))
    {
        at += layer.len();
    }
    let inner = &rest[at..];
    let window = &inner.as_bytes()[..inner.len().min(MAX_REFERENCE)];
    let decoded = window
        .iter()
        .position(|&byte| byte == b';')
        .and_then(|end| inner.get(..end).and_then(reference).map(|c| (c, at + end + 1)));
    match decoded {
        Some(decoded) => Some(decoded),
        // Only layers: what they stand for is the ampersand itself.
        None if at > 1 => Some(('&', at)),
        None => None,
    }
}

fn reference(name: &str) -> Option<char> {
    let Some(number) = name.strip_prefix('#') else {
        return NAMED.iter().find(|(known, _)| *known == name).map(|&(_, c)| c);
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) if hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => u32::from_str_radix(hex, 16).ok()?,
        None if number.bytes().all(|byte| byte.is_ascii_digit()) => number.parse().ok()?,
        _ => return None,
    };
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_names_numbers_and_layers() {
        for (text, decoded) in [
            ("&amp;", Some(('&', 5))),
            ("&lt;b", Some(('<', 4))),
            ("&nbsp;", Some((' ', 6))),
            ("&#20320;", Some(('你', 8))),
            ("&#x4F60;", Some(('你', 8))),
            ("&amp;amp;lt;", Some(('<', 12))),
            ("&amp;#38;x", Some(('&', 9))),
            ("&#xD800;", None),
            ("&#;", None),
            ("&#+1;", None),
            ("& b;", None),
            ("&unknown;", None),
            ("&你好;", None),
            ("x", None),
        ] {
            assert_eq!(decode(text), decoded, "{text}");
        }
    }
}
