//! Whose upload is read now.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use quinn::Connection;
use silhouette_wire::{DeviceId, ErrorCode};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use crate::defaults::{ADMITTED_WINDOW, WAITING_WINDOW};

/// Places for uploads, one per device at most.
#[derive(Debug)]
pub(super) struct Admission {
    places: Semaphore,
    devices: Mutex<HashSet<DeviceId>>,
    patience: Duration,
}

/// A place. While it lasts, the connection may send with a full window.
pub(super) struct Admitted<'a> {
    connection: &'a Connection,
    _place: SemaphorePermit<'a>,
    _device: OneUpload<'a>,
}

/// Marks a device as uploading.
struct OneUpload<'a> {
    admission: &'a Admission,
    device: DeviceId,
}

impl Admission {
    pub(super) fn new(places: usize, patience: Duration) -> Arc<Self> {
        Arc::new(Self { places: Semaphore::new(places), devices: Mutex::default(), patience })
    }

    /// Waits for a place. Until then the small window of the connection keeps the body on the device.
    pub(super) async fn enter<'a>(
        &'a self,
        device: DeviceId,
        connection: &'a Connection,
    ) -> Result<Admitted<'a>, ErrorCode> {
        let one = self.mark(device).ok_or(ErrorCode::Busy)?;
        let place = timeout(self.patience, self.places.acquire()).await;
        let Ok(Ok(place)) = place else {
            return Err(ErrorCode::Busy);
        };
        connection.set_receive_window(ADMITTED_WINDOW.into());
        Ok(Admitted { connection, _place: place, _device: one })
    }

    fn mark(&self, device: DeviceId) -> Option<OneUpload<'_>> {
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        // Built only if the mark is ours: dropping one takes the mark away.
        devices.insert(device).then(|| OneUpload { admission: self, device })
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        self.connection.set_receive_window(WAITING_WINDOW.into());
    }
}

impl Drop for OneUpload<'_> {
    fn drop(&mut self) {
        let devices = &self.admission.devices;
        devices.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.device);
    }
}
