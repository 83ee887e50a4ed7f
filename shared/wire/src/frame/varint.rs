//! Unsigned LEB128 in its shortest form: one value, one spelling.

use super::FrameError;

/// Appends `value`.
pub(super) fn encode(mut value: u64, output: &mut Vec<u8>) {
    while value >= 0x80 {
        output.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    output.push(value as u8);
}

/// Takes a value off the front of `input`.
pub(super) fn decode(input: &mut &[u8]) -> Result<u64, FrameError> {
    let mut value = 0_u64;
    for (place, &byte) in input.iter().enumerate() {
        let bits = u64::from(byte & 0x7f);
        let shift = 7 * place as u32;
        // The tenth group has room for one bit only.
        if shift > 63 || (shift == 63 && bits > 1) {
            return Err(FrameError::Length);
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            if byte == 0 && place > 0 {
                return Err(FrameError::Length);
            }
            *input = &input[place + 1..];
            return Ok(value);
        }
    }
    Err(FrameError::Truncated)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Result<u64, FrameError> {
        decode(&mut &bytes[..])
    }

    #[test]
    fn edges() {
        let mut longest = [0xff; 10];
        longest[9] = 1;
        assert_eq!(read(&longest), Ok(u64::MAX));
        longest[9] = 2;
        assert_eq!(read(&longest), Err(FrameError::Length));
        assert_eq!(read(&[0xff; 11]), Err(FrameError::Length));
        assert_eq!(read(&[0xff; 9]), Err(FrameError::Truncated));
        assert_eq!(read(&[0]), Ok(0));
        assert_eq!(read(&[0x81, 0]), Err(FrameError::Length));
    }

    proptest! {
        #[test]
        fn round_trip(value: u64) {
            let mut bytes = Vec::new();
            encode(value, &mut bytes);
            prop_assert_eq!(read(&bytes), Ok(value));
        }

        #[test]
        fn what_decodes_is_canonical(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let mut rest = bytes.as_slice();
            if let Ok(value) = decode(&mut rest) {
                let mut again = Vec::new();
                encode(value, &mut again);
                prop_assert_eq!(&bytes[..bytes.len() - rest.len()], again.as_slice());
            }
        }
    }
}
