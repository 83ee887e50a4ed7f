//! URLs and e-mail addresses.

use super::CleanReport;

const SCHEMES: [&[u8]; 3] = [b"http://", b"https://", b"ftp://"];

/// Replaces every URL and e-mail address by a space; `None` where there is none.
///
/// A URL begins with a scheme or `www.` and goes on through ASCII characters up to white space, a
/// quote, a bracket, or Chinese text. Bare domain names are kept: they are often brand names.
pub(super) fn strip(text: &str, report: &mut CleanReport) -> Option<String> {
    let bytes = text.as_bytes();
    if !bytes.iter().any(|&byte| matches!(byte, b':' | b'@' | b'w' | b'W')) {
        return None;
    }
    let mut kept = String::new();
    let (mut from, mut at) = (0, 0);
    while at < bytes.len() {
        let Some(end) = link_at(bytes, at, report) else {
            at = next_start(bytes, at);
            continue;
        };
        kept.push_str(text.get(from..at).unwrap_or_default());
        kept.push(' ');
        (from, at) = (end, end);
    }
    if from == 0 {
        return None;
    }
    kept.push_str(text.get(from..).unwrap_or_default());
    Some(kept)
}

/// The end of the link that begins at `at`, counted in the report.
fn link_at(bytes: &[u8], at: usize, report: &mut CleanReport) -> Option<usize> {
    let rest = &bytes[at..];
    let starts = |prefix: &[u8]| rest.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    let word_before = at > 0 && bytes[at - 1].is_ascii_alphanumeric();
    if SCHEMES.iter().any(|scheme| starts(scheme)) || !word_before && starts(b"www.") {
        report.urls += 1;
        return Some(at + run(rest, is_url_byte));
    }
    // Whole runs only: an address inside a longer run would leave its ends behind.
    let run_before = at > 0 && is_email_byte(bytes[at - 1]);
    if !run_before && is_email_byte(bytes[at]) {
        let length = run(rest, is_email_byte);
        if is_email(&rest[..length]) {
            report.emails += 1;
            return Some(at + length);
        }
    }
    None
}

/// The next place after `at` where a link could begin: skipping the rest of an ordinary word
/// keeps the search linear.
fn next_start(bytes: &[u8], at: usize) -> usize {
    let skip = bytes[at + 1..]
        .iter()
        .position(|&byte| matches!(byte, b'h' | b'H' | b'f' | b'F' | b'w' | b'W') || !is_email_byte(byte));
    match skip {
        // A byte that ends a run is stepped over to the first byte of the next one.
        Some(skip) if !is_email_byte(bytes[at + 1 + skip]) => {
            let next = at + 1 + skip;
            next + bytes[next..].iter().take_while(|&&byte| !is_email_byte(byte)).count()
        }
        Some(skip) => at + 1 + skip,
        None => bytes.len(),
    }
}

fn is_email(run: &[u8]) -> bool {
    let mut parts = run.splitn(2, |&byte| byte == b'@');
    let (Some(local), Some(domain)) = (parts.next(), parts.next()) else {
        return false;
    };
    let dotted = domain.iter().enumerate().any(|(index, &byte)| {
        byte == b'.' && index > 0 && domain.get(index + 1).is_some_and(u8::is_ascii_alphanumeric)
    });
    !local.is_empty() && dotted
}

fn run(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|&&byte| belongs(byte)).count()
}

fn is_url_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\'' | b'`')
}

fn is_email_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'@')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stripped(text: &str) -> String {
        strip(text, &mut CleanReport::default()).unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn finds_links() {
        for (text, rest) in [
            ("a http://x.y/z?q=1#f b", "a   b"),
            ("看HTTPS://X.Y/好", "看 好"),
            ("www.a.com.", " "),
            ("awww.cute", "awww.cute"),
            ("(see ftp://a)", "(see  "),
            ("me.you+tag@mail.example.com, ok", " , ok"),
            ("@name and a@b", "@name and a@b"),
            ("half past 3: fine", "half past 3: fine"),
            ("联系a@b.cn谢谢", "联系 谢谢"),
        ] {
            assert_eq!(stripped(text), rest, "{text}");
        }
    }

    proptest! {
        #[test]
        fn leaves_no_scheme(text in "[a-hw.:/@ 好tps]{0,40}") {
            let rest = stripped(&text);
            for scheme in ["http://", "https://", "ftp://"] {
                prop_assert!(!rest.contains(scheme));
            }
        }
    }
}
