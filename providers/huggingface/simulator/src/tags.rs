//! Tags of endpoints are words, and labels of jobs are pairs: both as pairs, and the run that they name.

use std::collections::BTreeMap;

use crate::setup::RUN_LABEL;

/// Words such as `team=research` as pairs. A word without `=` is a key without a value.
pub(crate) fn pairs(words: &[String]) -> BTreeMap<String, String> {
    let pair = |word: &String| {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        (key.to_owned(), value.to_owned())
    };
    words.iter().map(pair).collect()
}

/// The run that these pairs name.
pub(crate) fn run_id(pairs: &BTreeMap<String, String>) -> Option<String> {
    pairs.get(RUN_LABEL).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_pairs_and_one_of_them_names_the_run() {
        let check = |words: &[&str], run: Option<&str>, count: usize| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let pairs = pairs(&words);
            assert_eq!((run_id(&pairs).as_deref(), pairs.len()), (run, count));
        };
        check(&["kubeproof-run=r1", "dev"], Some("r1"), 2);
        check(&["kubeproof-run:r1"], None, 1);
        check(&[], None, 0);
    }
}
