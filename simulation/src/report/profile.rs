//! The section about one person.

use super::{
    LedgerLine, ProfileClause, ProfileSection, ProfileShare, bars,
    html::{escape, fill},
    number::percent,
    words::Words,
};

/// How many sizes terms have.
const SIZES: f64 = 4.0;

/// The whole section.
pub(super) fn section(profile: &ProfileSection, words: &Words) -> String {
    let badge = match profile.synthetic {
        true => format!("<span class=\"badge\">{}</span>", escape(words.synthetic)),
        false => String::new(),
    };
    let text = profile.text.iter().map(|text| format!("<p>{}</p>", escape(text)));
    let card = |name: &str, class: &str, part: &str| match part {
        "" => String::new(),
        part => format!("<div class=\"card {class}\"><h3>{}</h3>{part}</div>", escape(name)),
    };
    let title = escape(&fill(words.profile, &[&profile.name]));
    format!(
        "<section id=\"profile\"><h2>{title} {badge}</h2>{}<div class=\"grid\">{}<div class=\"stack\">{}{}</div>{}{}{}</div></section>\n",
        text.collect::<String>(),
        card(words.interests, "", &shares(&profile.shares, words)),
        card(words.hours, "clock", &bars::clock(&profile.hours, words)),
        card(words.facts, "", &facts(&profile.facts)),
        card(words.terms, "wide", &terms(&profile.terms)),
        card(words.rests_on, "wide", &clauses(&profile.clauses)),
        card(words.ledger, "wide", &ledger(&profile.ledger, words)),
    )
}

/// Bars of what was found, with a mark for the truth where it is known.
fn shares(shares: &[ProfileShare], words: &Words) -> String {
    if shares.is_empty() {
        return String::new();
    }
    let rows: String = shares.iter().map(|share| row(share, words)).collect();
    let key = if shares.iter().any(|share| share.planted.is_some()) {
        format!(
            "<p class=\"legend\"><span><i class=\"found\"></i>{}</span><span><i class=\"planted\"></i>{}</span></p>",
            escape(words.found),
            escape(words.planted)
        )
    } else {
        String::new()
    };
    format!("{key}<div class=\"shares\">{rows}</div>")
}

fn row(share: &ProfileShare, words: &Words) -> String {
    let width = |value: f64| {
        if value.is_finite() { value.clamp(0.0, 1.0) * 100.0 } else { 0.0 }
    };
    let found = percent(width(share.found) / 100.0);
    let (mark, tip) = match share.planted {
        None => (String::new(), format!("{}: {found}", share.label)),
        Some(planted) => {
            let planted = width(planted);
            let tip = fill(words.found_planted, &[&share.label, &found, &percent(planted / 100.0)]);
            (format!("<i class=\"planted\" style=\"left:{planted:.1}%\"></i>"), tip)
        }
    };
    format!(
        "<div title=\"{}\"><span>{}</span><b><i class=\"found\" style=\"width:{:.1}%\"></i>{mark}</b><em>{found}</em></div>",
        escape(&tip),
        escape(&share.label),
        width(share.found),
    )
}

/// Larger for larger weights.
fn terms(terms: &[(String, f64)]) -> String {
    let largest = terms.iter().map(|term| term.1).filter(|weight| weight.is_finite()).fold(0.0, f64::max);
    if terms.is_empty() {
        return String::new();
    }
    let chip = |(term, weight): &(String, f64)| {
        let share = if largest > 0.0 { (weight / largest).clamp(0.0, 1.0) } else { 1.0 };
        // A weight that is not a number becomes 0 in the conversion.
        let size = (share * SIZES).ceil() as u8;
        format!("<li class=\"z{}\">{}</li>", size.max(1), escape(term))
    };
    format!("<ul class=\"chips\">{}</ul>", terms.iter().map(chip).collect::<String>())
}

/// Each sentence with its field and the quotes behind it.
fn clauses(clauses: &[ProfileClause]) -> String {
    if clauses.is_empty() {
        return String::new();
    }
    let row = |clause: &ProfileClause| {
        let quotes = clause.quotes.iter().map(|quote| format!("<p>“{}”</p>", escape(quote)));
        format!(
            "<tr><th scope=\"row\">{}</th><td><code>{}</code>{}</td></tr>",
            escape(&clause.text),
            escape(&clause.field),
            quotes.collect::<String>()
        )
    };
    let rows: String = clauses.iter().map(row).collect();
    format!("<table class=\"pairs\"><tbody>{rows}</tbody></table>")
}

fn ledger(lines: &[LedgerLine], words: &Words) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let head = [words.round, words.when, words.charged, words.epsilon];
    let head: String = head.iter().map(|name| format!("<th>{}</th>", escape(name))).collect();
    let row = |line: &LedgerLine| {
        let figures = [line.rho, line.epsilon].map(|value| match value.is_finite() {
            true => format!("<td>{value:.6}</td>"),
            false => "<td>–</td>".to_owned(),
        });
        format!("<tr><th scope=\"row\">{}</th><td>{}</td>{}</tr>", line.round, escape(&line.time), figures.concat())
    };
    let rows: String = lines.iter().map(row).collect();
    format!(
        "<div class=\"scroll\" tabindex=\"0\"><table class=\"numbers\"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

fn facts(facts: &[(String, String)]) -> String {
    if facts.is_empty() {
        return String::new();
    }
    super::tables::settings(facts)
}
