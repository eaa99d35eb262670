//! Chooses seed and number of generated cases.
//!
//! ```text
//! LAWS_SEED=7 LAWS_CASES=5000 cargo test -p streamkeeper-core laws -- --nocapture
//! ```

use proptest::test_runner::{Config, RngSeed};

/// `cases` cases from `seed`, unless `LAWS_CASES` and `LAWS_SEED` say otherwise; prints both.
pub(crate) fn config(seed: u64, cases: u32) -> Config {
    let seed = chosen("LAWS_SEED").unwrap_or(seed);
    let cases = chosen("LAWS_CASES").unwrap_or(cases);
    // Shown when a test fails.
    println!("seed {seed}, {cases} cases");
    Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 2_000,
        ..Config::default()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the test, not of the program"
)]
fn chosen<T: std::str::FromStr>(variable: &str) -> Option<T> {
    let text = std::env::var(variable).ok()?;
    let number = text.parse().ok();
    assert!(number.is_some(), "{variable} is no number: {text}");
    number
}
