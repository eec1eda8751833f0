//! What a scenario lets stay: a known leak, with the reason and the day until which it is accepted.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing that may be left behind. It stays in the report, with its reason, and does not fail the trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AllowBlock {
    /// Orphans of this resource type, as reports name it: `elastic_ip`. Either this or `finding`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// The orphan of this finding, by its id: `F-0123456789`. Either this or `type`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
    /// Why it is accepted: for the next reader of the report.
    pub reason: String,
    /// The last day on which it is accepted; afterwards it fails again. Without it there is no such day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

impl AllowBlock {
    /// What it is about, as it stands in the file: `type elastic_ip`, `finding F-0123456789`.
    pub fn subject(&self) -> String {
        match (&self.resource_type, &self.finding) {
            (Some(name), _) => format!("type {name}"),
            (None, Some(id)) => format!("finding {id}"),
            (None, None) => "nothing".to_owned(),
        }
    }

    /// Whether its last day is over.
    pub fn is_over(&self, today: Date) -> bool {
        self.until.is_some_and(|until| until < today)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<AllowBlock, String> {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn the_last_day_counts_and_without_one_there_is_no_end() {
        let check = |text: &str, today: &str, expected: bool| {
            let block = read(text).expect(text);
            let today = today.parse().expect("a date");
            assert_eq!(block.is_over(today), expected, "{text} on {today}");
        };
        let dated = "{type: disk, reason: r, until: 2027-01-31}";
        check(dated, "2027-01-30", false);
        check(dated, "2027-01-31", false);
        check(dated, "2027-02-01", true);
        check("{type: disk, reason: r}", "9999-12-31", false);
    }

    #[test]
    fn a_reason_is_required_and_a_day_is_a_day() {
        for text in [
            "{type: disk}",
            "{type: disk, reason: r, until: soon}",
            "{type: disk, reason: r, until: 2027-02-30}",
            "{type: disk, reason: r, unitl: 2027-01-31}",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
