//! What takes the value out is for this crate alone.

fn main() {
    let text = silhouette_privacy::Private::new("what I wrote");
    let _ = text.into_inner();
}
