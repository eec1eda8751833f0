//! Its second attempt tries another type of machine, for which the cloud creates a role and retains it.
//!
//! Roles of this kind are never an orphan by themselves; one more than in the clean run is one.

use bytes::Bytes;
use http::{Method, Request, header};
use kubeproof_contract::provisioner::{Provisioned, Provisioner};

use crate::provisioners::variant::{FunctionProvisioner, Parts, Work, tears_down};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("makes a role more", parts, provision, tears_down)
}

fn provision(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async {
        if parts.begins_again().await {
            // The bug: it is useless afterwards, and is not removed.
            make_role(parts).await;
        }
        let made = parts.reference().provision().await?;
        parts.ends().await;
        Ok(made)
    })
}

async fn make_role(parts: &Parts) {
    let scope = "Credential=AKIAKUBEPROOFREHEARS/20261102/us-east-1/iam/aws4_request";
    let body =
        "Action=CreateServiceLinkedRole&Version=2010-05-08&AWSServiceName=spot.amazonaws.com";
    let request = Request::builder()
        .method(Method::POST)
        .uri("https://iam.amazonaws.com/")
        .header(
            header::AUTHORIZATION,
            format!("AWS4-HMAC-SHA256 {scope}, Signature=0"),
        )
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(body))
        .expect("a request");
    let answer = parts.connection.transport.send(request).await;
    assert!(answer.is_ok_and(|answer| answer.status().is_success()));
}
