//! IAM `OpenID` Connect providers: free; made beside a cluster, and not deleted with it.
//!
//! The listing has no pages and no tags; tags and age are read for those that are asked about.

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::Entry;
use super::{Kind, ListResult};
use crate::observer::clients::{Clients, deleted, failed, is_gone, timestamp};

pub const KIND: Kind = Kind::global("iam_oidc_provider", |clients| Box::pin(list(clients)))
    .completed(|clients, resources| Box::pin(complete(clients, resources)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let answer = clients.iam.list_open_id_connect_providers().send().await;
    let answer = answer.map_err(|error| failed("iam:ListOpenIDConnectProviders", &error))?;
    let entry = |provider: &aws_sdk_iam::types::OpenIdConnectProviderListEntry| {
        let host = provider
            .arn()
            .and_then(|arn| arn.split_once('/'))
            .map(|(_, host)| host);
        Entry::new("iam_oidc_provider", provider.arn(), "global")
            .named(host)
            .done()
    };
    Ok(answer
        .open_id_connect_provider_list()
        .iter()
        .map(entry)
        .collect())
}

async fn complete(clients: &Clients, resources: &mut [Resource]) -> Result<(), ObserverError> {
    for resource in resources {
        let call = clients.iam.get_open_id_connect_provider();
        let call = call.open_id_connect_provider_arn(&resource.id);
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) if is_gone(&error) => continue,
            Err(error) => return Err(failed("iam:GetOpenIDConnectProvider", &error)),
        };
        let tags = answer.tags().iter();
        resource
            .tags
            .extend(tags.map(|tag| (tag.key().to_owned(), tag.value().to_owned())));
        // The ARN holds only the issuer, so one that was made again has the same.
        let created = answer.create_date();
        resource.created_at = created.and_then(timestamp);
        resource.incarnation = created.map(|at| at.secs().to_string());
    }
    Ok(())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let call = clients.iam.delete_open_id_connect_provider();
    let call = call.open_id_connect_provider_arn(&resource.id);
    deleted("iam:DeleteOpenIDConnectProvider", call.send().await)
}
