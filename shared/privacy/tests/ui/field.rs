//! A private value is not taken out by its field.

fn main() {
    let text = silhouette_privacy::Private::new("what I wrote");
    let _ = text.0;
}
