//! Check digits and the rules of numbers that have some.

/// The weights of GB 11643-1999, ISO 7064 MOD 11-2.
const RESIDENT_WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const RESIDENT_CHECKS: &[u8; 11] = b"10X98765432";

/// Luhn's test (ISO/IEC 7812-1, annex B) of a number in ASCII digits.
pub(super) fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            let doubled = if place % 2 == 1 { digit * 2 } else { digit };
            doubled / 10 + doubled % 10
        })
        .sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

/// Whether a card of some issuer has this length and these first digits.
pub(super) fn card_issuer(digits: &str) -> bool {
    let head = |length: usize| digits.get(..length).and_then(|head| head.parse::<u32>().ok()).unwrap_or(0);
    match digits.len() {
        14 => matches!(head(2), 36 | 38) || (300..=305).contains(&head(3)),
        15 => matches!(head(2), 34 | 37),
        16..=19 if head(2) == 62 => true,
        16 => {
            head(1) == 4
                || (51..=55).contains(&head(2))
                || (2221..=2720).contains(&head(4))
                || (3528..=3589).contains(&head(4))
                || head(4) == 6011
                || head(2) == 65
                || (644..=649).contains(&head(3))
        }
        13 | 19 => head(1) == 4,
        _ => false,
    }
}

/// Whether 17 digits and a digit or `X` are a Chinese resident identity number: a province, a date
/// of birth, and the check digit.
pub(super) fn resident_id(number: &str) -> bool {
    let Some((body, check)) = number.get(..17).zip(number.as_bytes().get(17).copied()) else {
        return false;
    };
    if number.len() != 18 || !body.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let sum: u32 = body.bytes().zip(RESIDENT_WEIGHTS).map(|(byte, weight)| u32::from(byte - b'0') * weight).sum();
    RESIDENT_CHECKS[(sum % 11) as usize] == check.to_ascii_uppercase() && resident_body(body)
}

/// A province's code and a date of birth.
pub(super) fn resident_body(body: &str) -> bool {
    let part = |from: usize, to: usize| body.get(from..to).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    (11..=82).contains(&part(0, 2))
        && (1900..=2099).contains(&part(6, 10))
        && (1..=12).contains(&part(10, 12))
        && (1..=31).contains(&part(12, 14))
}

/// Whether area, group and serial are ones that the Social Security Administration gives out.
pub(super) fn social_security(digits: &str) -> bool {
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    let area = part(0, 3);
    digits.len() == 9 && area != 0 && area != 666 && area < 900 && part(3, 5) != 0 && part(5, 9) != 0
}

/// Whether an IBAN without spaces has the remainder 1 (ISO 7064 MOD 97-10).
pub(super) fn iban(number: &str) -> bool {
    let bytes = number.as_bytes();
    if !(15..=34).contains(&bytes.len())
        || !bytes[..2].iter().all(u8::is_ascii_uppercase)
        || !bytes[2..4].iter().all(u8::is_ascii_digit)
        || !bytes.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
    {
        return false;
    }
    let remainder = bytes[4..].iter().chain(&bytes[..4]).fold(0u32, |remainder, byte| match byte {
        b'0'..=b'9' => (remainder * 10 + u32::from(byte - b'0')) % 97,
        _ => (remainder * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    remainder == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luhn_knows_the_test_numbers_of_the_issuers() {
        for number in
            ["4111111111111111", "5555555555554444", "378282246310005", "6011111111111117", "3530111333300000"]
        {
            assert!(luhn(number) && card_issuer(number), "{number}");
            let (head, last) = number.split_at(number.len() - 1);
            let wrong = (last.parse::<u32>().unwrap() + 1) % 10;
            assert!(!luhn(&format!("{head}{wrong}")), "{number}");
        }
        assert!(!luhn("") && !card_issuer("1234567890123456"));
    }

    #[test]
    fn resident_ids_have_a_check_digit_and_a_date() {
        // The example of the standard.
        assert!(resident_id("11010519491231002X") && resident_id("11010519491231002x"));
        assert!(!resident_id("110105194912310021"));
        assert!(!resident_id("11010519491331002X"));
        assert!(!resident_id("1101051949123100"));
    }

    #[test]
    fn ibans_of_the_registry_pass() {
        for number in
            ["GB29NWBK60161331926819", "DE89370400440532013000", "FR1420041010050500013M02606", "NO9386011117947"]
        {
            assert!(iban(number), "{number}");
            assert!(!iban(&number.replacen('1', "2", 1)), "{number}");
        }
        assert!(!iban("GB29") && !iban("gb29NWBK60161331926819"));
    }

    #[test]
    fn social_security_numbers_have_rules() {
        assert!(social_security("078051120"));
        for number in ["000121234", "666121234", "900121234", "123001234", "123120000", "12345678"] {
            assert!(!social_security(number), "{number}");
        }
    }
}
