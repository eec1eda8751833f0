//! The table of wrong provisioners: each with the faults that expose it, and all oracles that fire. Those that need no
//! fault are in `whole_runs.rs`.

use crate::provisioners::of::Of::{self, Contract, File, OneMachine, Patient, Shared, SpareZone};
use crate::provisioners::wrong;

/// Each wrong provisioner, the faults that expose it, and all oracles and phases that then fail.
pub const TABLE: &[(&str, Of, &[&str], &[&str])] = &[
    (
        "state at the end",
        Contract(wrong::state_at_the_end::make),
        &["eks:CreateCluster#1=cancel"],
        &["O1 orphans"],
    ),
    (
        "tags later",
        File("tags_later.yaml"),
        &["ec2:CreateTags#1=cancel-before"],
        &["O1 orphans"],
    ),
    (
        "tags later, and may not",
        File("tags_later.yaml"),
        &["ec2:CreateTags#1=reject"],
        &["O1 orphans", "O2 duplicates", "O8 end state"],
    ),
    (
        "ignores a failed write",
        Contract(wrong::ignores_failed_write::make),
        &["disk:Write#1*1000=write-fails"],
        &["O1 orphans"],
    ),
    (
        "failover beside",
        Contract(wrong::failover_beside::make),
        &["eks:CreateCluster#1=capacity"],
        &["O2 duplicates"],
    ),
    (
        "says half",
        Contract(wrong::says_half::make),
        &["eks:CreateNodegroup#1=quota"],
        &["O3 truth"],
    ),
    (
        // A retry heals it.
        "cleans nothing",
        Contract(wrong::cleans_nothing::make),
        &["ec2:CreateSubnet#2=quota"],
        &["O3 truth"],
    ),
    (
        "cleans nothing, and a machine bills on",
        Contract(wrong::cleans_nothing::make),
        &["eks:CreateNodegroup#1=reject"],
        &["O3 truth"],
    ),
    (
        // Another teardown heals it.
        "gives up when throttled",
        Contract(wrong::gives_up_when_throttled::make),
        &["ec2:DeleteVpc#1=throttle"],
        &["teardown"],
    ),
    (
        "waits for hours",
        Patient(wrong::waits_for_hours::make),
        &["eks:CreateNodegroup#1=quota"],
        &["O4 bill"],
    ),
    (
        "hurries",
        Contract(wrong::hurries::make),
        &["eks:DescribeCluster#3=throttle(20)"],
        &["O5 ends"],
    ),
    (
        "hangs on expired credentials",
        Contract(wrong::hangs_on_expired::make),
        &["eks:CreateNodegroup#1*1000=credentials-expire"],
        &["O5 ends"],
    ),
    (
        "cleans by name",
        Contract(wrong::cleans_by_name::make),
        &["ec2:DeleteVpc#1=crash-before"],
        &["O6 bystanders"],
    ),
    (
        "tombstone",
        Contract(wrong::tombstone::make),
        &["ec2:DeleteVpc#1=crash-before"],
        &["O7 no-op"],
    ),
    (
        "loses a rule",
        Contract(wrong::loses_a_rule::make),
        &["ec2:AuthorizeSecurityGroupIngress#4=throttle"],
        &["O7 no-op", "O8 end state"],
    ),
    (
        "settles for less",
        Contract(wrong::settles_for_less::make),
        &["eks:CreateNodegroup#1=quota"],
        &["O8 end state"],
    ),
    (
        // The public subnet gives no public addresses, until a second provision sees to it.
        "loses an attribute",
        Contract(wrong::loses_an_attribute::make),
        &["ec2:ModifySubnetAttribute#1=throttle"],
        &["O7 no-op", "O8 end state"],
    ),
    (
        // A second provision, which removes duplicates, changes what the first one reported ready.
        "blind repeat",
        Contract(wrong::blind_repeat::make),
        &["ec2:AllocateAddress#1=lost-response"],
        &["O2 duplicates", "O7 no-op", "O8 end state"],
    ),
    (
        // A second network, made after one look that lags. The process goes on with its own, and removes the other one,
        // which is empty, before it reports success: the run's marker shows that another process was there.
        "trusts one look",
        File("trusts_one_look.yaml"),
        &[
            "ec2:CreateVpc#1=crash-after",
            "ec2:DescribeVpcs#2=stale-read",
        ],
        &["O2 duplicates"],
    ),
    (
        // The first look of a new process: no earlier answer can be repeated, but what is young may be missing.
        "trusts one look, which does not show yet what is young",
        File("trusts_one_look.yaml"),
        &[
            "ec2:ModifyVpcAttribute#1=crash-before",
            "ec2:DescribeVpcs#2=stale-read(30)",
        ],
        &["O2 duplicates"],
    ),
    (
        "swallows its error",
        Contract(wrong::swallows_error::make),
        &["ec2:DeleteVpc#1*1000=dependency"],
        &["O1 orphans"],
    ),
    (
        "needs a living cluster",
        Contract(wrong::needs_living_cluster::make),
        &["eks:CreateCluster#5=async-fail(InternalFailure)"],
        &["O1 orphans", "retry", "teardown-retry"],
    ),
    (
        "forgets failed groups",
        Contract(wrong::forgets_failed_groups::make),
        &["eks:CreateNodegroup#1=async-fail(NodeCreationFailure)"],
        &["O1 orphans", "O3 truth", "teardown-retry"],
    ),
    (
        // Two live networks at once are O2. The new process goes on with its own, and finds the internet gateway of the
        // other one, which is attached: it cannot finish, though the fault is over, which is what `retry` says. What it
        // then says it left lacks what is in the network that it does not know: O3. Teardown goes by tags and
        // removes both, so that there is no O1; there is no cluster, so that there is no end state to compare (O7, O8).
        "begins anew, torn",
        Contract(wrong::begins_anew::make),
        &["disk:Write#2=torn-write"],
        &["O2 duplicates", "O3 truth", "retry"],
    ),
    (
        "begins anew, lost",
        Contract(wrong::begins_anew::make),
        &["disk:Write#2=lost-disk"],
        &["O2 duplicates", "O3 truth", "retry"],
    ),
    (
        // The address that was still in use is released by the second teardown, and the end is clean.
        "finishes later",
        Contract(wrong::finishes_later::make),
        &["ec2:ReleaseAddress#1=dependency"],
        &["O7 no-op"],
    ),
    (
        // Ready without a gateway of the clean run; a second provision makes it.
        "loses a gateway",
        SpareZone(wrong::loses_a_gateway::make),
        &["ec2:CreateNatGateway#3=reject"],
        &["O7 no-op", "O8 end state"],
    ),
    (
        // The report lacks the cluster; the next attempt adopts it, so that nothing else is wrong.
        "waits too short",
        Contract(wrong::waits_too_short::make),
        &["eks:CreateCluster#5=async-late"],
        &["O3 truth"],
    ),
    (
        // Neither the next attempt nor a teardown gets past a cluster that they do not know.
        "disowns a living cluster",
        Contract(wrong::disowns_a_living_cluster::make),
        &["eks:CreateCluster#5=async-late"],
        &["O1 orphans", "O3 truth", "retry", "teardown-retry"],
    ),
    (
        // The living gateway holds its address, so that teardown fails and does not know why.
        "keyed by name",
        Contract(wrong::keyed_by_name::make),
        &["ec2:CreateNatGateway#1=async-fail(InternalError)"],
        &["O1 orphans", "O3 truth", "teardown-retry"],
    ),
    (
        // Not even a new process gets another gateway than the dead one.
        "reuses a token",
        Contract(wrong::reuses_a_token::make),
        &["ec2:CreateNatGateway#1=async-fail(InternalError)"],
        &["retry"],
    ),
    (
        // A second machine beside the first, which holds the ruleset and is not named as left behind.
        "stops at haste",
        OneMachine(wrong::stops_at_haste::make),
        &["lambda:GetInstance#1=throttle"],
        &[
            "O1 orphans",
            "O2 duplicates",
            "O3 truth",
            "O8 end state",
            "teardown-retry",
        ],
    ),
    (
        // Neither the process that launched it nor a later one sees it under its new name. The end state
        // is not compared: the name is not the provisioner's doing.
        "knows by name",
        Shared(wrong::knows_by_name::make),
        &["lambda:LaunchInstance#1=foreign-change(rename)"],
        &["O1 orphans", "O2 duplicates", "O3 truth", "teardown-retry"],
    ),
    (
        "takes newcomers",
        Shared(wrong::takes_newcomers::make),
        &["kubernetes:list-nodes#1=foreign-change(moves-in)"],
        &["O6 bystanders"],
    ),
    (
        // The account is as it should be: only who uses the kubeconfig learns that it leads nowhere.
        "hands over yesterday's",
        Contract(wrong::hands_over_yesterdays::make),
        &["eks:CreateCluster#1=crash-after"],
        &["O3 truth"],
    ),
    (
        // The machine that it takes over runs and is billed; no node ever joined.
        "believes the machine",
        OneMachine(wrong::believes_the_machine::make),
        &[
            "lambda:LaunchInstance#1=async-fail(node-never-joins)",
            "kubernetes:list-nodes#3=crash-before",
        ],
        &["O3 truth"],
    ),
    (
        // A kind of role that the cloud keeps by design, and one more of it than the clean run keeps.
        "makes a role more",
        Contract(wrong::makes_a_role_more::make),
        &["eks:CreateCluster#1=crash-after"],
        &["O1 orphans", "O2 duplicates", "O8 end state"],
    ),
    (
        // Two machines of one name: the kubeconfig leads to one, the observer to the other, and a second provision
        // terminates one of them.
        "blind launch",
        File("lambda_blind_launch.yaml"),
        &["lambda:LaunchInstance#1=lost-response"],
        &["O2 duplicates", "O3 truth", "O7 no-op", "O8 end state"],
    ),
    (
        "failover keeps",
        File("lambda_failover_twins.yaml"),
        &["lambda:LaunchInstance#2=capacity"],
        &["O2 duplicates", "O3 truth", "O7 no-op", "O8 end state"],
    ),
    (
        "takes a refused list for empty",
        File("huggingface_swallows_errors_of_lists.yaml"),
        // Its teardown looks twice, soon after the creation.
        &["endpoints:ListEndpoints#1*2=server-error"],
        &["O7 no-op"],
    ),
    (
        // The second cluster keeps the network, so that no teardown succeeds.
        "blind create",
        File("gcp_blind_create.yaml"),
        &["container:projects.locations.clusters.create#1=lost-response"],
        &[
            "O1 orphans",
            "O2 duplicates",
            "O3 truth",
            "O8 end state",
            "teardown-retry",
        ],
    ),
    (
        // A second teardown heals it, and is not a no-op.
        "ignores operation errors",
        File("gcp_ignores_operation_errors.yaml"),
        &["compute:networks.delete#1=async-fail(RESOURCE_IN_USE_BY_ANOTHER_RESOURCE)"],
        &["O7 no-op"],
    ),
    (
        "network before rules",
        File("gcp_network_before_rules.yaml"),
        &["container:projects.locations.clusters.delete#1=partial"],
        &["O1 orphans", "teardown-retry"],
    ),
    (
        "loses a binding",
        File("gcp_loses_a_binding.yaml"),
        &["cloudresourcemanager:projects.getIamPolicy#1=foreign-change(adds-member)"],
        &["O6 bystanders"],
    ),
    (
        // The account has the run's name, and the answer to somebody else says that they made it.
        "deletes by name",
        File("gcp_deletes_by_name.yaml"),
        &["iam:projects.serviceAccounts.delete#1=foreign-change(takes-name)"],
        &["O6 bystanders"],
    ),
    (
        // The deletion goes on while a second teardown looks, and fails after that.
        "does not wait",
        File("azure_does_not_wait.yaml"),
        &["arm:resourceGroups.delete#1=async-fail(InternalServerError)"],
        &["O1 orphans"],
    ),
    (
        // The same with the cluster: in a group of others nothing else deletes it.
        "takes 202 for done",
        File("azure_takes_202_for_done.yaml"),
        &["arm:managedClusters.delete#1=async-fail(InternalServerError)"],
        &["O1 orphans"],
    ),
    (
        // The report lacks the cluster, which comes up later; the next attempt asks for it again.
        "failed is the end",
        File("azure_failed_is_the_end.yaml"),
        &["arm:managedClusters.createOrUpdate#1=async-fail(CreateVMSSAgentPoolFailed)"],
        &["O3 truth"],
    ),
    (
        "ids by case",
        File("azure_ids_by_case.yaml"),
        &["arm:managedClusters.delete#1=partial"],
        &["O1 orphans"],
    ),
];
