//! Tags of load balancers and target groups, twenty ARNs a call.

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use crate::observer::clients::{Clients, failed, is_gone};

/// Most ARNs in one `DescribeTags`.
const ARNS_MAX: usize = 20;

/// Adds the tags of these resources, whose ids are ARNs.
pub async fn complete(clients: &Clients, resources: &mut [Resource]) -> Result<(), ObserverError> {
    for group in resources.chunks_mut(ARNS_MAX) {
        let arns = group.iter().map(|resource| resource.id.clone()).collect();
        let answer = match clients
            .elbv2
            .describe_tags()
            .set_resource_arns(Some(arns))
            .send()
            .await
        {
            Ok(answer) => answer,
            Err(error) if is_gone(&error) => continue,
            Err(error) => return Err(failed("elasticloadbalancing:DescribeTags", &error)),
        };
        for described in answer.tag_descriptions() {
            let arn = described.resource_arn();
            let found = group
                .iter_mut()
                .find(|resource| Some(resource.id.as_str()) == arn);
            if let Some(resource) = found {
                let tags = described.tags().iter().map(|tag| {
                    let value = tag.value().unwrap_or_default();
                    (tag.key().unwrap_or_default().to_owned(), value.to_owned())
                });
                resource.tags.extend(tags);
            }
        }
    }
    Ok(())
}
