//! What proves that something is a run's, and what does not.

use super::*;

const SUBSCRIPTION: &str = "/subscriptions/s";

fn run(id: &str) -> Run {
    Run::new(id, "me", jiff::Timestamp::UNIX_EPOCH)
}

fn group(name: &str) -> Resource {
    let id = format!("{SUBSCRIPTION}/resourcegroups/{name}");
    Resource::new("resource_group", id, "global").named(name.to_owned())
}

fn item(of_type: &str, group: &str, path: &str) -> Resource {
    let id = format!("{SUBSCRIPTION}/resourcegroups/{group}/providers/{path}");
    let name = path.rsplit('/').next().map(str::to_owned);
    Resource::new(of_type, id, group).named(name)
}

fn assignment(scope: &str, principal: &str) -> Resource {
    let id = format!("{scope}/providers/microsoft.authorization/roleassignments/1");
    let one = Resource::new("role_assignment", id, "global").named("1".to_owned());
    one.with("scope", scope).with("principal_id", principal)
}

#[track_caller]
fn check(resource: &Resource, inventory: &[Resource], expected: &str) {
    let seen = of(&run("r1"), resource, inventory).join("; ");
    assert_eq!(seen, expected, "{resource:?}");
}

#[test]
fn marks_and_names_prove_it_and_those_of_a_longer_id_do_not() {
    let bare = || group("x");
    check(&bare(), &[], "");
    check(
        &bare().tagged(run("r1").tags()),
        &[],
        "tag kubeproof:run=r1",
    );
    check(&group("kp-r1"), &[], "its name is kp-r1");
    check(&group("kp-r1-2"), &[], "");
    check(&group("kp-r10"), &[], "");
    // The marks of another run are believed before a name.
    check(&group("kp-r1").tagged(run("r2").tags()), &[], "");
}

#[test]
fn a_group_of_nodes_is_known_by_its_cluster_even_when_that_is_gone() {
    let cluster = "microsoft.containerservice/managedclusters/kp-r1";
    let owner = item("aks_managed_cluster", "shared", cluster);
    let nodes = Resource::new("node_resource_group", "/x/resourcegroups/mc", "global");
    let nodes = nodes.named("mc".to_owned()).with("managed_by", &owner.id);
    check(&nodes, &[], "made for cluster kp-r1");
    let another = nodes
        .clone()
        .with("managed_by", "/x/managedClusters/kp-legacy");
    check(&another, &[], "");
    let disk = Resource::new(
        "managed_disk",
        "/x/resourcegroups/mc/providers/a/disks/d",
        "mc",
    );
    check(&disk, &[nodes], "its resource group mc belongs to the run");
}

#[test]
fn an_assignment_is_known_by_its_principal_or_by_its_scope() {
    let bystander = group("kp-legacy");
    let subnet = format!(
        "{}/providers/microsoft.network/virtualnetworks/v/subnets/s",
        bystander.id
    );
    let identity = item("user_assigned_identity", "kp-r1", "a/b/kp-r1-id").with("principalId", "P");
    check(
        &assignment(&subnet, "p"),
        &[identity, bystander.clone()],
        "its principal kp-r1-id belongs to the run",
    );
    let principal = Resource::new("service_principal", "q", "directory").tagged(run("r1").tags());
    check(
        &assignment(&subnet, "q"),
        &[principal],
        "its principal q belongs to the run",
    );
    check(
        &assignment(&subnet, "o"),
        std::slice::from_ref(&bystander),
        "",
    );
    let own = format!("{SUBSCRIPTION}/resourcegroups/kp-r1");
    check(&assignment(&own, "o"), &[], "in resource group kp-r1");
    // A network of the run in a group of others.
    let network = item("vnet_subnet", "kp-legacy", "a/b/n").tagged(run("r1").tags());
    let inside = format!("{}/subnets/s", network.id);
    check(
        &assignment(&inside, "o"),
        &[network],
        "its scope n belongs to the run",
    );
}

#[test]
fn what_is_in_a_group_of_the_runs_name_is_the_runs_unless_the_group_is_anothers() {
    let disk = item("managed_disk", "kp-r1", "a/disks/d");
    check(&disk, &[], "in resource group kp-r1");
    check(&disk, &[group("kp-r1").tagged(run("r2").tags())], "");
    check(&item("managed_disk", "kp-r1-2", "a/disks/d"), &[], "");
}

#[test]
fn why_something_is_orphaned_is_told_and_proves_nothing() {
    let own = format!("{SUBSCRIPTION}/resourcegroups/kp-r1");
    let gone = assignment(&own, "o").with(ORPHANED, "its principal o is gone");
    check(
        &gone,
        &[],
        "in resource group kp-r1; its principal o is gone",
    );
    let elsewhere = assignment("/x", "o").with(ORPHANED, "its principal o is gone");
    check(&elsewhere, &[], "");
}

#[test]
fn a_principal_is_known_by_its_application_and_a_link_by_its_zone_or_network() {
    let application = Resource::new("deleted_application", "a", "directory")
        .named("kp-r1".to_owned())
        .with("app_id", "c");
    let principal = Resource::new("service_principal", "p", "directory").with("app_id", "c");
    check(
        &principal,
        &[application],
        "its application kp-r1 belongs to the run",
    );
    let network = item("vnet_subnet", "kp-r1", "a/b/kp-r1-net");
    let link = item("private_dns_link", "dns", "a/zones/z/links/l").with(LINKED, &network.id);
    check(
        &link,
        &[network],
        "its network kp-r1-net belongs to the run",
    );
    let zone = item("private_dns_zone", "dns", "a/zones/z").tagged(run("r1").tags());
    let link = item("private_dns_link", "dns", "a/zones/z/links/l");
    check(&link, &[zone], "its parent z belongs to the run");
}

#[test]
fn a_lock_on_something_of_the_run_may_be_anyones() {
    let id =
        format!("{SUBSCRIPTION}/resourcegroups/kp-r1/providers/microsoft.authorization/locks/k");
    let lock = Resource::new("management_lock", id, "global").named("k".to_owned());
    check(&lock, &[group("kp-r1")], "");
}

#[test]
fn marks_of_another_run_are_a_claim_and_so_are_those_of_what_it_hangs_on() {
    let claimed = |resource: &Resource, inventory: &[Resource]| {
        let claim = claim(&run("r1"), resource, inventory)?;
        Some((claim.run, claim.rests_on.len()))
    };
    let theirs = group("g").tagged(run("r2").tags());
    assert_eq!(claimed(&theirs, &[]), Some((Some("r2".to_owned()), 1)));
    let disk = item("managed_disk", "g", "a/disks/d");
    let inventory = [theirs];
    assert_eq!(claimed(&disk, &inventory), Some((Some("r2".to_owned()), 2)));
    assert_eq!(claimed(&disk, &[]), None);
    assert_eq!(claimed(&group("kp-r1"), &[]), None);
    let of_cluster = disk.tagged([(CLUSTER.to_owned(), "other".to_owned())].into());
    assert_eq!(claimed(&of_cluster, &[]), Some((None, 1)));
}
