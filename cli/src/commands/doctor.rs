//! `silhouette doctor`: what this machine has.

use std::sync::Arc;

use silhouette_engine::{Backend, canary, choose, survey};
use silhouette_model::Engine;

use crate::terminal;

/// Say which adapters, backends and versions there are, and what to install.
#[derive(clap::Args)]
#[command(after_help = "Example: silhouette doctor --json")]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, json: bool) -> anyhow::Result<()> {
    let adapter = survey();
    let reference: Option<Arc<dyn Engine>> = choose(Backend::Flex).ok().map(|c| c.engine);
    let state = |backend| match choose(backend) {
        Ok(chosen) => match reference.as_ref().map(|cpu| canary(chosen.engine.as_ref(), cpu.as_ref())) {
            Some(Err(e)) => format!("not to be trusted: {e}"),
            _ => "works, agrees with the CPU".to_owned(),
        },
        Err(e) => format!("not available: {e}"),
    };
    let backends = [
        ("wgpu", state(Backend::Wgpu)),
        ("flex", state(Backend::Flex)),
        ("ndarray", state(Backend::Ndarray)),
        ("native", "works".into()),
    ];
    let chosen = choose(Backend::Auto)?.why;
    let advice = match &adapter {
        Err(_) => {
            "no Vulkan driver answered; on Debian: apt-get install mesa-vulkan-drivers (software) or the GPU vendor's driver"
        }
        Ok(found) if !found.real => {
            "only a software adapter was found; for a real GPU install its vendor's Vulkan driver"
        }
        Ok(_) => "nothing to install",
    };
    if json {
        return terminal::json_line(&serde_json::json!({
            "version": env!("CARGO_PKG_VERSION"),
            "protocol": silhouette_wire::defaults::PROTOCOL_VERSION,
            "sqlite": rusqlite::version(),
            "cpus": std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            "adapter": adapter.ok(),
            "backends": backends.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            "auto": chosen,
            "advice": advice,
        }));
    }
    let row = |name: &str, value: String| (name.to_owned(), value);
    let mut rows = vec![
        row("silhouette", env!("CARGO_PKG_VERSION").to_owned()),
        row("wire protocol", silhouette_wire::defaults::PROTOCOL_VERSION.to_string()),
        row("SQLite", rusqlite::version().to_owned()),
        row("CPUs", std::thread::available_parallelism().map_or(1, std::num::NonZero::get).to_string()),
        row(
            "adapter",
            adapter.map_or_else(|e| e.to_string(), |f| format!("{} ({}, {}, {})", f.adapter, f.kind, f.api, f.driver)),
        ),
    ];
    rows.extend(backends.into_iter().map(|(name, state)| (format!("backend {name}"), state)));
    rows.push(row("--backend auto takes", chosen));
    rows.push(row("advice", advice.to_owned()));
    terminal::table(&rows)
}
