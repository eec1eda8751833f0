//! Who may call what: tokens, their roles, and the namespaces that they reach.
//!
//! Measured by others (reference/api/judges.md, section 5): an organisation that the token is not made for answers 403,
//! and a namespace without a payment method refuses to create with 403.

use bytes::Bytes;
use http::{Method, Request};
use kubeproof_simkit::rest::{self, ApiError};

use crate::setup::{Role, Setup, Token, USER};
use crate::wire::refused;

/// What a call needs to be allowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    /// To manage endpoints, and to see them.
    Endpoints,
    /// To call a deployed model.
    Infer,
    Jobs,
    Repositories,
}

impl Permission {
    /// What a token made for single tasks lists.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Endpoints => &["inference.endpoints.write"],
            Self::Infer => &[
                "inference.endpoints.infer.write",
                "inference.endpoints.write",
            ],
            Self::Jobs => &["job.write"],
            Self::Repositories => &["repo.write"],
        }
    }
}

/// The token that a request is sent with; `None` for none or an unknown one.
pub(crate) fn token(setup: &Setup, request: &Request<Bytes>) -> Option<Token> {
    let secret = rest::secret(request)?;
    let mut known = setup.tokens.iter();
    known.find(|token| token.secret == secret).cloned()
}

/// The namespaces that the user has: the user's own, and those of the organisations.
pub(crate) fn namespaces(setup: &Setup) -> impl Iterator<Item = &str> {
    let organisations = setup.organisations.iter().map(|one| one.name.as_str());
    std::iter::once(USER).chain(organisations)
}

/// Whether the namespace has a payment method.
pub(crate) fn can_pay(setup: &Setup, namespace: &str) -> bool {
    if namespace == USER {
        return setup.can_pay;
    }
    let mut organisations = setup.organisations.iter();
    organisations.any(|one| one.name == namespace && one.can_pay)
}

/// Refuses what this token may not do in a namespace.
pub(crate) fn check(
    setup: &Setup,
    token: &Token,
    namespace: &str,
    permission: Permission,
    method: &Method,
) -> Result<(), ApiError> {
    let denied = |why: &str| {
        let message = format!("You don't have the rights to access namespace {namespace}: {why}");
        Err(refused(403, message))
    };
    if !namespaces(setup).any(|known| known == namespace) {
        return denied("the token is not made for it");
    }
    let mut organisations = setup.organisations.iter();
    if organisations.any(|one| one.name == namespace && !one.is_open) {
        return denied("the token is not made for it");
    }
    let is_read = method == Method::GET;
    match &token.role {
        Role::Write => Ok(()),
        Role::Read if is_read => Ok(()),
        Role::Read => denied("the token may only read"),
        Role::FineGrained(permissions) => {
            let granted = permissions.get(namespace).map_or(&[][..], Vec::as_slice);
            let words = permission.words();
            if granted.iter().any(|one| words.contains(&one.as_str())) {
                return Ok(());
            }
            denied(&format!("the token lacks `{}`", words[0]))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;
    use crate::setup::ORGANISATION;

    #[track_caller]
    fn check_role(role: Role, namespace: &str, method: &Method, expected: Option<&str>) {
        let mut setup = Setup::new(1, Timestamp::UNIX_EPOCH);
        setup.organisations.push(crate::setup::Organisation {
            name: "closed".to_owned(),
            can_pay: true,
            is_open: false,
        });
        let token = Token {
            role,
            ..setup.tokens[0].clone()
        };
        let permission = Permission::Endpoints;
        let seen = check(&setup, &token, namespace, permission, method);
        match (seen, expected) {
            (Ok(()), None) => {}
            (Err(error), Some(word)) => {
                assert_eq!(error.status, 403);
                assert!(error.message.contains(word), "{}", error.message);
            }
            (seen, expected) => panic!("{seen:?}, not {expected:?}"),
        }
    }

    #[test]
    fn a_token_reaches_its_namespaces_as_its_role_allows() {
        let fine = |word: &str| {
            let words = vec![word.to_owned()];
            Role::FineGrained(BTreeMap::from([(USER.to_owned(), words)]))
        };
        let (get, post) = (&Method::GET, &Method::POST);
        check_role(Role::Write, USER, post, None);
        check_role(Role::Write, ORGANISATION, post, None);
        check_role(Role::Write, "closed", get, Some("not made for it"));
        check_role(Role::Write, "somebody", get, Some("not made for it"));
        check_role(Role::Read, USER, get, None);
        check_role(Role::Read, USER, post, Some("may only read"));
        check_role(fine("inference.endpoints.write"), USER, post, None);
        let lacks = Some("lacks `inference.endpoints.write`");
        check_role(fine("inference.endpoints.infer.write"), USER, get, lacks);
        check_role(fine("inference.endpoints.write"), ORGANISATION, get, lacks);
    }
}
