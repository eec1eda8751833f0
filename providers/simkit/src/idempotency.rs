//! Idempotency tokens: repeating a request with the same token creates nothing new.

use std::collections::BTreeMap;

/// How a request relates to an earlier one with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat<T> {
    /// It is another request: no token, or another one.
    No,
    /// It is the same request again; this is what the first one made.
    Same(T),
    /// The token was used for a request with other parameters.
    Mismatch,
}

/// The token of a request, with the rest of the request's content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// The token; `None` if the request has none.
    pub token: Option<String>,
    /// The request's other parameters as text.
    pub rest: String,
}

impl Token {
    /// Whether `later` repeats this request.
    pub fn repeated_by(&self, later: &Self) -> Repeat<()> {
        match (&self.token, &later.token) {
            (Some(token), Some(again)) if token == again => {
                if self.rest == later.rest {
                    Repeat::Same(())
                } else {
                    Repeat::Mismatch
                }
            }
            _ => Repeat::No,
        }
    }
}

/// The tokens that were used, by operation, with the id of what each request made.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    used: BTreeMap<(String, String), (Token, String)>,
}

impl Tokens {
    /// What an earlier request of this operation with the same token made.
    pub fn earlier(&self, operation: &str, request: &Token) -> Repeat<&str> {
        let key = request.token.as_ref();
        let key = key.map(|token| (operation.to_owned(), token.clone()));
        let Some((earlier, id)) = key.and_then(|key| self.used.get(&key)) else {
            return Repeat::No;
        };
        match earlier.repeated_by(request) {
            Repeat::No => Repeat::No,
            Repeat::Same(()) => Repeat::Same(id),
            Repeat::Mismatch => Repeat::Mismatch,
        }
    }

    /// Remembers what a request made, if it has a token.
    pub fn remember(&mut self, operation: &str, request: Token, id: &str) {
        if let Some(token) = request.token.clone() {
            let key = (operation.to_owned(), token);
            self.used.insert(key, (request, id.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(token: Option<&str>, rest: &str) -> Token {
        Token {
            token: token.map(str::to_owned),
            rest: rest.to_owned(),
        }
    }

    #[test]
    fn only_the_same_operation_token_and_parameters_are_a_repetition() {
        let mut tokens = Tokens::default();
        tokens.remember("Create", request(Some("t"), "a=1"), "id-1");
        tokens.remember("Create", request(None, "a=2"), "id-2");
        let check = |operation: &str, token, rest: &str, expected| {
            let earlier = tokens.earlier(operation, &request(token, rest));
            assert_eq!(earlier, expected, "{operation} {token:?} {rest}");
        };
        check("Create", Some("t"), "a=1", Repeat::Same("id-1"));
        check("Create", Some("t"), "a=2", Repeat::Mismatch);
        check("Create", Some("u"), "a=1", Repeat::No);
        check("Other", Some("t"), "a=1", Repeat::No);
        check("Create", None, "a=2", Repeat::No);
    }
}
