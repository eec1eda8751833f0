//! The id of a finding: the same in every run that finds the same, so that it can be named in a scenario, an issue or a
//! dashboard. Pure.
//!
//! It is made of the oracle, the trial, the calls at which faults were aimed, and the resources by their types and
//! logical names. Nothing in it differs from run to run: no run id, time, random ending or price.

use kubeproof_contract::journal::digest;

/// The beginning of every id.
pub const PREFIX: &str = "F-";
/// How many hexadecimal digits follow: two of a million findings are alike with a chance of less than one in two.
const DIGITS: usize = 10;

/// What an id is made of.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The oracle or phase that found it.
    pub oracle: &'a str,
    /// The scenario, with the forced failure where it is the trial of one.
    pub trial: &'a str,
    /// The calls at which faults were aimed that the trial does not have by itself.
    pub calls: &'a [String],
    /// The resources that it is about: type and logical name of each.
    pub resources: &'a [String],
    /// What is wrong. It counts only where no resource is known: then it is all that tells two findings apart.
    pub message: &'a str,
    /// The id of the run, which may stand in the message.
    pub run: &'a str,
}

/// The id of a finding.
pub fn of(parts: Parts<'_>) -> String {
    let set = |all: &[String]| {
        let mut all = all.to_vec();
        all.sort();
        all.dedup();
        all.join("\u{1f}")
    };
    let subject = if parts.resources.is_empty() {
        format!("words {}", words(parts.message, parts.run))
    } else {
        format!("resources {}", set(parts.resources))
    };
    let text = [parts.oracle, parts.trial, &set(parts.calls), &subject].join("\u{1e}");
    let hash = digest(text.as_bytes());
    format!("{PREFIX}{}", &hash[..DIGITS])
}

/// Whether a text has the form of an id.
pub fn is_id(text: &str) -> bool {
    text.strip_prefix(PREFIX).is_some_and(|rest| {
        let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        rest.len() == DIGITS && rest.chars().all(is_digit)
    })
}

/// The title of a finding: its id, where its record has one, and what it is about.
pub fn titled(id: &str, title: &str) -> String {
    if id.is_empty() {
        title.to_owned()
    } else {
        format!("{id} {title}")
    }
}

/// A message without the words that differ from run to run: ids, addresses, times and figures have digits.
fn words(message: &str, run: &str) -> String {
    let differs = |word: &&str| {
        word.bytes().any(|byte| byte.is_ascii_digit()) || (!run.is_empty() && word.contains(run))
    };
    let kept = message.split_whitespace().filter(|word| !differs(word));
    kept.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PARTS: Parts<'_> = Parts {
        oracle: "O1 orphans",
        trial: "s/lost",
        calls: &[],
        resources: &[],
        message: "left",
        run: "r1-0a",
    };

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn each_part_makes_another_id() {
        let (calls, disk, net) = (texts(&["s:Make"]), texts(&["disk a"]), texts(&["net a"]));
        let all = [
            PARTS,
            Parts {
                oracle: "O2 duplicates",
                ..PARTS
            },
            Parts {
                trial: "s",
                ..PARTS
            },
            Parts {
                calls: &calls,
                ..PARTS
            },
            Parts {
                resources: &disk,
                ..PARTS
            },
            Parts {
                resources: &net,
                ..PARTS
            },
            Parts {
                message: "gone",
                ..PARTS
            },
        ];
        let mut ids: Vec<String> = all.into_iter().map(of).collect();
        assert!(ids.iter().all(|id| is_id(id)), "{ids:?}");
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all.len());
    }

    #[test]
    fn what_is_told_of_known_resources_makes_no_difference_and_neither_does_their_order() {
        let (one, other) = (texts(&["a", "b", "a"]), texts(&["b", "a"]));
        assert_eq!(
            of(Parts {
                resources: &one,
                message: "left",
                ..PARTS
            }),
            of(Parts {
                resources: &other,
                message: "is still there",
                ..PARTS
            })
        );
    }

    #[test]
    fn only_the_whole_form_is_an_id() {
        let check = |text: &str, expected: bool| assert_eq!(is_id(text), expected, "{text}");
        check("F-0123456789", true);
        check("F-012345678", false);
        check("F-012345678G", false);
        check("0123456789ab", false);
        check("", false);
    }

    proptest! {
        #[test]
        fn ids_times_and_prices_in_a_message_make_no_difference(
            run in "[a-z][0-9]{1,4}-[0-9a-f]{8}", number in 0_u32..100_000, cents in 0_u32..10_000,
        ) {
            let message = |run: &str, number: u32, cents: u32| format!(
                "node kp-{run}-a (i-{number}) was alive at 2026-11-02T09:{number}Z: ${cents}.00 a month"
            );
            let (one, other) = (message(&run, number, cents), message("r9-0b", 7, 3));
            prop_assert_eq!(
                of(Parts { message: &one, run: &run, ..PARTS }),
                of(Parts { message: &other, run: "r9-0b", ..PARTS })
            );
        }
    }
}
