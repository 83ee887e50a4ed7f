//! [`Private`]: a value that must stay on the device.

use zeroize::Zeroize;

/// A value derived from one person's data, which must not leave the device.
///
/// It has no `Serialize`, `Debug`, `Display`, `Clone` or `Deref`, so it can be neither logged nor
/// put into a message by accident; compile-fail tests hold this. Two ways lead out:
/// [`release`](crate::release), which yields a noised or bounded [`Release`](crate::Release), and
/// [`Private::expose_on_device`], whose name says where its result must stay.
///
/// It can't be printed:
/// ```compile_fail,E0277
/// println!("{:?}", silhouette_privacy::Private::new(1));
/// ```
/// It can't be serialised:
/// ```compile_fail,E0277
/// fn send(_: impl serde::Serialize) {}
/// send(silhouette_privacy::Private::new(1));
/// ```
/// It can't be taken out of its wrapping, by field or by dereference:
/// ```compile_fail,E0616
/// let _ = silhouette_privacy::Private::new(1).0;
/// ```
/// ```compile_fail,E0614
/// let _ = *silhouette_privacy::Private::new(1);
/// ```
/// A release can't be made of raw bytes:
/// ```compile_fail
/// let _ = silhouette_privacy::Release { bytes: vec![0_u8; 4] };
/// ```
pub struct Private<T>(T);

impl<T> Private<T> {
    /// Marks `value` as private.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Computes another private value from this one.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Private<U> {
        Private(f(self.0))
    }

    /// Borrows the value without making it public.
    pub fn borrow(&self) -> Private<&T> {
        Private(&self.0)
    }

    /// The value itself, for use on the device only: to show it to its owner, to keep it in the
    /// device's own store, or to compute on it.
    ///
    /// Never log it, never put it into a message; grep for this name in a review.
    pub fn expose_on_device(&self) -> &T {
        &self.0
    }

    /// Takes the value out, inside this crate only.
    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

impl<T: Zeroize> Private<T> {
    /// Overwrites the value and drops it.
    pub fn erase(mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn map_keeps_the_value_private_and_usable() {
        let doubled: Private<Vec<i32>> = Private::new(vec![1, 2]).map(|v| v.iter().map(|x| 2 * x).collect());
        assert_eq!(doubled.expose_on_device(), &[2, 4]);
        assert_eq!(doubled.borrow().expose_on_device().len(), 2);
        doubled.erase();
    }
}
