//! The configuration that explains itself.

use silhouette_model::hashed_share;
use silhouette_privacy::accounting::{Delta, Epsilon, zcdp};

use super::{Plan, PlanError, TaskConfig};

/// The file with every key explained.
const SAMPLE: &str = include_str!("../../sample.toml");

/// The promise that [`sample_for`] states.
const EPSILON: f64 = 8.0;
const DELTA: f64 = 1e-5;

/// Fewest devices of a masked round.
const FEWEST: u32 = 3;

/// Rounds of [`sample_for`]; each device is in all of them.
const ROUNDS: u32 = 10;

/// A sample configuration with every key explained, for a large population of which each device
/// joins a few rounds.
pub fn sample_config() -> &'static str {
    SAMPLE
}

/// The same for `devices` devices, 3 or more, of which each is in every round: a round takes place
/// with four fifths of them (at least three), starts soon and does not wait long for who vanished.
/// The promise is epsilon 8 at delta 1e-5 over 10 rounds.
///
/// # Errors
/// When there are fewer than three devices: a masked sum over two tells each of them the other's part.
pub fn sample_for(devices: u32) -> Result<String, PlanError> {
    if devices < FEWEST {
        return Err(PlanError::TooFewDevices { found: devices });
    }
    let wanted = (devices.saturating_mul(4) / 5).max(FEWEST);
    // Of very few devices no four fifths may do: then fewer may vanish.
    for min_reports in wanted..devices {
        let text = filled_in(devices, min_reports)?;
        match Plan::new(TaskConfig::from_toml(&text)?) {
            Err(PlanError::Masked(_)) => {}
            other => return other.map(|_| text),
        }
    }
    filled_in(devices, devices)
}

fn filled_in(devices: u32, min_reports: u32) -> Result<String, PlanError> {
    let rho = zcdp::max_rho(Epsilon::new(EPSILON)?, Delta::new(DELTA)?).get();
    let values = [
        ("rounds", ROUNDS.to_string()),
        ("cohort", devices.to_string()),
        ("min_reports", min_reports.to_string()),
        ("over_selection", "1.0".into()),
        ("deadline_ms", "15000".into()),
        ("gathering_ms", "3000".into()),
        ("retry_ms", "[200, 1000]".into()),
        ("epsilon", format!("{EPSILON:?}")),
        ("delta", format!("{DELTA:?}")),
        ("min_separation", "1".into()),
        ("hashed_share", format!("{:?}", hashed_share(Some(rho), devices as usize))),
    ];
    let line = |line: &str| {
        let key = line.split(" = ").next().unwrap_or_default();
        match values.iter().find(|(name, _)| *name == key) {
            Some((_, value)) => format!("{key} = {value}\n"),
            // Left out, which is no limit: everybody is in every round.
            None if key == "max_participations" => format!("#{line}\n"),
            None => format!("{line}\n"),
        }
    };
    Ok(SAMPLE.lines().map(line).collect())
}
