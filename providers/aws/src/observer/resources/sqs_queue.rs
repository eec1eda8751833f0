//! SQS queues: free as long as no one sends anything, since requests are billed and queues are not.
//!
//! The listing has URLs only; tags are read for those that are asked about.

use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};

use super::entry::{Entry, property};
use super::net::json_items;
use super::{Kind, ListResult};
use crate::json_call::{JsonCall, JsonService};
use crate::observer::clients::{Clients, observer_error};

const SERVICE: JsonService = JsonService("sqs", "AmazonSQS");
const LIST: JsonCall = SERVICE.call("ListQueues");
const LIST_TAGS: JsonCall = SERVICE.call("ListQueueTags");
const DELETE: JsonCall = SERVICE.call("DeleteQueue");

pub const KIND: Kind = Kind::regional("sqs_queue", |clients| Box::pin(list(clients)))
    .completed(|clients, resources| Box::pin(complete(clients, resources)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    // Without a size the listing ends after a thousand, silently; without queues the answer has no list.
    let asked = json!({ "MaxResults": 1000 });
    let items = |answer: &Value| Some(answer["QueueUrls"].as_array().cloned().unwrap_or_default());
    let urls = json_items(clients, &LIST, &asked, items).await?;
    let entry = |url: &Value| url.as_str().and_then(|url| entry(url, &clients.region));
    let all: Option<Vec<Resource>> = urls.iter().map(entry).collect();
    all.ok_or_else(|| observer_error(&LIST.name(), "a URL names no queue"))
}

/// The queue of a URL, whose last parts are the account and the name.
fn entry(url: &str, region: &str) -> Option<Resource> {
    let mut parts = url.rsplit('/');
    let (name, account) = (parts.next()?, parts.next()?);
    let partition = if region.starts_with("cn-") {
        "aws-cn"
    } else {
        "aws"
    };
    let arn = format!("arn:{partition}:sqs:{region}:{account}:{name}");
    let entry = Entry::new("sqs_queue", Some(&arn), region);
    Some(entry.named(Some(name)).property("url", Some(url)).done())
}

async fn complete(clients: &Clients, resources: &mut [Resource]) -> Result<(), ObserverError> {
    for resource in resources {
        let asked = json!({ "QueueUrl": property(resource, "url") });
        match clients.json::<Value>(&LIST_TAGS, &asked).await {
            Ok(answer) => {
                let tags = answer["Tags"].as_object().into_iter().flatten();
                let text = |(key, value): (&String, &Value)| {
                    (key.clone(), value.as_str().unwrap_or_default().to_owned())
                };
                resource.tags.extend(tags.map(text));
            }
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let asked = json!({ "QueueUrl": property(resource, "url") });
    ignore_not_found(clients.json::<Value>(&DELETE, &asked).await)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::entry;

    #[test]
    fn a_queue_is_known_by_the_arn_that_its_url_stands_for() {
        let check = |url: &str, region: &str, expected: Option<&str>| {
            let queue = entry(url, region);
            assert_eq!(queue.map(|queue| queue.id).as_deref(), expected, "{url}");
        };
        let url = "https://sqs.us-east-1.amazonaws.com/123456789012/q-1";
        let arn = "arn:aws:sqs:us-east-1:123456789012:q-1";
        check(url, "us-east-1", Some(arn));
        let china = "arn:aws-cn:sqs:cn-north-1:1:q";
        check(
            "https://sqs.cn-north-1.amazonaws.com.cn/1/q",
            "cn-north-1",
            Some(china),
        );
        check("q", "us-east-1", None);
    }
}
