//! E-mail addresses, URLs with user information, IBANs, IPv6 and MAC addresses.

use super::{PersonalKind, check, view::View};

type Found = Option<(PersonalKind, (usize, usize), f32)>;

/// Longest e-mail address (RFC 5321) and the longest URL that is looked through.
const MAX_EMAIL: usize = 254;
const MAX_URL: usize = 2_048;

/// Longest IBAN with its spaces.
const MAX_IBAN: usize = 42;

/// What begins with the word at `at`.
pub(super) fn at(view: &View<'_>, at: usize) -> Found {
    url(view, at).or_else(|| email(view, at)).or_else(|| iban(view, at)).or_else(|| hexadecimal(view, at))
}

/// `scheme://user:password@host…`, to its end.
fn url(view: &View<'_>, at: usize) -> Found {
    let scheme = view.run(at, 8, |c| c.is_ascii_alphabetic());
    if !view.starts_with(scheme, "://") || scheme == at {
        return None;
    }
    let host = scheme + 3;
    let authority =
        view.run(host, MAX_EMAIL, |c| c.is_ascii_graphic() && !matches!(c, '/' | '?' | '#' | '"' | '<' | '>'));
    let user = view.slice(host, authority).iter().position(|&c| c == '@')?;
    if user == 0 || host + user + 1 == authority {
        return None;
    }
    let end = view.run(authority, MAX_URL, |c| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | ',' | ';'));
    Some((PersonalKind::Url, (at, trimmed(view, end)), 0.95))
}

/// Without the punctuation that ends a sentence.
fn trimmed(view: &View<'_>, mut end: usize) -> usize {
    while matches!(view.get_before(end), '.' | ',' | '!' | '?' | ')' | ':' | ';' | '-' | '_') {
        end -= 1;
    }
    end
}

fn is_local(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-')
}

fn email(view: &View<'_>, at: usize) -> Found {
    // An address inside a longer word would leave its ends behind.
    if is_local(view.get_before(at)) && !matches!(view.get_before(at), '.' | '-') {
        return None;
    }
    let local = view.run(at, MAX_EMAIL, is_local);
    if view.get(local) == '@' {
        let end = domain(view, local + 1)?;
        return Some((PersonalKind::Email, (at, end), 0.98));
    }
    spelled_out(view, at, local)
}

/// The end of a domain name with a dot and a top level of letters.
fn domain(view: &View<'_>, from: usize) -> Option<usize> {
    let run = view.run(from, MAX_EMAIL, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    let end = trimmed(view, run);
    let name = view.slice(from, end);
    let dot = name.iter().rposition(|&c| c == '.')?;
    let top = &name[dot + 1..];
    let valid = dot > 0
        && top.len() >= 2
        && top.iter().all(char::is_ascii_alphabetic)
        && !name.windows(2).any(|w| w == ['.', '.']);
    valid.then_some(end)
}

/// `bob (at) example.com`, `bob [at] example [dot] com`.
fn spelled_out(view: &View<'_>, at: usize, local: usize) -> Found {
    let open = view.run(local, 1, |c| c == ' ');
    let word = ["(at)", "[at]", "{at}"].iter().find(|word| view.starts_with(open, word))?;
    let from = view.run(open + word.len(), 1, |c| c == ' ');
    if let Some(end) = domain(view, from) {
        return Some((PersonalKind::Email, (at, end), 0.9));
    }
    let name = view.run(from, 64, |c| c.is_ascii_alphanumeric() || c == '-');
    let open = view.run(name, 1, |c| c == ' ');
    let dot = ["(dot)", "[dot]", "{dot}"].iter().find(|dot| view.starts_with(open, dot))?;
    let from = view.run(open + dot.len(), 1, |c| c == ' ');
    let end = view.run(from, 24, |c| c.is_ascii_alphabetic());
    (name > at && end > from + 1).then_some((PersonalKind::Email, (at, end), 0.85))
}

fn iban(view: &View<'_>, at: usize) -> Found {
    let head = view.slice(at, at + 4);
    if head.len() < 4 || !head[..2].iter().all(char::is_ascii_uppercase) || !head[2..].iter().all(char::is_ascii_digit)
    {
        return None;
    }
    let most = view.run(at, MAX_IBAN, |c| c.is_ascii_alphanumeric() || c == ' ');
    let mut number = String::new();
    let mut longest = None;
    for place in at..most {
        let c = view.get(place);
        if c != ' ' {
            number.push(c);
        }
        let ends = c != ' ' && !view.get(place + 1).is_ascii_alphanumeric();
        if ends && check::iban(&number) {
            longest = Some(place + 1);
        }
    }
    longest.map(|end| (PersonalKind::Iban, (at, end), 0.99))
}

/// IPv6 and MAC addresses, by groups of hexadecimal digits.
fn hexadecimal(view: &View<'_>, at: usize) -> Found {
    let first = view.run(at, 5, |c| c.is_ascii_hexdigit());
    if !matches!(view.get(first), ':' | '-') || first - at > 4 || view.get_before(at) == ':' {
        return None;
    }
    let end = view.run(at, 48, |c| c.is_ascii_hexdigit() || matches!(c, ':' | '-'));
    if view.get(end).is_ascii_alphanumeric() {
        return None;
    }
    let end = trimmed(view, end);
    let text = view.string(at, end);
    (is_mac(&text) || is_ipv6(&text)).then_some((PersonalKind::NetworkAddress, (at, end), 0.9))
}

/// An IPv6 address that begins with `::`.
pub(super) fn compressed_at(view: &View<'_>, at: usize) -> Found {
    let before = view.get_before(at);
    let end = trimmed(view, view.run(at, 48, |c| c.is_ascii_hexdigit() || c == ':'));
    let text = view.string(at, end);
    let alone = !before.is_ascii_alphanumeric() && before != ':' && !view.get(end).is_ascii_alphanumeric();
    (alone && text.len() > 2 && is_ipv6(&text)).then_some((PersonalKind::NetworkAddress, (at, end), 0.7))
}

fn is_mac(text: &str) -> bool {
    [':', '-'].into_iter().any(|separator| {
        let mut groups = text.split(separator);
        let six = groups.by_ref().take(6).filter(|group| group.len() == 2).count() == 6;
        six && groups.next().is_none() && text.contains(|c: char| c.is_ascii_digit())
    })
}

fn is_ipv6(text: &str) -> bool {
    // A clock's 10:30:45 has neither eight groups nor a gap, and 10::30 no long group.
    text.matches(':').count() >= 2
        && text.split(':').any(|group| group.len() >= 3)
        && text.contains(|c: char| c.is_ascii_digit())
        && text.parse::<std::net::Ipv6Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_addresses_of_the_network() {
        assert!(is_mac("00:1A:2b:3c:4D:5e") && is_mac("00-1A-2b-3c-4D-5e"));
        assert!(!is_mac("00:1A:2b:3c:4D") && !is_mac("10:30:45"));
        assert!(is_ipv6("fe80::1") && !is_ipv6("10:30:45"));
    }
}
