//! Reads of IAM that miss what was created a moment ago, because of an injected fault.

use std::time::Duration;

use super::bench::{Answer, Bench, CLUSTER_POLICY, trust};

const LAG: &str = "stale-read(30)";
const ISSUER: &str = "https://oidc.example.com/id/1";
const PROVIDER: &str = "arn:aws:iam::123456789012:oidc-provider/oidc.example.com/id/1";

/// An account with one of everything, created at this moment.
fn new_account() -> Bench {
    let mut bench = Bench::new();
    bench.role("r", "eks.amazonaws.com", &[CLUSTER_POLICY]);
    let profile = ("InstanceProfileName", "i");
    bench.iam("CreateInstanceProfile", &[profile]).ok();
    let both = [profile, ("RoleName", "r")];
    bench.iam("AddRoleToInstanceProfile", &both).ok();
    bench
        .iam("CreateOpenIDConnectProvider", &[("Url", ISSUER)])
        .ok();
    bench
}

fn stale(bench: &mut Bench, action: &str, parameters: &[(&str, &str)]) -> Answer {
    bench.fault = Some(LAG.to_owned());
    bench.iam(action, parameters)
}

#[test]
fn what_is_asked_for_by_name_is_not_there_yet_and_is_there_later() {
    let role: &[(&str, &str)] = &[("RoleName", "r")];
    for (action, parameters) in [
        ("GetRole", role),
        ("ListAttachedRolePolicies", role),
        ("ListRoleTags", role),
        ("ListInstanceProfilesForRole", role),
        ("GetInstanceProfile", &[("InstanceProfileName", "i")]),
        (
            "GetOpenIDConnectProvider",
            &[("OpenIDConnectProviderArn", PROVIDER)],
        ),
    ] {
        let mut bench = new_account();
        let answer = stale(&mut bench, action, parameters).refused(404, "NoSuchEntity", "");
        assert!(answer.acknowledged, "{action}");
        bench.iam(action, parameters).ok();
        bench.wait(Duration::from_secs(30));
        let answer = stale(&mut bench, action, parameters).ok();
        assert!(!answer.acknowledged, "{action}: nothing is new any more");
    }
}

#[test]
fn lists_lack_what_is_new_and_keep_what_is_old() {
    for (action, element, own) in [
        ("ListRoles", "RoleName", "r"),
        ("ListInstanceProfiles", "InstanceProfileName", "i"),
        ("ListOpenIDConnectProviders", "Arn", PROVIDER),
    ] {
        let mut bench = Bench::new();
        bench.role("old", "ec2.amazonaws.com", &[]);
        let profile = [("InstanceProfileName", "old")];
        bench.iam("CreateInstanceProfile", &profile).ok();
        let issuer = [("Url", "https://oidc.example.com/id/0")];
        bench.iam("CreateOpenIDConnectProvider", &issuer).ok();
        bench.wait(Duration::from_mins(1));
        bench.role("r", "eks.amazonaws.com", &[]);
        let profile = [("InstanceProfileName", "i")];
        bench.iam("CreateInstanceProfile", &profile).ok();
        bench
            .iam("CreateOpenIDConnectProvider", &[("Url", ISSUER)])
            .ok();
        let all = bench.iam(action, &[]).ok().texts(element);
        assert!(all.contains(&own.to_owned()), "{action}: {all:?}");
        let answer = stale(&mut bench, action, &[]).ok();
        assert!(answer.acknowledged, "{action}");
        let shown = answer.texts(element);
        let old: Vec<String> = all.into_iter().filter(|name| name != own).collect();
        assert!(!old.is_empty() && shown == old, "{action}: {shown:?}");
    }
}

#[test]
fn a_policy_that_was_just_attached_is_missing_on_an_old_role() {
    let mut bench = Bench::new();
    bench.role("r", "eks.amazonaws.com", &[]);
    bench.wait(Duration::from_mins(1));
    let attach = [("RoleName", "r"), ("PolicyArn", CLUSTER_POLICY)];
    bench.iam("AttachRolePolicy", &attach).ok();
    let role = [("RoleName", "r")];
    let answer = stale(&mut bench, "ListAttachedRolePolicies", &role).ok();
    assert!(answer.acknowledged && answer.texts("PolicyArn").is_empty());
    let shown = bench.iam("ListAttachedRolePolicies", &role).ok();
    assert_eq!(shown.texts("PolicyArn"), [CLUSTER_POLICY]);
}

#[test]
fn a_change_sees_what_is_new_and_carries_out_no_stale_read() {
    let mut bench = new_account();
    let document = trust("eks.amazonaws.com");
    let again = [
        ("RoleName", "r"),
        ("AssumeRolePolicyDocument", document.as_str()),
    ];
    let answer = stale(&mut bench, "CreateRole", &again);
    assert!(!answer.acknowledged);
    answer.refused(409, "EntityAlreadyExists", "");
    let attach = [("RoleName", "r"), ("PolicyArn", CLUSTER_POLICY)];
    assert!(
        !stale(&mut bench, "AttachRolePolicy", &attach)
            .ok()
            .acknowledged
    );
}
