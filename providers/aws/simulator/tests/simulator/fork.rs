//! A fork of a simulated account is equal to it and independent of it.

use bytes::Bytes;
use http::Request;
use kubeproof_aws_simulator::cloud::AwsCloud;
use kubeproof_aws_simulator::setup::{ACCESS_KEY_ID, Setup};
use kubeproof_contract::resource::Resource;

use crate::fork_support as fork;

fn ec2(action: &str, params: &[(&str, &str)]) -> Request<Bytes> {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", action)
        .append_pair("Version", "2016-11-15")
        .extend_pairs(params)
        .finish();
    let scope = format!("{ACCESS_KEY_ID}/20261102/us-east-1/ec2/aws4_request");
    Request::post("https://ec2.us-east-1.amazonaws.com/")
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential={scope}, Signature=0"),
        )
        .body(Bytes::from(body))
        .expect("a request")
}

/// The id of the last resource of this type.
fn id<'a>(there: &'a [Resource], resource_type: &str) -> &'a str {
    let mut of_type = there.iter().rev();
    let found = of_type.find(|one| one.resource_type == resource_type);
    found.map_or("", |one| &one.id)
}

/// A NAT gateway that is still pending when the account is forked.
fn gateway(there: &[Resource]) -> Vec<Request<Bytes>> {
    let subnets = there.iter().filter(|one| one.resource_type == "subnet");
    let mut public = subnets.filter(|one| one.properties["cidr"].starts_with("172.31."));
    let subnet = public.next().map_or("", |one| &one.id);
    let private = [("SubnetId", subnet), ("ConnectivityType", "private")];
    vec![
        ec2("CreateVpc", &[("CidrBlock", "10.0.0.0/16")]),
        ec2("CreateNatGateway", &private),
    ]
}

/// Waits for it, and creates and removes something.
fn further(there: &[Resource]) -> Vec<Request<Bytes>> {
    let list = || ec2("DescribeNatGateways", &[]);
    vec![
        list(),
        ec2("AllocateAddress", &[]),
        ec2("DescribeAddresses", &[]),
        list(),
        ec2(
            "DeleteNatGateway",
            &[("NatGatewayId", id(there, "nat_gateway"))],
        ),
        ec2("DescribeNetworkInterfaces", &[]),
        list(),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_fork_is_equal_and_independent() {
    let start = "2026-11-02T10:00:00Z".parse().expect("a date");
    let cloud = AwsCloud::new(Setup::new(1, "us-east-1", start));
    fork::check(cloud, start, gateway, further).await;
}
