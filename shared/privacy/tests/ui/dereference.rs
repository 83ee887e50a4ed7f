//! A private value does not pass for what it holds.

fn main() {
    let text = silhouette_privacy::Private::new("what I wrote");
    let _ = *text;
}
