//! Roles, policies and instance profiles: names as keys, and what blocks a deletion.

use crate::world::{CLUSTER_POLICY, World, trust};

#[test]
fn a_role_name_can_be_taken_only_once() {
    let mut world = World::new();
    let arn = world.role("r", "eks.amazonaws.com", &[]);
    assert_eq!(arn, "arn:aws:iam::123456789012:role/r");
    let document = trust("eks.amazonaws.com");
    let again = [
        ("RoleName", "r"),
        ("AssumeRolePolicyDocument", document.as_str()),
    ];
    world
        .iam("CreateRole", &again)
        .refused(409, "EntityAlreadyExists", "r already exists");
}

#[test]
fn a_trust_policy_comes_back_url_encoded() {
    let mut world = World::new();
    world.role("r", "eks.amazonaws.com", &[]);
    let encoded = world
        .iam("GetRole", &[("RoleName", "r")])
        .ok()
        .text("AssumeRolePolicyDocument");
    assert!(
        !encoded.contains('{') && encoded.contains("%7B"),
        "{encoded}"
    );
    let decoded = percent_encoding::percent_decode_str(&encoded).decode_utf8_lossy();
    assert_eq!(decoded, trust("eks.amazonaws.com"));
}

#[test]
fn a_document_that_is_not_a_policy_is_malformed() {
    let mut world = World::new();
    for document in [
        "{",
        "{}",
        r#"{"Statement":[{"Effect":"Allow","Action":"*"}]}"#,
    ] {
        let asked = [("RoleName", "r"), ("AssumeRolePolicyDocument", document)];
        world
            .iam("CreateRole", &asked)
            .refused(400, "MalformedPolicyDocument", "");
    }
    assert!(world.exists("iam_role").is_empty());
}

#[test]
fn a_policy_that_aws_does_not_have_cannot_be_attached() {
    let mut world = World::new();
    world.role("r", "eks.amazonaws.com", &[]);
    let asked = [
        ("RoleName", "r"),
        ("PolicyArn", "arn:aws:iam::aws:policy/AmazonEKSClusterPolcy"),
    ];
    world
        .iam("AttachRolePolicy", &asked)
        .refused(404, "NoSuchEntity", "does not exist");
}

#[test]
fn a_role_is_deleted_only_after_everything_on_it() {
    let mut world = World::new();
    world.role("r", "ec2.amazonaws.com", &[CLUSTER_POLICY]);
    let inline = [
        ("RoleName", "r"),
        ("PolicyName", "p"),
        (
            "PolicyDocument",
            r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        ),
    ];
    world.iam("PutRolePolicy", &inline).ok();
    world
        .iam("CreateInstanceProfile", &[("InstanceProfileName", "i")])
        .ok();
    let both = [("InstanceProfileName", "i"), ("RoleName", "r")];
    world.iam("AddRoleToInstanceProfile", &both).ok();
    let delete = [("RoleName", "r")];
    let conflict = "DeleteConflict";
    world.iam("DeleteRole", &delete).refused(
        409,
        conflict,
        "must remove roles from instance profile",
    );
    let profile = [("InstanceProfileName", "i")];
    world
        .iam("DeleteInstanceProfile", &profile)
        .refused(409, conflict, "must remove roles");
    world.iam("RemoveRoleFromInstanceProfile", &both).ok();
    world
        .iam("DeleteRole", &delete)
        .refused(409, conflict, "must detach all policies first");
    world
        .iam(
            "DetachRolePolicy",
            &[("RoleName", "r"), ("PolicyArn", CLUSTER_POLICY)],
        )
        .ok();
    world
        .iam("DeleteRole", &delete)
        .refused(409, conflict, "must delete policies first");
    world.iam("DeleteRolePolicy", &inline[..2]).ok();
    world.iam("DeleteRole", &delete).ok();
    world
        .iam("DeleteRole", &delete)
        .refused(404, "NoSuchEntity", "r cannot be found");
    world.iam("DeleteInstanceProfile", &profile).ok();
    assert!(world.exists("iam_role").is_empty() && world.exists("iam_instance_profile").is_empty());
}

#[test]
fn a_list_of_roles_has_pages_and_no_tags() {
    let mut world = World::new();
    for name in ["r1", "r2", "r3"] {
        world.role(name, "eks.amazonaws.com", &[]);
        let tag = [
            ("RoleName", name),
            ("Tags.member.1.Key", "k"),
            ("Tags.member.1.Value", "v"),
        ];
        world.iam("TagRole", &tag).ok();
    }
    let first = world.iam("ListRoles", &[("MaxItems", "2")]).ok();
    assert_eq!(first.text("IsTruncated"), "true");
    assert_eq!(first.texts("RoleName"), ["r1", "r2"]);
    assert!(!first.body.contains("<Tags>"));
    let marker = first.text("Marker");
    let second = world
        .iam("ListRoles", &[("MaxItems", "2"), ("Marker", &marker)])
        .ok();
    assert_eq!(
        (
            second.text("IsTruncated").as_str(),
            second.texts("RoleName").len()
        ),
        ("false", 1)
    );
    let tags = world.iam("ListRoleTags", &[("RoleName", "r1")]).ok();
    assert_eq!(
        (tags.text("Key").as_str(), tags.text("Value").as_str()),
        ("k", "v")
    );
}

#[test]
fn an_identity_provider_is_keyed_by_its_url_and_deleting_it_twice_succeeds() {
    let mut world = World::new();
    let issuer = "https://oidc.eks.us-east-1.amazonaws.com/id/ABC";
    let arn = world
        .iam("CreateOpenIDConnectProvider", &[("Url", issuer)])
        .ok();
    let arn = arn.text("OpenIDConnectProviderArn");
    assert!(
        arn.ends_with(":oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/ABC"),
        "{arn}"
    );
    let again = world.iam("CreateOpenIDConnectProvider", &[("Url", issuer)]);
    again.refused(409, "EntityAlreadyExists", "already exists");
    let asked = [("OpenIDConnectProviderArn", arn.as_str())];
    for _ in 0..2 {
        world.iam("DeleteOpenIDConnectProvider", &asked).ok();
    }
    world
        .iam("GetOpenIDConnectProvider", &asked)
        .refused(404, "NoSuchEntity", "");
    assert!(world.exists("iam_oidc_provider").is_empty());
}

#[test]
fn a_service_linked_role_cannot_be_deleted() {
    let mut world = World::new();
    world
        .iam(
            "CreateServiceLinkedRole",
            &[("AWSServiceName", "eks.amazonaws.com")],
        )
        .ok();
    let again = world.iam(
        "CreateServiceLinkedRole",
        &[("AWSServiceName", "eks.amazonaws.com")],
    );
    again.refused(400, "InvalidInput", "has been taken");
    let delete = world.iam("DeleteRole", &[("RoleName", "AWSServiceRoleForAmazonEKS")]);
    delete.refused(400, "UnmodifiableEntity", "protected role");
}

#[test]
fn a_simulated_policy_says_what_a_real_call_would_meet() {
    let policy = serde_json::json!({"Statement": [
        {"Effect": "Allow", "Action": ["ec2:*", "iam:Simulate*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "ec2:DeleteVpc", "Resource": "*"},
    ]});
    let mut world = World::with(|setup| setup.policy = Some(policy));
    let asked = [
        (
            "PolicySourceArn",
            "arn:aws:iam::123456789012:user/kubeproof",
        ),
        ("ActionNames.member.1", "ec2:CreateVpc"),
        ("ActionNames.member.2", "ec2:DeleteVpc"),
        ("ActionNames.member.3", "eks:CreateCluster"),
    ];
    let decisions = world
        .iam("SimulatePrincipalPolicy", &asked)
        .ok()
        .texts("EvalDecision");
    assert_eq!(decisions, ["allowed", "explicitDeny", "implicitDeny"]);
}

#[test]
fn an_unknown_operation_names_itself() {
    let mut world = World::new();
    world
        .iam("CreateGroup", &[])
        .refused(501, "NotImplemented", "iam:CreateGroup");
    let assume = [("Action", "AssumeRole"), ("Version", "2011-06-15")];
    world
        .query("sts", &assume)
        .refused(501, "NotImplemented", "sts:AssumeRole");
}

#[test]
fn the_caller_is_the_same_user_for_iam_and_sts() {
    let mut world = World::new();
    let identity = [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")];
    let identity = world.query("sts", &identity).ok();
    assert_eq!(identity.text("Account"), "123456789012");
    assert_eq!(
        identity.text("Arn"),
        world.iam("GetUser", &[]).ok().text("Arn")
    );
}
