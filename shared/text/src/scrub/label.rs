//! What is told by its label: messenger accounts, passports, number plates, postcodes.

use std::sync::LazyLock;

use super::{PersonalKind, set::CharSet, view::View};

type Found = Option<(PersonalKind, (usize, usize), f32)>;

/// Labels of accounts: the label, and whether digits alone are an account of it.
const ACCOUNTS: &[(&str, bool)] = &[
    ("微信", false),
    ("薇信", false),
    ("威信", false),
    ("v信", false),
    ("vx", false),
    ("wx", false),
    ("加微", false),
    ("qq", true),
    ("扣扣", true),
    ("企鹅号", true),
    ("wechat", false),
    ("weixin", false),
    ("instagram", false),
    ("insta", false),
    ("twitter", false),
    ("telegram", false),
    ("snapchat", false),
    ("skype", false),
    ("discord", false),
    ("tiktok", false),
    ("line id", false),
    ("微博", false),
    ("抖音号", true),
    ("小红书号", true),
];

/// What may stand between a label and its value.
const BETWEEN: &[&str] = &[
    "号码", "账号", "账户", "id", "号", "是", "为", "名", ":", " ", "handle", "username", "account", "is", "=", "(",
    "me at",
];

const PASSPORT: &[&str] = &["护照", "通行证", "港澳", "passport", "travel permit"];
const PLATE: &[&str] =
    &["license plate", "licence plate", "number plate", "plate number", "plate no.", "plate", "registration no"];
const POSTCODE: &[&str] = &["邮编", "邮政编码", "zip code", "zip", "postal code", "postcode"];

/// The short names of the provinces, as they begin a number plate.
const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";

static FIRST: LazyLock<CharSet> =
    LazyLock::new(|| CharSet::first_of(ACCOUNTS.iter().map(|(label, _)| label).chain(PLATE).chain(POSTCODE)));
static PROVINCE: LazyLock<CharSet> = LazyLock::new(|| CharSet::of(PROVINCES.chars()));

/// The labelled value whose label, or whose unmistakable form, begins at `at`.
pub(super) fn at(view: &View<'_>, at: usize) -> Found {
    let c = view.get(at);
    if PROVINCE.contains(c) {
        return plate(view, at);
    }
    let word_start = !c.is_ascii_alphanumeric() || !view.get_before(at).is_ascii_alphanumeric();
    if !word_start || !FIRST.contains(c) {
        return None;
    }
    account(view, at).or_else(|| english_plate(view, at)).or_else(|| postcode(view, at))
}

/// The end of what stands between a label and its value, and whether that is more than a space.
fn between(view: &View<'_>, from: usize) -> (usize, bool) {
    let (mut at, mut said) = (from, false);
    while let Some(word) = BETWEEN.iter().find(|word| view.after_word(at, word).is_some()) {
        at += word.chars().count();
        said |= *word != " ";
        if at > from + 16 {
            break;
        }
    }
    (at, said)
}

fn account(view: &View<'_>, at: usize) -> Found {
    let (label, numeric) = ACCOUNTS.iter().find(|(label, _)| {
        let end = at + label.chars().count();
        let inside = label.is_ascii() && view.get(end).is_ascii_alphabetic();
        view.starts_with(at, label) && !inside
    })?;
    let (value, said) = between(view, at + label.chars().count());
    let marked = view.get(value) == '@';
    let from = value + usize::from(marked);
    let belongs = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    let mut end = view.run(from, 40, belongs);
    while matches!(view.get_before(end), '.' | '-' | ':') && end > from {
        end -= 1;
    }
    let name = view.slice(from, end);
    let digits = name.iter().filter(|c| c.is_ascii_digit()).count();
    if !name.is_empty() && digits == name.len() {
        let account = *numeric && (5..=11).contains(&digits) && view.get(end) != '-';
        return account.then_some((PersonalKind::Handle, (value, end), if said { 0.95 } else { 0.8 }));
    }
    let begins = name.first().is_some_and(char::is_ascii_alphabetic) || marked;
    let long = name.len() >= if marked { 2 } else { 5 };
    let odd = digits > 0 || name.iter().any(|c| matches!(c, '_' | '-' | '.'));
    if !begins || !long || matches!(view.get(end), '@' | ':') {
        return None;
    }
    match (marked, said, odd) {
        (true, ..) => Some((PersonalKind::Handle, (value, end), 0.95)),
        (_, true, true) => Some((PersonalKind::Handle, (value, end), 0.9)),
        (_, false, true) => Some((PersonalKind::Handle, (value, end), 0.7)),
        // A plain word after "is" is more likely an adjective.
        (_, true, false) if matches!(view.get_before(value), ':' | '号') => {
            Some((PersonalKind::Handle, (value, end), 0.7))
        }
        _ => None,
    }
}

/// A passport or permit: letters and digits with a label on either side.
pub(super) fn passport_at(view: &View<'_>, at: usize) -> Found {
    let end = view.run(at, 12, |c| c.is_ascii_alphanumeric());
    let number = view.slice(at, end);
    let digits = number.iter().filter(|c| c.is_ascii_digit()).count();
    let capital = number.iter().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
    if !(7..=10).contains(&number.len()) || digits < 5 || !capital {
        return None;
    }
    let lettered = digits < number.len();
    let before = view.has_before(at, 24, PASSPORT);
    let labelled = before || lettered && view.has_after(end, 4, PASSPORT);
    labelled.then_some((PersonalKind::Passport, (at, end), if lettered { 0.9 } else { 0.8 }))
}

/// A Chinese number plate: province, office, and five or, for electric cars, six more.
fn plate(view: &View<'_>, at: usize) -> Found {
    let belongs = |c: char| (c.is_ascii_uppercase() || c.is_ascii_digit()) && !matches!(c, 'I' | 'O');
    if !view.get(at + 1).is_ascii_uppercase() || view.get(at + 1) == 'I' {
        return None;
    }
    let from = at + 2 + usize::from(matches!(view.get(at + 2), '·' | '-' | ' ' | '.' | '•'));
    let mut end = view.run(from, 7, belongs);
    if end - from == 4 && "挂学警港澳领".contains(view.get(end)) {
        end += 1;
    }
    let digits = view.slice(from, end).iter().filter(|c| c.is_ascii_digit()).count();
    let whole = matches!(end - from, 5 | 6) && !view.get(end).is_ascii_alphanumeric();
    (whole && digits >= 2).then_some((PersonalKind::Plate, (at, end), 0.95))
}

fn english_plate(view: &View<'_>, at: usize) -> Found {
    let end = PLATE.iter().find_map(|label| view.after_word(at, label))?;
    let (from, _) = between(view, end);
    let belongs = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    let first = view.run(from, 8, belongs);
    let second = match view.get(first) {
        ' ' | '-' => Some(view.run(first + 1, 5, belongs)).filter(|&end| end > first + 1),
        _ => None,
    };
    let end = second.unwrap_or(first);
    let number = view.slice(from, end);
    let digits = number.iter().filter(|c| c.is_ascii_digit()).count();
    let whole = (4..=9).contains(&number.len()) && digits > 0 && !view.get(end).is_ascii_alphanumeric();
    whole.then_some((PersonalKind::Plate, (from, end), 0.85))
}

/// Six digits in China, five or nine in the US, after a label.
fn postcode(view: &View<'_>, at: usize) -> Found {
    let end = POSTCODE.iter().find_map(|label| view.after_word(at, label))?;
    let (from, _) = between(view, end);
    let digits = view.run(from, 7, |c| c.is_ascii_digit());
    let end = match digits - from {
        5 if view.get(digits) == '-' => view.run(digits + 1, 5, |c| c.is_ascii_digit()),
        5 | 6 => digits,
        _ => return None,
    };
    (!view.get(end).is_ascii_alphanumeric()).then_some((PersonalKind::Address, (from, end), 0.85))
}
