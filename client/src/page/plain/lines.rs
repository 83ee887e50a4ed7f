//! Growing lines of a known width.

use super::Marks;
use super::columns::{clean, fit, width, wrap};

/// Columns to the left of everything under a heading.
const MARGIN: usize = 2;

pub(super) struct Lines {
    pub(super) width: usize,
    pub(super) marks: Marks,
    text: String,
}

impl Lines {
    pub(super) fn new(width: usize, marks: Marks) -> Self {
        Self { width, marks, text: String::new() }
    }

    /// One line as it is; the caller has seen to its width and its marks.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// A text as it is written here.
    fn written(&self, text: &str) -> String {
        self.marks.write(&clean(text))
    }

    /// A heading with a rule to the end of the line.
    pub(super) fn heading(&mut self, name: &str) {
        let name = fit(name, width(name).min(self.width - 4), self.marks.cut());
        let rule = self.marks.rule().repeat(self.width - width(&name) - 1);
        self.line("");
        self.line(&format!("{name} {rule}"));
    }

    /// A text in as many lines as it needs.
    pub(super) fn text(&mut self, indent: usize, text: &str) {
        let room = self.width - MARGIN - indent;
        for line in wrap(&self.written(text), room) {
            self.line(&format!("{}{line}", " ".repeat(MARGIN + indent)));
        }
    }

    /// A name in its own columns and a text beside it, the further lines under the text.
    pub(super) fn pair(&mut self, name: &str, value: &str) {
        let names = (self.width / 3).min(26);
        let room = self.width - MARGIN - names - 2;
        let mut name = fit(&self.written(name), names, self.marks.cut());
        for line in wrap(&self.written(value), room) {
            self.line(&format!("{}{name}  {line}", " ".repeat(MARGIN)));
            name = " ".repeat(names);
        }
    }

    /// A name, a drawing as wide as `columns` says, and remarks that are cut where the line ends.
    pub(super) fn row(&mut self, depth: usize, name: &str, drawn: &str, remarks: &str) {
        let names = (self.width * 3 / 10).min(30);
        let indent = (2 * depth).min(8);
        let name = fit(&self.written(name), names - indent, self.marks.cut());
        let left = format!("{}{name}  {drawn}  ", " ".repeat(MARGIN + indent));
        let room = self.width.saturating_sub(width(&left));
        let remarks = self.written(remarks);
        let remarks = if width(&remarks) > room { fit(&remarks, room, self.marks.cut()) } else { remarks };
        self.line(&format!("{left}{remarks}"));
    }

    /// Columns for the drawing of a [`Lines::row`].
    pub(super) fn drawing(&self) -> usize {
        (self.width / 4).clamp(8, 28)
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}
