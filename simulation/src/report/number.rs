//! One way to write each kind of number.

/// What a value measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unit {
    Bytes,
    Count,
    Number,
    /// A share from 0 to 1.
    Percent,
}

impl Unit {
    /// The value as shown in tables and tooltips.
    pub(super) fn show(self, value: f64) -> String {
        if !value.is_finite() {
            return MISSING.to_owned();
        }
        match self {
            Self::Bytes => bytes(value),
            Self::Count => count(value.round().max(0.0) as u64),
            Self::Number => format!("{value:.3}"),
            Self::Percent => percent(value),
        }
    }

    /// What the ticks of an axis up to `high` are divided by, and what follows their numbers.
    pub(super) fn scale(self, high: f64) -> (f64, &'static str) {
        match self {
            Self::Bytes => byte_scale(high),
            Self::Count | Self::Number => (1.0, ""),
            Self::Percent => (0.01, "%"),
        }
    }
}

/// Shown where there is no value.
pub(super) const MISSING: &str = "–";

/// The value, or a dash.
pub(super) fn optional(unit: Unit, value: Option<f64>) -> String {
    value.map_or_else(|| MISSING.to_owned(), |value| unit.show(value))
}

/// One decimal.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// Digits in groups of three.
pub(super) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Three significant digits and a decimal unit.
pub(super) fn bytes(value: f64) -> String {
    let (divisor, unit) = byte_scale(value);
    let scaled = value / divisor;
    let decimals = match scaled {
        _ if divisor == 1.0 => 0,
        scaled if scaled < 10.0 => 2,
        scaled if scaled < 100.0 => 1,
        _ => 0,
    };
    format!("{scaled:.decimals$}{unit}")
}

/// Seconds below two minutes, then minutes, then hours.
pub(super) fn duration(seconds: f64) -> String {
    match seconds {
        s if !s.is_finite() => MISSING.to_owned(),
        s if s < 10.0 => format!("{s:.2} s"),
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7_200.0 => format!("{:.1} min", s / 60.0),
        s => format!("{:.1} h", s / 3_600.0),
    }
}

fn byte_scale(value: f64) -> (f64, &'static str) {
    match value {
        v if v >= 1e12 => (1e12, " TB"),
        v if v >= 1e9 => (1e9, " GB"),
        v if v >= 1e6 => (1e6, " MB"),
        v if v >= 1e3 => (1e3, " kB"),
        _ => (1.0, " B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(bytes(0.0), "0 B");
        assert_eq!(bytes(1_234.0), "1.23 kB");
        assert_eq!(bytes(45_678_901.0), "45.7 MB");
        assert_eq!(bytes(456e9), "456 GB");
        assert_eq!(percent(0.8764), "87.6%");
        assert_eq!(duration(0.1234), "0.12 s");
        assert_eq!(duration(5_400.0), "90.0 min");
        assert_eq!(optional(Unit::Number, None), "–");
        assert_eq!(Unit::Number.show(f64::NAN), "–");
    }
}
