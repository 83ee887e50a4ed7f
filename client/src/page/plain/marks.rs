//! Bars, strips and sparklines of characters.

use super::super::number::unit;
use super::Marks;

const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII_STEPS: [char; 8] = ['.', ':', '-', '=', '+', '*', '%', '#'];

impl Marks {
    /// A bar of `columns` at most, and spaces after it. Something is never nothing.
    pub(super) fn bar(self, share: f64, columns: usize) -> String {
        let share = unit(share);
        let bar: String = match self {
            Self::Ascii => {
                let long = (share * columns as f64).round() as usize;
                "#".repeat(if share > 0.0 { long.max(1) } else { 0 })
            }
            Self::Blocks => {
                let eighths = (share * columns as f64 * 8.0).round() as usize;
                let eighths = if share > 0.0 { eighths.max(1) } else { 0 };
                let rest = (eighths % 8).checked_sub(1).map(|last| EIGHTHS[last]);
                "█".repeat(eighths / 8).chars().chain(rest).collect()
            }
        };
        let used = bar.chars().count();
        format!("{bar}{}", " ".repeat(columns.saturating_sub(used)))
    }

    /// A value of -1 to 1 as a bar to either side of a middle, in `2 * half + 1` columns.
    pub(super) fn diverging(self, value: f64, half: usize) -> String {
        let (full, middle) = match self {
            Self::Ascii => ("#", "|"),
            Self::Blocks => ("█", "│"),
        };
        let long = (unit(value.abs()) * half as f64).round() as usize;
        let (left, right) = if value < 0.0 { (long, 0) } else { (0, long) };
        format!(
            "{}{}{middle}{}{}",
            " ".repeat(half - left),
            full.repeat(left),
            full.repeat(right),
            " ".repeat(half - right)
        )
    }

    /// One character a value, from the lowest to the highest of `range`; a space for none.
    pub(super) fn spark(self, values: impl Iterator<Item = Option<f64>>, range: (f64, f64)) -> String {
        let steps = if self == Self::Ascii { ASCII_STEPS } else { STEPS };
        let span = range.1 - range.0;
        let step = |value: f64| {
            let at = if span > 0.0 { unit((value - range.0) / span) } else { 0.5 };
            steps[((at * 8.0) as usize).min(7)]
        };
        values.map(|value| value.map_or(' ', step)).collect()
    }

    /// One character a count, a space for zero.
    pub(super) fn strip(self, counts: &[usize]) -> String {
        let most = counts.iter().copied().max().unwrap_or(0) as f64;
        self.spark(counts.iter().map(|&n| (n > 0).then_some(n as f64)), (0.0, most))
    }

    /// Stands for what was cut off.
    pub(super) fn cut(self) -> char {
        if self == Self::Ascii { '~' } else { '…' }
    }

    /// A piece of a rule across the screen.
    pub(super) fn rule(self) -> &'static str {
        if self == Self::Ascii { "-" } else { "─" }
    }

    /// The text as these marks write it: ours in ASCII where they are.
    pub(super) fn write(self, text: &str) -> String {
        if self == Self::Blocks {
            return text.to_owned();
        }
        let mut ours = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '“' | '”' => ours.push('"'),
                '‘' | '’' => ours.push('\''),
                '·' => ours.push('|'),
                '−' | '–' | '—' => ours.push('-'),
                '›' => ours.push('>'),
                '↑' => ours.push('^'),
                '↓' => ours.push('v'),
                '→' => ours.push('='),
                '×' => ours.push('x'),
                '…' => ours.push_str("..."),
                c => ours.push(c),
            }
        }
        ours
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_share() {
        assert_eq!(Marks::Blocks.bar(0.5, 4), "██  ");
        assert_eq!(Marks::Blocks.bar(0.3, 4), "█▎  ");
        assert_eq!(Marks::Blocks.bar(0.001, 4), "▏   ");
        assert_eq!(Marks::Ascii.bar(0.5, 4), "##  ");
        assert_eq!(Marks::Ascii.bar(0.0, 4), "    ");
        assert_eq!(Marks::Ascii.diverging(-0.5, 4), "  ##|    ");
        assert_eq!(Marks::Blocks.diverging(2.0, 2), "  │██");
        assert_eq!(Marks::Blocks.diverging(f64::NAN, 1), " │ ");
    }

    #[test]
    fn a_sparkline_rises_with_its_values() {
        assert_eq!(Marks::Blocks.spark([Some(-1.0), Some(0.0), None, Some(1.0)].into_iter(), (-1.0, 1.0)), "▁▅ █");
        assert_eq!(Marks::Ascii.strip(&[0, 1, 8]), " :#");
    }
}
