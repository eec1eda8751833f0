//! Tables of REST routes: which operation a method and a path name. Dialects and simulators read the same table.

/// One operation of a REST API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The HTTP method, such as `GET`.
    pub method: &'static str,
    /// The path below the API's base, such as `/instances/{id}`: a segment in braces stands for any one segment, and
    /// may have a verb after it (`/instances/{id}:start`). `{+scope}` stands for one segment or more, at most once in
    /// a path.
    pub path: &'static str,
    /// The operation, such as `GetInstance`.
    pub name: &'static str,
    /// Whether the operation only reads, whatever its method.
    reads: bool,
}

impl Route {
    /// A route.
    pub const fn new(method: &'static str, path: &'static str, name: &'static str) -> Self {
        Self {
            method,
            path,
            name,
            reads: false,
        }
    }

    /// The same for an operation that only reads although its method is that of a change: a query in a body.
    #[must_use]
    pub const fn reading(self) -> Self {
        Self {
            reads: true,
            ..self
        }
    }

    /// Whether the operation changes anything.
    pub fn is_mutating(&self) -> bool {
        !self.reads && !matches!(self.method, "GET" | "HEAD")
    }

    /// The segments of a path that stand for parameters, when the path is one of this route's.
    fn parameters<'p>(&self, path: &'p str) -> Option<Vec<&'p str>> {
        let Some((before, open)) = self.path.split_once("{+") else {
            return matched(self.path, path);
        };
        let (_, after) = open.split_once('}')?;
        // What stands before and after it has as many slashes as the route has there.
        let slashes = |part: &str| part.matches('/').count();
        let from = path.match_indices('/').nth(slashes(before).checked_sub(1)?);
        let (first, rest) = path.split_at(from?.0 + 1);
        let to = match slashes(after).checked_sub(1) {
            Some(last) => rest.rmatch_indices('/').nth(last)?.0,
            None => rest.len(),
        };
        let (middle, last) = rest.split_at(to);
        let mut parameters = matched(before, first)?;
        parameters.push(parameter(middle, "")?);
        parameters.extend(matched(after, last)?);
        Some(parameters)
    }
}

/// The segments of a path that stand for parameters of this pattern, when they fit segment by segment.
fn matched<'p>(pattern: &str, path: &'p str) -> Option<Vec<&'p str>> {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    let mut parameters = Vec::new();
    // Ends with the longer of two paths.
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(parameters),
            (Some(wanted), Some(given)) => match verb(wanted) {
                Some(verb) => parameters.push(parameter(given, verb)?),
                None if wanted == given => {}
                None => return None,
            },
            _ => return None,
        }
    }
}

/// The verb after the parameter of a segment, such as `:start` of `{id}:start`: empty when there is none. `None` when
/// the segment is no parameter.
pub fn verb(segment: &str) -> Option<&str> {
    let (_, verb) = segment.strip_prefix('{')?.split_once('}')?;
    Some(verb)
}

/// What stands in `given` before a verb.
fn parameter<'p>(given: &'p str, verb: &str) -> Option<&'p str> {
    given.strip_suffix(verb).filter(|value| !value.is_empty())
}

/// A route that fits a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'r, 'p> {
    /// The route.
    pub route: &'r Route,
    /// Its parameters in the order of the path, as they are written there.
    pub parameters: Vec<&'p str>,
}

impl Found<'_, '_> {
    /// Of routes that fit a request, the least of these is meant: the one with the fewest parameters, and of those the
    /// one with the shortest.
    pub fn precedence(&self) -> (usize, usize) {
        let written = self.parameters.iter().map(|one| one.len());
        (self.parameters.len(), written.sum())
    }
}

/// The route of a request. When several fit, it is the one with the fewest parameters, and of those the one with the
/// shortest: `{id}:start` goes before `{id}`.
pub fn find<'r, 'p>(
    routes: impl IntoIterator<Item = &'r Route>,
    method: &str,
    path: &'p str,
) -> Option<Found<'r, 'p>> {
    let routes = routes.into_iter();
    let of_method = routes.filter(|route| route.method == method);
    let fitting = of_method.filter_map(|route| {
        let parameters = route.parameters(path)?;
        Some(Found { route, parameters })
    });
    fitting.min_by_key(Found::precedence)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &[Route] = &[
        Route::new("GET", "/rulesets/{id}", "GetRuleset"),
        Route::new("GET", "/rulesets/global", "GetGlobal"),
        Route::new("GET", "/rulesets", "ListRulesets"),
        Route::new("DELETE", "/rulesets/{id}/rules/{rule}", "DeleteRule"),
        Route::new("POST", "/rulesets/{id}", "UpdateRuleset"),
        Route::new("POST", "/rulesets/{id}:test", "TestRuleset").reading(),
        Route::new("GET", "/rulesets/{id}:export", "ExportRuleset"),
    ];

    #[track_caller]
    fn check(method: &str, path: &str, expected: Option<(&str, &[&str])>) {
        let found = find(ROUTES, method, path);
        let found = found.map(|found| (found.route.name, found.parameters));
        let expected = expected.map(|(name, parameters)| (name, parameters.to_vec()));
        assert_eq!(found, expected, "{method} {path}");
    }

    #[test]
    fn a_request_has_one_route_and_a_literal_goes_before_a_parameter() {
        check("GET", "/rulesets", Some(("ListRulesets", &[])));
        check("GET", "/rulesets/7", Some(("GetRuleset", &["7"])));
        check("GET", "/rulesets/global", Some(("GetGlobal", &[])));
        let rule = Some(("DeleteRule", &["7", "b"][..]));
        check("DELETE", "/rulesets/7/rules/b", rule);
        for path in ["/rulesets/", "/rulesets/7/", "/rules", "rulesets", ""] {
            check("GET", path, None);
        }
        check("POST", "/rulesets", None);
    }

    #[test]
    fn a_verb_after_a_parameter_is_no_part_of_it() {
        check("POST", "/rulesets/7", Some(("UpdateRuleset", &["7"])));
        check("POST", "/rulesets/7:test", Some(("TestRuleset", &["7"])));
        check("GET", "/rulesets/7:test", Some(("GetRuleset", &["7:test"])));
        let update = Some(("UpdateRuleset", &[":test"][..]));
        check("POST", "/rulesets/:test", update);
    }

    #[test]
    fn a_parameter_with_a_plus_takes_as_many_segments_as_there_are() {
        const OPEN: &[Route] = &[
            Route::new("GET", "/{+scope}/locks/{lock}", "GetLock"),
            Route::new("GET", "/groups/{group}/items/{+id}", "GetItem"),
        ];
        let check = |path: &str, expected: Option<(&str, &[&str])>| {
            let found = find(OPEN, "GET", path);
            let found = found.map(|found| (found.route.name, found.parameters));
            let expected = expected.map(|(name, parameters)| (name, parameters.to_vec()));
            assert_eq!(found, expected, "{path}");
        };
        check("/a/locks/l", Some(("GetLock", &["a", "l"])));
        check("/a/b/c/locks/l", Some(("GetLock", &["a/b/c", "l"])));
        check("/a/locks/b/locks/l", Some(("GetLock", &["a/locks/b", "l"])));
        check("/groups/g/items/i/j", Some(("GetItem", &["g", "i/j"])));
        for path in [
            "/locks/l",
            "//locks/l",
            "/a/locks",
            "/groups/g/items/",
            "/groups/g/items",
        ] {
            check(path, None);
        }
    }

    #[test]
    fn only_reads_change_nothing() {
        let changing = ROUTES.iter().filter(|route| route.is_mutating());
        assert_eq!(
            changing.map(|route| route.name).collect::<Vec<_>>(),
            ["DeleteRule", "UpdateRuleset"]
        );
    }
}
