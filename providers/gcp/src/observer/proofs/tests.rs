//! Who owns what, by the words on it and by what it hangs on.

use serde_json::json;

use super::*;
use crate::spec::tests::spec;

const REGION: &str = "us-central1";
const ZONE: &str = "us-central1/us-central1-a";

fn run() -> Run {
    Run::new("r1", "me", "2026-11-29T10:00:00Z".parse().expect("a date"))
}

fn other(id: &str) -> Run {
    Run::new(id, "me", run().started_at)
}

fn is_ours(resource: &Resource, inventory: &[Resource]) -> bool {
    !of(&run(), &spec(json!({})), resource, inventory).is_empty()
}

#[track_caller]
fn check(resource: &Resource, inventory: &[Resource], expected: bool) {
    let seen = of(&run(), &spec(json!({})), resource, inventory);
    assert_eq!(!seen.is_empty(), expected, "{resource:?}: {seen:?}");
}

fn named(of_type: &str, id: &str, scope: &str) -> Resource {
    Resource::new(of_type, id, scope).named(id.to_owned())
}

fn network(run: &Run) -> Resource {
    named("network", &run.name(""), "global").with("description", marks::description(run))
}

#[test]
fn marks_names_and_the_clusters_label_are_proofs_and_those_of_a_longer_id_are_not() {
    let disk = || named("disk", "pvc-1", ZONE);
    check(&disk(), &[], false);
    check(&disk().tagged(marks::labels(&run())), &[], true);
    check(&disk().tagged(marks::labels(&other("r1-2"))), &[], false);
    check(
        &disk().with("description", marks::description(&run())),
        &[],
        true,
    );
    let label = |cluster: &str, place: &str| {
        let tags = [(CLUSTER, cluster), (LOCATION, place)];
        disk().tagged(
            tags.map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        )
    };
    check(&label("kp-r1", "us-central1-a"), &[], true);
    check(&label("kp-r1", "us-east1-b"), &[], false);
    check(&label("kp-r1-2", "us-central1-a"), &[], false);
    for (name, expected) in [
        ("kp-r1", true),
        ("kp-r1-router", true),
        ("kp-r1-2", false),
        ("kp-r1-2-router", false),
        ("kp-r10", false),
        ("kp-legacy", false),
    ] {
        check(&named("router", name, REGION), &[], expected);
    }
}

#[test]
fn an_account_and_its_roles_are_known_by_its_name() {
    let account = "kp-r1-nodes@p.iam.gserviceaccount.com";
    check(&named("service_account", account, "global"), &[], true);
    for (member, expected) in [
        (format!("serviceAccount:{account}"), true),
        (format!("deleted:serviceAccount:{account}?uid=7"), true),
        (
            "serviceAccount:kp-r1-2-nodes@p.iam.gserviceaccount.com".to_owned(),
            false,
        ),
        ("user:alice@example.com".to_owned(), false),
    ] {
        let binding = Resource::new("iam_binding", format!("roles/r/{member}"), "global");
        check(&binding.named(member), &[], expected);
    }
}

#[test]
fn what_is_in_the_runs_network_is_the_runs_and_in_a_shared_one_it_is_not() {
    let rule = |network: &str| named("firewall_rule", "x", "global").with("network", network);
    let all = [network(&run()), named("network", "default", "global")];
    check(&rule("kp-r1"), &all, true);
    check(&rule("default"), &all, false);
    // Without the network itself, its name is all that is known.
    check(&rule("kp-r1"), &[], false);
    let tagged = |tag: &str| rule("default").with("target_tags", tag);
    check(&tagged("gke-kp-r1-0a1b-node"), &all, true);
    check(&tagged("web gke-kp-r1-0a1b-node"), &all, true);
    check(&tagged("gke-kp-r1-2-0a1b-node"), &all, false);
    check(&tagged("gke-kp-r1-node"), &all, false);
}

#[test]
fn a_group_is_known_by_its_manager_and_the_manager_by_its_template() {
    let template = named("instance_template", "gke-t", "global").tagged(marks::labels(&run()));
    let manager =
        named("instance_group_manager", "gke-t-grp", ZONE).with("instance_template", "gke-t");
    let group = named("instance_group", "gke-t-grp", ZONE);
    let elsewhere = named("instance_group", "gke-t-grp", "us-central1/us-central1-b");
    let all = [template, manager.clone(), group.clone()];
    check(&manager, &all, true);
    check(&group, &all, true);
    check(&elsewhere, &all, false);
    check(&group, &all[1..], false);
}

#[test]
fn parts_of_a_load_balancer_are_known_by_their_rule_or_their_user() {
    let uid = "a0123456789abcdef0123456789abcde";
    let rule = named("firewall_rule", &format!("k8s-fw-{uid}"), "global").with("network", "kp-r1");
    let forwarding = named("forwarding_rule", uid, REGION).with("target", uid);
    let pool = named("target_pool", uid, REGION).with("health_checks", "k8s-77-node");
    let health = named("http_health_check", "k8s-77-node", "global");
    let all = [network(&run()), rule, forwarding, pool, health];
    for part in &all[1..] {
        check(part, &all, true);
    }
    // Without the network and its rule nothing tells whose they are.
    for part in &all[2..] {
        check(part, &all[2..], false);
    }
    let theirs = named("http_health_check", "k8s-88-node", "global");
    check(&theirs, &all, false);
}

#[test]
fn a_chain_of_an_ingress_leads_to_its_last_part_and_no_further() {
    let rule = named("forwarding_rule", "k8s2-fr-1", "global").tagged(marks::labels(&run()));
    let all = [
        rule.with("target", "k8s2-tp-1"),
        named("target_proxy", "k8s2-tp-1", "global")
            .with("url_map", "k8s2-um-1")
            .with("ssl_certificates", "own-certificate mcrt-1"),
        named("url_map", "k8s2-um-1", "global").with("default_service", "k8s1-be-1"),
        named("backend_service", "k8s1-be-1", "global").with("health_checks", "k8s1-hc-1"),
        named("health_check", "k8s1-hc-1", "global"),
        named("ssl_certificate", "mcrt-1", "global"),
    ];
    for part in &all {
        check(part, &all, true);
    }
    // It was there before: the run only uses it.
    check(
        &named("ssl_certificate", "own-certificate", "global"),
        &all,
        false,
    );
    // A map that is global has no service of a region.
    check(
        &named("backend_service", "k8s1-be-1", "us-east1"),
        &all,
        false,
    );
}

#[test]
fn an_ingress_is_known_by_the_network_of_its_endpoints_or_by_the_rule_for_its_cluster() {
    let group = named("neg", "k8s1-0a1b2c3d-x", ZONE).with("network", "kp-r1");
    let service =
        named("backend_service", "k8s1-0a1b2c3d-x", "global").with("backends", "k8s1-0a1b2c3d-x");
    let map =
        named("url_map", "k8s2-um-99999999-x", "global").with("default_service", "k8s1-0a1b2c3d-x");
    let proxy =
        named("target_proxy", "k8s2-tp-99999999-x", "global").with("url_map", "k8s2-um-99999999-x");
    let forwarding = named("forwarding_rule", "k8s2-fr-99999999-x", "global")
        .with("target", "k8s2-tp-99999999-x");
    let all = [network(&run()), group, service, map, proxy, forwarding];
    for part in &all[1..] {
        check(part, &all, true);
        // Without the network nothing tells whose they are.
        check(part, &all[1..], false);
    }
    let rule =
        named("firewall_rule", "k8s-fw-l7--0a1b2c3d4e5f6071", "global").with("network", "kp-r1");
    let all = [network(&run()), rule];
    check(
        &named("url_map", "k8s2-um-0a1b2c3d-x", "global"),
        &all,
        true,
    );
    check(
        &named("backend_service", "k8s1-0a1b2c3d-x", "global"),
        &all,
        true,
    );
    check(
        &named("url_map", "k8s2-um-0a1b2c3e-x", "global"),
        &all,
        false,
    );
    check(
        &named("url_map", "k8s2-um-0a1b2c3dd-x", "global"),
        &all,
        false,
    );
    check(
        &named("url_map", "k8s2-um-0a1b2c3d-x", "global"),
        &all[1..],
        false,
    );
}

#[test]
fn another_runs_marks_are_a_claim_on_what_bears_them_and_on_what_is_in_its_network() {
    let claimed = |resource: &Resource, inventory: &[Resource]| {
        let claim = claim(&run(), &spec(json!({})), resource, inventory)?;
        Some((claim.run, claim.rests_on))
    };
    let theirs = network(&other("r2"));
    let r2 = Some("r2".to_owned());
    assert_eq!(
        claimed(&theirs, &[]),
        Some((r2.clone(), vec!["kp-r2".to_owned()]))
    );
    let rule = named("firewall_rule", "x", "global").with("network", "kp-r2");
    let rests_on = vec!["x".to_owned(), "kp-r2".to_owned()];
    assert_eq!(claimed(&rule, &[theirs]), Some((r2, rests_on)));
    let disk = named("disk", "pvc-1", ZONE);
    let label = [(CLUSTER.to_owned(), "shop".to_owned())];
    let labelled = disk.clone().tagged(label.into());
    let rests_on = vec!["pvc-1".to_owned(), "shop".to_owned()];
    assert_eq!(claimed(&labelled, &[]), Some((None, rests_on)));
    assert_eq!(claimed(&disk, &[]), None);
    assert_eq!(claimed(&network(&run()), &[]), None);
    // The name is the run's, and the marks are not: the marks count.
    let misnamed = named("router", "kp-r1-router", REGION)
        .with("description", marks::description(&other("r2")));
    assert!(!is_ours(&misnamed, &[]) && claimed(&misnamed, &[]).is_some());
}

#[test]
fn the_parts_of_an_ingress_are_known_by_the_rule_for_its_cluster() {
    let rule = |tag: &str| {
        let rule = named("firewall_rule", "k8s-fw-l7--0a1b2c3d4e5f6071", "global");
        rule.with("network", "default").with("target_tags", tag)
    };
    let ours = [rule("gke-kp-r1-0a1b2c3d-node")];
    let theirs = [rule("gke-shop-0a1b2c3d-node")];
    for (of_type, id, expected) in [
        ("url_map", "k8s2-um-0a1b2c3d-work-web-11223344", true),
        ("target_proxy", "k8s2-tp-0a1b2c3d-work-web-11223344", true),
        (
            "backend_service",
            "k8s1-0a1b2c3d-work-web-80-11223344",
            true,
        ),
        ("health_check", "k8s1-0a1b2c3d-work-web-80-11223344", true),
        (
            "backend_service",
            "k8s1-0a1b2c3e-work-web-80-11223344",
            false,
        ),
        ("backend_service", "gkegw1-0a1b2c3d-work-web", false),
    ] {
        let part = named(of_type, id, "global");
        check(&part, &ours, expected);
        check(&part, &theirs, false);
    }
}
