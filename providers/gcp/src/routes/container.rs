//! The operations of Kubernetes Engine, v1.

use kubeproof_contract::route::Route;

use super::Service;

/// Kubernetes Engine.
pub const SERVICE: Service = Service {
    name: "container",
    url: "https://container.googleapis.com/v1",
    routes: ROUTES,
};

/// An operation below a location.
macro_rules! located {
    ($method:literal, $path:literal, $name:literal) => {
        Route::new(
            $method,
            concat!("/projects/{project}/locations/{location}", $path),
            concat!("projects.locations.", $name),
        )
    };
}

const ROUTES: &[Route] = &[
    located!("GET", "/serverConfig", "getServerConfig"),
    located!("GET", "/clusters", "clusters.list"),
    located!("POST", "/clusters", "clusters.create"),
    located!("GET", "/clusters/{cluster}", "clusters.get"),
    located!("PUT", "/clusters/{cluster}", "clusters.update"),
    located!("DELETE", "/clusters/{cluster}", "clusters.delete"),
    located!(
        "POST",
        "/clusters/{cluster}:setResourceLabels",
        "clusters.setResourceLabels"
    ),
    located!(
        "POST",
        "/clusters/{cluster}:updateMaster",
        "clusters.updateMaster"
    ),
    located!(
        "GET",
        "/clusters/{cluster}/nodePools",
        "clusters.nodePools.list"
    ),
    located!(
        "POST",
        "/clusters/{cluster}/nodePools",
        "clusters.nodePools.create"
    ),
    located!(
        "GET",
        "/clusters/{cluster}/nodePools/{pool}",
        "clusters.nodePools.get"
    ),
    located!(
        "PUT",
        "/clusters/{cluster}/nodePools/{pool}",
        "clusters.nodePools.update"
    ),
    located!(
        "DELETE",
        "/clusters/{cluster}/nodePools/{pool}",
        "clusters.nodePools.delete"
    ),
    located!(
        "POST",
        "/clusters/{cluster}/nodePools/{pool}:setSize",
        "clusters.nodePools.setSize"
    ),
    located!(
        "POST",
        "/clusters/{cluster}/nodePools/{pool}:setAutoscaling",
        "clusters.nodePools.setAutoscaling"
    ),
    located!(
        "POST",
        "/clusters/{cluster}/nodePools/{pool}:setManagement",
        "clusters.nodePools.setManagement"
    ),
    located!(
        "POST",
        "/clusters/{cluster}/nodePools/{pool}:rollback",
        "clusters.nodePools.rollback"
    ),
    located!("GET", "/operations", "operations.list"),
    located!("GET", "/operations/{operation}", "operations.get"),
    located!(
        "POST",
        "/operations/{operation}:cancel",
        "operations.cancel"
    ),
];
