//! Reads a listing to its last page, under the provisioner's own retry policy.
//!
//! The SDK's paginators repeat by the SDK's policy, which is switched off.

/// Most pages of one listing: a longer one, or one that repeats a page forever, is an error.
pub(crate) const PAGES_MAX: usize = 200;

/// Reads all pages of a listing: `pages!(session, "ec2:DescribeVpcs", request, vpcs)`.
macro_rules! pages {
    ($session:expr, $call:literal, $request:expr, $items:ident) => {
        $crate::provisioner::pages::pages!(
            $session,
            $call,
            $request,
            $items,
            set_next_token,
            next_token
        )
    };
    ($session:expr, $call:literal, $request:expr, $items:ident, $set:ident, $get:ident) => {{
        let request = $request;
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        let mut result = Err($crate::provisioner::error::CallError::other(
            $call,
            "no last page",
        ));
        for _ in 0..$crate::provisioner::pages::PAGES_MAX {
            let asked = request.clone().$set(token.take());
            let policy = $crate::provisioner::retry::RetryPolicy::IDEMPOTENT;
            match $session.send($call, policy, || asked.clone().send()).await {
                Err(error) => {
                    result = Err(error);
                    break;
                }
                Ok(page) => {
                    all.extend(page.$items().iter().cloned());
                    token = page
                        .$get()
                        .filter(|token| !token.is_empty())
                        .map(str::to_owned);
                    if token.is_none() {
                        result = Ok(std::mem::take(&mut all));
                        break;
                    }
                }
            }
        }
        result
    }};
}

pub(crate) use pages;
