//! The evaluator against a second, deliberately naive one, over generated policies and requests:
//! the same outcome and the same statements that apply.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests may fail like tests"
)]

mod naive;

use naive::cases::Case;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8192))]

    #[test]
    fn both_evaluators_agree(bytes in prop::collection::vec(any::<u8>(), 0..260)) {
        Case::new(&bytes).check();
    }
}

/// Cases that all end alike would prove nothing.
#[test]
fn the_cases_are_various() {
    let mut state = 1_u64;
    let mut byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let mut outcomes = [0; 3];
    let mut matched = 0;
    for _ in 0..2_000 {
        let bytes: Vec<u8> = (0..200).map(|_| byte()).collect();
        let answer = Case::new(&bytes).check();
        outcomes[answer.outcome as usize] += 1;
        matched += answer.matched.len();
    }
    assert!(outcomes.iter().all(|count| *count > 200) && matched > 1_500, "{outcomes:?} {matched}");
}
