//! The page as a whole.

use sha2::{Digest, Sha256};

use super::html::{badge, data, escape};
use super::{View, attributes, behavior, head, interests, rest, sentiment, writing};

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub(super) fn page(view: &View<'_>, title: Option<&str>) -> String {
    let words = view.words;
    let name = title.unwrap_or(words.top.title);
    let shown = escape(name);
    // Browsers read one line end for each kind, and compare the hash with that.
    let style = STYLE.replace("\r\n", "\n");
    let policy = policy(&style);
    format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"robots\" content=\"noindex\">\n\
         <title>{shown}</title>\n<style>{style}</style>\n</head>\n<body>\n{}<main>\n{}</main>\n\
         <footer><p>{}</p></footer>\n</body>\n</html>\n",
        words.lang,
        head::head(view, &data(name)),
        body(view),
        escape(words.top.footer)
    )
}

fn body(view: &View<'_>) -> String {
    let parts = [
        head::persona(view),
        interests::section(view),
        sentiment::section(view),
        behavior::section(view),
        attributes::demographics(view),
        attributes::psychographics(view),
        writing::keywords(view),
        writing::languages(view),
        writing::style(view),
        writing::social(view),
        rest::drift(view),
        rest::completeness(view),
        rest::provenance(view),
    ];
    parts.concat()
}

/// Nothing is asked for, nothing runs, nothing is sent; no style but this sheet, which is known by its hash.
fn policy(style: &str) -> String {
    let hash = base64(&Sha256::digest(style.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - group.len()));
        for sign in 0..4 {
            let at = bits >> (18 - 6 * sign) & 63;
            text.push(if sign <= group.len() { char::from(SIGNS[at as usize]) } else { '=' });
        }
    }
    text
}

/// Who says so, as a badge.
pub(super) fn origin(view: &View<'_>, origin: crate::profile::Origin) -> String {
    use crate::profile::Origin;
    let class = match origin {
        Origin::Declared | Origin::Corrected => "said",
        Origin::Model => "model",
        Origin::Words | Origin::Events => "seen",
    };
    badge(class, view.words.origin(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        // RFC 4648, section 10.
        let vectors = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        for (length, expected) in vectors.into_iter().enumerate() {
            assert_eq!(base64(&b"foobar"[..length]), expected);
        }
    }
}
