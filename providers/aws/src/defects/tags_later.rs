//! Addresses that get their tags in a second call, and a teardown that knows only tags.
//!
//! Seen in the wild when the second call fails (kops issue 597; CAPA proposal 20181010, edge case 1).

use async_trait::async_trait;
use aws_sdk_ec2::types::Tag;
use kubeproof_cloudkit::CallError;
use kubeproof_contract::provisioner::{ClaimedRate, Provisioned, Provisioner, ProvisionerError};

use crate::provisioner::requests::{LAGGING, send};
use crate::provisioner::session::{SETTLED_AFTER, Session};
use crate::provisioner::tags;
use crate::provisioner::{EksProvisioner, address, zones};

/// The reference provisioner with this defect.
pub(super) struct TagsLater(pub(super) EksProvisioner);

#[async_trait]
impl Provisioner for TagsLater {
    fn name(&self) -> String {
        "reference with tags-later".to_owned()
    }

    fn claim(&self) -> Option<ClaimedRate> {
        self.0.claim()
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        let session = self.0.session();
        let tagged = addresses(&session).await;
        tagged.map_err(|error| ProvisionerError::new(error.to_string()))?;
        self.0.provision().await
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        self.0.teardown().await
    }
}

async fn addresses(session: &Session) -> Result<(), CallError> {
    for zone in zones::choose(session).await? {
        let part = format!("nat-{zone}");
        if address::find(session, &part).await?.is_none() {
            let id = address::untagged(session).await?;
            // The bug: between these calls the address has no owner.
            tag(session, &part, &id).await?;
        }
    }
    tokio::time::sleep(SETTLED_AFTER).await;
    Ok(())
}

async fn tag(session: &Session, part: &str, id: &str) -> Result<(), CallError> {
    let name = session.run().name(part);
    let tags: Vec<Tag> = tags::tags(session.run(), &name, &[])
        .into_iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect();
    let request = session.ec2.create_tags().resources(id).set_tags(Some(tags));
    send!(session, "ec2:CreateTags", LAGGING, request)?;
    Ok(())
}
