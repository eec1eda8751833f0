//! What names may look like: the rules of DNS that Kubernetes takes over, in its words.

/// Which rule a name follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A label of RFC 1123: no dots, at most 63 characters.
    Label,
    /// A label of RFC 1035: begins with a letter.
    Dns1035,
    /// A subdomain of RFC 1123: dots, at most 253 characters.
    Subdomain,
}

/// What is wrong with a name.
pub(crate) fn problem(rule: Rule, name: &str) -> Option<String> {
    let limit = if rule == Rule::Subdomain { 253 } else { 63 };
    if name.len() > limit {
        return Some(format!(
            "Invalid value: \"{name}\": must be no more than {limit} characters"
        ));
    }
    let part = |part: &str| {
        let edge = |letter: Option<char>| {
            letter.is_some_and(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
        };
        let inside =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        edge(part.chars().next()) && edge(part.chars().last()) && part.chars().all(inside)
    };
    let fine = match rule {
        Rule::Label => part(name),
        Rule::Dns1035 => part(name) && name.starts_with(|letter: char| letter.is_ascii_lowercase()),
        Rule::Subdomain => name.split('.').all(part),
    };
    let words = match rule {
        Rule::Label => {
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
             and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', \
             regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
        }
        Rule::Dns1035 => {
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with \
             an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or \
             'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
        }
        Rule::Subdomain => {
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' \
             or '.', and must start and end with an alphanumeric character (e.g. 'example.com', \
             regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
        }
    };
    (!fine).then(|| format!("Invalid value: \"{name}\": {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: Rule, name: &str, fine: bool) {
        assert_eq!(problem(rule, name).is_none(), fine, "{rule:?} {name}");
    }

    #[test]
    fn names_follow_their_rule() {
        check(Rule::Label, "1-a", true);
        check(Rule::Label, "a.b", false);
        check(Rule::Label, "-a", false);
        check(Rule::Label, &"a".repeat(64), false);
        check(Rule::Dns1035, "a-1", true);
        check(Rule::Dns1035, "1-a", false);
        check(Rule::Subdomain, "kube-root-ca.crt", true);
        check(Rule::Subdomain, "a..b", false);
        check(Rule::Subdomain, "Bad_Name", false);
    }
}
