//! A comparison in words, and as lines of a chart.

use crate::compare::{Comparison, Figures, SideBySide};

/// A line for each model on each of the two sets of texts: what it is of, and its figures.
pub fn compared(comparison: &Comparison) -> Vec<(String, String)> {
    let sides = [
        ("later texts of those who train", comparison.later.as_ref()),
        ("texts of held-out people", comparison.held_out.as_ref()),
    ];
    let told = sides.into_iter().filter_map(|(of, side)| Some((of, side?)));
    told.flat_map(|(of, side)| lines(of, side)).collect()
}

fn lines(of: &str, side: &SideBySide) -> Vec<(String, String)> {
    let passes = |passes: u32| format!("best after {passes} passes");
    let models = [
        ("federated", Some(side.federated), String::new()),
        ("central, no privacy", Some(side.central), passes(side.central_passes)),
        ("local only", side.local_only, side.local_passes.map(passes).unwrap_or_default()),
        ("each person's most frequent label", side.own_majority, String::new()),
    ];
    let told = models.into_iter().filter_map(|(name, figures, how)| Some((name, figures?, how)));
    told.map(|(name, figures, how)| (format!("{name}, on {of}"), line(side, figures, &how))).collect()
}

fn line(side: &SideBySide, figures: Figures, how: &str) -> String {
    let percent = |v: f64| format!("{:.1} %", 100.0 * v);
    let how = if how.is_empty() { String::new() } else { format!("; {how}") };
    format!(
        "{} of {} texts; over {} people: mean {}, worst tenth {}{how}",
        percent(figures.accuracy),
        side.texts,
        side.people,
        percent(figures.people.mean),
        percent(figures.people.worst_decile)
    )
}

/// The models beside the federated one, as lines across a chart of its accuracy.
pub(super) fn baselines(side: Option<&SideBySide>) -> Vec<(String, f64)> {
    let Some(side) = side else { return Vec::new() };
    let central = Some(("Central, no privacy".to_owned(), side.central.accuracy));
    let local = side.local_only.map(|figures| ("Local only".to_owned(), figures.accuracy));
    let own = side.own_majority.map(|figures| ("Own most frequent label".to_owned(), figures.accuracy));
    [central, local, own].into_iter().flatten().collect()
}
