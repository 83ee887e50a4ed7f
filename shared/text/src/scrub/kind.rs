//! Kinds of personal data and their placeholders.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of personal data was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PersonalKind {
    /// A postal address down to a house, a post-office box, or a labelled or British postcode.
    Address,
    /// The number of a bank card, by issuer, length and Luhn's check digit.
    BankCard,
    /// An e-mail address.
    Email,
    /// A labelled account of a messenger or social network.
    Handle,
    /// An international bank account number (ISO 13616).
    Iban,
    /// A person's name.
    Name,
    /// A Chinese resident identity number (GB 11643) or a US social security number.
    NationalId,
    /// An IPv4, IPv6 or MAC address.
    NetworkAddress,
    /// The number of a passport or a travel permit.
    Passport,
    /// A telephone number.
    Phone,
    /// The number plate of a vehicle.
    Plate,
    /// A URL that carries a user's name or password.
    Url,
}

impl PersonalKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Address,
        Self::BankCard,
        Self::Email,
        Self::Handle,
        Self::Iban,
        Self::Name,
        Self::NationalId,
        Self::NetworkAddress,
        Self::Passport,
        Self::Phone,
        Self::Plate,
        Self::Url,
    ];

    /// What stands in a scrubbed text instead.
    pub fn placeholder(self) -> &'static str {
        match self {
            Self::Address => "⟨address⟩",
            Self::BankCard => "⟨card⟩",
            Self::Email => "⟨email⟩",
            Self::Handle => "⟨handle⟩",
            Self::Iban => "⟨iban⟩",
            Self::Name => "⟨name⟩",
            Self::NationalId => "⟨id⟩",
            Self::NetworkAddress => "⟨net⟩",
            Self::Passport => "⟨passport⟩",
            Self::Phone => "⟨phone⟩",
            Self::Plate => "⟨plate⟩",
            Self::Url => "⟨url⟩",
        }
    }
}

impl fmt::Display for PersonalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.placeholder().trim_matches(['⟨', '⟩']))
    }
}

/// The length in bytes of the placeholder that `text` begins with, if it begins with one.
pub(crate) fn placeholder_len(text: &str) -> Option<usize> {
    if !text.starts_with('⟨') {
        return None;
    }
    let placeholder = PersonalKind::ALL.into_iter().map(PersonalKind::placeholder);
    placeholder.filter(|placeholder| text.starts_with(placeholder)).map(str::len).next()
}
