//! What the demo tells at its end: accuracy, one person's profile, that device's ledger, the report.

use anyhow::Context;
use silhouette_aggregator::Event;
use silhouette_client::DeviceFolder;
use silhouette_client::ledger::Record;
use silhouette_client::persona::{Clause, PersonaLanguage, persona};
use silhouette_client::profile::{ProfileDocument, Trained, profile};
use silhouette_privacy::accounting::{Delta, Rho, zcdp};
use silhouette_privacy::{Mode, Private};
use silhouette_simulation::Evaluation;
use silhouette_simulation::report::{
    LedgerLine, ProfileClause, ProfileSection, ProfileShare, ReportData, ReportKind, RoundPoint, render,
};
use silhouette_simulation::synth::SynthUser;

use super::Outcome;
use crate::commands::{ledger as ledger_command, profile as profile_command, serve};
use crate::terminal;

/// What the aggregator sees.
fn who_sees(mode: Mode) -> &'static str {
    match mode {
        Mode::Central => "the aggregator sees clipped updates and adds the noise",
        Mode::Local => "the aggregator sees updates that hold all of the noise already",
        Mode::Distributed => "the aggregator sees masked vectors, and of them the noisy sum only",
    }
}

fn assumption(mode: Mode) -> &'static str {
    match mode {
        Mode::Central => "Mode central: the aggregator is trusted to add the noise and to drop single updates.",
        Mode::Local => "Mode local: nobody but the device is trusted.",
        Mode::Distributed => {
            "Mode distributed: at most a tenth of the devices collude with the aggregator; it may lie about who survived."
        }
    }
}

/// A round in one line.
pub(crate) fn round_line(event: &Event, evaluation: Option<&Evaluation>) -> String {
    let Event::RoundClosed { round, invited, reports, seconds, epsilon, bytes_up, bytes_down, .. } = event else {
        return String::new();
    };
    let accuracy = evaluation.map_or(0.0, |e| e.confusion.scores().accuracy);
    format!(
        "round {round}: cohort {reports}/{invited} accuracy {accuracy:.3} epsilon {epsilon:.2} up {} down {} in {seconds:.1} s",
        terminal::bytes(*bytes_up),
        terminal::bytes(*bytes_down)
    )
}

/// A round for machines: the aggregator's event with what the model is worth on people held out.
pub(crate) fn round_json(event: &Event, evaluation: Option<&Evaluation>) -> serde_json::Value {
    let mut line = serve::as_json(event);
    if let Some(evaluation) = evaluation {
        let scores = evaluation.confusion.scores();
        line["accuracy"] = scores.accuracy.into();
        line["macro_f1"] = scores.macro_f1.into();
        line["loss"] = evaluation.loss.into();
    }
    line
}

/// Tells everything and writes the report.
pub(crate) fn tell(outcome: &Outcome<'_>, json: bool) -> anyhow::Result<()> {
    // Somebody bilingual, so that both languages have something to show.
    let trainers: Vec<&SynthUser> = outcome.people.users.iter().filter(|u| u.split() != "test").collect();
    let index = trainers.iter().position(|u| (0.3..0.7).contains(&u.planted.english_share)).unwrap_or(0);
    let person = trainers[index];
    let device = DeviceFolder::open(&outcome.fleet.folders()[index])?;
    let events = device.store()?.events()?;
    let hash = outcome.model.content_hash()?;
    let trained = Trained {
        engine: outcome.chosen.engine.as_ref(),
        model: &outcome.model,
        hash,
        round: Some(outcome.args.rounds),
        encoder_weights: None,
    };
    let made = profile(events.expose_on_device(), Some(trained), terminal::now())?;
    let document = made.expose_on_device();
    let report = outcome.folder.join("report.html");
    let ledger = device.ledger()?;
    let records = ledger.records();
    let profile = section(person, document, charges(records, outcome.args.delta)?);
    std::fs::write(&report, render(&report_data(outcome, profile))).with_context(|| report.display().to_string())?;
    let after =
        outcome.rounds.iter().rev().find_map(|r| r.evaluation.as_ref()).map_or(0.0, |e| e.confusion.scores().accuracy);
    let before = outcome.before.confusion.scores().accuracy;
    if json {
        return terminal::json_event(
            "finished",
            serde_json::json!({
                "accuracy_before": before, "accuracy": after, "rounds": outcome.rounds.len(), "devices": outcome.fleet.folders().len(),
                "engine": outcome.chosen.why, "seconds": outcome.seconds, "model_sha256": hash.to_string(),
                "sent": outcome.moved.up, "received": outcome.moved.down,
                "ledger": ledger_command::as_json(records), "report": report, "folder": outcome.folder,
            }),
        );
    }
    terminal::line(&format!(
        "\nAccuracy on people never trained on: {:.1} % before, {:.1} % after",
        100.0 * before,
        100.0 * after
    ))?;
    terminal::line(&format!("\nThe profile of {} (made up), made on their device, where it stays", person.id))?;
    for (name, language) in [("中文", PersonaLanguage::Zh), ("English", PersonaLanguage::En)] {
        terminal::line(&format!("\n {name}"))?;
        profile_command::show(document, language)?;
    }
    terminal::line("\nThat device's privacy ledger")?;
    ledger_command::show(records, outcome.args.delta)?;
    terminal::line(&format!(
        "\n{:.1} s in all, devices sent {} and received {}; report: {}",
        outcome.seconds,
        terminal::bytes(outcome.moved.up),
        terminal::bytes(outcome.moved.down),
        report.display()
    ))
}

fn report_data(outcome: &Outcome<'_>, profile: ProfileSection) -> ReportData {
    let last = outcome.rounds.iter().rev().find_map(|r| r.evaluation.as_ref());
    let labels: Vec<String> = outcome.model.task().heads.first().map_or_else(Vec::new, |h| h.labels().to_vec());
    let n = labels.len();
    let accuracy = |e: Option<&Evaluation>| {
        e.map_or_else(|| "-".into(), |e| format!("{:.1} %", 100.0 * e.confusion.scores().accuracy))
    };
    let row = |name: &str, value: String| (name.to_owned(), value);
    ReportData {
        kind: ReportKind::Demonstration,
        title: "Silhouette: demo".into(),
        summary: vec![
            row("Accuracy on held-out people", accuracy(last)),
            row("Before training", accuracy(Some(&outcome.before))),
            row("Devices", outcome.fleet.folders().len().to_string()),
            row("Promise per person", format!("epsilon {} at delta {:e}", outcome.args.epsilon, outcome.args.delta)),
        ],
        rounds: outcome.rounds.iter().filter_map(point).collect(),
        labels,
        confusion: last
            .map_or_else(Vec::new, |e| (0..n).map(|t| (0..n).map(|p| e.confusion.count(t, p)).collect()).collect()),
        epsilon_budget: Some(outcome.args.epsilon),
        settings: vec![
            row("transport", "QUIC, TLS 1.3, certificates on both ends, loopback".into()),
            row("computed by", outcome.chosen.why.clone()),
            row("mode", format!("{}: {}", outcome.args.mode, who_sees(outcome.args.mode))),
            row("seconds", format!("{:.1}", outcome.seconds)),
        ],
        assumptions: vec![
            "Unit: one person with one device; neighbouring: with or without that person.".into(),
            assumption(outcome.args.mode).into(),
            "No amplification by sampling is claimed: every device is in every round.".into(),
            "The people are made up; the noise is the operating system's randomness.".into(),
        ],
        left_device: vec![
            "Per round and device: one vector of integers, clipped, rounded, its norm checked exactly.".into(),
            "No text, no label, no count of texts, no profile.".into(),
        ],
        user_accuracy: last.map_or_else(Vec::new, Evaluation::user_accuracy),
        profile: Some(profile),
        ..ReportData::default()
    }
}

fn point(round: &super::Round) -> Option<RoundPoint> {
    let Event::RoundClosed { round: number, invited, reports, seconds, epsilon, bytes_up, bytes_down, .. } =
        &round.event
    else {
        return None;
    };
    let scores = round.evaluation.as_ref().map(|e| e.confusion.scores());
    Some(RoundPoint {
        clip: None,
        round: *number,
        invited: *invited as u64,
        reports: *reports as u64,
        accuracy: scores.map(|s| s.accuracy),
        macro_f1: scores.map(|s| s.macro_f1),
        loss: round.evaluation.as_ref().map(|e| e.loss),
        epsilon: Some(*epsilon),
        bytes_up: *bytes_up,
        bytes_down: *bytes_down,
        seconds: *seconds,
        ..RoundPoint::default()
    })
}

/// The ledger's charges with what they add up to.
fn charges(records: &[Record], delta: f64) -> anyhow::Result<Vec<LedgerLine>> {
    let delta = Delta::new(delta)?;
    let mut spent = 0.0;
    let line = |r: &Record| {
        let rho = r.charge.rho();
        spent += rho;
        let epsilon = zcdp::epsilon(Rho::new(spent)?, delta).get();
        Ok(LedgerLine { round: r.round, time: terminal::utc(r.time), rho, epsilon })
    };
    records.iter().map(line).collect()
}

fn section(person: &SynthUser, document: &ProfileDocument, ledger: Vec<LedgerLine>) -> ProfileSection {
    let clause = |c: &Clause| ProfileClause {
        text: c.text.clone(),
        field: c.field.clone(),
        quotes: profile_command::quotes(document, &c.field).into_iter().map(str::to_owned).collect(),
    };
    let told = [PersonaLanguage::Zh, PersonaLanguage::En].map(|language| persona(document, language));
    let told = told.each_ref().map(Private::expose_on_device);
    let planted =
        |label: &str| person.planted.interests.iter().find(|(i, _)| i.key() == label).map_or(0.0, |(_, &share)| share);
    let interests = document.interests.iter().filter(|i| i.head == "interest");
    ProfileSection {
        name: person.id.clone(),
        synthetic: true,
        text: told.iter().map(|persona| persona.text()).collect(),
        clauses: told.iter().flat_map(|persona| &persona.clauses).map(clause).collect(),
        ledger,
        facts: vec![
            ("texts".into(), document.behavior.texts.to_string()),
            ("mean sentiment".into(), format!("{:+.2}", document.sentiment.mean)),
        ],
        shares: interests
            .map(|i| ProfileShare { label: i.label.clone(), found: i.share, planted: Some(planted(&i.label)) })
            .collect(),
        terms: document.keywords.iter().take(12).map(|k| (k.term.clone(), k.score)).collect(),
        hours: document.behavior.hours.iter().map(|&h| h as f64).collect(),
    }
}
