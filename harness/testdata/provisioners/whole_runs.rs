//! Wrong provisioners that a whole run exposes without any fault: what campaigns leave out, and what is wrong always.

use crate::provisioners::of::Of::{self, Contract, File, Gke, OneMachine};
use crate::provisioners::wrong;

/// Those that a whole run exposes without any fault.
pub const WHOLE_RUNS: &[(&str, Of, &[&str], &[&str])] = &[
    (
        // What the cluster made for its workload: there is a workload in whole runs only.
        "forgets volumes",
        Contract(wrong::forgets_volumes::make),
        &[],
        &["O1 orphans"],
    ),
    (
        // It is made before the run's baseline: only the end of the bystander's cluster shows it.
        "keeps a role for all clusters",
        Contract(wrong::keeps_what_it_shares::make),
        &[],
        &["O1 orphans"],
    ),
    (
        // The cloud keeps several keys of one name, so that each cluster adds one.
        "keeps a key for all clusters",
        OneMachine(wrong::keeps_what_it_shares::make),
        &[],
        &["O1 orphans", "O2 duplicates"],
    ),
    (
        "keeps a network for all clusters",
        Gke(wrong::keeps_what_it_shares::make),
        &[],
        &["O1 orphans"],
    ),
    (
        // As many gateways and routes as ever, and one of the routes leads to the other's zone.
        "crosses zones",
        Contract(wrong::crosses_zones::make),
        &[],
        &["O7 no-op"],
    ),
    (
        // It comes after the audit, while the bill is waited for: a campaign waits for none.
        "comes back",
        Contract(wrong::comes_back::make),
        &[],
        &["O1 orphans"],
    ),
    (
        // The address is forgotten by the teardown, and is one more than a cluster of two zones needs.
        "leaks an address",
        File("leaks_elastic_ip.yaml"),
        &[],
        &["O1 orphans", "O2 duplicates"],
    ),
    (
        "hides a teardown's error",
        File("hides_teardown_error.yaml"),
        &[],
        &["O1 orphans"],
    ),
    (
        // The second provision finds the internet gateway of the first network, which is attached.
        "makes a second network",
        File("twin_vpc_on_retry.yaml"),
        &[],
        &["O2 duplicates", "O7 no-op"],
    ),
    (
        "deletes by the beginning of names",
        File("deletes_neighbours_vpc.yaml"),
        &[],
        &["O6 bystanders"],
    ),
    (
        // No pod can run without nodes, and the bill has none.
        "lies about ready",
        File("lies_about_ready.yaml"),
        &[],
        &["O3 truth", "cost", "run_job"],
    ),
    (
        "never terminates",
        File("lambda_hides_stuck_create.yaml"),
        &[],
        &["O1 orphans"],
    ),
    (
        "terminates nothing",
        File("lambda_terminates_nothing.yaml"),
        &[],
        &["O1 orphans"],
    ),
    (
        "deletes keys by name",
        File("lambda_keys_by_name.yaml"),
        &[],
        &["O1 orphans"],
    ),
    (
        // Its organisation has more endpoints than a page shows.
        "reads one page of endpoints",
        File("huggingface_first_page_only.yaml"),
        &[],
        &["O1 orphans"],
    ),
    (
        "takes zero for deleted",
        File("huggingface_zero_for_deleted.yaml"),
        &[],
        &["O1 orphans"],
    ),
    (
        // A token stays in a cluster, where no list of Hugging Face's shows it.
        "forgets the Secret in a cluster",
        File("huggingface_forgets_the_secret.yaml"),
        &[],
        &["O1 orphans"],
    ),
    (
        // The endpoint runs, and its model answers no one: neither the checks nor the job.
        "never asks",
        File("huggingface_never_asks.yaml"),
        &["endpoints:CreateEndpoint#1=async-fail(no-answer)"],
        &["O3 truth", "O7 no-op", "cost", "run_job"],
    ),
    (
        "another name at a retry",
        File("huggingface_new_name_at_retry.yaml"),
        &["endpoints:CreateEndpoint#1=lost-response"],
        &["O2 duplicates", "cost"],
    ),
    (
        "leaves a job",
        File("huggingface_leaves_the_job.yaml"),
        &["hub:RunJob#1=async-stuck"],
        &["O1 orphans", "O2 duplicates", "O3 truth"],
    ),
    (
        "keeps a replica",
        File("huggingface_keeps_a_replica.yaml"),
        &[],
        &["O3 truth", "cost"],
    ),
    (
        // What GKE deletes with a cluster is left to chance; the fault has it delete nothing of workloads.
        "leaves disks",
        File("gcp_leaves_disks.yaml"),
        &["container:projects.locations.clusters.delete#1=partial"],
        &["O1 orphans"],
    ),
    (
        // The first is taken from all users; the next is refused, because others have something there.
        "disables APIs",
        File("gcp_disables_apis.yaml"),
        &[],
        &["O3 truth", "O6 bystanders", "teardown", "teardown-retry"],
    ),
    (
        // The first write loses them, which is that for the cluster beside the run's: one binding is gone, and another is new.
        "loses conditions",
        File("gcp_loses_conditions.yaml"),
        &[],
        &["O1 orphans", "O6 bystanders"],
    ),
    (
        "reads one page",
        File("gcp_first_page_only.yaml"),
        &[],
        &["O1 orphans", "cost", "teardown", "teardown-retry"],
    ),
    (
        // Kubernetes does not answer, so that the disk of the claim stays with the cluster's end.
        "takes a warning for empty",
        File("gcp_warning_for_empty.yaml"),
        &[
            "compute:disks.aggregatedList#1*3=partial",
            "kubernetes:list-services#1*1000=reject",
        ],
        &["O7 no-op"],
    ),
    (
        // At a subnet of others, which no group of the run holds.
        "forgets assignments",
        File("azure_forgets_assignments.yaml"),
        &[],
        &["O1 orphans"],
    ),
    (
        "forgets its application",
        File("azure_forgets_application.yaml"),
        &[],
        &["O1 orphans"],
    ),
    (
        "gives a new GUID",
        File("azure_new_guid.yaml"),
        &[],
        &["O1 orphans"],
    ),
    (
        // The assignments of others fill it.
        "reads one page of assignments",
        File("azure_first_page_only.yaml"),
        &[],
        &["O1 orphans"],
    ),
    (
        // In a group of others, which is there after the run.
        "forgets the gateway's address",
        File("azure_forgets_address.yaml"),
        &[],
        &["O1 orphans"],
    ),
];

/// Those that only a bystander cluster of another run exposes, by O6 at least.
pub const BESIDE: &[(&str, Of)] = &[
    (
        "cleans by the beginning of names",
        OneMachine(wrong::cleans_by_beginning::make),
    ),
    (
        "takes all of its tool",
        Contract(wrong::takes_all_of_its_tool::make),
    ),
    ("finds its VPC by name", File("finds_vpc_by_name.yaml")),
    (
        "deletes groups of nodes by the beginning of their names",
        File("azure_deletes_node_groups_by_name.yaml"),
    ),
];
