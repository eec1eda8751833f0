//! The sources that each oracle needs, as one table. An oracle without its sources is unknown, never a pass.

use std::fmt::Write as _;

/// Something to observe with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The journal of the provisioner's calls.
    Calls,
    /// The simulator's ground truth.
    GroundTruth,
    /// The simulator's meter.
    Meter,
    /// The cloud's billing data.
    Bill,
    /// Inventories of the account, complete, before and after.
    Inventories,
}

impl Source {
    /// As text: `the provisioner's calls`.
    pub fn text(self) -> &'static str {
        match self {
            Self::Calls => "the provisioner's calls",
            Self::GroundTruth => "the ground truth",
            Self::Meter => "a meter",
            Self::Bill => "the bill",
            Self::Inventories => "complete inventories",
        }
    }
}

/// One oracle and the sources of which any one lets it decide, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oracle {
    /// Its name in findings.
    pub name: &'static str,
    /// What it shows.
    pub shows: &'static str,
    /// Any of these is enough.
    pub needs: &'static [Source],
}

const fn oracle(name: &'static str, shows: &'static str, needs: &'static [Source]) -> Oracle {
    Oracle { name, shows, needs }
}

/// O2: more than the scenario needs at once.
pub const DUPLICATES: &str = "O2 duplicates";
/// O4: what a trial costs.
pub const BILL: &str = "O4 bill";
/// O5: that it ends.
pub const ENDS: &str = "O5 ends";
/// O6: what belongs to bystanders.
pub const BYSTANDERS: &str = "O6 bystanders";
/// O7: that a repetition changes nothing.
pub const NO_OP: &str = "O7 no-op";

/// All oracles of a trial.
pub const ORACLES: &[Oracle] = &[
    oracle(
        "O1 orphans",
        "nothing of the run is left",
        &[Source::GroundTruth, Source::Inventories],
    ),
    oracle(
        DUPLICATES,
        "never more alive than the scenario needs",
        &[Source::GroundTruth, Source::Inventories],
    ),
    oracle(
        "O3 truth",
        "what was reported is there",
        &[Source::GroundTruth, Source::Inventories],
    ),
    oracle(
        BILL,
        "the cost stays within the budget",
        &[Source::Meter, Source::Bill],
    ),
    oracle(
        ENDS,
        "the budget of calls and `Retry-After` are kept",
        &[Source::Calls],
    ),
    oracle(
        BYSTANDERS,
        "what was there before is untouched",
        &[Source::GroundTruth, Source::Inventories],
    ),
    oracle(
        NO_OP,
        "a second provision and a second teardown change nothing",
        &[Source::Calls, Source::Inventories],
    ),
    oracle(
        "O8 end state",
        "campaigns: a healed cluster is the clean run's",
        &[Source::GroundTruth],
    ),
];

/// Why an oracle cannot decide with what there is: `it needs the provisioner's calls`. `None` when it can.
pub fn missing(name: &str, there: &[Source]) -> Option<String> {
    let oracle = ORACLES.iter().find(|oracle| oracle.name == name)?;
    if oracle.needs.iter().any(|need| there.contains(need)) {
        return None;
    }
    let needs: Vec<&str> = oracle.needs.iter().map(|need| need.text()).collect();
    Some(format!("not observed: it needs {}", needs.join(" or ")))
}

/// The table in Markdown, for the documentation of oracles.
pub fn table() -> String {
    let mut text = "| oracle | shows that | needs |\n|---|---|---|\n".to_owned();
    for oracle in ORACLES {
        let needs: Vec<&str> = oracle.needs.iter().map(|need| need.text()).collect();
        let row = [oracle.name, oracle.shows, &needs.join(", else ")].join(" | ");
        let _ = writeln!(text, "| {row} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_oracle_without_a_source_says_what_it_needs_and_one_with_any_of_them_decides() {
        let check = |name: &str, there: &[Source], expected: Option<&str>| {
            assert_eq!(
                missing(name, there).as_deref(),
                expected,
                "{name} {there:?}"
            );
        };
        let words = "not observed: it needs the provisioner's calls";
        check(ENDS, &[Source::Inventories], Some(words));
        check(ENDS, &[Source::Calls], None);
        check(NO_OP, &[Source::Inventories], None);
        check(
            NO_OP,
            &[],
            Some("not observed: it needs the provisioner's calls or complete inventories"),
        );
        check(
            BILL,
            &[Source::GroundTruth],
            Some("not observed: it needs a meter or the bill"),
        );
    }
}
