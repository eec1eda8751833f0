//! Access entries and their policies, addressed by principals whose ARN is one segment of the path.

use serde_json::{Value, json};

use super::bench::{Bench, text};

const ADMIN: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";

fn encoded(arn: &str) -> String {
    percent_encoding::utf8_percent_encode(arn, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[test]
fn the_creator_of_a_cluster_has_an_entry_with_the_admin_policy() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    bench.active_cluster(&network);
    let entries = bench.get("/clusters/c1/access-entries").ok().json();
    assert_eq!(
        entries["accessEntries"],
        json!(["arn:aws:iam::123456789012:user/kubeproof"])
    );
    let path = format!(
        "/clusters/c1/access-entries/{}/access-policies",
        encoded("arn:aws:iam::123456789012:user/kubeproof")
    );
    let policies = bench.get(&path).ok().json();
    assert_eq!(policies["associatedAccessPolicies"][0]["policyArn"], ADMIN);
}

#[test]
fn an_entry_is_created_given_a_policy_and_deleted() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    bench.active_cluster(&network);
    let role = bench.role("team", "ec2.amazonaws.com", &[]);
    let body = json!({"principalArn": role, "type": "STANDARD"});
    let entries = "/clusters/c1/access-entries";
    let entry = bench.eks("POST", entries, &body).ok().json();
    assert_eq!(text(&entry["accessEntry"]["principalArn"]), role);
    bench
        .eks("POST", entries, &body)
        .refused(409, "ResourceInUseException", "already in use");
    let one = format!("{entries}/{}", encoded(&role));
    let policy = json!({"policyArn": ADMIN, "accessScope": {"type": "cluster"}});
    bench
        .eks("POST", &format!("{one}/access-policies"), &policy)
        .ok();
    bench
        .delete(&format!("{one}/access-policies/{}", encoded(ADMIN)))
        .ok();
    bench.eks("DELETE", &one, &Value::Null).ok();
    bench
        .get(&one)
        .refused(404, "ResourceNotFoundException", "");
}

#[test]
fn a_cluster_that_goes_by_its_config_map_has_no_entries() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    let mut body = bench.cluster_body(&network);
    body["accessConfig"]["authenticationMode"] = json!("CONFIG_MAP");
    bench.eks("POST", "/clusters", &body).ok();
    let answer = bench.get("/clusters/c1/access-entries");
    answer.refused(400, "InvalidRequestException", "authentication mode");
}

#[test]
fn a_cluster_can_be_tagged_by_its_arn() {
    let mut bench = Bench::new();
    let network = bench.network(false);
    bench.active_cluster(&network);
    let arn = encoded("arn:aws:eks:us-east-1:123456789012:cluster/c1");
    let path = format!("/tags/{arn}");
    bench
        .eks("POST", &path, &json!({"tags": {"a": "1", "b": "2"}}))
        .ok();
    bench
        .delete(&format!("{path}?tagKeys=a&tagKeys=kubeproof%3Arun"))
        .ok();
    assert_eq!(bench.get(&path).ok().json(), json!({"tags": {"b": "2"}}));
}
