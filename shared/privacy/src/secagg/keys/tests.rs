use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use rand::SeedableRng;

use super::*;

fn hex<const N: usize>(text: &str) -> [u8; N] {
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    bytes.try_into().unwrap()
}

#[test]
fn x25519_rfc_7748() {
    // Section 5.2, first vector.
    let scalar = Zeroizing::new(hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"));
    let peer = hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    let agreed = KeyPair::of_secret(&scalar).agree(peer).unwrap();
    assert_eq!(*agreed.0, hex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"));
    // Section 6.1: Bob's side of an exchange.
    let bob =
        KeyPair::of_secret(&Zeroizing::new(hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")));
    assert_eq!(bob.public(), hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"));
    let alice = hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    let agreed = bob.agree(alice).unwrap();
    assert_eq!(*agreed.0, hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"));
}

#[test]
fn hkdf_rfc_5869() {
    // Appendix A.1.
    let (prk, hkdf) = Hkdf::<Sha256>::extract(Some(&hex::<13>("000102030405060708090a0b0c")), &[0x0b; 22]);
    assert_eq!(prk.as_slice(), hex::<32>("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"));
    let mut okm = [0; 42];
    let info: [&[u8]; 2] = [&hex::<4>("f0f1f2f3"), &hex::<6>("f4f5f6f7f8f9")];
    hkdf.expand_multi_info(&info, &mut okm).unwrap();
    assert_eq!(okm, hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"));
}

#[test]
fn chacha20_poly1305_rfc_8439() {
    // Section 2.8.2.
    let key: [u8; 32] = std::array::from_fn(|i| 0x80 + i as u8);
    let nonce = Nonce::from(hex::<12>("070000004041424344454647"));
    let aad = hex::<12>("50515253c0c1c2c3c4c5c6c7");
    let text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
    let sealed = ChaCha20Poly1305::new(&key.into()).encrypt(&nonce, Payload { msg: text, aad: &aad }).unwrap();
    assert_eq!(sealed[..16], hex::<16>("d31a8d34648e60db7b86afbc53ef7ec2"));
    assert_eq!(sealed[text.len()..], hex::<16>("1ae10b594f09e26a7e902ecbd0600691"));
}

#[test]
fn keys_differ_by_purpose_direction_members_and_manifest() {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let (a, b) = (KeyPair::generate(&mut rng), KeyPair::generate(&mut rng));
    let (ab, ba) = (a.agree(b.public()).unwrap(), b.agree(a.public()).unwrap());
    let manifest = ContentHash([5; 32]);
    let mut seen = Vec::new();
    for (purpose, from, to) in [
        (Purpose::Mask, 3, 9),
        (Purpose::Share, 3, 9),
        (Purpose::Share, 9, 3),
        (Purpose::Mask, 3, 10),
        (Purpose::Mask, 4, 9),
    ] {
        let key = ab.derive(manifest, purpose, from, to);
        assert_eq!(*key, *ba.derive(manifest, purpose, from, to));
        assert!(!seen.contains(&*key));
        seen.push(*key);
    }
    assert_eq!(*ab.derive(manifest, Purpose::Mask, 3, 9), *ba.derive(manifest, Purpose::Mask, 9, 3));
    assert!(!seen.contains(&*ab.derive(ContentHash([6; 32]), Purpose::Mask, 3, 9)));
}

#[test]
fn keys_of_small_order_are_refused() {
    let pair = KeyPair::generate(&mut ChaCha20Rng::from_seed([1; 32]));
    let one = {
        let mut one = [0; 32];
        one[0] = 1;
        one
    };
    let order_eight = hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800");
    for point in [[0; 32], one, order_eight] {
        assert!(pair.agree(point).is_err());
    }
}

#[test]
fn what_is_sealed_opens_with_its_key_and_context_only() {
    let (key, other) = (Zeroizing::new([1; 32]), Zeroizing::new([2; 32]));
    let shares = [7; 2 * SHARE_BYTES];
    let sealed = seal(&key, b"here", &shares).unwrap();
    assert_eq!(sealed.len(), silhouette_wire::defaults::SEALED_SHARE_BYTES);
    assert_eq!(*open(&key, b"here", &sealed).unwrap(), shares);
    assert!(open(&other, b"here", &sealed).is_none());
    assert!(open(&key, b"there", &sealed).is_none());
    for i in 0..sealed.len() {
        let mut damaged = sealed.clone();
        damaged[i] ^= 1;
        assert!(open(&key, b"here", &damaged).is_none());
    }
    assert!(open(&key, b"here", &sealed[1..]).is_none());
    assert!(open(&key, b"here", &[]).is_none());
}
