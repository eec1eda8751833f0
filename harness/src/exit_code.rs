//! Exit codes, on which scripts rely.

use kubeproof_contract::check::Verdict;

/// Everything requested passed.
pub const PASSED: u8 = 0;
/// Something is wrong with the provisioner or the account: there is a finding.
pub const FINDING: u8 = 1;
/// The command line or a scenario file is wrong; nothing was run.
pub const USAGE: u8 = 2;
/// Inconclusive, or the bill is still pending: no finding, and no proof either.
pub const UNKNOWN: u8 = 3;
/// An internal error: a bug of kubeproof itself.
pub const INTERNAL_ERROR: u8 = 70;

/// Each code with its meaning, for help texts and documents.
pub const ALL: &[(u8, &str)] = &[
    (PASSED, "everything requested passed"),
    (FINDING, "a finding: something failed"),
    (USAGE, "usage or scenario error; nothing was run"),
    (UNKNOWN, "inconclusive, or waiting for the bill"),
    (INTERNAL_ERROR, "internal error"),
];

/// The exit code of trials with these verdicts. Pending is not a pass. If all trials were skipped, nothing is proven
/// either.
pub fn of(verdicts: impl IntoIterator<Item = Verdict>) -> u8 {
    match Verdict::of_all(verdicts) {
        Verdict::Pass => PASSED,
        Verdict::Fail => FINDING,
        Verdict::Unknown | Verdict::Pending | Verdict::Skipped => UNKNOWN,
    }
}

/// The exit code when a report could not be written: what would have passed is not shown to anyone.
pub fn unwritten(code: u8) -> u8 {
    if code == PASSED { UNKNOWN } else { code }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(verdicts: &[Verdict], expected: u8) {
        assert_eq!(of(verdicts.iter().copied()), expected, "{verdicts:?}");
    }

    #[test]
    fn the_exit_code_is_that_of_the_worst_verdict() {
        check(&[Verdict::Pass, Verdict::Pass], 0);
        check(&[Verdict::Pass, Verdict::Skipped], 0);
        check(&[Verdict::Pass, Verdict::Fail, Verdict::Unknown], 1);
        check(&[Verdict::Unknown, Verdict::Pass], 3);
        check(&[Verdict::Pending, Verdict::Pass], 3);
    }

    #[test]
    fn nothing_looked_at_is_not_a_pass() {
        check(&[], 3);
        check(&[Verdict::Skipped], 3);
    }

    #[test]
    fn the_numbers_are_those_that_scripts_rely_on() {
        let numbers: Vec<u8> = ALL.iter().map(|(code, _)| *code).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 70]);
    }
}
