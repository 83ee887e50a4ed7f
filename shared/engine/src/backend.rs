//! What a person may ask for, and what they get.

use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;
use silhouette_model::{Engine, NativeEngine};
use thiserror::Error;

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
    /// Hand-written CPU code.
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
    /// This binary was built without Burn.
    #[error("this program was built without burn; build with its default features, or use --backend native")]
    BurnMissing,
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

/// Picks the engine.
///
/// # Errors
/// When the backend asked for can't be had; `auto` always finds one.
pub fn choose(backend: Backend) -> Result<Chosen, BackendError> {
    match backend {
        Backend::Native => {
            let why = "native, hand-written CPU code".into();
            Ok(Chosen { engine: Arc::new(NativeEngine), why })
        }
        other => choose_burn(other),
    }
}

#[cfg(feature = "burn")]
fn choose_burn(backend: Backend) -> Result<Chosen, BackendError> {
    use crate::device;
    let asked = |engine, why: &str| Chosen { engine: Arc::new(engine), why: why.to_owned() };
    match backend {
        Backend::Wgpu => device::wgpu(),
        Backend::Flex => Ok(asked(device::flex(), "flex, Burn's CPU backend, as asked")),
        Backend::Ndarray => Ok(asked(device::ndarray()?, "ndarray, Burn's former CPU backend, as asked")),
        _ => Ok(device::automatic()),
    }
}

#[cfg(not(feature = "burn"))]
fn choose_burn(backend: Backend) -> Result<Chosen, BackendError> {
    match backend {
        Backend::Auto => Ok(Chosen {
            engine: Arc::new(NativeEngine),
            why: "native, hand-written CPU code: this program was built without Burn".into(),
        }),
        _ => Err(BackendError::BurnMissing),
    }
}

/// The adapter that wgpu would take, for `doctor`.
///
/// # Errors
/// When there is none.
pub fn survey() -> Result<Found, BackendError> {
    #[cfg(feature = "burn")]
    return crate::device::survey();
    #[cfg(not(feature = "burn"))]
    Err(BackendError::BurnMissing)
}
