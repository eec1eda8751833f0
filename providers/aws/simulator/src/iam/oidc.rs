//! `OpenID` Connect providers: what lets pods use roles, named by the cluster's issuer.
//!
//! EKS makes only the issuer: the provider is the provisioner's to create and delete.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::Resource;

use super::{already_exists, arn, date, done, no_such_entity, paged, tag_nodes};
use crate::state::State;
use crate::wire::error::AwsError;
use crate::wire::params::Params;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// The most providers of an account (AWS's default quota; eksctl issue 1653).
const PROVIDERS_MAX: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its ARN, which holds the issuer.
    pub arn: String,
    /// The issuer without its scheme.
    pub url: String,
    pub client_ids: Vec<String>,
    pub thumbprints: Vec<String>,
    pub created_at: Timestamp,
    pub tags: BTreeMap<String, String>,
}

pub(super) fn create(state: &mut State, params: &Params) -> Outcome {
    let given = params.need("Url")?;
    let Some(url) = given
        .strip_prefix("https://")
        .map(|url| url.trim_end_matches('/').to_owned())
    else {
        let message = format!("Invalid Open ID Connect Provider URL {given}");
        return Err(AwsError::new(400, "InvalidInput", message));
    };
    let arn = arn(&format!("oidc-provider/{url}"));
    if state.iam.oidc.contains_key(&arn) {
        return Err(already_exists(format!(
            "Provider with url https://{url} already exists."
        )));
    }
    if state.iam.oidc.len() >= PROVIDERS_MAX {
        let message =
            format!("Cannot exceed quota for OpenIdConnectProvidersPerAccount: {PROVIDERS_MAX}");
        return Err(AwsError::new(409, "LimitExceeded", message));
    }
    let provider = Provider {
        arn: arn.clone(),
        url,
        client_ids: params.list("ClientIDList"),
        thumbprints: params.list("ThumbprintList"),
        created_at: state.now,
        tags: params.tags("Tags"),
    };
    state.iam.oidc.insert(arn.clone(), provider);
    Ok(Answer::Xml(
        Node::new().text("OpenIDConnectProviderArn", arn),
    ))
}

fn find<'a>(state: &'a State, params: &Params) -> Result<&'a Provider, AwsError> {
    let arn = params.need("OpenIDConnectProviderArn")?;
    let missing = || no_such_entity(format!("OpenIDConnect Provider not found for arn {arn}"));
    state.iam.oidc.get(arn).ok_or_else(missing)
}

fn find_mut<'a>(state: &'a mut State, params: &Params) -> Result<&'a mut Provider, AwsError> {
    let arn = params.need("OpenIDConnectProviderArn")?;
    let missing = || no_such_entity(format!("OpenIDConnect Provider not found for arn {arn}"));
    state.iam.oidc.get_mut(arn).ok_or_else(missing)
}

pub(super) fn tag(state: &mut State, params: &Params) -> Outcome {
    let tags = params.tags("Tags");
    find_mut(state, params)?.tags.extend(tags);
    Ok(done())
}

pub(super) fn untag(state: &mut State, params: &Params) -> Outcome {
    let keys = params.list("TagKeys");
    let provider = find_mut(state, params)?;
    provider.tags.retain(|key, _| !keys.contains(key));
    Ok(done())
}

pub(super) fn add_client(state: &mut State, params: &Params) -> Outcome {
    let client = params.need("ClientID")?.to_owned();
    let provider = find_mut(state, params)?;
    if !provider.client_ids.contains(&client) {
        provider.client_ids.push(client);
    }
    Ok(done())
}

pub(super) fn remove_client(state: &mut State, params: &Params) -> Outcome {
    let client = params.need("ClientID")?.to_owned();
    find_mut(state, params)?
        .client_ids
        .retain(|one| *one != client);
    Ok(done())
}

pub(super) fn set_thumbprints(state: &mut State, params: &Params) -> Outcome {
    let thumbprints = params.list("ThumbprintList");
    find_mut(state, params)?.thumbprints = thumbprints;
    Ok(done())
}

pub(super) fn list_tags(state: &State, params: &Params) -> Outcome {
    let tags = tag_nodes(&find(state, params)?.tags);
    paged(state, params, "ListOpenIDConnectProviderTags", "Tags", tags)
}

pub(super) fn get(state: &State, params: &Params) -> Outcome {
    let provider = find(state, params)?;
    let node = Node::new()
        .text("Url", &provider.url)
        .list(
            "ClientIDList",
            "member",
            provider.client_ids.iter().map(Node::of_text),
        )
        .list(
            "ThumbprintList",
            "member",
            provider.thumbprints.iter().map(Node::of_text),
        )
        .text("CreateDate", date(provider.created_at))
        .list("Tags", "member", tag_nodes(&provider.tags));
    Ok(Answer::Xml(node))
}

/// This list has no pages.
pub(super) fn list(state: &State) -> Answer {
    let members = state
        .iam
        .oidc
        .keys()
        .map(|arn| Node::new().text("Arn", arn));
    Answer::Xml(Node::new().list("OpenIDConnectProviderList", "member", members))
}

/// Deleting a missing provider succeeds, as the API documents.
pub(super) fn delete(state: &mut State, params: &Params) -> Answer {
    state
        .iam
        .oidc
        .remove(params.get("OpenIDConnectProviderArn").unwrap_or_default());
    done()
}

pub(super) fn resource(provider: &Provider) -> Resource {
    let mut resource = Resource::new("iam_oidc_provider", &provider.arn, "global");
    resource.name = Some(provider.url.clone());
    resource.tags = provider.tags.clone();
    resource.created_at = Some(provider.created_at);
    resource
}
