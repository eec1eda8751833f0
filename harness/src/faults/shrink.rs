//! Shrinking: reduces the faults of a lifecycle to those that its finding needs.

/// The smallest set found by leaving out one fault at a time: without any one of the rest the finding is gone
/// (1-minimal). `still` says whether a set still has the finding; it is called at most n² times for n faults.
pub fn shrink<T: Clone>(faults: &[T], mut still: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut kept = faults.to_vec();
    let mut index = 0;
    // Each round leaves one out for good or goes on to the next.
    while kept.len() > 1 && index < kept.len() {
        let mut fewer = kept.clone();
        fewer.remove(index);
        if still(&fewer) {
            kept = fewer;
            index = 0;
        } else {
            index += 1;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(faults: &[u8], needed: &[u8], expected: &[u8]) {
        let found = shrink(faults, |set| needed.iter().all(|one| set.contains(one)));
        assert_eq!(found, expected);
    }

    #[test]
    fn only_what_the_finding_needs_is_kept() {
        check(&[1, 2, 3, 4], &[3], &[3]);
        check(&[1, 2, 3, 4], &[2, 4], &[2, 4]);
        check(&[1, 2], &[1, 2], &[1, 2]);
        check(&[1], &[], &[1]);
    }
}
