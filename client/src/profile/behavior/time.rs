//! Sessions, and when the person comes back.

use super::super::document::{ReturnTime, Sessions};
use super::DAY;

/// Events further apart than this are of two sessions, in seconds: half an hour, the usual cut of web logs.
const PAUSE: i64 = 30 * 60;

/// Fewer gaps than this say nothing about the next.
const FEWEST_GAPS: usize = 3;

/// The first and last second of each session. `times` rise.
fn sessions_of(times: &[i64]) -> Vec<(i64, i64, usize)> {
    let mut found: Vec<(i64, i64, usize)> = Vec::new();
    for &time in times {
        match found.last_mut() {
            Some((_, last, events)) if time.saturating_sub(*last) <= PAUSE => (*last, *events) = (time, *events + 1),
            _ => found.push((time, time, 1)),
        }
    }
    found
}

/// Bouts of activity. `times` rise.
pub(super) fn sessions(times: &[i64]) -> Option<Sessions> {
    let found = sessions_of(times);
    let count = found.len();
    let mean = |sum: f64| sum / count as f64;
    let seconds: f64 = found.iter().map(|&(first, last, _)| (last - first) as f64).sum();
    (count > 0).then(|| Sessions { count, mean_events: mean(times.len() as f64), mean_minutes: mean(seconds / 60.0) })
}

/// When the next session is due. `times` rise; `now` in unix seconds.
pub(super) fn return_time(times: &[i64], now: i64) -> Option<ReturnTime> {
    let found = sessions_of(times);
    let mut gaps: Vec<f64> = found.windows(2).map(|w| w[1].0 as f64 - w[0].1 as f64).collect();
    if gaps.len() < FEWEST_GAPS {
        return None;
    }
    gaps.sort_by(f64::total_cmp);
    let quantile = |q: f64| gaps[((gaps.len() - 1) as f64 * q).round() as usize];
    let last = times.last().copied()?;
    let silence = (now as f64 - last as f64).max(0.0);
    let shorter = gaps.iter().filter(|&&gap| gap < silence).count();
    Some(ReturnTime {
        median_days: quantile(0.5) / DAY as f64,
        longest_days: quantile(0.9) / DAY as f64,
        due: last.saturating_add(quantile(0.5) as i64),
        churn: (shorter as f64 + 1.0) / (gaps.len() as f64 + 2.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;

    #[test]
    fn a_pause_ends_a_session() {
        let s = sessions(&[0, 600, 1200, 5 * HOUR, 5 * HOUR + 60]).unwrap();
        assert_eq!((s.count, s.mean_events), (2, 2.5));
        assert!((s.mean_minutes - (20.0 + 1.0) / 2.0).abs() < 1e-9);
        assert_eq!(sessions(&[]), None);
        assert_eq!(sessions(&[i64::MIN, i64::MAX]).unwrap().count, 2);
    }

    #[test]
    fn somebody_who_comes_every_day_is_missed_after_a_week() {
        let times: Vec<i64> = (0..10).map(|d| d * DAY).collect();
        let soon = return_time(&times, 9 * DAY + HOUR).unwrap();
        assert!((soon.median_days - 1.0).abs() < 1e-9 && soon.due == 10 * DAY && soon.churn < 0.1, "{soon:?}");
        assert!(return_time(&times, 16 * DAY).unwrap().churn > 0.9);
        assert_eq!(return_time(&times[..3], 3 * DAY), None);
    }
}
