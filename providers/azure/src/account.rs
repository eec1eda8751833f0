//! The id of an account in Azure, as an allow-list names it: the tenant and the subscription, `TENANT/SUBSCRIPTION`.
//!
//! A subscription can move to another tenant, and a run writes into both: into the directory of the one and into the other.

use std::fmt;

use kubeproof_contract::checked::ValueError;
use kubeproof_contract::checked_text;

use crate::api::types::Subscription;
use crate::spec::{SubscriptionId, is_guid};

checked_text!(
    /// The id of a tenant.
    TenantId,
    is_guid,
    "is no tenant id such as 11111111-1111-1111-1111-111111111111"
);

/// A tenant and a subscription that trusts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountId {
    tenant: TenantId,
    subscription: SubscriptionId,
}

impl AccountId {
    /// The account that the cloud tells of a subscription; `None` if it tells less.
    pub fn of(seen: &Subscription) -> Option<Self> {
        Some(Self {
            tenant: TenantId::try_from(seen.tenant_id.clone()).ok()?,
            subscription: SubscriptionId::try_from(seen.subscription_id.clone()).ok()?,
        })
    }
}

/// A text that is no account of Azure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAccount {
    /// One of the two ids is missing.
    #[error(
        "`{0}` is no account of Azure: write the tenant and the subscription, TENANT/SUBSCRIPTION"
    )]
    Part(String),
    /// One of them is no id.
    #[error(transparent)]
    Id(#[from] ValueError),
}

impl TryFrom<&str> for AccountId {
    type Error = NoAccount;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        let parts = text.split_once('/');
        let (tenant, subscription) = parts.ok_or_else(|| NoAccount::Part(text.to_owned()))?;
        Ok(Self {
            tenant: TenantId::try_from(tenant.to_owned())?,
            subscription: SubscriptionId::try_from(subscription.to_owned())?,
        })
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant.0, self.subscription.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "11111111-1111-1111-1111-111111111111";
    const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";

    #[test]
    fn both_ids_are_needed_and_each_must_be_one() {
        let check = |text: &str, expected: Option<&str>| match (AccountId::try_from(text), expected)
        {
            (Ok(read), None) => assert_eq!(read.to_string(), text),
            (Err(error), Some(part)) => assert!(error.to_string().contains(part), "{error}"),
            (read, _) => panic!("{text}: {read:?}"),
        };
        check(&format!("{TENANT}/{SUBSCRIPTION}"), None);
        check(SUBSCRIPTION, Some("TENANT/SUBSCRIPTION"));
        check(
            &format!("contoso/{SUBSCRIPTION}"),
            Some("`contoso` is no tenant id"),
        );
        check(
            &format!("{TENANT}/mine"),
            Some("`mine` is no subscription id"),
        );
        check(
            &format!("{TENANT}/{SUBSCRIPTION}/x"),
            Some("is no subscription id"),
        );
        check("", Some("TENANT/SUBSCRIPTION"));
    }

    #[test]
    fn a_cloud_that_tells_less_names_no_account() {
        let seen = |tenant: &str, subscription: &str| {
            let seen = Subscription {
                tenant_id: tenant.to_owned(),
                subscription_id: subscription.to_owned(),
                ..Subscription::default()
            };
            AccountId::of(&seen).map(|account| account.to_string())
        };
        let both = format!("{TENANT}/{SUBSCRIPTION}");
        assert_eq!(seen(TENANT, SUBSCRIPTION), Some(both));
        assert_eq!(seen("", SUBSCRIPTION), None);
        assert_eq!(seen(TENANT, ""), None);
    }
}
