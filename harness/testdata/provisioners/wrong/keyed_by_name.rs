//! Stores ids by name, so that a reused name keeps the id of the deleted resource.
//!
//! Seen in the wild (karpenter-provider-aws issue 2734: a node's name follows its address, an address was
//! used again, the old instance was deleted and twenty new ones stayed). Here it is the name of a NAT
//! gateway that failed and was made again.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::disk::Disk;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts};

/// The file of the ids: a name and an id on each line.
const IDS: &str = "ids";
/// How each gateway of a list begins, how its id ends, and how the list does.
const ITEM: &str = "<item><natGatewayId>";
const ID_END: &str = "</natGatewayId>";
const LIST_END: &str = "</natGatewaySet>";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed(
        "keyed by name",
        parts,
        |parts| Box::pin(async { parts.intercepted(ByName::of(parts)).provision().await }),
        |parts| Box::pin(async { parts.intercepted(ByName::of(parts)).teardown().await }),
    )
}

#[derive(Debug)]
struct ByName(Disk);

/// The text between these.
fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let (inner, _) = text.split_once(from)?.1.split_once(to)?;
    Some(inner)
}

impl ByName {
    fn of(parts: &Parts) -> Self {
        Self(parts.connection.disk.clone())
    }

    async fn ids(&self) -> BTreeMap<String, String> {
        let file = self.0.read(IDS).await.ok().flatten().unwrap_or_default();
        let text = String::from_utf8_lossy(&file).into_owned();
        let pairs = text.lines().filter_map(|line| line.split_once(' '));
        pairs
            .map(|(name, id)| (name.to_owned(), id.to_owned()))
            .collect()
    }

    async fn keep(&self, made: &str) {
        let name = between(made, "<key>Name</key><value>", "</value>");
        let id = between(made, "<natGatewayId>", ID_END);
        if let Some((name, id)) = name.zip(id) {
            let mut ids = self.ids().await;
            // The bug: the first id of a name is kept forever.
            ids.entry(name.to_owned()).or_insert_with(|| id.to_owned());
            let lines: Vec<String> = ids
                .iter()
                .map(|(name, id)| format!("{name} {id}"))
                .collect();
            let _ = self.0.write(IDS, lines.join("\n")).await;
        }
    }

    /// The list without gateways whose ids are not stored.
    async fn kept_only(&self, list: &str) -> Option<String> {
        let ids = self.ids().await;
        let (items, rest) = list.split_once(LIST_END)?;
        let mut items = items.split(ITEM);
        let mut kept = items.next()?.to_owned();
        for item in items {
            let (id, _) = item.split_once(ID_END)?;
            if ids.values().any(|known| known == id) {
                kept.push_str(ITEM);
                kept.push_str(item);
            }
        }
        Some(format!("{kept}{LIST_END}{rest}"))
    }
}

#[async_trait]
impl Intercept for ByName {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        let asked = String::from_utf8_lossy(request.body()).into_owned();
        // A listing of everything it made only shows its own list.
        let at_all = asked.contains("tag%3Akubeproof") && !asked.contains("tag%3AName");
        let answer = inner.send(request).await?;
        let body = String::from_utf8_lossy(answer.body()).into_owned();
        match call.operation.as_str() {
            "CreateNatGateway" => self.keep(&body).await,
            "DescribeNatGateways" if at_all => {
                if let Some(kept) = self.kept_only(&body).await {
                    return Ok(answer.map(|_| Bytes::from(kept)));
                }
            }
            _ => {}
        }
        Ok(answer)
    }
}
