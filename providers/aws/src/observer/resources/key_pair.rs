//! EC2 key pairs: free.
//!
//! `DescribeKeyPairs` has no pages.

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::Entry;
use super::{Kind, ListResult};
use crate::observer::clients::{Clients, deleted, failed};

pub const KIND: Kind = Kind::regional("key_pair", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let answer = clients.ec2.describe_key_pairs().send().await;
    let answer = answer.map_err(|error| failed("ec2:DescribeKeyPairs", &error))?;
    let entry = |pair: &aws_sdk_ec2::types::KeyPairInfo| {
        Entry::new("key_pair", pair.key_pair_id(), &clients.region)
            .ec2_tags(pair.tags())
            .named(pair.key_name())
            .created(pair.create_time())
            .done()
    };
    Ok(answer.key_pairs().iter().map(entry).collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let call = clients
        .ec2
        .delete_key_pair()
        .key_pair_id(&resource.id)
        .send();
    deleted("ec2:DeleteKeyPair", call.await)
}
