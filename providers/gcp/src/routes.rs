//! The operations of each service, by method and path. A name is the method's id in Google's discovery documents
//! without the service: `networks.insert` of `compute`.

pub mod compute;
pub mod container;
pub mod project;
pub mod workload;

use kubeproof_contract::route::{self, Found, Route};

/// One service of Google Cloud.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// The name in call signatures, as in the discovery document.
    pub name: &'static str,
    /// What comes before each path.
    pub url: &'static str,
    /// The operations.
    pub routes: &'static [Route],
}

impl Service {
    /// The host that answers, and what comes before each path on it.
    fn place(&self) -> (&'static str, &'static str) {
        let rest = self
            .url
            .split_once("://")
            .map_or(self.url, |(_, rest)| rest);
        let base = rest.find('/').unwrap_or(rest.len());
        rest.split_at(base)
    }
}

/// All services that are called.
pub const SERVICES: &[Service] = &[
    compute::SERVICE,
    container::SERVICE,
    project::PROJECTS,
    project::PROJECTS_V3,
    project::SERVICE_USAGE,
    project::IAM,
    project::BILLING,
    project::ASSET,
    project::LOGGING,
    project::BIGQUERY,
    workload::DNS,
    workload::FILES,
    workload::HUB,
    workload::KMS,
    project::TOKEN,
    project::TOKEN_EXCHANGE,
    project::IMPERSONATION,
    project::METADATA,
];

/// The service and the operation of a request. A host by name has one service's paths; any other host, such as a
/// simulator's on a socket, has those of all.
pub fn find<'p>(
    host: &str,
    method: &str,
    path: &'p str,
) -> Option<(&'static Service, Found<'static, 'p>)> {
    let named = SERVICES.iter().any(|service| service.place().0 == host);
    let services = SERVICES
        .iter()
        .filter(|service| !named || service.place().0 == host);
    services
        .filter_map(|service| {
            let path = path.strip_prefix(service.place().1)?;
            let found = route::find(service.routes, method, path)?;
            Some((service, found))
        })
        .min_by_key(|(_, found)| found.precedence())
}

/// The service of a request that no operation has: by its host, or by a path that only one service has.
pub fn service_of(host: &str, path: &str) -> Option<&'static Service> {
    let by_host = SERVICES.iter().find(|service| service.place().0 == host);
    by_host.or_else(|| {
        let own = [&compute::SERVICE, &project::BIGQUERY];
        own.into_iter()
            .find(|service| path.starts_with(service.place().1))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[track_caller]
    fn check(host: &str, line: &str, expected: Option<(&str, &str, &[&str])>) {
        let (method, path) = line.split_once(' ').unwrap();
        let found = find(host, method, path);
        let found = found.map(|(service, found)| {
            let parameters = found.parameters;
            (service.name, found.route.name, parameters)
        });
        let expected =
            expected.map(|(service, name, parameters)| (service, name, parameters.to_vec()));
        assert_eq!(found, expected, "{host} {line}");
    }

    #[test]
    fn a_request_names_its_service_by_host_or_by_path() {
        let insert = "POST /compute/v1/projects/p/global/networks";
        let expected = Some(("compute", "networks.insert", &["p"][..]));
        check("compute.googleapis.com", insert, expected);
        check("127.0.0.1", insert, expected);
        check("container.googleapis.com", insert, None);
        let project = "GET /v1/projects/p";
        let expected = Some(("cloudresourcemanager", "projects.get", &["p"][..]));
        check("127.0.0.1", project, expected);
        check("iam.googleapis.com", project, None);
    }

    #[test]
    fn verbs_belong_to_the_operation() {
        let check = |line: &str, name: &str, parameters: &[&str]| {
            let (service, name) = name.split_once(' ').unwrap();
            check("127.0.0.1", line, Some((service, name, parameters)));
        };
        check(
            "POST /v1/projects/p:setIamPolicy",
            "cloudresourcemanager projects.setIamPolicy",
            &["p"],
        );
        check(
            "GET /v1/projects/p:searchAllResources",
            "cloudasset v1.searchAllResources",
            &["p"],
        );
        check(
            "POST /v1/projects/p/services:batchEnable",
            "serviceusage services.batchEnable",
            &["p"],
        );
        check(
            "POST /v1/projects/p/locations/l/clusters/c/nodePools/n:setSize",
            "container projects.locations.clusters.nodePools.setSize",
            &["p", "l", "c", "n"],
        );
        check("POST /v2/entries:list", "logging entries.list", &[]);
        check(
            "DELETE /v1/projects/p/serviceAccounts/a%40p",
            "iam projects.serviceAccounts.delete",
            &["p", "a%40p"],
        );
    }

    #[test]
    fn queries_that_are_posted_change_nothing() {
        let mutating = |line: &str| {
            let (method, path) = line.split_once(' ').unwrap();
            find("127.0.0.1", method, path)
                .unwrap()
                .1
                .route
                .is_mutating()
        };
        assert!(!mutating("POST /v1/projects/p:getIamPolicy"));
        assert!(!mutating(
            "POST /compute/v1/projects/p/global/operations/o/wait"
        ));
        assert!(mutating("POST /v1/projects/p:setIamPolicy"));
        assert!(mutating("DELETE /compute/v1/projects/p/global/networks/n"));
    }

    #[test]
    fn no_operation_stands_twice_and_none_hides_another() {
        let mut seen = BTreeSet::new();
        for service in SERVICES {
            for route in service.routes {
                assert!(seen.insert((service.url, route.name)), "{}", route.name);
                let path = format!("{}{}", service.place().1, route.path);
                let path = path.replace(['{', '}'], "");
                let (found_service, found) = find("127.0.0.1", route.method, &path).unwrap();
                let found = (found_service.name, found.route.name);
                assert_eq!(found, (service.name, route.name), "{path}");
            }
        }
    }
}
