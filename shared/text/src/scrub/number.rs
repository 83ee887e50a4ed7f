//! Numbers: telephones, identity and card numbers, IPv4 addresses.

use super::{PersonalKind, check, view::View};

type Found = Option<(PersonalKind, (usize, usize), f32)>;

/// More groups of digits than any number of a person has are looked at through a window.
const MAX_GROUPS: usize = 8;

/// Digits of one number, country code and all.
const MAX_DIGITS: usize = 24;

/// Labels of numbers that belong to a thing, right before the number.
const REFERENCE: &[&str] = &[
    "订单",
    "单号",
    "运单",
    "货号",
    "编号",
    "编码",
    "条码",
    "条形码",
    "序列号",
    "型号",
    "流水号",
    "发票号",
    "中奖",
    "isbn",
    "ean",
    "upc",
    "order",
    "tracking",
    "serial",
    "part no",
    "part number",
    "invoice",
    "ticket",
    "model",
    "case",
    "receipt",
    "coupon",
    "item",
    "sku",
    "asin",
    "ref",
    "reference",
    "lot",
    "batch",
    "patent",
];
/// Labels of dotted numbers that are no network addresses.
const VERSION: &[&str] = &[
    "version", "ver", "v", "firmware", "build", "kernel", "driver", "section", "chapter", "release", "update", "版本",
    "固件", "版", "章", "节", "升级",
];
const PHONE: &[&str] = &[
    "电话", "手机", "座机", "热线", "固话", "致电", "拨打", "传真", "联系", "打给", "tel", "phone", "call", "text",
    "mobile", "cell", "dial", "reach", "ring", "fax", "whatsapp", "sms", "number:",
];
const IDENTITY: &[&str] = &["身份证", "证件", "id card", "identity"];
const SOCIAL: &[&str] = &["ssn", "social security"];
const CARD: &[&str] = &["卡号", "银行卡", "信用卡", "储蓄卡", "工资卡", "账号", "card", "visa", "amex", "mastercard"];

/// A run of digits with single separators in it.
struct Run {
    /// First character and the one after, for each group of digits.
    groups: Vec<(usize, usize)>,
    plus: bool,
    start: usize,
}

/// The number that begins at `at`, where one does.
pub(super) fn at(view: &View<'_>, at: usize) -> Found {
    let c = view.get(at);
    let begins = c.is_ascii_digit() || matches!(c, '+' | '(') && digit_follows(view, at + 1);
    let before = view.get_before(at);
    if !begins || before.is_ascii_alphanumeric() || matches!(before, '$' | '£' | '€' | '¥' | '#' | '+') {
        return None;
    }
    // The rest of a longer number is no number of its own.
    if matches!(before, '.' | ',' | '-' | '/' | ':') && at >= 2 && view.get(at - 2).is_ascii_digit() {
        return None;
    }
    let run = run_at(view, at);
    (1..=run.groups.len().min(MAX_GROUPS)).rev().find_map(|count| whole(view, &run, count))
}

fn digit_follows(view: &View<'_>, at: usize) -> bool {
    view.get(at).is_ascii_digit() || view.get(at) == '+' && view.get(at + 1).is_ascii_digit()
}

fn run_at(view: &View<'_>, start: usize) -> Run {
    let mut groups = Vec::new();
    let mut at = start;
    let mut plus = false;
    let mut digits = 0;
    while matches!(view.get(at), '+' | '(') && at < start + 2 {
        plus |= view.get(at) == '+';
        at += 1;
    }
    while groups.len() < MAX_GROUPS + 1 {
        let end = view.run(at, MAX_DIGITS + 8, |c| c.is_ascii_digit());
        digits += end - at;
        if end == at || digits > MAX_DIGITS + 8 {
            break;
        }
        groups.push((at, end));
        // One separator, or a bracket with a space beside it.
        let gap = view.run(end, 2, |c| matches!(c, ' ' | '-' | '.' | '(' | ')'));
        let wide = gap - end == 2 && !view.slice(end, gap).iter().any(|c| matches!(c, '(' | ')'));
        if gap == end || wide || !view.get(gap).is_ascii_digit() {
            break;
        }
        at = gap;
    }
    Run { groups, plus, start }
}

/// The first `count` groups, where they make up a number of a person.
fn whole(view: &View<'_>, run: &Run, count: usize) -> Found {
    let groups = &run.groups[..count];
    let end = groups.last()?.1;
    let after = view.get(end);
    let tight = run.groups.get(count).is_some() && matches!(after, '-' | '.' | '(');
    let check_letter = matches!(after, 'x' | 'X') && !view.get(end + 1).is_ascii_alphanumeric();
    if tight || after.is_ascii_alphanumeric() && !check_letter || after == '%' {
        return None;
    }
    if matches!(after, '.' | '/' | '-') && view.get(end + 1).is_ascii_digit() {
        return None;
    }
    let number = Number::of(view, run, groups);
    if check_letter {
        return identity(view, &number, end + 1);
    }
    let reference = view.has_before(run.start, 10, REFERENCE);
    if run.plus {
        return phone(number.international(), (run.start, end));
    }
    if let Some(found) = identity(view, &number, end).filter(|_| !reference) {
        return Some(found);
    }
    if reference {
        return None;
    }
    card(view, &number, end)
        .or_else(|| social(view, &number, end))
        .or_else(|| network(view, &number, end))
        .or_else(|| phone(number.domestic(view), (run.start, end)))
}

fn phone(confidence: Option<f32>, span: (usize, usize)) -> Found {
    confidence.map(|confidence| (PersonalKind::Phone, span, confidence))
}

/// Digits, and how they are grouped.
struct Number {
    digits: String,
    lengths: Vec<usize>,
    separator: Option<char>,
    start: usize,
    bracket: bool,
}

impl Number {
    fn of(view: &View<'_>, run: &Run, groups: &[(usize, usize)]) -> Self {
        let digits = groups.iter().flat_map(|&(from, to)| view.slice(from, to)).collect();
        let lengths = groups.iter().map(|(from, to)| to - from).collect();
        let gaps: Vec<char> = groups.windows(2).map(|pair| view.get(pair[0].1)).collect();
        let separator = gaps.first().copied().filter(|first| gaps.iter().all(|gap| gap == first));
        let bracket = view.get(run.start) == '(' || gaps.contains(&')');
        Self { digits, lengths, separator, start: run.start, bracket }
    }

    fn begins(&self, prefixes: &[&str]) -> bool {
        prefixes.iter().any(|prefix| self.digits.starts_with(prefix))
    }

    /// After a plus sign: E.164, with the rules of the plans we know.
    fn international(&self) -> Option<f32> {
        let length = self.digits.len();
        match () {
            () if self.begins(&["0"]) => None,
            () if self.begins(&["1"]) => (length == 11).then_some(0.95),
            () if self.begins(&["86"]) => (11..=14).contains(&length).then_some(0.95),
            () => (8..=15).contains(&length).then_some(0.9),
        }
    }

    fn domestic(&self, view: &View<'_>) -> Option<f32> {
        let labelled = view.has_before(self.start, 16, PHONE);
        self.chinese(labelled).or_else(|| self.american(labelled)).or_else(|| self.british(labelled)).or_else(|| {
            let local = matches!(self.lengths[..], [7 | 8] | [3 | 4, 4]);
            let near = view.has_before(self.start, 7, PHONE);
            (near && local && self.separator != Some('.')).then_some(0.6)
        })
    }

    fn chinese(&self, labelled: bool) -> Option<f32> {
        let (digits, lengths) = match self.lengths[..] {
            [2, ..] | [4, ..] if self.begins(&["86", "0086"]) && self.lengths.len() > 1 => {
                (&self.digits[self.lengths[0]..], &self.lengths[1..])
            }
            [13] if self.begins(&["86"]) => (&self.digits[2..], &[11][..]),
            _ => (&self.digits[..], &self.lengths[..]),
        };
        let second = digits.as_bytes().get(1).copied().unwrap_or(0);
        let mobile = digits.len() == 11 && digits.starts_with('1') && second >= b'3';
        if mobile && matches!(lengths, [11] | [3, 4, 4] | [3, 3, 5] | [3, 8] | [7, 4]) {
            return Some(0.95);
        }
        let service = digits.len() == 10 && (digits.starts_with("400") || digits.starts_with("800"));
        if service && matches!(lengths, [3, 3, 4] | [3, 4, 3] | [4, 3, 3]) || service && lengths == [10] && labelled {
            return Some(0.9);
        }
        let area = match digits.as_bytes() {
            [b'0', b'1', b'0', ..] | [b'0', b'2', ..] => 3,
            [b'0', b'3'..=b'9', ..] => 4,
            _ => return None,
        };
        let local = digits.len().checked_sub(area).filter(|local| matches!(local, 7 | 8))?;
        let grouped = lengths[0] == area && (lengths.len() == 2 || lengths.len() == 3 && lengths[2] == 4);
        if grouped && self.separator != Some('.') || self.bracket && lengths[0] == area {
            return Some(0.9);
        }
        (lengths.len() == 1 && (labelled || local == 8)).then_some(if labelled { 0.85 } else { 0.6 })
    }

    /// The North American Numbering Plan: neither area nor exchange begins with 0 or 1.
    fn american(&self, labelled: bool) -> Option<f32> {
        let (digits, lengths) = match self.lengths[..] {
            [1, ..] if self.begins(&["1"]) => (&self.digits[1..], &self.lengths[1..]),
            _ => (&self.digits[..], &self.lengths[..]),
        };
        let bytes = digits.as_bytes();
        if digits.len() != 10 || bytes[0] < b'2' || bytes[3] < b'2' {
            return None;
        }
        match lengths {
            [3, 3, 4] if self.separator == Some(' ') && !self.bracket => Some(if labelled { 0.9 } else { 0.6 }),
            [3, 3, 4] => Some(0.9),
            [10] => labelled.then_some(0.8),
            _ => None,
        }
    }

    fn british(&self, labelled: bool) -> Option<f32> {
        if !self.begins(&["01", "02", "03", "07"]) || !matches!(self.digits.len(), 10 | 11) {
            return None;
        }
        match self.lengths[..] {
            [3, 4, 4] | [5, 6] | [5, 3, 3] | [4, 3, 4] | [4, 7] if self.separator != Some('.') => Some(0.8),
            [11] if labelled || self.begins(&["07"]) => Some(0.8),
            _ => None,
        }
    }
}

fn identity(view: &View<'_>, number: &Number, end: usize) -> Found {
    if !matches!(number.lengths[..], [18] | [17] | [6, 8, 4] | [6, 8, 3] | [15]) {
        return None;
    }
    let mut digits = number.digits.clone();
    if matches!(view.get(end - 1), 'x' | 'X') {
        digits.push('X');
    }
    let span = (number.start, end);
    if check::resident_id(&digits) {
        return Some((PersonalKind::NationalId, span, 0.99));
    }
    let labelled = view.has_before(number.start, 12, IDENTITY);
    let shaped = digits.len() == 15 || digits.get(..17).is_some_and(check::resident_body);
    (labelled && shaped).then_some((PersonalKind::NationalId, span, 0.7))
}

fn card(view: &View<'_>, number: &Number, end: usize) -> Found {
    let grouped = match number.lengths[..] {
        [_] | [4, 6, 5] | [4, 6, 4] => true,
        [ref head @ .., last] => head.iter().all(|&length| length == 4) && last <= 4,
        [] => false,
    };
    if !grouped || !(13..=19).contains(&number.digits.len()) || !check::luhn(&number.digits) {
        return None;
    }
    let labelled = view.has_before(number.start, 16, CARD);
    let confidence = match (check::card_issuer(&number.digits), labelled) {
        (true, true) => 0.99,
        // 13 digits are more often a trade item's number.
        (true, false) if number.digits.len() > 13 => 0.9,
        (false, true) => 0.7,
        _ => return None,
    };
    Some((PersonalKind::BankCard, (number.start, end), confidence))
}

fn social(view: &View<'_>, number: &Number, end: usize) -> Found {
    let labelled = view.has_before(number.start, 32, SOCIAL);
    let grouped =
        number.lengths == [3, 2, 4] && (number.separator == Some('-') || labelled && number.separator.is_some());
    let shaped = grouped || number.lengths == [9] && labelled;
    let valid = shaped && check::social_security(&number.digits);
    valid.then_some((PersonalKind::NationalId, (number.start, end), if labelled { 0.99 } else { 0.9 }))
}

fn network(view: &View<'_>, number: &Number, end: usize) -> Found {
    if number.lengths.len() != 4 || number.separator != Some('.') {
        return None;
    }
    let mut rest = number.digits.as_str();
    for &length in &number.lengths {
        let (part, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        if length > 3 || part.parse::<u32>().map_or(true, |part| part > 255) {
            return None;
        }
    }
    let version = view.has_before(number.start, 14, VERSION);
    (!version).then_some((PersonalKind::NetworkAddress, (number.start, end), 0.9))
}
