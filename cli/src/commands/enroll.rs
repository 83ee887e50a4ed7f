//! `silhouette enroll`: a one-time token becomes a certificate.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use anyhow::Context;
use silhouette_client::DeviceFolder;
use silhouette_transport::client::enroll_with;
use silhouette_transport::identity::read_certificate;
use silhouette_transport::{DeviceIdentity, DeviceKey};
use silhouette_wire::ContentHash;

use crate::terminal;

/// Trade a one-time token for a device certificate.
#[derive(clap::Args)]
#[command(
    after_help = "Example: silhouette enroll --device my-device --server localhost:4434 --authority ca.pem --token abc"
)]
pub(crate) struct Args {
    /// The device's folder; made if it is not there.
    #[arg(long)]
    device: PathBuf,
    /// The aggregator's enrolment address, host:port.
    #[arg(long)]
    server: String,
    /// The aggregator's CA certificate, a PEM file that came with the token.
    #[arg(long)]
    authority: PathBuf,
    /// The token.
    #[arg(long)]
    token: String,
    /// The public key of the task's owner, as the owner published it: a server that names another is
    /// refused [default: whichever the server names]
    #[arg(long, value_name = "KEY")]
    owner: Option<ContentHash>,
}

pub(crate) fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    // A mistake in the other arguments must not leave a folder behind.
    let authority =
        read_certificate(&args.authority).with_context(|| format!("--authority {}", args.authority.display()))?;
    let (address, name) = resolve(&args.server)?;
    let folder = DeviceFolder::open_or_create(&args.device)?;
    // The key is on the disk before the token is spent, so that a crash does not cost the token.
    let key = if DeviceKey::is_in(&folder.identity_folder()) {
        // Whatever is wrong with it: a new one would make this person a second user.
        DeviceKey::load(&folder.identity_folder())?
    } else {
        let key = DeviceKey::generate()?;
        key.store(&folder.identity_folder())?;
        key
    };
    let issued = terminal::runtime()?
        .block_on(enroll_with(address, &name, &authority, args.token.as_bytes(), &key))
        .context("enrolling")?;
    let found = ContentHash(issued.owner_public_key);
    if let Some(expected) = args.owner.filter(|expected| *expected != found) {
        anyhow::bail!("--owner: expected {expected}, the server names {found}; nothing was kept of its answer");
    }
    let identity = DeviceIdentity::from_enrolment(key, issued)?;
    identity.store(&folder.identity_folder())?;
    let tasks: Vec<String> = identity.tasks().iter().map(ToString::to_string).collect();
    if json {
        return terminal::json_line(&serde_json::json!({
            "device": identity.device_id().to_string(), "tasks": tasks, "owner": found.to_string(),
        }));
    }
    terminal::line(&format!("device {} is enrolled for {}", identity.device_id(), tasks.join(", ")))?;
    let pinned = if args.owner.is_some() { "as expected" } else { "as the server says" };
    terminal::line(&format!("it trusts terms signed by {found}, {pinned}"))
}

/// An address, and the name the server has to prove.
pub(crate) fn resolve(server: &str) -> anyhow::Result<(SocketAddr, String)> {
    let (host, _) = server.rsplit_once(':').with_context(|| format!("--server: expected host:port, found {server}"))?;
    let mut found: Vec<SocketAddr> = server.to_socket_addrs().with_context(|| format!("--server {server}"))?.collect();
    // Aggregators listen on IPv4 unless told otherwise.
    found.sort_by_key(SocketAddr::is_ipv6);
    let address = found.first().copied().with_context(|| format!("--server {server}: no address found"))?;
    Ok((address, host.trim_matches(['[', ']']).to_owned()))
}
