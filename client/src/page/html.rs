//! Text that is safe to put into a page.

/// Marks that turn the direction of what follows, or make it look like something else: the controls of the
/// bidirectional algorithm (UAX 9), and the tag characters.
pub(super) fn turns(c: char) -> bool {
    matches!(c,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// The text with everything escaped that has a meaning in HTML, SVG or their attributes, and without what has one for
/// the direction of text. For attributes and for SVG, which know no [`data`].
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '`' => safe.push_str("&#96;"),
            '\n' | '\t' | '\r' | '\u{2028}' | '\u{2029}' => safe.push(' '),
            c if c.is_control() || turns(c) => {}
            c => safe.push(c),
        }
    }
    safe
}

/// A text that came with the data: escaped, and kept apart from the direction of the words around it.
pub(super) fn data(text: &str) -> String {
    format!("<bdi>{}</bdi>", escape(text))
}

/// A template with texts in its slots. The template is one of ours, the values are HTML.
pub(super) fn filled(template: &str, values: &[&str]) -> String {
    super::words::fill(&escape(template), values)
}

/// A small label.
pub(super) fn badge(class: &str, text: &str) -> String {
    format!("<span class=\"badge {class}\">{}</span>", escape(text))
}

/// Words for those who can't see what stands beside them.
pub(super) fn aside(text: &str) -> String {
    format!("<span class=\"aside\">{}</span>", escape(text))
}

/// A card around HTML; nothing around nothing.
pub(super) fn card(class: &str, title: &str, inside: &str) -> String {
    if inside.is_empty() {
        return String::new();
    }
    let title = if title.is_empty() { String::new() } else { format!("<h3>{title}</h3>") };
    format!("<div class=\"card {class}\">{title}{inside}</div>")
}

/// A section of the page around HTML; nothing around nothing.
pub(super) fn section(id: &str, title: &str, inside: &str) -> String {
    if inside.is_empty() {
        return String::new();
    }
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-h\"><h2 id=\"{id}-h\">{}</h2>{inside}</section>\n",
        escape(title)
    )
}

/// Rows of names and values, both HTML already.
pub(super) fn pairs(rows: &[(String, String)]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let row = |(name, value): &(String, String)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>");
    format!("<dl class=\"pairs\">{}</dl>", rows.iter().map(row).collect::<String>())
}

/// Something folded away.
pub(super) fn folded(summary: &str, inside: &str) -> String {
    format!("<details><summary>{summary}</summary>{inside}</details>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_active_survives() {
        assert_eq!(
            escape("<script>alert('1\"&`')</script>\u{0}\u{7}\u{1b}[31m"),
            "&lt;script&gt;alert(&#39;1&quot;&amp;&#96;&#39;)&lt;/script&gt;[31m"
        );
    }

    #[test]
    fn no_text_turns_what_follows_it() {
        let turned = "a\u{202e}b\u{2066}c\u{200f}d\u{61c}e\u{feff}";
        assert_eq!(data(turned), "<bdi>abcde</bdi>");
        // What joins emoji and shapes letters stays.
        assert_eq!(escape("👩\u{200d}🔬 ن\u{200c}م"), "👩\u{200d}🔬 ن\u{200c}م");
    }
}
