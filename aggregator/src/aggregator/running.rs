//! The endpoints, the conductor and the admin listener, wired together.

use std::fs::File;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use silhouette_transport::defaults::SERVER_VALIDITY;
use silhouette_transport::server::EnrolmentPolicy;
use silhouette_transport::{Enroller, EnrolmentEndpoint, ServerEndpoint};
use tokio::net::TcpListener;
use tokio::sync::{broadcast, oneshot, watch};
use tokio::task::JoinHandle;
use tracing::info;

use super::{Aggregator, Listen, RunError};
use crate::admin::{Admin, stopped};
use crate::enrolment::Tokens;
use crate::service::{Conductor, Event, Parts, Service};
use crate::storage::Storage;

/// The addresses that were bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Addresses {
    /// Enrolled devices, UDP.
    pub devices: SocketAddr,
    /// Devices that enrol, UDP.
    pub enrolment: SocketAddr,
    /// The operator, TCP.
    pub admin: SocketAddr,
}

/// An aggregator at work.
#[derive(Debug)]
pub struct Running {
    addresses: Addresses,
    /// Weak, so that listeners hear that the aggregator has stopped while this value is still held.
    events: broadcast::WeakSender<Event>,
    storage: Arc<Storage>,
    stop: watch::Sender<bool>,
    done: JoinHandle<()>,
}

impl Running {
    /// The addresses that were bound.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// What happens from now on. The channel closes when the aggregator has stopped.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        match self.events.upgrade() {
            Some(events) => events.subscribe(),
            // It has stopped: the sender ends here, which closes the channel.
            None => broadcast::channel(1).1,
        }
    }

    /// The store.
    pub fn storage(&self) -> &Arc<Storage> {
        &self.storage
    }

    /// Begins to stop, as the shutdown given to [`Aggregator::run`] does.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until everything has stopped: exchanges drained, a result in the making published,
    /// the folder released.
    pub async fn stopped(self) {
        // A panic in there was reported where it happened.
        let _ = self.done.await;
    }
}

/// What is bound, before it is served.
struct Endpoints {
    devices: ServerEndpoint,
    enrolment: EnrolmentEndpoint,
    admin: TcpListener,
}

impl Endpoints {
    async fn bind(aggregator: &Aggregator, listen: &Listen) -> Result<(Self, Addresses), RunError> {
        let identity = aggregator.authority.issue_server(&listen.names, SystemTime::now(), SERVER_VALIDITY)?;
        let authority = aggregator.authority.certificate();
        let devices = ServerEndpoint::bind(listen.devices, &identity, authority, listen.limits.clone())?;
        let enrolment = EnrolmentEndpoint::bind(listen.enrolment, &identity, listen.limits.clone())?;
        let admin = TcpListener::bind(listen.admin).await.map_err(RunError::Admin)?;
        let addresses = Addresses {
            devices: devices.local_addr(),
            enrolment: enrolment.local_addr(),
            admin: admin.local_addr().map_err(RunError::Admin)?,
        };
        Ok((Self { devices, enrolment, admin }, addresses))
    }
}

impl Aggregator {
    /// Binds, starts to serve, and returns. It stops when `shutdown` completes, in this order:
    /// nobody new is let in, open exchanges finish, a result that is being made is published, the
    /// admin listener closes.
    ///
    /// # Errors
    /// When an address can't be bound, or a name does not fit into a certificate.
    pub async fn run(
        self,
        listen: Listen,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<Running, RunError> {
        let (endpoints, addresses) = Endpoints::bind(&self, &listen).await?;
        info!(?addresses, "serving");
        let (stop, stopping) = watch::channel(false);
        let (events, storage) = (self.events.downgrade(), Arc::clone(&self.storage));
        let begin = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = shutdown => { begin.send_replace(true); }
                () = begin.closed() => {}
            }
        });
        let done = tokio::spawn(self.serve(endpoints, stopping));
        Ok(Running { addresses, events, storage, stop, done })
    }

    async fn serve(self, endpoints: Endpoints, stopping: watch::Receiver<bool>) {
        let lock = self.lock;
        let policy = EnrolmentPolicy::new(self.ownership.owner(), vec![self.plan.task_id().clone()]);
        let tokens = Tokens(Arc::clone(&self.storage));
        let enroller = Arc::new(Enroller::new(self.authority, tokens, policy));
        let ready = Arc::new(AtomicBool::new(true));
        let admin =
            Admin { storage: Arc::clone(&self.storage), metrics: Arc::clone(&self.metrics), ready: Arc::clone(&ready) };
        let parts = Parts {
            plan: self.plan,
            storage: self.storage,
            metrics: self.metrics,
            events: self.events,
            ownership: self.ownership,
            seeds: self.seeds,
        };
        let (service, inbox) = Service::new(&parts, Arc::clone(&enroller));
        let conductor = Conductor::new(parts, self.coordinator, self.state, inbox);
        let (drained, all_drained) = oneshot::channel::<()>();
        let conductor = tokio::spawn(conductor.run(async move {
            let _ = all_drained.await;
        }));
        let (closing, closed) = watch::channel(false);
        let admin = tokio::spawn(admin.serve(endpoints.admin, closed));
        let unready = async {
            stopped(stopping.clone()).await;
            ready.store(false, Ordering::Relaxed);
        };
        tokio::join!(
            endpoints.devices.serve(service, stopped(stopping.clone())),
            endpoints.enrolment.serve(enroller, stopped(stopping.clone())),
            unready,
        );
        // The endpoints are drained: nobody is left who could report.
        drop(drained);
        let _ = conductor.await;
        closing.send_replace(true);
        let _ = admin.await;
        release(lock);
        info!("stopped");
    }
}

/// The folder is free for the next process.
fn release(lock: File) {
    drop(lock);
}
