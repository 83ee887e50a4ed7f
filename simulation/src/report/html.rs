//! Text that is safe to put into a page.

use std::fmt::Write;

/// The text with everything escaped that has a meaning in HTML, SVG or their attributes.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(' '),
            c if c.is_control() => {}
            c => safe.push(c),
        }
    }
    safe
}

/// Puts values into the slots `{0}`, `{1}` … of a template.
pub(super) fn fill(template: &str, values: &[&str]) -> String {
    let mut rest = template;
    let mut filled = String::with_capacity(template.len() + 32);
    while let Some((before, after)) = rest.split_once('{') {
        let (slot, tail) = after.split_once('}').unwrap_or((after, ""));
        let value = slot.parse::<usize>().ok().and_then(|slot| values.get(slot));
        filled.push_str(before);
        filled.push_str(value.copied().unwrap_or_default());
        rest = tail;
    }
    filled.push_str(rest);
    filled
}

/// About how wide the text is, in units of the font size.
fn width(text: &str) -> f64 {
    text.chars().map(char_width).sum()
}

fn char_width(c: char) -> f64 {
    if c.is_ascii() { 0.56 } else { 1.0 }
}

/// The text, shortened with an ellipsis to about `limit` times the font size.
pub(super) fn shorten(text: &str, limit: f64) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    let mut used = 1.0;
    let fits = |c: &char| {
        used += char_width(*c);
        used <= limit
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// A growing piece of SVG. Numbers get two decimals, which is finer than any screen.
#[derive(Debug)]
pub(super) struct Svg {
    body: String,
}

impl Svg {
    /// Opens a drawing; `label` says what it shows to those who cannot see it.
    pub(super) fn new(size: (f64, f64), label: &str) -> Self {
        let (width, height) = size;
        Self {
            body: format!("<svg viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" aria-label=\"{}\">", escape(label)),
        }
    }

    /// A straight line.
    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let (x1, y1, x2, y2) = (from.0, from.1, to.0, to.1);
        self.push(format_args!(
            "<line class=\"{class}\" x1=\"{x1:.2}\" y1=\"{y1:.2}\" x2=\"{x2:.2}\" y2=\"{y2:.2}\"/>"
        ));
    }

    /// A line through points.
    pub(super) fn path(&mut self, class: &str, points: &[(f64, f64)]) {
        self.push(format_args!("<polyline class=\"{class}\" points=\""));
        for (x, y) in points {
            self.push(format_args!("{x:.2},{y:.2} "));
        }
        self.push(format_args!("\"/>"));
    }

    /// A rectangle with a tooltip, which may be empty.
    pub(super) fn rect(&mut self, class: &str, at: (f64, f64), size: (f64, f64), tip: &str) {
        let (x, y, w, h) = (at.0, at.1, size.0, size.1);
        self.push(format_args!(
            "<rect class=\"{class}\" x=\"{x:.2}\" y=\"{y:.2}\" width=\"{w:.2}\" height=\"{h:.2}\">{}</rect>",
            title(tip)
        ));
    }

    /// A rectangle of the heat colour with the given strength.
    pub(super) fn heat(&mut self, strength: f64, at: (f64, f64), size: (f64, f64), tip: &str) {
        let (x, y, w, h) = (at.0, at.1, size.0, size.1);
        self.push(format_args!(
            "<rect class=\"heat\" fill-opacity=\"{strength:.3}\" x=\"{x:.2}\" y=\"{y:.2}\" width=\"{w:.2}\" height=\"{h:.2}\">{}</rect>",
            title(tip)
        ));
    }

    /// A dot with a larger invisible one around it, so that the tooltip is easy to reach.
    pub(super) fn dot(&mut self, class: &str, at: (f64, f64), tip: &str) {
        let (x, y) = at;
        self.push(format_args!(
            "<g class=\"dot {class}\"><circle class=\"hit\" cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"8\"/><circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"2.6\"/>{}</g>",
            title(tip)
        ));
    }

    /// An error bar: an upright line with a short one across each end.
    pub(super) fn whisker(&mut self, class: &str, x: f64, from: f64, to: f64) {
        self.line(class, (x, from), (x, to));
        for y in [from, to] {
            self.line(class, (x - 4.0, y), (x + 4.0, y));
        }
    }

    /// Text; the class sets the anchor.
    pub(super) fn text(&mut self, class: &str, at: (f64, f64), text: &str) {
        let (x, y) = at;
        self.push(format_args!("<text class=\"{class}\" x=\"{x:.2}\" y=\"{y:.2}\">{}</text>", escape(text)));
    }

    /// Text that reads upwards, centred on its point.
    pub(super) fn text_upwards(&mut self, class: &str, at: (f64, f64), text: &str) {
        let (x, y) = at;
        self.push(format_args!(
            "<text class=\"{class}\" transform=\"translate({x:.2} {y:.2}) rotate(-90)\">{}</text>",
            escape(text)
        ));
    }

    /// Closes the drawing.
    pub(super) fn finish(self) -> String {
        self.body + "</svg>"
    }

    fn push(&mut self, piece: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.body.write_fmt(piece);
    }
}

fn title(tip: &str) -> String {
    if tip.is_empty() {
        return String::new();
    }
    format!("<title>{}</title>", escape(tip))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_active_survives() {
        assert_eq!(
            escape("<script>alert('1\"&')</script>\u{0}\u{7}"),
            "&lt;script&gt;alert(&#39;1&quot;&amp;&#39;)&lt;/script&gt;"
        );
    }

    #[test]
    fn slots_are_filled_once() {
        assert_eq!(fill("{1} of {0}{2}", &["{1}", "b"]), "b of {1}");
    }

    #[test]
    fn long_labels_are_cut() {
        assert_eq!(shorten("film", 4.0), "film");
        assert_eq!(shorten("very long label", 4.0), "very …");
        assert_eq!(shorten("非常长的标签", 4.0), "非常长…");
    }
}
