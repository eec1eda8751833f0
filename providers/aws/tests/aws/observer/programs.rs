//! What programs make that our provisioner does not: resources without tags, and nodes in an existing VPC.

use std::time::Duration;

use aws_sdk_ec2::types::{Filter, Tag};
use aws_sdk_eks::types::{
    ClusterStatus, NodegroupScalingConfig, NodegroupStatus, VpcConfigRequest,
};
use kubeproof_aws::observer::EksObserver;
use kubeproof_aws::observer::clients::Clients;
use kubeproof_aws::provisioner::EksProvisioner;
use kubeproof_aws::spec::EksSpec;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::observer::Observer;
use kubeproof_contract::provisioner::{NoAccess, Provisioned, Provisioner};
use kubeproof_contract::run::RUN_TAG;

use super::bench::{Bench, spec};

fn clients(bench: &Bench) -> Clients {
    let connection = bench.connection_over(bench.transport.clone());
    Clients::new(&connection, "us-east-1")
}

/// Takes the run's tag from all that carries it.
async fn untag(bench: &Bench) {
    let clients = clients(bench);
    let tagged: Vec<_> = bench
        .ground_truth
        .inventory()
        .into_iter()
        .filter(|resource| bench.run.owns(&resource.tags))
        .collect();
    assert!(tagged.len() > 15, "{}", tagged.len());
    for resource in tagged {
        let (kind, id) = (resource.resource_type.as_str(), resource.id.as_str());
        match kind {
            "iam_role" => {
                let call = clients.iam.untag_role().role_name(id).tag_keys(RUN_TAG);
                call.send().await.expect(kind);
            }
            "eks_cluster" | "eks_nodegroup" => {
                let arn = arn(&clients, kind, id).await;
                let call = clients.eks.untag_resource().resource_arn(arn);
                call.tag_keys(RUN_TAG).send().await.expect(kind);
            }
            _ => {
                let call = clients.ec2.delete_tags().resources(id);
                let tag = Tag::builder().key(RUN_TAG).build();
                call.tags(tag).send().await.expect(kind);
            }
        }
    }
}

async fn arn(clients: &Clients, kind: &str, id: &str) -> String {
    let (cluster, group) = id.split_once('/').unwrap_or((id, ""));
    if kind == "eks_cluster" {
        let answer = clients.eks.describe_cluster().name(cluster).send().await;
        return answer
            .expect(kind)
            .cluster
            .and_then(|it| it.arn)
            .unwrap_or_default();
    }
    let call = clients.eks.describe_nodegroup().cluster_name(cluster);
    let answer = call.nodegroup_name(group).send().await.expect(kind);
    answer
        .nodegroup
        .and_then(|it| it.nodegroup_arn)
        .unwrap_or_default()
}

/// The rows that did not pass, with their evidence.
fn not_passed(checks: &[Check]) -> Vec<(&str, Verdict, &str)> {
    let not = checks.iter().filter(|check| check.verdict != Verdict::Pass);
    not.map(|check| (check.id.as_str(), check.verdict, check.evidence.as_str()))
        .collect()
}

/// A correct cluster without any tag, and its handover, which does not report what was made.
async fn untagged() -> (Bench, Provisioned) {
    let bench = Bench::new();
    let connection = bench.connection_over(bench.transport.clone());
    let mut provisioner = EksProvisioner::new(spec(), connection);
    let mut made = provisioner.provision().await.unwrap();
    untag(&bench).await;
    made.made.clear();
    (bench, made)
}

#[tokio::test(start_paused = true)]
async fn a_sound_cluster_without_any_tag_has_one_finding_and_that_is_the_tag() {
    // What was made need not be reported: the cluster has the expected name and refers to the rest.
    let (bench, made) = untagged().await;
    let checks = bench.account().checks(&bench.run, &made).await;
    let not = not_passed(&checks);
    assert_eq!(not.len(), 1, "{not:#?}");
    let (id, verdict, evidence) = not[0];
    assert_eq!((id, verdict), ("aws.tags", Verdict::Fail));
    assert!(
        evidence.contains("do not carry the run's tag kubeproof:run=r1"),
        "{evidence}"
    );
    assert!(evidence.contains("cluster kp-r1"), "{evidence}");
}

#[tokio::test(start_paused = true)]
async fn what_is_reported_as_made_is_found_before_there_is_a_cluster() {
    let (bench, mut made) = untagged().await;
    let vpc = bench.ground_truth.inventory().into_iter().find(|one| {
        one.resource_type == "vpc"
            && one
                .name
                .as_deref()
                .is_some_and(|name| name.contains("kp-r1"))
    });
    let vpc = vpc.expect("a VPC").id;
    let account = bench.account();
    let mut other = bench.run.clone();
    other.id = "r2".to_owned();
    let evidence = async |made: &Provisioned| {
        let checks = account.checks(&other, made).await;
        let found = checks.into_iter().find(|check| check.id == "aws.vpc");
        found.expect("a row").evidence
    };
    let none = evidence(&made).await;
    assert!(none.contains("there is no VPC of the run"), "{none}");
    made.made.insert("network".to_owned(), vpc.clone());
    let found = evidence(&made).await;
    assert!(found.contains(&vpc), "{found}");
}

/// A role that this service may assume, with these policies.
async fn role(clients: &Clients, name: &str, service: &str, policies: &[&str]) -> String {
    let trust = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]});
    let tag = aws_sdk_iam::types::Tag::builder()
        .key(RUN_TAG)
        .value("r1")
        .build();
    let call = clients.iam.create_role().role_name(name).tags(tag.unwrap());
    let answer = call
        .assume_role_policy_document(trust.to_string())
        .send()
        .await;
    for policy in policies {
        let call = clients.iam.attach_role_policy().role_name(name);
        let arn = format!("arn:aws:iam::aws:policy/{policy}");
        call.policy_arn(arn).send().await.unwrap();
    }
    answer.unwrap().role.unwrap().arn
}

/// The roles of the cluster and of its nodes.
async fn roles(clients: &Clients) -> (String, String) {
    let cluster_role = role(
        clients,
        "kp-r1-cluster",
        "eks.amazonaws.com",
        &["AmazonEKSClusterPolicy"],
    )
    .await;
    let policies = [
        "AmazonEKSWorkerNodePolicy",
        "AmazonEKS_CNI_Policy",
        "AmazonEC2ContainerRegistryReadOnly",
    ];
    let node_role = role(clients, "kp-r1-nodes", "ec2.amazonaws.com", &policies).await;
    (cluster_role, node_role)
}

/// A cluster in two subnets of the default VPC.
async fn cluster_in_default_vpc(clients: &Clients) {
    let default = Filter::builder()
        .name("default-for-az")
        .values("true")
        .build();
    let seen = clients
        .ec2
        .describe_subnets()
        .filters(default)
        .send()
        .await
        .unwrap();
    let mut subnets: Vec<_> = seen.subnets.unwrap_or_default();
    subnets.sort_by(|a, b| a.availability_zone.cmp(&b.availability_zone));
    let ids: Vec<String> = subnets
        .into_iter()
        .take(2)
        .filter_map(|it| it.subnet_id)
        .collect();
    let (cluster_role, node_role) = roles(clients).await;
    // Wait until the permissions have propagated.
    tokio::time::sleep(Duration::from_mins(1)).await;
    let network = VpcConfigRequest::builder()
        .set_subnet_ids(Some(ids.clone()))
        .build();
    let call = clients.eks.create_cluster().name("kp-r1").version("1.34");
    let call = call.role_arn(cluster_role).resources_vpc_config(network);
    call.tags(RUN_TAG, "r1").send().await.unwrap();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_secs(30)).await;
        let seen = clients
            .eks
            .describe_cluster()
            .name("kp-r1")
            .send()
            .await
            .unwrap();
        if seen.cluster.unwrap().status == Some(ClusterStatus::Active) {
            break;
        }
    }
    let two = NodegroupScalingConfig::builder()
        .min_size(2)
        .max_size(2)
        .desired_size(2);
    let call = clients
        .eks
        .create_nodegroup()
        .cluster_name("kp-r1")
        .nodegroup_name("main");
    let call = call
        .node_role(node_role)
        .set_subnets(Some(ids))
        .tags(RUN_TAG, "r1");
    let call = call.scaling_config(two.build()).instance_types("t3.medium");
    call.send().await.unwrap();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_secs(30)).await;
        let call = clients.eks.describe_nodegroup().cluster_name("kp-r1");
        let seen = call.nodegroup_name("main").send().await.unwrap();
        if seen.nodegroup.unwrap().status == Some(NodegroupStatus::Active) {
            return;
        }
    }
}

fn asked(network: &str) -> EksSpec {
    let text = format!(
        r#"{{"kubernetes_version":"1.34","network":{network},
            "node_groups":[{{"name":"main","instance_type":"t3.medium","count":2}}]}}"#
    );
    serde_json::from_str(&text).unwrap()
}

#[tokio::test(start_paused = true)]
async fn public_nodes_in_a_vpc_that_was_there_pass_where_they_are_asked_for_and_nowhere_else() {
    let bench = Bench::new();
    cluster_in_default_vpc(&clients(&bench)).await;
    let made = Provisioned {
        access: Err(NoAccess::NotGiven("none")),
        made: std::collections::BTreeMap::new(),
    };
    let rows = async |network: &str| {
        let connection = bench.connection_over(bench.transport.clone());
        let account = EksObserver::new(asked(network), connection);
        account.checks(&bench.run, &made).await
    };
    let existing = r#"{"vpc":"existing","private_subnets":false,"nat_gateways":"none"}"#;
    let checks = rows(existing).await;
    let not = not_passed(&checks);
    let skipped: Vec<&str> = not.iter().map(|(id, ..)| *id).collect();
    let expected = [
        "aws.subnets.private",
        "aws.internet_gateway",
        "aws.nat_gateways",
        "aws.kubeconfig",
    ];
    assert_eq!(skipped, expected, "{not:#?}");
    assert!(
        not.iter()
            .all(|(_, verdict, _)| *verdict == Verdict::Skipped),
        "{not:#?}"
    );
    // The same is wrong where the scenario asks for a network of its own.
    let checks = rows("{}").await;
    let failed: Vec<&str> = not_passed(&checks)
        .iter()
        .filter(|(_, verdict, _)| *verdict == Verdict::Fail)
        .map(|(id, ..)| *id)
        .collect();
    for id in [
        "aws.vpc",
        "aws.subnets.private",
        "aws.nat_gateways",
        "aws.tags",
    ] {
        assert!(failed.contains(&id), "{id}: {failed:?}");
    }
}
