//! A private value is not copied out of its wrapping.

fn main() {
    let text = silhouette_privacy::Private::new("what I wrote");
    let _ = text.clone();
}
