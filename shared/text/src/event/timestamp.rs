//! The many ways in which files write a moment, all turned into unix seconds.

use time::{
    Date, OffsetDateTime, PrimitiveDateTime, format_description::well_known::Rfc3339, macros::format_description,
};

/// Above this many, a number counts thousandths of a second: as seconds it would be the year 5138.
const MILLISECONDS_FROM: u64 = 100_000_000_000;
/// Likewise for millionths and then for thousand-millionths.
const MICROSECONDS_FROM: u64 = MILLISECONDS_FROM * 1_000;
const NANOSECONDS_FROM: u64 = MICROSECONDS_FROM * 1_000;

/// Unix seconds of a number of seconds, or of a finer unit where the number is too large for that.
pub(super) fn from_integer(number: i64) -> i64 {
    let magnitude = number.unsigned_abs();
    if magnitude > NANOSECONDS_FROM {
        number.div_euclid(1_000_000_000)
    } else if magnitude > MICROSECONDS_FROM {
        number.div_euclid(1_000_000)
    } else if magnitude > MILLISECONDS_FROM {
        number.div_euclid(1_000)
    } else {
        number
    }
}

/// Unix seconds of a number with a fraction; `None` where it is not finite or too large.
pub(super) fn from_float(number: f64) -> Option<i64> {
    let whole = number.floor();
    // The bound is 2^63, the first float that an i64 cannot hold.
    (whole.is_finite() && whole.abs() < 9_223_372_036_854_775_808.0).then(|| from_integer(whole as i64))
}

/// Unix seconds of a number, an RFC 3339 moment, a date, or a date and a time in UTC.
pub(super) fn from_text(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        return Some(from_integer(number));
    }
    if let Ok(number) = text.parse::<f64>() {
        return from_float(number);
    }
    if let Ok(moment) = OffsetDateTime::parse(text, &Rfc3339) {
        return Some(moment.unix_timestamp());
    }
    let day = format_description!("[year]-[month]-[day]");
    if let Ok(date) = Date::parse(text, &day) {
        return Some(date.midnight().assume_utc().unix_timestamp());
    }
    let second = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let moment = PrimitiveDateTime::parse(text, &second).ok()?;
    Some(moment.assume_utc().unix_timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_one_moment_agrees() {
        for text in [
            "1709164800",
            "1709164800000",
            "1709164800000000",
            "1709164800000000000",
            "1709164800.75",
            "2024-02-29",
            "2024-02-29 00:00:00",
            "2024-02-29T00:00:00Z",
            "2024-02-29T08:00:00+08:00",
            " 2024-02-29T00:00:00.999Z ",
        ] {
            assert_eq!(from_text(text), Some(1_709_164_800), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "yesterday", "2024-02-30", "NaN", "inf", "1e300", "2024-13-01"] {
            assert_eq!(from_text(text), None, "{text}");
        }
    }

    #[test]
    fn small_orders_and_old_times_are_kept() {
        assert_eq!(from_text("0"), Some(0));
        assert_eq!(from_text("62644"), Some(62_644));
        assert_eq!(from_text("-86400"), Some(-86_400));
        assert_eq!(from_text("100000000000"), Some(100_000_000_000));
        assert_eq!(from_text("100000000001"), Some(100_000_000));
    }
}
