//! The operations of Compute Engine, v1.

use kubeproof_contract::route::Route;

use super::Service;

/// Compute Engine.
pub const SERVICE: Service = Service {
    name: "compute",
    url: "https://compute.googleapis.com/compute/v1",
    routes: ROUTES,
};

/// The folder of a collection.
macro_rules! place {
    (global) => {
        "/projects/{project}/global/"
    };
    (region) => {
        "/projects/{project}/regions/{region}/"
    };
    (zone) => {
        "/projects/{project}/zones/{zone}/"
    };
}

/// One operation of a collection that has the usual ones.
macro_rules! operation {
    ($name:literal, $path:literal, $place:ident, list) => {
        Route::new("GET", concat!(place!($place), $path), concat!($name, ".list"))
    };
    ($name:literal, $path:literal, $place:ident, insert) => {
        Route::new("POST", concat!(place!($place), $path), concat!($name, ".insert"))
    };
    ($name:literal, $path:literal, $place:ident, all) => {
        Route::new(
            "GET",
            concat!("/projects/{project}/aggregated/", $path),
            concat!($name, ".aggregatedList"),
        )
    };
    ($name:literal, $path:literal, $place:ident, get) => {
        operation!(@named "GET", $name, $path, $place, "", ".get")
    };
    ($name:literal, $path:literal, $place:ident, delete) => {
        operation!(@named "DELETE", $name, $path, $place, "", ".delete")
    };
    ($name:literal, $path:literal, $place:ident, patch) => {
        operation!(@named "PATCH", $name, $path, $place, "", ".patch")
    };
    ($name:literal, $path:literal, $place:ident, update) => {
        operation!(@named "PUT", $name, $path, $place, "", ".update")
    };
    ($name:literal, $path:literal, $place:ident, labels) => {
        operation!(@named "POST", $name, $path, $place, "/setLabels", ".setLabels")
    };
    ($name:literal, $path:literal, $place:ident, resize) => {
        operation!(@named "POST", $name, $path, $place, "/resize", ".resize")
    };
    ($name:literal, $path:literal, $place:ident, wait) => {
        operation!(@named "POST", $name, $path, $place, "/wait", ".wait").reading()
    };
    ($name:literal, $path:literal, $place:ident, members) => {
        operation!(@named "POST", $name, $path, $place, "/listInstances", ".listInstances").reading()
    };
    ($name:literal, $path:literal, $place:ident, managed) => {
        operation!(@named "POST", $name, $path, $place, "/listManagedInstances", ".listManagedInstances").reading()
    };
    (@named $method:literal, $name:literal, $path:literal, $place:ident, $verb:literal, $called:literal) => {
        Route::new(
            $method,
            concat!(place!($place), $path, "/{name}", $verb),
            concat!($name, $called),
        )
    };
}

/// A table of collections, and of operations besides.
macro_rules! collections {
    ($($name:literal = $path:literal in $place:ident: $($verb:ident)+;)+ and $($route:expr;)+) => {
        &[$($(operation!($name, $path, $place, $verb),)+)+ $($route,)+]
    };
}

const ROUTES: &[Route] = collections! {
    "networks" = "networks" in global: get list insert delete patch;
    "subnetworks" = "subnetworks" in region: get list insert delete patch all;
    "routes" = "routes" in global: get list insert delete;
    "firewalls" = "firewalls" in global: get list insert delete patch update;
    "routers" = "routers" in region: get list insert delete patch update all;
    "addresses" = "addresses" in region: get list insert delete labels all;
    "globalAddresses" = "addresses" in global: get list insert delete labels;
    "instances" = "instances" in zone: get list insert delete labels all;
    "instanceTemplates" = "instanceTemplates" in global: get list insert delete all;
    "regionInstanceTemplates" = "instanceTemplates" in region: get delete;
    "instanceGroups" = "instanceGroups" in zone: get list insert delete members all;
    "instanceGroupManagers" = "instanceGroupManagers" in zone: get list insert delete patch managed all;
    "regionInstanceGroupManagers" = "instanceGroupManagers" in region: get list delete;
    "disks" = "disks" in zone: get list insert delete resize labels all;
    "regionDisks" = "disks" in region: get list insert delete resize labels;
    "snapshots" = "snapshots" in global: get list insert delete labels;
    "forwardingRules" = "forwardingRules" in region: get list insert delete labels all;
    "globalForwardingRules" = "forwardingRules" in global: get list insert delete;
    "targetPools" = "targetPools" in region: get list insert delete all;
    "backendServices" = "backendServices" in global: get list insert delete all;
    "regionBackendServices" = "backendServices" in region: get list insert delete;
    "healthChecks" = "healthChecks" in global: get list insert delete all;
    "regionHealthChecks" = "healthChecks" in region: get list insert delete;
    "httpHealthChecks" = "httpHealthChecks" in global: get list insert delete;
    "networkEndpointGroups" = "networkEndpointGroups" in zone: get list insert delete all;
    "globalNetworkEndpointGroups" = "networkEndpointGroups" in global: get delete;
    "regionNetworkEndpointGroups" = "networkEndpointGroups" in region: get delete;
    "urlMaps" = "urlMaps" in global: get list insert delete patch all;
    "regionUrlMaps" = "urlMaps" in region: get delete;
    "targetHttpProxies" = "targetHttpProxies" in global: get list insert delete all;
    "regionTargetHttpProxies" = "targetHttpProxies" in region: get delete;
    "targetHttpsProxies" = "targetHttpsProxies" in global: get list insert delete all;
    "regionTargetHttpsProxies" = "targetHttpsProxies" in region: get delete;
    "targetTcpProxies" = "targetTcpProxies" in global: get list insert delete all;
    "regionTargetTcpProxies" = "targetTcpProxies" in region: get delete;
    "targetSslProxies" = "targetSslProxies" in global: get list insert delete;
    "targetGrpcProxies" = "targetGrpcProxies" in global: get list insert delete;
    "sslCertificates" = "sslCertificates" in global: get list insert delete all;
    "regionSslCertificates" = "sslCertificates" in region: get delete;
    "reservations" = "reservations" in zone: get list delete all;
    "resourcePolicies" = "resourcePolicies" in region: get list delete all;
    "machineTypes" = "machineTypes" in zone: get list all;
    "globalOperations" = "operations" in global: get list delete wait all;
    "regionOperations" = "operations" in region: get list delete wait;
    "zoneOperations" = "operations" in zone: get list delete wait;
    and
    Route::new("GET", "/projects/{project}", "projects.get");
    Route::new("GET", "/projects/{project}/regions", "regions.list");
    Route::new("GET", "/projects/{project}/regions/{name}", "regions.get");
    Route::new("GET", "/projects/{project}/zones", "zones.list");
    Route::new("GET", "/projects/{project}/zones/{name}", "zones.get");
    Route::new("POST", "/projects/{project}/global/networks/{name}/removePeering", "networks.removePeering");
    Route::new("GET", "/projects/{project}/regions/{region}/routers/{name}/getRouterStatus", "routers.getRouterStatus");
};
