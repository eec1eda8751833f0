//! The audited inventory equals the ground truth.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, Uri};
use kubeproof_azure::observer::AksObserver;
use kubeproof_azure::rehearsal::{SUBSCRIPTION, TENANT};
use kubeproof_contract::call::Actor;
use kubeproof_contract::observer::{Lister as _, Observer as _};
use kubeproof_contract::provisioner::Provisioner as _;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::scope::{Breadth, Scope};
use kubeproof_contract::transport::{SharedTransport, Transport, TransportError};
use kubeproof_simkit::bench::{assert_same, listed};
use serde_json::{Value, json};

use crate::bench::Bench;

const SPECS: [fn() -> Value; 2] = [
    || json!({}),
    || {
        json!({"tier": "standard", "node_pools": [
            {"name": "main", "vm_size": "Standard_D2s_v3", "count": 1},
            {"name": "spare", "vm_size": "Standard_D4s_v3", "count": 2, "zones": ["1", "2"]},
        ]})
    },
];

#[tokio::test(start_paused = true)]
async fn the_audit_equals_the_ground_truth_before_while_and_after_a_cluster_is_made_and_removed() {
    for spec in SPECS {
        let bench = Bench::new(spec(), &[]);
        assert_same(bench.audited().await, bench.ground_truth.inventory());
        bench.provision_with_leftovers().await;
        assert_same(bench.audited().await, bench.ground_truth.inventory());
        let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/kp-r1");
        bench.other("DELETE", &group, Value::Null).await;
        tokio::time::sleep(std::time::Duration::from_secs(30)).await;
        let ending = bench.audited().await;
        assert!(
            ending.iter().any(|one| one.state == "Deleting"),
            "{ending:#?}"
        );
        assert_same(ending, bench.ground_truth.inventory());
        bench.provisioner().teardown().await.unwrap();
        assert_same(bench.audited().await, bench.ground_truth.inventory());
    }
}

#[tokio::test(start_paused = true)]
async fn an_audit_makes_few_calls_changes_nothing_and_costs_one_more_for_each_identity() {
    let bench = Bench::new(json!({}), &[]);
    let count = async || {
        let before = bench.journal.calls().len();
        bench.audited().await;
        let calls = bench.journal.calls().split_off(before);
        assert!(calls.iter().all(|call| !call.signature.mutating));
        calls.len()
    };
    let few = count().await;
    assert!(few <= 60, "{few} calls");
    for number in 1..=20 {
        let identity = format!("Microsoft.ManagedIdentity/userAssignedIdentities/more-{number}");
        let path =
            format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/kp-legacy/providers/{identity}");
        let body = json!({"location": "eastus"});
        bench.other("PUT", &path, body).await;
    }
    tokio::time::sleep(std::time::Duration::from_mins(10)).await;
    let began = tokio::time::Instant::now();
    assert_eq!(count().await, few + 20);
    // Not one after the other.
    let took = began.elapsed();
    println!("{few} calls, and 20 more: {took:?}");
    assert!(took < std::time::Duration::from_secs(30), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn what_no_group_holds_and_parts_of_resources_are_listed_too() {
    let bench = Bench::new(json!({}), &[]);
    let before = bench.ground_truth.inventory();
    let legacy = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/kp-legacy");
    let lock = format!("{legacy}/providers/Microsoft.Authorization/locks/Keep");
    let body = json!({"properties": {"level": "CanNotDelete"}});
    bench.other("PUT", &lock, body).await;
    let zone = format!("{legacy}/providers/Microsoft.Network/privateDnsZones/Example.com");
    bench
        .other("PUT", &zone, json!({"location": "global"}))
        .await;
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    let network = format!("{legacy}/providers/Microsoft.Network/virtualNetworks/kp-legacy");
    let link = json!({"location": "global", "properties": {"virtualNetwork": {"id": network}}});
    bench
        .other("PUT", &format!("{zone}/virtualNetworkLinks/one"), link)
        .await;
    let identity = "Microsoft.ManagedIdentity/userAssignedIdentities/kp-legacy-build";
    let credential = format!("{legacy}/providers/{identity}/federatedIdentityCredentials/Ci");
    let trust = json!({"issuer": "https://ci.example", "subject": "s", "audiences": ["a"]});
    bench
        .other("PUT", &credential, json!({ "properties": trust }))
        .await;
    let made = bench
        .directory("POST", "applications", json!({"displayName": "kp-r1"}))
        .await;
    let client = json!({"appId": made["appId"]});
    let principal = bench.directory("POST", "servicePrincipals", client).await;
    let principal = format!("servicePrincipals/{}", principal["id"].as_str().unwrap());
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    assert_same(bench.audited().await, bench.ground_truth.inventory());
    bench.directory("DELETE", &principal, Value::Null).await;
    assert_same(bench.audited().await, bench.ground_truth.inventory());
    let application = format!("applications/{}", made["id"].as_str().unwrap());
    bench.directory("DELETE", &application, Value::Null).await;
    let seen = bench.audited().await;
    let new: BTreeSet<&str> = seen
        .iter()
        .filter(|one| !before.iter().any(|old| old.is_same(one)))
        .map(|one| one.resource_type.as_str())
        .collect();
    let expected = [
        "deleted_application",
        "deleted_service_principal",
        "federated_credential",
        "management_lock",
        "private_dns_link",
        "private_dns_zone",
    ];
    assert_eq!(new, expected.into());
    assert_same(seen, bench.ground_truth.inventory());
}

/// Asks for one item a page.
#[derive(Debug)]
struct SmallPages(SharedTransport);

#[async_trait::async_trait]
impl Transport for SmallPages {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let (mut parts, body) = request.into_parts();
        let uri = parts.uri.to_string();
        let is_list = parts.method == http::Method::GET && uri.contains('?');
        if is_list {
            let uri = uri.replace("%24top=999", "%24top=1");
            let top = if uri.contains("top=1") {
                ""
            } else {
                "&%24top=1"
            };
            parts.uri = format!("{uri}{top}").parse::<Uri>().unwrap();
        }
        self.0.send(Request::from_parts(parts, body)).await
    }
}

#[tokio::test(start_paused = true)]
async fn every_page_of_every_list_is_read() {
    let bench = Bench::new(json!({}), &[]);
    bench.provision_with_leftovers().await;
    let mut connection = bench.connection(Actor::Auditor);
    connection.transport = Arc::new(SmallPages(connection.transport));
    let calls = bench.journal.len();
    let observer = AksObserver::new(bench.spec.clone(), &connection);
    let seen = listed(&observer, &Breadth::Scenario).await;
    assert!(bench.journal.len() - calls > 80);
    assert_same(seen.resources, bench.ground_truth.inventory());
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_sent_twice_shows_nothing_twice() {
    for list in [
        "arm:disks.list",
        "arm:resources.list",
        "arm:resourceGroups.list",
        "graph:applications.list",
    ] {
        let bench = Bench::new(json!({}), &[&format!("auditor/{list}#1=repeated-page")]);
        assert_same(bench.audited().await, bench.ground_truth.inventory());
    }
}

/// The types whose lists fail, when this happens to a call of the auditor for ever.
async fn failing(call: &str, effect: &str) -> BTreeSet<String> {
    let fault = format!("auditor/{call}#1*1000={effect}");
    let bench = Bench::new(json!({}), &[&fault]);
    let observer = bench.observer();
    let mut failing = BTreeSet::new();
    for listing in observer.cells(&Breadth::Scenario).await.unwrap() {
        let types = listing.cells.iter().map(|cell| cell.resource_type.clone());
        match observer.list(&listing).await {
            Ok(listed) => {
                let unread = listed
                    .unread
                    .into_iter()
                    .map(|(cell, _)| cell.resource_type);
                failing.extend(unread);
            }
            Err(_) => failing.extend(types),
        }
    }
    failing
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_refused_throttled_or_cut_is_unknown_and_never_empty() {
    let effects = [
        "reject",
        "throttle(20)",
        "garbled",
        "server-error",
        "lost-response",
    ];
    for (call, types) in [
        ("arm:disks.list", &["managed_disk"][..]),
        (
            "arm:managedClusters.list",
            &["aks_managed_cluster", "diagnostic_setting"],
        ),
        (
            "arm:resourceGroups.list",
            &["node_resource_group", "resource_group"],
        ),
        (
            "arm:roleAssignments.listForSubscription",
            &["role_assignment"],
        ),
        (
            "arm:managementLocks.listAtSubscriptionLevel",
            &["management_lock"],
        ),
        ("arm:diagnosticSettings.list", &["diagnostic_setting"]),
        ("arm:roleDefinitions.list", &["role_definition"]),
        ("arm:vaults.listDeleted", &["deleted_key_vault"]),
        (
            "arm:federatedIdentityCredentials.list",
            &["federated_credential"],
        ),
        ("graph:applications.list", &["app_registration_sp"]),
        ("graph:servicePrincipals.list", &["service_principal"]),
        (
            "graph:deletedItems.listApplications",
            &["deleted_application"],
        ),
    ] {
        for effect in effects {
            let expected: BTreeSet<String> = types.iter().map(|it| (*it).to_owned()).collect();
            assert_eq!(failing(call, effect).await, expected, "{call} {effect}");
        }
    }
    // All that is in groups has its times from this one.
    let failing = failing("arm:resources.list", "reject").await;
    for of_type in ["managed_disk", "vnet_subnet", "other_resource", "key_vault"] {
        assert!(failing.contains(of_type), "{failing:?}");
    }
    assert!(!failing.contains("role_assignment"), "{failing:?}");
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_not_registered_holds_nothing() {
    for (call, code, fails) in [
        (
            "arm:vaults.listDeleted",
            "MissingSubscriptionRegistration",
            false,
        ),
        ("arm:vaults.listDeleted", "AuthorizationFailed", true),
        ("arm:disks.list", "MissingSubscriptionRegistration", true),
    ] {
        let failing = failing(call, &format!("reject({code})")).await;
        assert_eq!(!failing.is_empty(), fails, "{call} {code}: {failing:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_only_one_of_two_lists_shows_is_looked_for_and_never_left_out() {
    // The list of all resources lags: what is new is there, and no one says since when.
    let bench = Bench::new(json!({}), &[]);
    bench.provisioner().provision().await.unwrap();
    let there = bench.ground_truth.inventory();
    let bench = bench.with_faults(&["auditor/arm:resources.list#1*1000=stale-read(100000)"]);
    let seen = listed(&bench.observer(), &Breadth::Scenario).await;
    let unread: BTreeSet<&str> = seen
        .unread
        .iter()
        .map(|(cell, _)| cell.resource_type.as_str())
        .collect();
    for of_type in ["aks_managed_cluster", "vmss", "managed_disk"] {
        assert!(unread.contains(of_type), "{unread:?}");
        let count = |all: &[Resource]| {
            all.iter()
                .filter(|one| one.resource_type == of_type)
                .count()
        };
        assert_eq!(count(&seen.resources), count(&there), "{of_type}");
    }
    // A type's own list lags: each resource is asked for by its id.
    let bench = bench.with_faults(&["auditor/arm:disks.list#1*1000=stale-read(100000)"]);
    assert_same(bench.audited().await, bench.ground_truth.inventory());
}

#[tokio::test(start_paused = true)]
async fn a_named_group_is_listed_alone_with_what_no_group_holds() {
    let bench = Bench::new(json!({}), &[]);
    bench.provisioner().provision().await.unwrap();
    let observer = bench.observer();
    let all = listed(&observer, &Breadth::Account).await;
    assert_same(all.resources, bench.ground_truth.inventory());
    let named = Breadth::Named(vec![Scope::new("kp-legacy")]);
    let seen = listed(&observer, &named).await;
    let places: BTreeSet<&str> = seen
        .resources
        .iter()
        .map(|one| one.scope.as_str())
        .collect();
    assert_eq!(places, ["directory", "global", "kp-legacy"].into());
    let unknown = Breadth::Named(vec![Scope::new("nowhere")]);
    let error = observer.cells(&unknown).await.unwrap_err();
    assert!(
        error.message.contains("`nowhere` is no resource group"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_audit_changes_nothing_and_makes_few_calls() {
    let bench = Bench::new(json!({}), &[]);
    bench.provision_with_leftovers().await;
    let calls = bench.journal.len();
    bench.audited().await;
    assert_eq!(bench.changes_since(calls), [""; 0]);
    let made = bench.journal.len() - calls;
    assert!(made <= 60, "{made} calls");
}

#[tokio::test(start_paused = true)]
async fn the_account_is_the_subscription_that_the_api_confirms() {
    let bench = Bench::new(json!({}), &[]);
    let observer = bench.observer();
    assert_eq!(observer.learned().account, None);
    let id = observer.account_id().await.unwrap();
    let account = format!("{TENANT}/{SUBSCRIPTION}");
    assert_eq!(id.as_deref(), Some(account.as_str()));
    assert_eq!(observer.learned().account, id);
}
