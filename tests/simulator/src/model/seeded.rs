//! Draws what AWS decides at its own discretion, so that the seed decides it instead.
//!
//! Every draw is a function of the seed and a label, not of earlier draws: one more call somewhere
//! changes nothing elsewhere.

/// A number for a label.
pub(crate) fn draw(seed: u64, label: &str) -> u64 {
    // FNV-1a over the label, then splitmix64's finish to spread it.
    let hashed = label
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64 ^ seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    mix(hashed.wrapping_add(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

const fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A request id in the form AWS uses.
pub(crate) fn request_id(seed: u64, call: u64) -> String {
    uuid(seed, &format!("request {call}"))
}

/// Something that looks like a UUID.
pub(crate) fn uuid(seed: u64, label: &str) -> String {
    let high = draw(seed, label);
    let low = draw(!seed, label);
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | (low >> 50),
        low & 0xffff_ffff_ffff
    )
}

/// Lower-case letters and digits, as in the names of buckets the service creates.
pub(crate) fn suffix(seed: u64, label: &str, length: usize) -> String {
    const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut rest = draw(seed, label);
    (0..length)
        .map(|_| {
            let letter = LETTERS[(rest % 36) as usize];
            rest = mix(rest / 36 + 1);
            char::from(letter)
        })
        .collect()
}

/// Puts items into an order that means nothing, as AWS's lists have none.
pub(crate) fn shuffle<T>(seed: u64, items: &mut [T], label: impl Fn(&T) -> String) {
    items.sort_by_cached_key(|item| draw(seed, &label(item)));
}
