//! The page as a whole.

use super::{
    ReportData, ReportKind, ReportLanguage, charts, heat::Confusion, html::escape, profile, shares, tables,
    words::Words,
};

const STYLE: &str = include_str!("style.css");
/// No request of any kind; styles only from the page itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// Up to this many classes the matrix and its table stand side by side.
const BESIDE: usize = 10;

/// The report as one HTML file.
pub fn render(data: &ReportData) -> String {
    let words = Words::of(data.lang);
    let lang = match data.lang {
        ReportLanguage::En => "en",
        ReportLanguage::Zh => "zh-Hans",
    };
    let kicker = match data.kind {
        ReportKind::Simulation => words.kicker,
        ReportKind::Demonstration => words.kicker_demonstration,
    };
    shell(lang, &data.title, kicker, words.footer, &body(data, words))
}

/// A whole page around a body that is HTML already.
pub(super) fn shell(lang: &str, title: &str, kicker: &str, footer: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <header><p class=\"kicker\">{}</p><h1>{title}</h1></header>\n{body}\
         <footer><p>{}</p></footer>\n</main>\n</body>\n</html>\n",
        escape(kicker),
        escape(footer)
    )
}

fn body(data: &ReportData, words: &Words) -> String {
    let profile = data.profile.as_ref();
    [
        tables::cards(&data.summary),
        profile.map(|person| profile::section(person, words)).unwrap_or_default(),
        data.partition.as_ref().map_or_else(String::new, |dealt| {
            let inside = format!("<p>{}</p>{}", escape(&dealt.text), shares::map(dealt, words));
            section("partition", words.partition, &card(&inside))
        }),
        training(data, words),
        confusion(data, words),
        if data.told_privately.is_empty() {
            String::new()
        } else {
            let inside = format!("<p>{}</p>{}", escape(words.told_how), tables::settings(&data.told_privately));
            section("told", words.told, &card(&inside))
        },
        if data.compared.is_empty() {
            String::new()
        } else {
            let inside = format!("<p>{}</p>{}", escape(words.compared_how), tables::settings(&data.compared));
            section("compared", words.compared, &card(&inside))
        },
        section("left", words.left_device, &card(&tables::left_device(data, words))),
        assumptions(data, words),
        if data.rounds.is_empty() {
            String::new()
        } else {
            section("rounds", words.rounds, &card(&tables::rounds(&data.rounds, words)))
        },
    ]
    .concat()
}

fn training(data: &ReportData, words: &Words) -> String {
    let charts = charts::charts(data, words);
    if charts.is_empty() {
        return charts;
    }
    section("training", words.training, &format!("<div class=\"grid\">{charts}</div>"))
}

fn confusion(data: &ReportData, words: &Words) -> String {
    let Some(confusion) = Confusion::new(&data.labels, &data.confusion) else {
        return String::new();
    };
    let body = format!(
        "<div class=\"split{}\">{}{}</div>",
        if confusion.size() > BESIDE { " tall" } else { "" },
        card(&confusion.map(words)),
        card(&confusion.scores(words))
    );
    section("confusion", words.confusion, &body)
}

fn assumptions(data: &ReportData, words: &Words) -> String {
    let mut cards =
        card(&format!("<h3>{}</h3>{}", escape(words.assumptions), tables::assumptions(&data.assumptions, words)));
    if !data.settings.is_empty() {
        let table = tables::settings(&data.settings);
        cards.push_str(&card(&format!("<h3>{}</h3>{table}", escape(words.settings))));
    }
    section("settings", words.settings_and_assumptions, &format!("<div class=\"grid\">{cards}</div>"))
}

/// A card around HTML.
pub(super) fn card(inside: &str) -> String {
    format!("<div class=\"card\">{inside}</div>")
}

/// A section of the page around HTML.
pub(super) fn section(id: &str, title: &str, inside: &str) -> String {
    format!("<section id=\"{id}\"><h2>{}</h2>{inside}</section>\n", escape(title))
}
