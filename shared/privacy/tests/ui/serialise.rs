//! A private value has no `Serialize`, though what it holds has one.

use serde::Serialize;

fn main() {
    let text = silhouette_privacy::Private::new("what I wrote");
    let _ = text.serialize(serde_json::value::Serializer);
}
