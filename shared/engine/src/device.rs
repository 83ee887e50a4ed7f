//! The one place that names Burn's backends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use burn::tensor::{Device, DeviceKind};
use burn_wgpu::wgpu::DeviceType;

use crate::backend::{BackendError, Chosen, Found};
use crate::canary::canary;
use crate::train::BurnEngine;

/// An adapter with a device on it.
struct Gpu {
    device: Device,
    found: Found,
}

/// Brings up wgpu's default adapter. Drivers fail in many ways, some by panic: none of them may
/// stop a program that can do without.
fn gpu() -> Result<Gpu, BackendError> {
    let bring_up = || Device::wgpu_options().device_kind(DeviceKind::DefaultDevice).init_with_setup();
    let (device, setup) = catch_unwind(AssertUnwindSafe(bring_up))
        .map_err(|_| BackendError::Wgpu("no adapter could be started".into()))?
        .map_err(|e| BackendError::Wgpu(e.to_string()))?;
    let info = setup.adapter.get_info();
    let found = Found {
        adapter: info.name,
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
        kind: format!("{:?}", info.device_type),
        api: format!("{:?}", info.backend),
        real: info.device_type != DeviceType::Cpu,
    };
    Ok(Gpu { device, found })
}

/// wgpu's setup can be registered once per process.
static GPU: std::sync::OnceLock<Result<Gpu, BackendError>> = std::sync::OnceLock::new();

fn the_gpu() -> Result<&'static Gpu, BackendError> {
    GPU.get_or_init(gpu).as_ref().map_err(Clone::clone)
}

/// The adapter that wgpu would take.
pub(crate) fn survey() -> Result<Found, BackendError> {
    the_gpu().map(|gpu| gpu.found.clone())
}

pub(crate) fn flex() -> BurnEngine {
    BurnEngine::new("flex", Device::flex())
}

#[cfg(feature = "ndarray")]
pub(crate) fn ndarray() -> Result<BurnEngine, BackendError> {
    Ok(BurnEngine::new("ndarray", Device::ndarray()))
}

#[cfg(not(feature = "ndarray"))]
pub(crate) fn ndarray() -> Result<BurnEngine, BackendError> {
    Err(BackendError::NdarrayMissing)
}

pub(crate) fn automatic() -> Chosen {
    let cpu = |why: String| Chosen { engine: Arc::new(flex()), why: format!("flex, Burn's CPU backend: {why}") };
    let gpu = match the_gpu() {
        Ok(gpu) => gpu,
        Err(e) => return cpu(format!("no GPU ({e})")),
    };
    if !gpu.found.real {
        return cpu(format!("the only adapter, {}, is a CPU", gpu.found.adapter));
    }
    let engine = BurnEngine::new("wgpu", gpu.device.clone());
    match canary(&engine, &flex()) {
        Ok(()) => Chosen {
            engine: Arc::new(engine),
            why: format!("wgpu on {} ({}): it agrees with the CPU on a test step", gpu.found.adapter, gpu.found.api),
        },
        Err(e) => cpu(format!("{} failed the start-up canary ({e})", gpu.found.adapter)),
    }
}

/// wgpu's adapter, because it was asked for by name.
pub(crate) fn wgpu() -> Result<Chosen, BackendError> {
    let gpu = the_gpu()?;
    let why = format!("wgpu on {} ({}, {}), as asked", gpu.found.adapter, gpu.found.api, gpu.found.driver);
    Ok(Chosen { engine: Arc::new(BurnEngine::new("wgpu", gpu.device.clone())), why })
}
