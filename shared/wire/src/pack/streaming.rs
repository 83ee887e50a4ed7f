use super::{PackError, value, width};

/// Unpacks a body as it arrives, in chunks that may end inside a value.
///
/// ```
/// use silhouette_wire::{Unpacker, pack};
///
/// let bytes = pack(&[5, -7], 24)?;
/// let mut sums = [100_i64, 100];
/// let mut unpacker = Unpacker::new(24)?;
/// for chunk in bytes.chunks(4) {
///     unpacker.feed(chunk, |index, value| sums[index] += value);
/// }
/// assert_eq!(unpacker.finish()?, 2);
/// assert_eq!(sums, [105, 93]);
/// # Ok::<(), silhouette_wire::PackError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Unpacker {
    width: usize,
    index: usize,
    held: [u8; 4],
    held_len: usize,
}

impl Unpacker {
    /// Starts a body with values of this width.
    pub fn new(bits: u8) -> Result<Self, PackError> {
        Ok(Self { width: width(bits)?, index: 0, held: [0; 4], held_len: 0 })
    }

    /// Hands every value completed by `chunk` to `fold`, with its index in the vector.
    pub fn feed(&mut self, chunk: &[u8], mut fold: impl FnMut(usize, i64)) {
        let mut rest = chunk;
        if self.held_len > 0 {
            let taken = rest.len().min(self.width - self.held_len);
            self.held[self.held_len..self.held_len + taken].copy_from_slice(&rest[..taken]);
            self.held_len += taken;
            rest = &rest[taken..];
            if self.held_len < self.width {
                return;
            }
            fold(self.index, value(&self.held[..self.width]));
            self.index += 1;
        }
        let values = rest.chunks_exact(self.width);
        let tail = values.remainder();
        for bytes in values {
            fold(self.index, value(bytes));
            self.index += 1;
        }
        self.held[..tail.len()].copy_from_slice(tail);
        self.held_len = tail.len();
    }

    /// Ends the body and says how many values it had.
    pub fn finish(self) -> Result<usize, PackError> {
        if self.held_len == 0 { Ok(self.index) } else { Err(PackError::Partial(self.held_len)) }
    }
}
