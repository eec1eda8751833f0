//! The provider's rows of the checklist that describe a cluster.
//!
//! Reading ([`super::view`]) and judging are separate, so that every judgement can be tested on its own.

mod cluster;
mod gateways;
mod instances;
mod network;
mod ranges;
mod roles;
mod security_groups;
mod tags;

use kubeproof_cloudkit::checks::Rows;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::run::Run;

use super::view::View;
use crate::spec::EksSpec;

/// The rows of the checklist that belong to this provider, in its order. `aws.cost`, `aws.teardown`
/// and `aws.partial_failure` are judged by the harness.
pub const CHECKLIST: &[(&str, &str)] = &[
    ("aws.vpc", "VPC with the CIDR of the scenario"),
    (
        "aws.subnets.public",
        "public subnets in different zones, with public addresses on launch",
    ),
    ("aws.subnets.private", "private subnets in different zones"),
    (
        "aws.internet_gateway",
        "internet gateway created and attached",
    ),
    (
        "aws.nat_gateways",
        "a NAT gateway per zone, available, each with its own elastic IP",
    ),
    (
        "aws.route_tables",
        "public routes to the internet gateway, private ones to their zone's NAT",
    ),
    ("aws.security_groups", "the rules asked for and no wider"),
    (
        "aws.role.cluster",
        "cluster role: trust policy and exactly the policies needed",
    ),
    (
        "aws.role.nodes",
        "node role: trust policy and exactly the policies needed",
    ),
    ("aws.cluster", "cluster ACTIVE, version as asked"),
    (
        "aws.node_group",
        "node groups ACTIVE, instance types and counts as asked",
    ),
    ("aws.tags", "all that was made carries the run's tag"),
    (
        "aws.kubeconfig",
        "kubeconfig obtained, works without any tool but a helper that it names",
    ),
    ("aws.ready", "API answers and every node is Ready"),
    ("aws.cost", "estimate against bill within the tolerance"),
    ("aws.teardown", "every resource type empty again"),
    (
        "aws.partial_failure",
        "forced failures unwound or cleaned, a retry makes no duplicate",
    ),
];

/// The same rows, as `cloudkit` judges them.
pub const ROWS: Rows = Rows(CHECKLIST);

/// A judgement: what is wrong, and what was found.
#[derive(Debug, Default)]
struct Findings {
    wrong: Vec<String>,
    seen: Vec<String>,
}

impl Findings {
    /// Notes what is wrong unless the condition holds.
    fn require(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(otherwise());
        }
    }

    /// Notes what was found.
    fn note(&mut self, what: impl Into<String>) {
        self.seen.push(what.into());
    }
}

/// The check of a row; unknown when something that it needs could not be read.
fn check(id: &str, judge: impl FnOnce() -> Result<Findings, ObserverError>) -> Check {
    match judge() {
        Ok(findings) => ROWS.judged(id, &findings.wrong, findings.seen.join("; ")),
        Err(error) => ROWS.unknown(id, error),
    }
}

/// The same for a row that a scenario may not ask for: skipped then, unless the thing exists anyway and that is
/// wrong.
fn row(id: &str, asked: bool, judge: impl FnOnce() -> Result<Findings, ObserverError>) -> Check {
    let seen = check(id, judge);
    if asked || seen.verdict != Verdict::Pass {
        return seen;
    }
    ROWS.skipped(id, "not asked for")
}

/// The checks that the cloud's own API can answer.
pub fn of_cloud(spec: &EksSpec, run: &Run, view: &View) -> Vec<Check> {
    vec![
        network::vpc(spec, run, view),
        network::public_subnets(spec, run, view),
        network::private_subnets(spec, run, view),
        gateways::internet_gateway(spec, view),
        gateways::nat_gateways(spec, run, view),
        gateways::route_tables(spec, run, view),
        security_groups::security_groups(spec, run, view),
        roles::cluster(spec, view),
        roles::nodes(spec, view),
        cluster::cluster(spec, run, view),
        cluster::node_groups(spec, run, view),
        tags::tags(spec, run, view),
    ]
}
