//! Where random tests begin: at `STREAMGAUGE_SEED`, which the gate fixes and `tests/seeds` draws.

use proptest::prelude::ProptestConfig;
use proptest::test_runner::FileFailurePersistence;

/// Seeds of cases that once failed; they are run first, always, and new ones are added by proptest.
const REGRESSIONS: &str = "tests/regressions.txt";

/// The seed of this run; `otherwise` without one.
pub(crate) fn seed(otherwise: u64) -> u64 {
    std::env::var("STREAMGAUGE_SEED").map_or(otherwise, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("STREAMGAUGE_SEED: {text:?} is no number"))
    })
}

/// What property tests run by. Proptest reads the seed from `PROPTEST_RNG_SEED`, which `tests/run` sets
/// to the same.
pub(crate) fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(REGRESSIONS))),
        ..ProptestConfig::default()
    }
}

/// Each line is read: one that proptest does not know would be passed over with a warning.
#[test]
fn regressions_are_seeds_of_proptest() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(REGRESSIONS);
    let text = std::fs::read_to_string(path).unwrap();
    for line in text.lines() {
        let seed = line
            .strip_prefix("cc ")
            .and_then(|rest| rest.split(' ').next());
        let is_seed = seed.is_some_and(|seed| {
            seed.len() == 64 && seed.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        assert!(
            is_seed || line.is_empty() || line.starts_with('#'),
            "{line}"
        );
    }
}
