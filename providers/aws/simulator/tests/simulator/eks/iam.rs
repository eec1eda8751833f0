//! Roles, policies and instance profiles: names as keys, and what blocks a deletion.

use super::bench::{Bench, CLUSTER_POLICY, trust};

#[test]
fn a_role_name_can_be_taken_only_once() {
    let mut bench = Bench::new();
    let arn = bench.role("r", "eks.amazonaws.com", &[]);
    assert_eq!(arn, "arn:aws:iam::123456789012:role/r");
    let document = trust("eks.amazonaws.com");
    let again = [
        ("RoleName", "r"),
        ("AssumeRolePolicyDocument", document.as_str()),
    ];
    bench
        .iam("CreateRole", &again)
        .refused(409, "EntityAlreadyExists", "r already exists");
}

#[test]
fn a_trust_policy_comes_back_url_encoded() {
    let mut bench = Bench::new();
    bench.role("r", "eks.amazonaws.com", &[]);
    let encoded = bench
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
    let mut bench = Bench::new();
    for document in [
        "{",
        "{}",
        r#"{"Statement":[{"Effect":"Allow","Action":"*"}]}"#,
    ] {
        let asked = [("RoleName", "r"), ("AssumeRolePolicyDocument", document)];
        bench
            .iam("CreateRole", &asked)
            .refused(400, "MalformedPolicyDocument", "");
    }
    assert!(bench.exists("iam_role").is_empty());
}

#[test]
fn a_policy_that_aws_does_not_have_cannot_be_attached() {
    let mut bench = Bench::new();
    bench.role("r", "eks.amazonaws.com", &[]);
    let asked = [
        ("RoleName", "r"),
        ("PolicyArn", "arn:aws:iam::aws:policy/AmazonEKSClusterPolcy"),
    ];
    bench
        .iam("AttachRolePolicy", &asked)
        .refused(404, "NoSuchEntity", "does not exist");
}

#[test]
fn a_role_is_deleted_only_after_everything_on_it() {
    let mut bench = Bench::new();
    bench.role("r", "ec2.amazonaws.com", &[CLUSTER_POLICY]);
    let inline = [
        ("RoleName", "r"),
        ("PolicyName", "p"),
        (
            "PolicyDocument",
            r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        ),
    ];
    bench.iam("PutRolePolicy", &inline).ok();
    bench
        .iam("CreateInstanceProfile", &[("InstanceProfileName", "i")])
        .ok();
    let both = [("InstanceProfileName", "i"), ("RoleName", "r")];
    bench.iam("AddRoleToInstanceProfile", &both).ok();
    let delete = [("RoleName", "r")];
    let conflict = "DeleteConflict";
    bench.iam("DeleteRole", &delete).refused(
        409,
        conflict,
        "must remove roles from instance profile",
    );
    let profile = [("InstanceProfileName", "i")];
    bench
        .iam("DeleteInstanceProfile", &profile)
        .refused(409, conflict, "must remove roles");
    bench.iam("RemoveRoleFromInstanceProfile", &both).ok();
    bench
        .iam("DeleteRole", &delete)
        .refused(409, conflict, "must detach all policies first");
    bench
        .iam(
            "DetachRolePolicy",
            &[("RoleName", "r"), ("PolicyArn", CLUSTER_POLICY)],
        )
        .ok();
    bench
        .iam("DeleteRole", &delete)
        .refused(409, conflict, "must delete policies first");
    bench.iam("DeleteRolePolicy", &inline[..2]).ok();
    bench.iam("DeleteRole", &delete).ok();
    bench
        .iam("DeleteRole", &delete)
        .refused(404, "NoSuchEntity", "r cannot be found");
    bench.iam("DeleteInstanceProfile", &profile).ok();
    assert!(bench.exists("iam_role").is_empty() && bench.exists("iam_instance_profile").is_empty());
}

#[test]
fn a_list_of_roles_has_pages_and_no_tags() {
    let mut bench = Bench::new();
    for name in ["r1", "r2", "r3"] {
        bench.role(name, "eks.amazonaws.com", &[]);
        let tag = [
            ("RoleName", name),
            ("Tags.member.1.Key", "k"),
            ("Tags.member.1.Value", "v"),
        ];
        bench.iam("TagRole", &tag).ok();
    }
    let first = bench.iam("ListRoles", &[("MaxItems", "2")]).ok();
    assert_eq!(first.text("IsTruncated"), "true");
    assert_eq!(first.texts("RoleName"), ["r1", "r2"]);
    assert!(!first.body.contains("<Tags>"));
    let marker = first.text("Marker");
    let second = bench
        .iam("ListRoles", &[("MaxItems", "2"), ("Marker", &marker)])
        .ok();
    assert_eq!(
        (
            second.text("IsTruncated").as_str(),
            second.texts("RoleName").len()
        ),
        ("false", 1)
    );
    let tags = bench.iam("ListRoleTags", &[("RoleName", "r1")]).ok();
    assert_eq!(
        (tags.text("Key").as_str(), tags.text("Value").as_str()),
        ("k", "v")
    );
}

#[test]
fn an_identity_provider_is_keyed_by_its_url_and_deleting_it_twice_succeeds() {
    let mut bench = Bench::new();
    let issuer = "https://oidc.eks.us-east-1.amazonaws.com/id/ABC";
    let arn = bench
        .iam("CreateOpenIDConnectProvider", &[("Url", issuer)])
        .ok();
    let arn = arn.text("OpenIDConnectProviderArn");
    assert!(
        arn.ends_with(":oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/ABC"),
        "{arn}"
    );
    let again = bench.iam("CreateOpenIDConnectProvider", &[("Url", issuer)]);
    again.refused(409, "EntityAlreadyExists", "already exists");
    let asked = [("OpenIDConnectProviderArn", arn.as_str())];
    for _ in 0..2 {
        bench.iam("DeleteOpenIDConnectProvider", &asked).ok();
    }
    bench
        .iam("GetOpenIDConnectProvider", &asked)
        .refused(404, "NoSuchEntity", "");
    assert!(bench.exists("iam_oidc_provider").is_empty());
}

#[test]
fn a_service_linked_role_cannot_be_deleted() {
    let mut bench = Bench::new();
    bench
        .iam(
            "CreateServiceLinkedRole",
            &[("AWSServiceName", "eks.amazonaws.com")],
        )
        .ok();
    let again = bench.iam(
        "CreateServiceLinkedRole",
        &[("AWSServiceName", "eks.amazonaws.com")],
    );
    again.refused(400, "InvalidInput", "has been taken");
    let delete = bench.iam("DeleteRole", &[("RoleName", "AWSServiceRoleForAmazonEKS")]);
    delete.refused(400, "UnmodifiableEntity", "protected role");
}

#[test]
fn a_simulated_policy_says_what_a_real_call_would_meet() {
    let policy = serde_json::json!({"Statement": [
        {"Effect": "Allow", "Action": ["ec2:*", "iam:Simulate*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "ec2:DeleteVpc", "Resource": "*"},
    ]});
    let mut bench = Bench::with(|setup| setup.policy = Some(policy));
    let asked = [
        (
            "PolicySourceArn",
            "arn:aws:iam::123456789012:user/kubeproof",
        ),
        ("ActionNames.member.1", "ec2:CreateVpc"),
        ("ActionNames.member.2", "ec2:DeleteVpc"),
        ("ActionNames.member.3", "eks:CreateCluster"),
    ];
    let decisions = bench
        .iam("SimulatePrincipalPolicy", &asked)
        .ok()
        .texts("EvalDecision");
    assert_eq!(decisions, ["allowed", "explicitDeny", "implicitDeny"]);
}

#[test]
fn an_unknown_operation_names_itself() {
    let mut bench = Bench::new();
    bench
        .iam("CreateGroup", &[])
        .refused(501, "NotImplemented", "iam:CreateGroup");
    let asked = [("Action", "GetFederationToken"), ("Version", "2011-06-15")];
    bench
        .query("sts", &asked)
        .refused(501, "NotImplemented", "sts:GetFederationToken");
}

#[test]
fn the_caller_is_the_same_user_for_iam_and_sts() {
    let mut bench = Bench::new();
    let identity = [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")];
    let identity = bench.query("sts", &identity).ok();
    assert_eq!(identity.text("Account"), "123456789012");
    assert_eq!(
        identity.text("Arn"),
        bench.iam("GetUser", &[]).ok().text("Arn")
    );
}

const DOCUMENT: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}"#;

#[test]
fn a_policy_has_at_most_five_versions_and_keeps_the_one_in_force() {
    let mut bench = Bench::new();
    let made = [("PolicyName", "p"), ("PolicyDocument", DOCUMENT)];
    let arn = bench.iam("CreatePolicy", &made).ok().text("Arn");
    let of = ("PolicyArn", arn.as_str());
    let next = [of, ("PolicyDocument", DOCUMENT)];
    for _ in 2..=5 {
        bench.iam("CreatePolicyVersion", &next).ok();
    }
    bench
        .iam("CreatePolicyVersion", &next)
        .refused(409, "LimitExceeded", "up to 5 versions");
    let version = |id: &'static str| [of, ("VersionId", id)];
    bench.iam("DeletePolicyVersion", &version("v1")).refused(
        409,
        "DeleteConflict",
        "default version",
    );
    bench
        .iam("DeletePolicy", &[of])
        .refused(409, "DeleteConflict", "more than one version");
    bench.iam("SetDefaultPolicyVersion", &version("v5")).ok();
    for id in ["v1", "v2", "v3", "v4"] {
        bench.iam("DeletePolicyVersion", &version(id)).ok();
    }
    // Numbers are never used again.
    let made = bench.iam("CreatePolicyVersion", &next).ok();
    assert_eq!(made.text("VersionId"), "v6");
    bench.iam("DeletePolicyVersion", &version("v6")).ok();
    bench.iam("DeletePolicy", &[of]).ok();
}

#[test]
fn a_role_trusts_whom_its_newest_trust_policy_names() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    let role = bench.role("late", "ec2.amazonaws.com", &[CLUSTER_POLICY]);
    bench.wait(bench.durations.iam_propagation);
    let mut body = bench.cluster_body(&network);
    body["roleArn"] = serde_json::json!(role);
    bench.eks("POST", "/clusters", &body).refused(
        400,
        "InvalidParameterException",
        "trusted entity",
    );
    let trust = trust("eks.amazonaws.com");
    let params = [("RoleName", "late"), ("PolicyDocument", trust.as_str())];
    bench.iam("UpdateAssumeRolePolicy", &params).ok();
    bench.eks("POST", "/clusters", &body).ok();
}
