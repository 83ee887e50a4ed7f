use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where the noise of a round is added, and with it whom a device has to trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The aggregator adds the noise: it sees every update in the clear.
    Central,
    /// Every device adds enough noise to be protected by itself.
    Local,
    /// Every device adds its share of the noise; only the masked sum is protected in full.
    Distributed,
}

impl Mode {
    /// Orders modes by what the aggregator may learn about one device; more is stronger.
    ///
    /// A device states the weakest mode it accepts and compares with this number. `Local` stands
    /// above `Distributed` because it needs no assumption about the other devices.
    pub const fn strength(self) -> u8 {
        match self {
            Self::Central => 0,
            Self::Distributed => 1,
            Self::Local => 2,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Central => "central",
            Self::Local => "local",
            Self::Distributed => "distributed",
        })
    }
}

/// The text names no mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a mode is one of central, local, distributed")]
pub struct UnknownMode;

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        match text {
            "central" => Ok(Self::Central),
            "local" => Ok(Self::Local),
            "distributed" => Ok(Self::Distributed),
            _ => Err(UnknownMode),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_survive_text_and_are_ordered() {
        for mode in [Mode::Central, Mode::Local, Mode::Distributed] {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
        assert!("Central".parse::<Mode>().is_err());
        assert!(Mode::Distributed.strength() > Mode::Central.strength());
        assert!(Mode::Local.strength() > Mode::Central.strength());
    }
}
