//! The filters of role assignments.

/// What a list of assignments is filtered by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// Not those below the scope.
    pub(super) is_at_scope: bool,
    pub(super) principal: Option<String>,
}

impl Filter {
    /// A filter as it is written; `None` for one that is not understood.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut filter = Self::default();
        for part in text
            .split(" and ")
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let quoted = |begin: &str, end: &str| {
                let inner = part.strip_prefix(begin)?.strip_suffix(end)?;
                Some(inner.to_owned())
            };
            let principal =
                quoted("principalId eq '", "'").or_else(|| quoted("assignedTo('", "')"));
            match (part.to_ascii_lowercase().as_str(), principal) {
                ("atscope()", _) => filter.is_at_scope = true,
                (_, Some(principal)) => filter.principal = Some(principal),
                _ => return None,
            }
        }
        Some(filter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_or_refused() {
        let check = |text: &str, expected: Option<(bool, Option<&str>)>| {
            let seen = Filter::read(text).map(|filter| (filter.is_at_scope, filter.principal));
            let expected = expected.map(|(at, principal)| (at, principal.map(str::to_owned)));
            assert_eq!(seen, expected, "{text}");
        };
        check("", Some((false, None)));
        check("atScope()", Some((true, None)));
        check("atScope() and assignedTo('p')", Some((true, Some("p"))));
        check("principalId eq 'p'", Some((false, Some("p"))));
        check("principalId ne 'p'", None);
    }
}
