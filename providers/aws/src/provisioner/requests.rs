//! Sends the SDK's requests, which share no trait, under the retry policies of `cloudkit`.

use kubeproof_cloudkit::RetryPolicy;

pub(crate) const IDEMPOTENT: RetryPolicy = RetryPolicy::IDEMPOTENT;
pub(crate) const LAGGING: RetryPolicy = RetryPolicy::LAGGING;
pub(crate) const ONCE: RetryPolicy = RetryPolicy::ONCE;

/// Makes one call, again as its policy says: `send!(session, "ec2:CreateVpc", ONCE, request)`.
macro_rules! send {
    ($session:expr, $call:expr, $policy:expr, $request:expr) => {{
        let request = &$request;
        $session
            .send($call, $policy, || request.clone().send())
            .await
    }};
}

/// Reads all pages of a list: `pages!(session, "ec2:DescribeVpcs", request, vpcs)`. The SDK's paginators repeat by
/// the SDK's policy, which is off.
macro_rules! pages {
    ($session:expr, $call:expr, $request:expr, $items:ident) => {
        $crate::provisioner::requests::pages!(
            $session,
            $call,
            $request,
            $items,
            set_next_token,
            next_token
        )
    };
    ($session:expr, $call:expr, $request:expr, $items:ident, $set:ident, $get:ident) => {{
        let request = &$request;
        let read = |token| {
            let asked = request.clone().$set(token);
            async move {
                let answer = Box::pin(asked.send());
                let page = answer
                    .await
                    .map_err(|error| $crate::error::call_error($call, &error))?;
                Ok((page.$items().to_vec(), page.$get().map(str::to_owned)))
            }
        };
        $session.all_pages($call, read).await
    }};
}

pub(crate) use {pages, send};
