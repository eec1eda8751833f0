//! The rules of names, which Kubernetes takes from DNS, with its messages.

/// Which rule a name follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameRule {
    /// A label of RFC 1123: no dots, at most 63 characters.
    Label,
    /// A label of RFC 1035: begins with a letter.
    Dns1035,
    /// A subdomain of RFC 1123: dots, at most 253 characters.
    Subdomain,
}

/// What is wrong with a name, as a real server says it.
pub(crate) fn violation(rule: NameRule, name: &str) -> Option<String> {
    let limit = if rule == NameRule::Subdomain { 253 } else { 63 };
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
        NameRule::Label => part(name),
        NameRule::Dns1035 => {
            part(name) && name.starts_with(|letter: char| letter.is_ascii_lowercase())
        }
        NameRule::Subdomain => name.split('.').all(part),
    };
    let words = match rule {
        NameRule::Label => {
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
             and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', \
             regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
        }
        NameRule::Dns1035 => {
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with \
             an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or \
             'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
        }
        NameRule::Subdomain => {
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

    fn check(rule: NameRule, name: &str, fine: bool) {
        assert_eq!(violation(rule, name).is_none(), fine, "{rule:?} {name}");
    }

    #[test]
    fn names_follow_their_rule() {
        check(NameRule::Label, "1-a", true);
        check(NameRule::Label, "a.b", false);
        check(NameRule::Label, "-a", false);
        check(NameRule::Label, &"a".repeat(64), false);
        check(NameRule::Dns1035, "a-1", true);
        check(NameRule::Dns1035, "1-a", false);
        check(NameRule::Subdomain, "kube-root-ca.crt", true);
        check(NameRule::Subdomain, "a..b", false);
        check(NameRule::Subdomain, "Bad_Name", false);
    }
}
