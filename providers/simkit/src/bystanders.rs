//! Bystanders: resources of other owners and shared ones, which must survive every run.

use std::collections::BTreeSet;

use kubeproof_contract::cost::Charge;
use kubeproof_contract::journal::digest;
use kubeproof_contract::resource::{Resource, ResourceKey};

/// A set of bystanders.
#[derive(Clone, Debug, Default)]
pub struct Bystanders(BTreeSet<ResourceKey>);

impl Bystanders {
    /// Adds these resources.
    pub fn add<'a>(&mut self, resources: impl IntoIterator<Item = &'a Resource>) {
        self.0.extend(resources.into_iter().map(Resource::key));
    }

    /// Whether a resource is one of them.
    pub fn has(&self, resource: &Resource) -> bool {
        self.0.contains(&resource.key())
    }

    /// These charges without those for bystanders.
    pub fn without(&self, mut charges: Vec<Charge>) -> Vec<Charge> {
        let ids: BTreeSet<&str> = self.0.iter().map(|key| key.id.as_str()).collect();
        charges.retain(|charge| {
            let id = charge.resource_id.as_deref();
            id.is_none_or(|id| !ids.contains(id))
        });
        charges
    }
}

/// Each resource with a digest of its whole state, which `whole` gives as text: what the inventory does not show
/// included, and what time alone changes left out.
pub fn digests(
    resources: impl IntoIterator<Item = Resource>,
    whole: impl Fn(&Resource) -> String,
) -> Vec<(Resource, String)> {
    let digested = |resource: Resource| {
        let digest = digest(whole(&resource).as_bytes());
        (resource, digest)
    };
    resources.into_iter().map(digested).collect()
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::Decimal;

    use super::*;

    #[test]
    fn bystanders_are_known_by_their_key_and_are_on_no_bill() {
        let theirs = Resource::new("disk", "d-1", "r");
        let mut bystanders = Bystanders::default();
        bystanders.add([&theirs]);
        assert!(bystanders.has(&theirs) && !bystanders.has(&Resource::new("disk", "d-1", "other")));
        let charge = |id: Option<&str>| Charge {
            line: "disks".to_owned(),
            usage_type: "GiB".to_owned(),
            resource_id: id.map(str::to_owned),
            run_id: None,
            quantity: Decimal::ONE,
            unit: "GiB-hour".to_owned(),
            usd: Decimal::ONE,
        };
        let charges = [None, Some("d-1"), Some("d-2")].map(charge);
        let left = bystanders.without(charges.to_vec());
        let ids: Vec<_> = left
            .iter()
            .map(|charge| charge.resource_id.as_deref())
            .collect();
        assert_eq!(ids, [None, Some("d-2")]);
    }

    #[test]
    fn a_digest_differs_when_the_state_does() {
        let one = || [Resource::new("disk", "d-1", "r")];
        let of = |state: &str| digests(one(), |_| state.to_owned());
        assert_eq!(of("8 GiB"), of("8 GiB"));
        assert_ne!(of("8 GiB"), of("9 GiB"));
    }
}
