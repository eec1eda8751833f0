//! Keeps what it deletes by name, and a name that was used again leads it to the dead one.
//!
//! Seen in the wild (karpenter-provider-aws issue 2734: a node's name follows its address, the address
//! was used again, the old instance was deleted and twenty new ones stayed). Here the name of a NAT
//! gateway that failed, whose record stays visible for an hour.

use std::collections::BTreeSet;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::variant::{Acts, Bend, Parts, provisions};

/// How each gateway of an answer begins.
const ITEM: &str = "<item><natGatewayId>";
/// How their list ends.
const END: &str = "</natGatewaySet>";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    Acts::boxed("keyed by name", parts, provisions, |parts| {
        Box::pin(async { parts.bent(ByName).teardown().await })
    })
}

#[derive(Debug)]
struct ByName;

/// The text between these.
fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    text.split_once(from)?
        .1
        .split_once(to)
        .map(|(inner, _)| inner)
}

/// A list of gateways with one of each name.
fn one_of_each_name(body: &str) -> Option<String> {
    let (items, rest) = body.split_once(END)?;
    let mut items = items.split(ITEM);
    let mut kept = items.next()?.to_owned();
    let mut names = BTreeSet::new();
    for item in items {
        // The bug: the first of a name hides the others, and it may be dead.
        if names.insert(between(item, "<key>Name</key><value>", "</value>")?) {
            kept.push_str(ITEM);
            kept.push_str(item);
        }
    }
    Some(format!("{kept}{END}{rest}"))
}

#[async_trait]
impl Bend for ByName {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        let answer = inner.send(request).await?;
        if call.operation != "DescribeNatGateways" {
            return Ok(answer);
        }
        let named = one_of_each_name(&String::from_utf8_lossy(answer.body()));
        Ok(match named {
            Some(body) => answer.map(|_| Bytes::from(body)),
            None => answer,
        })
    }
}
