//! The parts, in the order of the page.

use super::super::interests::Trend;
use super::super::number::{count, counted, decimal, language, percent, signed};
use super::super::taxonomy::{Line, Topic, topics};
use super::super::words::fill;
use super::super::{View, attributes, facts, sentiment, writing};
use super::lines::Lines;
use crate::profile::{Attribute, Evidence};

/// Lines of one list that are shown.
const AT_ONCE: usize = 12;

pub(super) fn all(view: &View<'_>, title: Option<&str>, out: &mut Lines) {
    head(view, title, out);
    persona(view, out);
    interests(view, out);
    mood(view, out);
    behavior(view, out);
    person(view, view.words.sections.demographics, &view.document.demographics, out);
    person(view, view.words.sections.psychographics, &view.document.psychographics, out);
    keywords(view, out);
    languages(view, out);
    pairs(view.words.sections.style, &facts::style(view), out);
    social(view, out);
    drift(view, out);
    completeness(view, out);
    pairs(view.words.sections.provenance, &facts::provenance(view), out);
}

fn head(view: &View<'_>, title: Option<&str>, out: &mut Lines) {
    let words = &view.words.top;
    let score = view.document.completeness.score;
    let bar = out.marks.bar(score, 10);
    out.text(0, title.unwrap_or(words.title));
    out.text(0, &facts::byline(view).join(" · "));
    out.line(&format!("  {bar}  {} {}", percent(score), words.complete));
}

fn persona(view: &View<'_>, out: &mut Lines) {
    out.heading(view.words.sections.persona);
    if view.clauses().is_empty() {
        return out.text(0, view.words.top.nothing);
    }
    if !view.evidence {
        return out.text(0, &facts::persona(view));
    }
    for clause in view.clauses() {
        out.text(0, &clause.text);
        quotes(view, &view.behind(&clause.field), out);
    }
}

/// Places under the line they speak for.
fn quotes(view: &View<'_>, places: &[&Evidence], out: &mut Lines) {
    let [open, close] = view.words.quoted;
    for place in places {
        let when = view.when(place);
        let when = if when.is_empty() { when } else { format!(" ({when})") };
        out.text(4, &format!("{open}{}{close}{when}", place.quote));
    }
}

fn interests(view: &View<'_>, out: &mut Lines) {
    out.heading(view.words.sections.interests);
    let topics = topics(view);
    if topics.is_empty() {
        return out.text(0, view.words.top.nothing);
    }
    for topic in &topics {
        out.text(0, &format!("{} · {}", topic.name, view.words.origin(topic.origin)));
        for line in topic.lines.iter().take(AT_ONCE) {
            interest(view, topic, line, out);
        }
        more(view, topic.lines.len(), out);
    }
}

fn more(view: &View<'_>, lines: usize, out: &mut Lines) {
    if lines > AT_ONCE {
        out.text(2, &fill(view.words.top.more, &[&count(lines - AT_ONCE)]));
    }
}

fn interest(view: &View<'_>, topic: &Topic<'_>, line: &Line<'_>, out: &mut Lines) {
    let words = view.words;
    let bar = out.marks.bar(line.share, out.drawing());
    let name = line.path.join(" › ");
    let mut remarks = format!("{:>4}", percent(line.share));
    let Some(interest) = line.interest else {
        return out.row(line.depth + 1, &name, &bar, &format!("{remarks}    {}", words.sure.below));
    };
    let seen = interest.texts > 0 || interest.share > 0.0;
    let trend = seen && view.document.behavior.timed > 0;
    let arrow = if trend { Trend::of(line.share, line.recent).arrow() } else { " " };
    let sure = words.sure(interest.confidence, interest.origin);
    remarks = format!("{remarks} {arrow}  {sure}");
    remarks.push_str(words.comma);
    remarks.push_str(&if seen { counted(words.top.texts, interest.texts) } else { words.sure.no_share.to_owned() });
    if interest.origin != topic.origin {
        remarks = format!("{remarks} · {}", words.origin(interest.origin));
    }
    out.row(line.depth + 1, &name, &bar, &remarks);
    quotes(view, &view.places(&interest.evidence), out);
}

fn mood(view: &View<'_>, out: &mut Lines) {
    let (s, words) = (&view.document.sentiment, view.words);
    out.heading(words.sections.sentiment);
    if s.positive + s.neutral + s.negative <= 0.0 {
        return out.text(0, words.top.nothing);
    }
    let half = out.drawing() / 2;
    out.text(0, &format!("{} · {}", sentiment::how(view), words.source(s.source)));
    let drawn = out.marks.diverging(s.mean, half);
    out.row(0, words.mood.mean, &drawn, &signed(s.mean));
    for (_, name, share) in sentiment::parts(view) {
        let bar = out.marks.bar(share, 2 * half + 1);
        out.row(0, name, &bar, &format!("{:>4}", percent(share)));
    }
    if let Some(label) = sentiment::course(&s.trend, words) {
        let high = s.trend.iter().map(|p| p.mean.abs()).fold(0.25, f64::max);
        let spark = out.marks.spark(s.trend.iter().map(|p| Some(p.mean)), (-high, high));
        out.row(0, words.mood.trend, &spark, "");
        out.text(2, &label);
    }
    quotes(view, &view.places(&s.evidence), out);
    if !s.aspects.is_empty() {
        out.text(0, words.mood.aspects);
    }
    for aspect in s.aspects.iter().take(AT_ONCE) {
        let drawn = out.marks.diverging(aspect.mean, half);
        let remarks = format!("{} · {}", signed(aspect.mean), counted(words.top.texts, aspect.texts));
        out.row(1, &sentiment::name(view, aspect), &drawn, &remarks);
    }
    more(view, s.aspects.len(), out);
}

fn behavior(view: &View<'_>, out: &mut Lines) {
    let (b, words) = (&view.document.behavior, &view.words.doings);
    out.heading(view.words.sections.behavior);
    if b.events == 0 {
        return out.text(0, view.words.top.nothing);
    }
    if b.hours.iter().any(|&n| n > 0) {
        let strip: String = out.marks.strip(&b.hours);
        let title = format!("{} ({})", words.hours, words.utc);
        out.row(0, &title, &format!("|{strip}|"), "0–23");
    }
    if b.weekdays.iter().any(|&n| n > 0) {
        let strip: String = out.marks.strip(&b.weekdays);
        let ends = format!("{}–{}", view.words.days[0], view.words.days[6]);
        out.row(0, &format!("{} ({})", words.weekdays, words.utc), &format!("|{strip}|"), &ends);
    }
    for (name, value) in facts::behavior(view) {
        out.pair(&name, &value);
    }
    if let Some(sentence) = facts::ratings(view) {
        let parts = facts::rating_parts(view);
        let part = |(_, name, share): &(&str, &str, f64)| format!("{name} {}", percent(*share));
        let parts: Vec<String> = parts.iter().map(part).collect();
        out.pair(words.ratings, &format!("{sentence} · {}", parts.join(view.words.comma)));
    }
    categories(view, out);
    if let Some(next) = &b.next_category {
        let name = view.names.label("category", &next.category, None);
        out.pair(words.next, &fill(words.next_of, &[&name, &percent(next.probability)]));
        out.pair("", &fill(words.hits, &[&percent(next.hit_rate), &percent(next.baseline)]));
        if next.hit_rate <= next.baseline {
            out.pair("", words.no_better);
        }
    }
    let mut title = words.back;
    for sentence in facts::back(view) {
        out.pair(title, &sentence);
        title = "";
    }
    quotes(view, &view.places(&b.evidence), out);
}

fn categories(view: &View<'_>, out: &mut Lines) {
    let (all, words) = (&view.document.behavior.categories, view.words);
    if all.is_empty() {
        return;
    }
    out.text(0, words.doings.categories);
    for c in all.iter().take(AT_ONCE) {
        let bar = out.marks.bar(c.share, out.drawing());
        let rated = c.mean_rating.map(|mean| fill(words.doings.rated, &[&decimal(mean, 1)]));
        let events = format!("{:>4}  {}", percent(c.share), counted(words.top.events, c.events));
        let remarks: Vec<String> = [Some(events), rated].into_iter().flatten().collect();
        out.row(1, &view.names.label("category", &c.category, None), &bar, &remarks.join(" · "));
    }
    more(view, all.len(), out);
}

fn person(view: &View<'_>, title: &str, all: &[Attribute], out: &mut Lines) {
    if all.is_empty() {
        return;
    }
    out.heading(title);
    for a in all {
        let sensitive = if a.sensitive { format!(" · {}", view.words.top.sensitive) } else { String::new() };
        let said = format!("{} · {}{sensitive}", attributes::how(view, a), view.words.origin(a.origin));
        let name = view.names.dimension(&a.name, Some(&a.shown));
        out.pair(&name, &format!("{} · {said}", attributes::value(view, a)));
        if let Some(score) = a.score {
            let bar = out.marks.bar(score, out.drawing());
            out.row(1, "", &bar, &format!("{:>4}", percent(score)));
        }
        for l in attributes::likeliest(a) {
            let bar = out.marks.bar(l.share, out.drawing());
            let beside = (l.label == a.value).then_some(&a.shown);
            let label = view.names.label(&a.name, &l.label, beside);
            out.row(1, &label, &bar, &format!("{:>4}", percent(l.share)));
        }
        quotes(view, &view.places(&a.evidence), out);
    }
}

fn keywords(view: &View<'_>, out: &mut Lines) {
    let all = &view.document.keywords;
    if all.is_empty() {
        return;
    }
    out.heading(view.words.sections.keywords);
    let words: Vec<String> = all.iter().map(|k| format!("{} ×{}", k.term, k.count)).collect();
    out.text(0, &words.join(view.words.comma));
    let places: Vec<usize> = all.iter().flat_map(|k| k.evidence.iter().copied()).collect();
    quotes(view, &view.places(&places), out);
}

fn languages(view: &View<'_>, out: &mut Lines) {
    let all = &view.document.languages;
    if all.is_empty() {
        return;
    }
    out.heading(view.words.sections.languages);
    for l in all {
        let bar = out.marks.bar(l.share, out.drawing());
        out.row(0, language(l.language, view.words), &bar, &format!("{:>4}", percent(l.share)));
        quotes(view, &view.places(&l.evidence), out);
    }
}

fn pairs(title: &str, facts: &[facts::Fact], out: &mut Lines) {
    if facts.is_empty() {
        return;
    }
    out.heading(title);
    for (name, value) in facts {
        out.pair(name, value);
    }
}

fn social(view: &View<'_>, out: &mut Lines) {
    let s = &view.document.behavior.social;
    if s.people == 0 && s.replies <= 0.0 {
        return;
    }
    out.heading(view.words.sections.social);
    out.text(0, &writing::social_summary(view));
    for tie in &s.ties {
        let bar = out.marks.bar(tie.strength, out.drawing());
        let remarks = format!("{:>4}  {}", percent(tie.strength), counted(view.words.top.texts, tie.texts));
        out.row(1, &format!("@{}", tie.name), &bar, &remarks);
    }
}

fn drift(view: &View<'_>, out: &mut Lines) {
    let all = facts::drift(view);
    if all.is_empty() {
        return;
    }
    out.heading(view.words.sections.drift);
    for (bits, how, sentence) in all {
        out.text(0, &format!("{sentence} · {how} ({} bit)", decimal(bits, 2)));
    }
}

fn completeness(view: &View<'_>, out: &mut Lines) {
    let (c, words) = (&view.document.completeness, view.words);
    out.heading(words.sections.completeness);
    let filled: Vec<String> = c.filled.iter().map(|field| view.names.field(field)).collect();
    if !filled.is_empty() {
        out.pair(words.needs.filled, &filled.join(words.comma));
    }
    if c.gaps.is_empty() {
        return out.text(0, words.needs.full);
    }
    for gap in &c.gaps {
        let worth = fill(words.needs.worth, &[&percent(gap.weight)]);
        out.pair(&view.names.field(&gap.field), &format!("{} · {worth}", words.need(gap.needs)));
    }
}
