//! The profile in a few lines, for the end of the demo.

use silhouette_client::persona::{PersonaLanguage, persona};
use silhouette_client::profile::ProfileDocument;

use crate::terminal;

/// Prints the persona with the evidence of each line, then the shares as bars.
pub(crate) fn show(document: &ProfileDocument, language: PersonaLanguage) -> anyhow::Result<()> {
    let told = persona(document, language);
    for clause in &told.expose_on_device().clauses {
        terminal::line(&format!("  {}", clause.text))?;
        terminal::line(&format!("      <- {}{}", clause.field, evidence(document, &clause.field)))?;
    }
    let mut shares: Vec<_> = document.interests.iter().filter(|i| i.share >= 0.02).collect();
    shares.sort_by(|a, b| a.head.cmp(&b.head).then(b.share.total_cmp(&a.share)));
    for i in shares.into_iter().take(10) {
        let bar = "#".repeat((30.0 * i.share).round() as usize);
        terminal::line(&format!(
            "  {:<24} {:>5.1} %  {bar} (confidence {:.2})",
            format!("{}/{}", i.head, i.label),
            100.0 * i.share,
            i.confidence
        ))?;
    }
    Ok(())
}

/// The quotes behind a clause's field, for the person whose they are: of `interests.HEAD` those of
/// the head's largest shares, of `sentiment` its own.
pub(crate) fn quotes<'a>(document: &'a ProfileDocument, field: &str) -> Vec<&'a str> {
    document.evidence_for(field, 3).into_iter().map(|e| e.quote.as_str()).collect()
}

fn evidence(document: &ProfileDocument, field: &str) -> String {
    let quotes = quotes(document, field);
    if quotes.is_empty() { String::new() } else { format!(": \"{}\"", quotes.join("\", \"")) }
}
