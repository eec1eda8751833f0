//! The audited inventory equals the simulator's truth; a listing that fails is never an empty one.

use std::collections::BTreeSet;

use kubeproof_contract::account::Account;
use kubeproof_contract::resource::Resource;

use crate::setting::Setting;

type Keys = BTreeSet<(String, String, String)>;

fn keys(resources: &[Resource]) -> Keys {
    resources.iter().map(Resource::key).collect()
}

/// All cells of the account: every type in its region, global ones once.
pub async fn audited(account: &dyn Account) -> Vec<Resource> {
    let mut all = Vec::new();
    for known in account.resource_types() {
        let regions = if known.global {
            vec!["global".to_owned()]
        } else {
            account.regions()
        };
        for region in regions {
            let listed = account.list(known.name, &region).await;
            all.extend(listed.unwrap_or_else(|error| panic!("{}: {error}", known.name)));
        }
    }
    all
}

/// Both sides, with what only one of them has.
pub async fn assert_equal_truth(setting: &Setting, account: &dyn Account) {
    // EC2 reads lag behind creations by seconds.
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    let (seen, truth) = (
        keys(&audited(account).await),
        keys(&setting.world.inventory()),
    );
    assert!(!truth.is_empty());
    let (missed, made_up): (Vec<_>, Vec<_>) = (
        truth.difference(&seen).collect(),
        seen.difference(&truth).collect(),
    );
    assert!(
        missed.is_empty() && made_up.is_empty(),
        "missed {missed:?}, made up {made_up:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_audit_of_a_fresh_account_equals_the_truth() {
    let setting = Setting::new();
    assert_equal_truth(&setting, &setting.account()).await;
}

#[tokio::test(start_paused = true)]
async fn listings_go_to_the_last_page() {
    let setting = Setting::with(|setup| setup.page_size_max = 1);
    assert_equal_truth(&setting, &setting.account()).await;
}

#[tokio::test(start_paused = true)]
async fn the_audit_of_one_region_makes_few_calls_and_changes_nothing() {
    let setting = Setting::new();
    audited(&setting.account()).await;
    let calls = setting.journal.calls();
    assert!(calls.len() <= 120, "{} calls", calls.len());
    let mutating: Vec<_> = calls
        .iter()
        .filter(|call| call.signature.mutating)
        .collect();
    assert!(mutating.is_empty(), "{mutating:?}");
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_fails_is_an_error_that_names_the_call() {
    let setting = Setting::new();
    let account = setting.account_with(&["auditor/ec2:DescribeAddresses=reject"]);
    let error = account.list("elastic_ip", "us-east-1").await.unwrap_err();
    assert_eq!(error.call, "ec2:DescribeAddresses");
    assert!(error.message.contains("UnauthorizedOperation"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn every_resource_type_of_the_truth_is_known_and_no_name_stands_twice() {
    let setting = Setting::new();
    let account = setting.account();
    let names: BTreeSet<&str> = account
        .resource_types()
        .iter()
        .map(|known| known.name)
        .collect();
    assert_eq!(
        names.len(),
        account.resource_types().len(),
        "a name stands twice"
    );
    for resource in setting.world.inventory() {
        assert!(
            names.contains(resource.resource_type.as_str()),
            "{}",
            resource.resource_type
        );
    }
}

#[test]
fn monthly_costs_are_list_prices_of_730_hours() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _inside = runtime.enter();
    let account = Setting::new().account();
    let check = |resource_type: &str, facts: &[(&str, &str)], expected: Option<&str>| {
        let mut resource = Resource::new(resource_type, "id", "us-east-1");
        resource.facts.extend(
            facts
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned())),
        );
        let cost = account
            .monthly_cost(&resource)
            .map(|cost| cost.usd.to_string());
        assert_eq!(cost.as_deref(), expected, "{resource_type}");
    };
    check("elastic_ip", &[], Some("3.65"));
    check("nat_gateway", &[], Some("32.85"));
    check("eks_cluster", &[], Some("73.0"));
    check(
        "ec2_instance",
        &[("instance_type", "t3.medium")],
        Some("30.37"),
    );
    check("ec2_instance", &[("instance_type", "x9.unheard")], None);
    check(
        "ebs_volume",
        &[("volume_type", "gp3"), ("size_gb", "20")],
        Some("1.60"),
    );
    check(
        "ebs_volume",
        &[("volume_type", "io2"), ("size_gb", "20")],
        None,
    );
    check("elb_classic", &[], Some("18.25"));
    check(
        "elbv2_load_balancer",
        &[("balancer_type", "network")],
        Some("16.43"),
    );
    check("vpc", &[], Some("0"));
    check("no_such_type", &[], None);
}
