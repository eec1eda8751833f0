//! The wrong provisioners of AKS, each made of rules around the correct one. Each makes a mistake that real provisioners
//! and clean-up tools have made, at the level of API calls.

use bytes::Bytes;
use kubeproof_cloudkit::defects::{
    Does, Phase, Rule, WrongProvisioner, WrongProvisioners, defects,
};
use kubeproof_contract::provider::Defect;

use crate::dialect::AzureDialect;

mod answers;
mod requests;

/// Their names and descriptions.
pub const DEFECTS: &[Defect] = &defects(&ALL);

/// All of them.
pub const WRONG: WrongProvisioners = WrongProvisioners {
    all: &ALL,
    dialect: &AzureDialect,
    worked: |_| Bytes::from_static(b"{}"),
};

const ASSIGNMENTS: &[&str] = &["arm:roleAssignments.listForSubscription"];
const GROUPS: &[&str] = &["arm:resourceGroups.list"];
/// What a resource group deletes, and itself.
const IN_GROUP: &[&str] = &[
    "arm:managedClusters.get",
    "arm:resourceGroups.get",
    "arm:userAssignedIdentities.get",
    "arm:virtualNetworks.get",
];
const CLUSTER: &[&str] = &["arm:managedClusters.get"];

const ALL: [WrongProvisioner; 10] = [
    // Azure never removes an assignment whose principal is gone: 84 % of one subscription's were such, and 4,000 of 4,000
    // (openshift/release pull requests 84651 and 78278). `az aks delete` leaves the one at a subnet that `az aks create`
    // made.
    WrongProvisioner::new(
        "forgets-assignments",
        "its teardown deletes no role assignments, since its resource group deletes what is in it",
        &[Rule::new(Phase::Teardown, ASSIGNMENTS, Does::ShowNothing)],
    ),
    // No resource group holds an application (`az aks create` without a managed identity; ARO-HCP issue 6781).
    WrongProvisioner::new(
        "forgets-application",
        "its teardown deletes what is in the subscription, and nothing of the directory",
        &[Rule::new(
            Phase::Teardown,
            &[
                "graph:applications.list",
                "graph:servicePrincipals.list",
                "graph:deletedItems.*",
            ],
            Does::ShowNothing,
        )],
    ),
    // Terraform's azurerm and az make the GUID up when the caller gives none.
    WrongProvisioner::new(
        "new-guid",
        "gives a role assignment a new GUID in each process, and its teardown knows only the one that it would give",
        &[
            Rule::new(
                Phase::Any,
                &["arm:roleAssignments.create"],
                Does::Change(requests::under_a_new_guid),
            ),
            Rule::new(
                Phase::Teardown,
                ASSIGNMENTS,
                Does::TakeFor(answers::only_of_derived_names),
            ),
        ],
    ),
    // `az group delete --no-wait`, and clean-up tools that send deletions only.
    WrongProvisioner::new(
        "does-not-wait",
        "its teardown asks for the deletion of the resource group, and reports success while it goes on",
        &[
            Rule::new(
                Phase::Teardown,
                &["arm:operationResults.get"],
                Does::TakeFor(answers::ended_well),
            ),
            Rule::new(
                Phase::Teardown,
                IN_GROUP,
                Does::TakeFor(answers::gone_when_deleting),
            ),
        ],
    ),
    // AKS issue 51: az returned 0 while the cluster was still listed, in state Deleting or Failed.
    WrongProvisioner::new(
        "takes-202-for-done",
        "its teardown takes a deletion of the cluster that was accepted for one that has ended",
        &[
            Rule::new(
                Phase::Teardown,
                &["arm:operations.get"],
                Does::TakeFor(answers::ended_well),
            ),
            Rule::new(
                Phase::Teardown,
                CLUSTER,
                Does::TakeFor(answers::gone_when_deleting),
            ),
        ],
    ),
    // azurerm issues 9342 and 11179, AKS issue 1972: the operation fails, and the cluster comes up later.
    WrongProvisioner::new(
        "failed-is-the-end",
        "takes a cluster whose operation has failed for none",
        &[Rule::new(
            Phase::Any,
            CLUSTER,
            Does::TakeFor(answers::gone_when_failed),
        )],
    ),
    // All lists have pages, with the address of the next one.
    WrongProvisioner::new(
        "first-page-only",
        "its teardown reads the first page of the role assignments, and no other",
        &[
            Rule::new(
                Phase::Teardown,
                ASSIGNMENTS,
                Does::Change(|_, request| requests::with_short_pages(request)),
            ),
            Rule::new(
                Phase::Teardown,
                ASSIGNMENTS,
                Does::TakeFor(answers::without_further_pages),
            ),
        ],
    ),
    // Groups of nodes are deleted by hand, by a pattern of their names, to get rid of what a cluster left.
    WrongProvisioner::new(
        "deletes-node-groups-by-name",
        "its teardown deletes each group whose name begins like that of its nodes' group",
        &[Rule::new(
            Phase::Teardown,
            GROUPS,
            Does::TakeFor(answers::node_groups_by_name),
        )],
    ),
    // Ids ignore case, and services write them in different ones: AKS writes `resourcegroups`.
    WrongProvisioner::new(
        "ids-by-case",
        "its teardown compares ids letter by letter, and does not know the group of its nodes",
        &[Rule::new(
            Phase::Teardown,
            GROUPS,
            Does::TakeFor(answers::only_in_its_case),
        )],
    ),
    // An address is a resource of its own: what used it goes without it, and it bills on in no one's use (Costframe's rule
    // CF-AZ-NW-04). A group of others keeps it.
    WrongProvisioner::new(
        "forgets-address",
        "its teardown deletes the NAT gateway, and takes the gateway's public address for a part of it",
        &[Rule::new(
            Phase::Teardown,
            &["arm:publicIPAddresses.get"],
            Does::TakeFor(answers::gone),
        )],
    ),
];
