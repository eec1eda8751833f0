//! The wrong provisioners of GKE, each made of rules around the correct one. Each makes a mistake that real
//! provisioners and clean-up tools have made, at the level of API calls.

use bytes::Bytes;
use kubeproof_cloudkit::defects::{
    Does, Phase, Rule, When, WrongProvisioner, WrongProvisioners, defects,
};
use kubeproof_contract::provider::Defect;

use crate::dialect::GcpDialect;

mod answers;
mod requests;

/// Their names and descriptions.
pub const DEFECTS: &[Defect] = &defects(&ALL);

/// All of them.
pub const WRONG: WrongProvisioners = WrongProvisioners {
    all: &ALL,
    dialect: &GcpDialect,
    worked: |_| Bytes::from_static(br#"{"name": "operation-0", "status": "DONE"}"#),
};

const READ_POLICY: &str = "cloudresourcemanager:projects.getIamPolicy";
const DISKS: &[&str] = &["compute:disks.aggregatedList"];
const FIREWALLS: &[&str] = &["compute:firewalls.list"];
/// The lists that show most.
const PAGED: &[&str] = &["compute:firewalls.list", "compute:disks.aggregatedList"];
/// Lists of all zones and regions.
const AGGREGATED: &[&str] = &[
    "compute:disks.aggregatedList",
    "compute:forwardingRules.aggregatedList",
    "compute:targetPools.aggregatedList",
    "compute:routers.aggregatedList",
    "compute:subnetworks.aggregatedList",
];
const ONCE: When = When {
    times: 1,
    ..When::ALWAYS
};

const ALL: [WrongProvisioner; 10] = [
    // No method of Kubernetes Engine that changes something takes a request id (container.v1), so a tool that makes up
    // names has nothing to find the first cluster by.
    WrongProvisioner::new(
        "blind-create",
        "a creation of a cluster without an answer is repeated under another name",
        &[Rule::new(
            Phase::Provision,
            &["container:projects.locations.clusters.create"],
            Does::ResendChanged(requests::under_another_name),
        )],
    ),
    // Compute Engine says inside an operation that is DONE why it failed (compute.v1, Operation.error).
    WrongProvisioner::new(
        "ignores-operation-errors",
        "its teardown takes an operation that is DONE for one that worked, and does not check the network again",
        &[
            Rule::new(
                Phase::Teardown,
                &["compute:globalOperations.get"],
                Does::TakeFor(answers::without_error),
            ),
            Rule::new(Phase::Teardown, &["compute:networks.delete"], Does::Forget),
        ],
    ),
    // The network is "already being used by" the rule, and its deletion fails for ever (kops issue 2086).
    WrongProvisioner::new(
        "network-before-rules",
        "its teardown deletes the network without the firewall rules that GKE left in it",
        &[Rule::new(
            Phase::Any,
            FIREWALLS,
            Does::Hide(|run| format!("gke-{}-", run.name(""))),
        )],
    ),
    // GKE does not promise to delete the disks of claims with their cluster (jfrog xray issue 439, cal-itp issue 5266).
    WrongProvisioner::new(
        "leaves-disks",
        "its teardown deletes the cluster with its claims in it, and no disks",
        &[
            Rule::new(
                Phase::Teardown,
                &[
                    "kubernetes:list-persistentvolumeclaims",
                    "kubernetes:list-persistentvolumes",
                ],
                Does::ShowNothing,
            ),
            Rule::new(
                Phase::Any,
                DISKS,
                Does::TakeFor(answers::nothing_in_any_scope),
            ),
        ],
    ),
    // Disabling an API takes it from all users of the project; terraform's `disable_on_destroy` does it by default.
    WrongProvisioner::new(
        "disables-apis",
        "its teardown disables the APIs that it uses, even those that were enabled before",
        &[Rule::new(
            Phase::Provision,
            &["serviceusage:services.batchGet"],
            Does::TakeFor(answers::all_disabled),
        )
        .when(ONCE)],
    ),
    // The documentation of Policy.etag warns of it: the last writer wins.
    WrongProvisioner::new(
        "loses-a-binding",
        "writes the project's policy back without the etag that it read, over what somebody else wrote meanwhile",
        &[Rule::new(
            Phase::Any,
            &["cloudresourcemanager:projects.setIamPolicy"],
            Does::Change(|_, request| requests::without_etag(request)),
        )],
    ),
    // The documentation of policy versions warns of it: version 1 cannot show a condition.
    WrongProvisioner::new(
        "loses-conditions",
        "reads the project's policy in version 1 and writes it back, so that bindings lose their conditions",
        &[Rule::new(
            Phase::Any,
            &[READ_POLICY],
            Does::Change(|_, request| requests::of_version_1(request)),
        )],
    ),
    // The same address can be used again, with another unique id (IAM documentation of deleted accounts).
    WrongProvisioner::new(
        "deletes-by-name",
        "its teardown deletes the service account of the run's name, no matter who made it since",
        &[Rule::new(
            Phase::Any,
            &["iam:projects.serviceAccounts.get"],
            Does::TakeFor(answers::marked),
        )],
    ),
    // Lists of Compute Engine have pages, also shorter ones than asked for.
    WrongProvisioner::new(
        "first-page-only",
        "its teardown reads the first page of the firewall rules and disks, and no other",
        &[
            Rule::new(
                Phase::Any,
                PAGED,
                Does::Change(|_, request| requests::with_short_pages(request)),
            ),
            Rule::new(
                Phase::Any,
                PAGED,
                Does::TakeFor(answers::without_further_pages),
            ),
        ],
    ),
    // An aggregated list that did not reach a zone says so in a warning, and with status 200 (compute.v1).
    WrongProvisioner::new(
        "warning-for-empty",
        "takes a zone that a list could not reach for an empty one",
        &[Rule::new(
            Phase::Any,
            AGGREGATED,
            Does::TakeFor(answers::without_warnings),
        )],
    ),
];
