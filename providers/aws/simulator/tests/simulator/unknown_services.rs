//! Services that are not simulated: refused by name, each in its own protocol, so that its client can read it.

use bytes::Bytes;
use http::Request;
use kubeproof_aws_simulator::setup::ACCESS_KEY_ID;
use kubeproof_simkit::cloud::{Cloud as _, Reply};

use crate::requests::{account, setup};

/// Content type and body of the refusal of a request.
fn refused(service: &str, request: http::request::Builder, body: &'static str) -> (String, String) {
    let scope = format!("{ACCESS_KEY_ID}/20261102/us-east-1/{service}/aws4_request");
    let authorization = format!("AWS4-HMAC-SHA256 Credential={scope}, Signature=0");
    let request = request.header("authorization", authorization);
    let request = request
        .body(Bytes::from_static(body.as_bytes()))
        .expect("a request");
    let Reply::Now(response) = account(setup()).answer(&request) else {
        panic!("asked to ask again");
    };
    assert_eq!(response.status(), 501, "{service}");
    let content_type = response.headers()["content-type"]
        .to_str()
        .expect("text")
        .to_owned();
    let body = String::from_utf8(response.body().to_vec()).expect("text");
    assert!(body.contains(&format!("the service {service}")), "{body}");
    (content_type, body)
}

#[test]
fn a_refusal_is_in_the_protocol_of_its_service() {
    let rest =
        Request::get("https://elasticfilesystem.us-east-1.amazonaws.com/2015-02-01/file-systems");
    let (content_type, body) = refused("elasticfilesystem", rest, "");
    assert_eq!(content_type, "application/json");
    assert!(body.starts_with('{'), "{body}");
    let bucket = Request::get("https://s3.us-east-1.amazonaws.com/");
    let (content_type, body) = refused("s3", bucket, "");
    assert_eq!(content_type, "application/xml");
    assert!(
        body.contains("<Error><Code>NotImplemented</Code>"),
        "{body}"
    );
    let target = Request::post("https://ecr.us-east-1.amazonaws.com/").header(
        "x-amz-target",
        "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories",
    );
    let (content_type, body) = refused("ecr", target, "{}");
    assert_eq!(content_type, "application/x-amz-json-1.1");
    assert!(body.contains("DescribeRepositories"), "{body}");
    let query = Request::post("https://cloudformation.us-east-1.amazonaws.com/");
    let (content_type, body) = refused(
        "cloudformation",
        query,
        "Action=ListStacks&Version=2010-05-15",
    );
    assert_eq!(content_type, "text/xml");
    assert!(body.contains("ListStacks"), "{body}");
}
