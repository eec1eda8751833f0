//! Which actions an operation needs, on which resources, under which condition: the rows of `permissions.csv`.

use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The action of an operation that needs none.
pub(super) const NONE: &str = "none";

/// Under which condition an action is granted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Condition {
    /// None: the name of the resource, or that it is only read, is enough.
    Named,
    /// None, although the resource may carry the mark: EKS and Kubernetes make some without it.
    Unmarked,
    /// The request gives the new resource the run's mark.
    New,
    /// The resource has the run's mark.
    Marked,
    /// A tag is given while one of these operations makes the resource.
    CreatedBy(BTreeSet<String>),
    /// The role is handed to this service.
    PassedTo(String),
    /// The role is linked to this service.
    LinkedTo(String),
    /// The policy is one of those that the journal names.
    Policies(BTreeSet<String>),
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// As the journal names it.
    pub(super) operation: String,
    pub(super) action: String,
    /// The end of an ARN, in which `NAME` is the name of a run's cluster; `*` where the action takes no resource.
    pub(super) resource: String,
    pub(super) condition: Condition,
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let rows = include_str!("../../permissions.csv").lines().skip(1);
    rows.filter_map(read).collect()
});

/// The rules of an operation; none if it is not known.
pub(super) fn of(operation: &str) -> Vec<&'static Rule> {
    let all = RULES.iter();
    all.filter(|rule| rule.operation == operation).collect()
}

/// Reads one row; an empty action is the operation itself.
fn read(row: &str) -> Option<Rule> {
    let cells: Vec<&str> = row.split(',').collect();
    let [operation, action, resource, condition] = cells.as_slice() else {
        return None;
    };
    let name = operation.split_once(':')?.1;
    Some(Rule {
        operation: (*operation).to_owned(),
        action: if action.is_empty() { operation } else { action }.to_string(),
        resource: (*resource).to_owned(),
        condition: condition_of(condition, name)?,
    })
}

fn condition_of(text: &str, operation: &str) -> Option<Condition> {
    Some(match text {
        "" => Condition::Named,
        "unmarked" => Condition::Unmarked,
        "new" => Condition::New,
        "marked" => Condition::Marked,
        "created by" => Condition::CreatedBy(BTreeSet::from([operation.to_owned()])),
        "policies" => Condition::Policies(BTreeSet::new()),
        _ => match text.rsplit_once(' ')? {
            ("passed to", service) => Condition::PassedTo(service.to_owned()),
            ("linked to", service) => Condition::LinkedTo(service.to_owned()),
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read_and_they_are_in_order() {
        let text = include_str!("../../permissions.csv");
        assert_eq!(RULES.len(), text.lines().count() - 1);
        let operations: Vec<&str> = RULES.iter().map(|rule| rule.operation.as_str()).collect();
        assert!(operations.is_sorted());
    }

    #[test]
    fn a_row_with_an_unknown_condition_is_not_read() {
        assert_eq!(read("ec2:CreateVpc,,vpc/*,whenever"), None);
        assert_eq!(read("ec2:CreateVpc,,vpc/*"), None);
        let rule =
            read("eks:CreateCluster,iam:PassRole,role/NAME-cluster,passed to eks.amazonaws.com");
        let passed = Condition::PassedTo("eks.amazonaws.com".to_owned());
        assert_eq!(rule.map(|rule| rule.condition), Some(passed));
    }
}
