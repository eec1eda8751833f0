//! Reads of IAM that miss what was made a moment ago, as a fault has it.

use std::time::Duration;

use crate::world::{Answer, CLUSTER_POLICY, World, trust};

const LAG: &str = "stale-read(30)";
const ISSUER: &str = "https://oidc.example.com/id/1";
const PROVIDER: &str = "arn:aws:iam::123456789012:oidc-provider/oidc.example.com/id/1";

/// An account with one of everything, made at this moment.
fn young() -> World {
    let mut world = World::new();
    world.role("r", "eks.amazonaws.com", &[CLUSTER_POLICY]);
    let profile = ("InstanceProfileName", "i");
    world.iam("CreateInstanceProfile", &[profile]).ok();
    let both = [profile, ("RoleName", "r")];
    world.iam("AddRoleToInstanceProfile", &both).ok();
    world
        .iam("CreateOpenIDConnectProvider", &[("Url", ISSUER)])
        .ok();
    world
}

fn stale(world: &mut World, action: &str, parameters: &[(&str, &str)]) -> Answer {
    world.fault = Some(LAG.to_owned());
    world.iam(action, parameters)
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
        let mut world = young();
        let answer = stale(&mut world, action, parameters).refused(404, "NoSuchEntity", "");
        assert!(answer.acknowledged, "{action}");
        world.iam(action, parameters).ok();
        world.wait(Duration::from_secs(30));
        let answer = stale(&mut world, action, parameters).ok();
        assert!(!answer.acknowledged, "{action}: nothing is young any more");
    }
}

#[test]
fn lists_lack_what_is_young_and_keep_what_is_old() {
    for (action, element, own) in [
        ("ListRoles", "RoleName", "r"),
        ("ListInstanceProfiles", "InstanceProfileName", "i"),
        ("ListOpenIDConnectProviders", "Arn", PROVIDER),
    ] {
        let mut world = World::new();
        world.role("old", "ec2.amazonaws.com", &[]);
        let profile = [("InstanceProfileName", "old")];
        world.iam("CreateInstanceProfile", &profile).ok();
        let issuer = [("Url", "https://oidc.example.com/id/0")];
        world.iam("CreateOpenIDConnectProvider", &issuer).ok();
        world.wait(Duration::from_secs(60));
        world.role("r", "eks.amazonaws.com", &[]);
        let profile = [("InstanceProfileName", "i")];
        world.iam("CreateInstanceProfile", &profile).ok();
        world
            .iam("CreateOpenIDConnectProvider", &[("Url", ISSUER)])
            .ok();
        let all = world.iam(action, &[]).ok().texts(element);
        assert!(all.contains(&own.to_owned()), "{action}: {all:?}");
        let answer = stale(&mut world, action, &[]).ok();
        assert!(answer.acknowledged, "{action}");
        let shown = answer.texts(element);
        let old: Vec<String> = all.into_iter().filter(|name| name != own).collect();
        assert!(!old.is_empty() && shown == old, "{action}: {shown:?}");
    }
}

#[test]
fn a_policy_that_was_just_attached_is_missing_on_an_old_role() {
    let mut world = World::new();
    world.role("r", "eks.amazonaws.com", &[]);
    world.wait(Duration::from_secs(60));
    let attach = [("RoleName", "r"), ("PolicyArn", CLUSTER_POLICY)];
    world.iam("AttachRolePolicy", &attach).ok();
    let role = [("RoleName", "r")];
    let answer = stale(&mut world, "ListAttachedRolePolicies", &role).ok();
    assert!(answer.acknowledged && answer.texts("PolicyArn").is_empty());
    let shown = world.iam("ListAttachedRolePolicies", &role).ok();
    assert_eq!(shown.texts("PolicyArn"), [CLUSTER_POLICY]);
}

#[test]
fn a_change_sees_what_is_young_and_carries_no_stale_read_out() {
    let mut world = young();
    let document = trust("eks.amazonaws.com");
    let again = [
        ("RoleName", "r"),
        ("AssumeRolePolicyDocument", document.as_str()),
    ];
    let answer = stale(&mut world, "CreateRole", &again);
    assert!(!answer.acknowledged);
    answer.refused(409, "EntityAlreadyExists", "");
    let attach = [("RoleName", "r"), ("PolicyArn", CLUSTER_POLICY)];
    assert!(
        !stale(&mut world, "AttachRolePolicy", &attach)
            .ok()
            .acknowledged
    );
}
