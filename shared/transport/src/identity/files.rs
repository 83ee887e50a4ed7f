//! Small files, written whole or not at all, readable by their owner only.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use ed25519_dalek::SigningKey;
use rustls::pki_types::{CertificateDer, pem::PemObject};

use silhouette_wire::ContentHash;

use super::IdentityError;

fn failed(path: &Path) -> impl FnOnce(io::Error) -> IdentityError {
    let path = path.to_owned();
    move |source| IdentityError::File { path, source }
}

/// Writes beside the target, makes it durable, then renames: a crash leaves the old file or the new.
pub(super) fn write(path: &Path, content: &str) -> Result<(), IdentityError> {
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(directory).map_err(failed(directory))?;
    let beside = path.with_extension("partial");
    // A leftover of a crash may have other permissions; the new file must be created by us.
    let _ = fs::remove_file(&beside);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&beside).and_then(|mut file| {
        file.write_all(content.as_bytes())?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&beside, path)).map_err(failed(path))
}

pub(super) fn read(path: &Path) -> Result<String, IdentityError> {
    fs::read_to_string(path).map_err(failed(path))
}

/// All certificates of a PEM file, at least one.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let text = read(path)?;
    let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match parsed {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        _ => Err(content(path, "certificate")),
    }
}

pub(super) fn certificate(path: &Path) -> Result<CertificateDer<'static>, IdentityError> {
    certificates(path)?.into_iter().next().ok_or_else(|| content(path, "certificate"))
}

pub(super) fn key(path: &Path) -> Result<rcgen::KeyPair, IdentityError> {
    let pair = rcgen::KeyPair::from_pem(&read(path)?).map_err(|_| content(path, "private key"))?;
    if pair.is_compatible(&rcgen::PKCS_ECDSA_P256_SHA256) { Ok(pair) } else { Err(content(path, "p-256 private key")) }
}

/// An Ed25519 key as 64 hexadecimal digits.
pub(super) fn signing_key(path: &Path) -> Result<SigningKey, IdentityError> {
    let text = read(path)?;
    let secret = text.trim().parse::<ContentHash>().map_err(|_| content(path, "ed25519 private key"))?;
    Ok(SigningKey::from_bytes(&secret.0))
}

pub(super) fn write_signing_key(path: &Path, key: &SigningKey) -> Result<(), IdentityError> {
    write(path, &format!("{}\n", ContentHash(key.to_bytes())))
}

pub(super) fn content(path: &Path, expected: &'static str) -> IdentityError {
    IdentityError::Content { path: path.to_owned(), expected }
}

/// Certificates as PEM text.
pub(super) fn to_pem(chain: &[CertificateDer<'_>]) -> String {
    let blocks: Vec<pem::Pem> = chain.iter().map(|der| pem::Pem::new("CERTIFICATE", der.to_vec())).collect();
    pem::encode_many(&blocks)
}
