//! Early data is off: a device that would use it gets neither a ticket nor a hearing.

use quinn::Endpoint;

use crate::{
    raw,
    world::{NAME, World, local},
};

#[tokio::test(flavor = "multi_thread")]
async fn no_ticket_and_no_early_data() {
    let world = World::new();
    let device = world.device();
    let mut tls = raw::tls(&world, Some(&device), b"silhouette/1");
    // The eager client: keeps tickets, and would send at once.
    tls.enable_early_data = true;
    let config = raw::quic(tls);
    let endpoint = Endpoint::client(local()).unwrap();
    for _ in 0..3 {
        let connecting = endpoint.connect_with(config.clone(), world.address, NAME).unwrap();
        let connecting = connecting.into_0rtt().map(|_| ()).expect_err("no early data");
        let connection = connecting.await.unwrap();
        let reply = raw::exchange(&connection, &raw::hello(1)).await;
        raw::read::<silhouette_wire::HelloReply>(&reply);
        connection.close(0_u32.into(), b"");
    }
}
