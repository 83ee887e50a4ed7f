//! A private value has no `Debug`, though what it holds has one.

fn main() {
    let text = silhouette_privacy::Private::new("what I wrote");
    let _ = format!("{text:?}");
}
