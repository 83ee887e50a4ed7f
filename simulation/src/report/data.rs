//! What a report is made from.

use serde::{Deserialize, Serialize};

/// Everything a report shows. Strings are plain text; escaping happens when they are put into
/// the page. Sections without data are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReportData {
    /// What the report is of.
    pub kind: ReportKind,
    /// The heading.
    pub title: String,
    /// The language of the fixed words.
    pub lang: ReportLanguage,
    /// Names and values for the cards at the top.
    pub summary: Vec<(String, String)>,
    /// What happened in each round.
    pub rounds: Vec<RoundPoint>,
    /// The classes, in the order of the confusion matrix.
    pub labels: Vec<String>,
    /// Counts: a row for each true class, a column for each predicted one.
    pub confusion: Vec<Vec<u64>>,
    /// How the rows of a file were dealt to made-up people.
    pub partition: Option<PartitionSection>,
    /// The most privacy loss the run may spend.
    pub epsilon_budget: Option<f64>,
    /// Names and values of all settings.
    pub settings: Vec<(String, String)>,
    /// What the privacy statement rests on, a sentence each.
    pub assumptions: Vec<String>,
    /// What was in the reports of the devices, a sentence each. Totals are added by the report.
    pub left_device: Vec<String>,
    /// Names and figures of what devices told privately beside training.
    pub told_privately: Vec<(String, String)>,
    /// Names and accuracies of models beside this one, on the texts that the accuracy of the rounds is of.
    pub baselines: Vec<(String, f64)>,
    /// The same on the later texts of those who train.
    pub later_baselines: Vec<(String, f64)>,
    /// What was compared, and the figures, a line each.
    pub compared: Vec<(String, String)>,
    /// The accuracy of each user, from 0 to 1.
    pub user_accuracy: Vec<f64>,
    /// The profile of one person.
    pub profile: Option<ProfileSection>,
}

/// How the rows of a file were dealt to made-up people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PartitionSection {
    /// What was done, in a sentence.
    pub text: String,
    /// Labels.
    pub labels: Vec<String>,
    /// Some of the people, with their rows of each label.
    pub people: Vec<(String, Vec<u64>)>,
}

/// One round. Values that are not finite count as missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoundPoint {
    /// The number of the round.
    pub round: u64,
    /// Devices that were asked.
    pub invited: u64,
    /// Devices whose report was counted.
    pub reports: u64,
    /// Share of right answers after the round, where it was measured.
    pub accuracy: Option<f64>,
    /// Mean of the F1 scores of the classes.
    pub macro_f1: Option<f64>,
    /// Mean loss.
    pub loss: Option<f64>,
    /// Accuracy on the later texts of those who train, where they are kept out of training.
    pub later_accuracy: Option<f64>,
    /// Clip norm of the round, where it moves.
    pub clip: Option<f64>,
    /// Privacy loss spent up to and including this round.
    pub epsilon: Option<f64>,
    /// Bytes from all devices.
    pub bytes_up: u64,
    /// Bytes to all devices.
    pub bytes_down: u64,
    /// How long the round took.
    pub seconds: f64,
    /// Virtual hours from the start of the run to the end of the round, where there is a virtual clock.
    pub clock_hours: Option<f64>,
}

/// What is known about one person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProfileSection {
    /// Who it is.
    pub name: String,
    /// Whether the person is made up, which the page then says.
    pub synthetic: bool,
    /// The profile in words, a paragraph each.
    pub text: Vec<String>,
    /// The profile sentence by sentence, each with what it rests on.
    pub clauses: Vec<ProfileClause>,
    /// What the person's device has charged for, oldest first.
    pub ledger: Vec<LedgerLine>,
    /// Short facts, such as the language.
    pub facts: Vec<(String, String)>,
    /// Interests.
    pub shares: Vec<ProfileShare>,
    /// Typical terms with their weights.
    pub terms: Vec<(String, f64)>,
    /// Activity in each hour of the day, 24 values in any unit.
    pub hours: Vec<f64>,
}

/// One sentence of a profile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProfileClause {
    /// The sentence.
    pub text: String,
    /// The field of the profile that it puts into words.
    pub field: String,
    /// Places in the person's own texts that led to it; none where it rests on counts alone.
    pub quotes: Vec<String>,
}

/// One charge of a device's privacy ledger.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LedgerLine {
    /// The round.
    pub round: u64,
    /// When, as it is shown.
    pub time: String,
    /// What was charged, in rho of zero-concentrated differential privacy.
    pub rho: f64,
    /// The privacy loss of all charges up to this one.
    pub epsilon: f64,
}

/// One interest of a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProfileShare {
    /// Its name.
    pub label: String,
    /// The share that was found, from 0 to 1.
    pub found: f64,
    /// The true share, where it is known.
    pub planted: Option<f64>,
}

/// What a report is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportKind {
    /// A simulation in one process.
    #[default]
    Simulation,
    /// A demonstration with devices, an aggregator and a network between them.
    Demonstration,
}

/// The language of the fixed words of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportLanguage {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}
