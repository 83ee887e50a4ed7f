//! Devices that try to spoil the model: a researcher's setting.

use std::fmt;
use std::str::FromStr;

use super::ConfigError;

/// What a poisoner sends instead of its update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attack {
    /// Its update turned around and made a hundred clip norms long (less where a short vector's grid has
    /// no room for it): it skips its clip and its noise, and nobody can tell, because its vector is under
    /// a mask.
    Boost,
    /// Its update turned around and made as long as the clip allows, with its noise: a release like any
    /// other.
    Flip,
}

/// Which devices do what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Poison {
    /// What they send.
    pub attack: Attack,
    /// Share of the training users, above 0 to below a half; at least one of them.
    pub share: f64,
}

impl Poison {
    /// Poisoners among `users`.
    pub fn count(&self, users: usize) -> usize {
        ((self.share * users as f64).round() as usize).clamp(1, users.max(1))
    }
}

impl fmt::Display for Poison {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attack = match self.attack {
            Attack::Boost => "boost",
            Attack::Flip => "flip",
        };
        write!(out, "{attack}:{}", self.share)
    }
}

impl FromStr for Poison {
    type Err = ConfigError;

    /// `boost:SHARE` or `flip:SHARE`.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let wrong = || ConfigError::Setting {
            field: "poison",
            expected: "boost:SHARE or flip:SHARE, a share above 0 and below 0.5".into(),
            found: text.to_owned(),
        };
        let (attack, share) = text.split_once(':').ok_or_else(wrong)?;
        let attack = match attack {
            "boost" => Attack::Boost,
            "flip" => Attack::Flip,
            _ => return Err(wrong()),
        };
        let share: f64 = share.parse().map_err(|_| wrong())?;
        if share > 0.0 && share < 0.5 { Ok(Self { attack, share }) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        let poison: Poison = "boost:0.05".parse().unwrap();
        assert_eq!(poison, Poison { attack: Attack::Boost, share: 0.05 });
        assert_eq!(poison.to_string().parse(), Ok(poison));
        assert_eq!((poison.count(200), poison.count(3)), (10, 1));
        for wrong in ["boost", "boost:0", "flip:0.5", "flip:NaN", "shout:0.1", ""] {
            assert!(wrong.parse::<Poison>().is_err(), "{wrong}");
        }
    }
}
