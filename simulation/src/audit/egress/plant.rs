//! The control: the words are put where they must not be.

use std::io::Write;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::device::Device;
use super::search::{Coding, Spelling};
use super::site::Site;
use super::{EgressError, Log, tap};

/// A leak that was made on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Planted {
    /// Where, by the name of a [`Place`](super::Place).
    pub place: &'static str,
    /// Which of the words.
    pub word: String,
    /// How it was spelled.
    pub spelling: Spelling,
}

/// Leaks of each kind: in the log, in two frames of a device, in a file of the aggregator, in a file of
/// the device.
pub(super) async fn plant(site: &Site, device: &Device, log: &mut Log) -> Result<Vec<Planted>, EgressError> {
    let (english, chinese) = (site.canaries[0].text(), site.canaries[2].text());
    let hex: String = chinese.bytes().map(|byte| format!("{byte:02x}")).collect();
    writeln!(log, "DEBUG vectorised text={hex}").map_err(file("the log".as_ref()))?;

    let frame = format!("{{\"text\":\"{}\"}}", STANDARD.encode(english));
    let varints: Vec<u8> = site.features.iter().flat_map(|&id| super::search::varint(id)).collect();
    for bytes in [frame.as_bytes(), &varints] {
        tap::send(&device.identity(), &site.authority(), device.tap.address(), bytes).await?;
    }
    let wide: Vec<u8> = english.encode_utf16().flat_map(u16::to_le_bytes).collect();
    write(&site.folder().join("cache.bin"), &wide)?;
    let escaped: String = chinese.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
    write(&device.folder().join("notes.json"), escaped.as_bytes())?;

    // `{"text":"` is nine bytes, a whole number of groups of three.
    Ok([
        ("log", chinese, Spelling::Hex),
        ("frames sent", english, Spelling::Base64(0)),
        ("frames sent", chinese, Spelling::Features(Coding::Varint)),
        ("aggregator's files", english, Spelling::Utf16Le),
        ("devices' files", chinese, Spelling::Json),
    ]
    .map(|(place, word, spelling)| Planted { place, word: word.to_owned(), spelling })
    .to_vec())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), EgressError> {
    std::fs::write(path, bytes).map_err(file(path))
}

fn file(path: &Path) -> impl FnOnce(std::io::Error) -> EgressError {
    let path = PathBuf::from(path);
    move |source| EgressError::File { path, source }
}
