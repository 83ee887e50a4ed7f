//! English addresses: house number, street, unit, city, state and postcode.

use super::View;

const STREETS: &[&str] = &[
    "Street",
    "St",
    "Avenue",
    "Ave",
    "Road",
    "Rd",
    "Lane",
    "Ln",
    "Drive",
    "Dr",
    "Boulevard",
    "Blvd",
    "Court",
    "Ct",
    "Way",
    "Place",
    "Pl",
    "Terrace",
    "Square",
    "Sq",
    "Parkway",
    "Pkwy",
    "Circle",
    "Cir",
    "Highway",
    "Hwy",
    "Crescent",
    "Close",
    "Mews",
    "Gardens",
    "Grove",
    "Row",
    "Walk",
    "Trail",
    "Plaza",
    "Alley",
    "Quay",
];
const UNITS: &[&str] = &["Apartment", "Apt", "Suite", "Ste", "Unit", "Flat", "Floor", "Fl", "Room", "Rm", "#"];
const BOXES: &[&str] = &["P.O. Box", "P. O. Box", "PO Box", "P.O.Box", "POB"];

/// The areas of British postcodes.
const AREAS: &str = " AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX \
    FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP \
    NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC \
    WD WF WN WR WS WV YO ZE ";

/// Words of a street's name before its kind.
const MAX_NAME_WORDS: usize = 4;

/// The end of the address that begins at `at`.
pub(super) fn at(view: &View<'_>, at: usize) -> Option<(usize, f32)> {
    let c = view.get(at);
    if view.get_before(at).is_ascii_alphanumeric() {
        return None;
    }
    match c {
        '0'..='9' => street(view, at).map(|end| (end, 0.9)),
        'F' | 'A' | 'U' | 'S' => unit_first(view, at).or_else(|| british(view, at).map(|end| (end, 0.85))),
        'P' => post_box(view, at).map(|end| (end, 0.9)).or_else(|| british(view, at).map(|end| (end, 0.85))),
        'B'..='Z' => british(view, at).map(|end| (end, 0.85)),
        _ => None,
    }
}

/// `Flat 3, 18 Kingsland Road …`.
fn unit_first(view: &View<'_>, at: usize) -> Option<(usize, f32)> {
    let end = unit(view, at)?;
    let number = skip(view, end, &[", ", ","]).unwrap_or(end);
    let house = view.get(number).is_ascii_digit();
    house.then(|| street(view, number)).flatten().map(|end| (end, 0.9))
}

fn post_box(view: &View<'_>, at: usize) -> Option<usize> {
    let end = BOXES.iter().find_map(|word| view.after_word(at, word))?;
    let from = view.run(end, 1, |c| c == ' ');
    let digits = view.run(from, 7, |c| c.is_ascii_digit());
    (digits > from).then(|| town(view, digits).unwrap_or(digits))
}

/// A house number, a name in capitals, and the kind of street.
fn street(view: &View<'_>, at: usize) -> Option<usize> {
    let mut number = view.run(at, 6, |c| c.is_ascii_digit());
    if view.get(number).is_ascii_alphabetic() && view.get(number + 1) == ' ' {
        number += 1;
    }
    if number - at > 6 || view.get(number) != ' ' || matches!(view.get_before(at), '$' | '£' | '€' | '.' | '-' | '/')
    {
        return None;
    }
    let mut from = number + 1;
    for word_index in 0..=MAX_NAME_WORDS {
        let end = word(view, from)?;
        let kind = STREETS.iter().any(|kind| end - from == kind.len() && view.string(from, end) == *kind);
        if kind && word_index > 0 {
            return Some(rest(view, end + usize::from(view.get(end) == '.' && town(view, end + 1).is_some())));
        }
        let directional = view.get(end) == '.' && end - from == 1;
        let gap = end + usize::from(directional);
        if view.get(gap) != ' ' {
            return None;
        }
        from = gap + 1;
    }
    None
}

/// The end of a word that begins with a capital or is an ordinal such as 5th.
fn word(view: &View<'_>, at: usize) -> Option<usize> {
    let first = view.get(at);
    let end = view.run(at, 20, |c| c.is_ascii_alphanumeric() || c == '\'' || c == '-');
    let ordinal = first.is_ascii_digit() && view.get_before(end).is_ascii_lowercase();
    (end > at && (first.is_ascii_uppercase() || ordinal)).then_some(end)
}

/// Unit, town, state and postcode after a street, as far as they go.
fn rest(view: &View<'_>, end: usize) -> usize {
    let mut end = end;
    if let Some(from) = skip(view, end, &[", ", " "])
        && let Some(after) = unit(view, from)
    {
        end = after;
    }
    town(view, end).unwrap_or(end)
}

fn unit(view: &View<'_>, at: usize) -> Option<usize> {
    let end = UNITS.iter().find_map(|word| view.after_word(at, word))?;
    let from = view.run(view.run(end, 1, |c| c == '.'), 1, |c| c == ' ');
    let number = view.run(from, 6, |c| c.is_ascii_alphanumeric() || c == '-');
    let numbered = view.slice(from, number).iter().any(char::is_ascii_digit) || number == from + 1;
    numbered.then_some(number)
}

/// `, Town Name, ST 12345-6789`, `, Town AB1 2CD`: up to two towns and what tells that they are.
fn town(view: &View<'_>, end: usize) -> Option<usize> {
    let mut at = end;
    for _ in 0..=5 {
        let from = skip(view, at, &[", ", ",", " "])?;
        if let Some(end) = british(view, from).or_else(|| american(view, from)) {
            return Some(end);
        }
        at = word(view, from).filter(|_| view.get(from).is_ascii_uppercase())?;
    }
    None
}

/// A state's two letters and a ZIP code.
fn american(view: &View<'_>, at: usize) -> Option<usize> {
    let state = view.run(at, 3, |c| c.is_ascii_uppercase());
    if state - at != 2 || view.get(state) != ' ' {
        return None;
    }
    let zip = view.run(state + 1, 6, |c| c.is_ascii_digit());
    if zip - state - 1 != 5 {
        return None;
    }
    let plus = if view.get(zip) == '-' { view.run(zip + 1, 5, |c| c.is_ascii_digit()) } else { zip };
    Some(if plus - zip == 5 { plus } else { zip }).filter(|&end| !view.get(end).is_ascii_alphanumeric())
}

/// A British postcode: one or two letters, a digit, a letter or digit, a space, a digit, two letters.
fn british(view: &View<'_>, at: usize) -> Option<usize> {
    let letters = view.run(at, 3, |c| c.is_ascii_uppercase());
    let outward = view.run(letters, 2, |c| c.is_ascii_digit());
    let outward = outward + usize::from(outward - letters == 1 && view.get(outward).is_ascii_uppercase());
    let known = || AREAS.contains(&format!(" {} ", view.string(at, letters)));
    if !(1..=2).contains(&(letters - at)) || outward == letters || view.get(outward) != ' ' {
        return None;
    }
    let inward = outward + 1;
    let whole = known()
        && view.get(inward).is_ascii_digit()
        && view.slice(inward + 1, inward + 3).iter().all(|c| c.is_ascii_uppercase() && !"CIKMOV".contains(*c))
        && view.get(inward + 2) != '\0'
        && !view.get(inward + 3).is_ascii_alphanumeric();
    whole.then_some(inward + 3)
}

fn skip(view: &View<'_>, at: usize, words: &[&str]) -> Option<usize> {
    words.iter().find(|word| view.starts_with(at, word)).map(|word| at + word.len())
}
