//! Reading a list to its last page, under the provisioner's own rule of repetition.
//!
//! Apart from the SDK's paginators because those repeat by the SDK's rule, which we turned off.

/// Most pages of one list: a list that is longer, or that repeats a page for ever, is an error.
pub(crate) const PAGES_MAX: usize = 200;

/// Reads all pages of a listing call: `pages!(session, "ec2:DescribeVpcs", request, vpcs)`.
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
        let mut result = Err($crate::provisioner::problem::Problem::ours(
            $call,
            "no last page",
        ));
        for _ in 0..$crate::provisioner::pages::PAGES_MAX {
            let asked = request.clone().$set(token.take());
            let rule = $crate::provisioner::retry::Rule::SAFE;
            match $session.send($call, rule, || asked.clone().send()).await {
                Err(problem) => {
                    result = Err(problem);
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
