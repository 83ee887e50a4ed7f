//! The one place that names Burn's backends and picks one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::Arc;

use burn::tensor::{Device, DeviceKind};
use burn_wgpu::wgpu::DeviceType;
use serde::Serialize;
use silhouette_model::{Engine, NativeEngine};
use thiserror::Error;

use crate::canary::canary;
use crate::train::BurnEngine;

/// What a person may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// wgpu where a real adapter passes the canary, else flex.
    Auto,
    /// Burn on a GPU (or whatever adapter there is) through wgpu.
    Wgpu,
    /// Burn's CPU backend.
    Flex,
    /// Burn's former CPU backend.
    Ndarray,
    /// Hand-written CPU code, for the frozen bag only.
    Native,
}

/// A backend that can't be had.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BackendError {
    /// No backend of this name.
    #[error("backend: expected auto, wgpu, flex, ndarray or native, found {0}")]
    Unknown(String),
    /// No adapter, or its driver failed.
    #[error("backend wgpu: {0}; install a Vulkan driver (Debian: mesa-vulkan-drivers) or use --backend flex")]
    Wgpu(String),
    /// This binary was built without it.
    #[error("backend ndarray: this program was built without it; build with --features ndarray")]
    NdarrayMissing,
}

impl FromStr for Backend {
    type Err = BackendError;

    fn from_str(s: &str) -> Result<Self, BackendError> {
        match s {
            "auto" => Ok(Self::Auto),
            "wgpu" => Ok(Self::Wgpu),
            "flex" => Ok(Self::Flex),
            "ndarray" => Ok(Self::Ndarray),
            "native" => Ok(Self::Native),
            _ => Err(BackendError::Unknown(s.to_owned())),
        }
    }
}

/// An engine and the reason it was taken.
#[derive(Clone)]
pub struct Chosen {
    /// The engine.
    pub engine: Arc<dyn Engine>,
    /// Why, in words for a person.
    pub why: String,
}

/// An adapter that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Its name.
    pub adapter: String,
    /// Its driver.
    pub driver: String,
    /// `DiscreteGpu`, `IntegratedGpu`, `Cpu` ...
    pub kind: String,
    /// The graphics interface.
    pub api: String,
    /// Whether it is a GPU and not a CPU in disguise.
    pub real: bool,
}

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

/// The adapter that wgpu would take, for `doctor`.
///
/// # Errors
/// When there is none.
pub fn survey() -> Result<Found, BackendError> {
    the_gpu().map(|gpu| gpu.found.clone())
}

fn flex() -> BurnEngine {
    BurnEngine::new("flex", Device::flex())
}

#[cfg(feature = "ndarray")]
fn ndarray() -> Result<BurnEngine, BackendError> {
    Ok(BurnEngine::new("ndarray", Device::ndarray()))
}

#[cfg(not(feature = "ndarray"))]
fn ndarray() -> Result<BurnEngine, BackendError> {
    Err(BackendError::NdarrayMissing)
}

/// Picks the engine.
///
/// # Errors
/// When the backend asked for can't be had; `auto` always finds one.
pub fn choose(backend: Backend) -> Result<Chosen, BackendError> {
    let asked = |engine: BurnEngine, why: String| Chosen { engine: Arc::new(engine), why };
    match backend {
        Backend::Auto => Ok(automatic()),
        Backend::Wgpu => {
            let gpu = the_gpu()?;
            let why = format!("wgpu on {} ({}, {}), as asked", gpu.found.adapter, gpu.found.api, gpu.found.driver);
            Ok(asked(BurnEngine::new("wgpu", gpu.device.clone()), why))
        }
        Backend::Flex => Ok(asked(flex(), "flex, Burn's CPU backend, as asked".into())),
        Backend::Ndarray => Ok(asked(ndarray()?, "ndarray, Burn's former CPU backend, as asked".into())),
        Backend::Native => Ok(Chosen {
            engine: Arc::new(NativeEngine),
            why: "native, hand-written CPU code for the frozen bag".into(),
        }),
    }
}

fn automatic() -> Chosen {
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
