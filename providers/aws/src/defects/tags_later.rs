//! Addresses that get their tags in a second call, and a teardown that knows only tags.
//!
//! Seen in the wild when the second call fails (kops issue 597; CAPA proposal 20181010, edge case 1).

use async_trait::async_trait;
use aws_sdk_ec2::types::Tag;
use kubeproof_contract::provisioner::{Claim, Provisioned, Provisioner, ProvisionerError};

use crate::provisioner::names;
use crate::provisioner::retry::Rule;
use crate::provisioner::session::{SETTLED_AFTER, Session};
use crate::provisioner::{EksProvisioner, address, problem::Problem, zones};

/// The reference provisioner with this defect.
pub(super) struct TagsLater(pub(super) EksProvisioner);

#[async_trait]
impl Provisioner for TagsLater {
    fn name(&self) -> String {
        "reference with tags-later".to_owned()
    }

    fn claim(&self) -> Option<Claim> {
        self.0.claim()
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        let session = self.0.session();
        let tagged = addresses(&session).await;
        tagged.map_err(|problem| ProvisionerError::new(problem.to_string()))?;
        self.0.provision().await
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        self.0.teardown().await
    }
}

async fn addresses(session: &Session) -> Result<(), Problem> {
    for zone in zones::choose(session).await? {
        let part = format!("nat-{zone}");
        if address::find(session, &part).await?.is_none() {
            let id = address::untagged(session).await?;
            // The bug: between these calls nobody knows whose address it is.
            tag(session, &part, &id).await?;
        }
    }
    tokio::time::sleep(SETTLED_AFTER).await;
    Ok(())
}

async fn tag(session: &Session, part: &str, id: &str) -> Result<(), Problem> {
    let name = session.run().name(part);
    let tags: Vec<Tag> = names::tags(session.run(), &name, &[])
        .into_iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect();
    let request = session.ec2.create_tags().resources(id).set_tags(Some(tags));
    session
        .send("ec2:CreateTags", Rule::LAGGING, || request.clone().send())
        .await?;
    Ok(())
}
