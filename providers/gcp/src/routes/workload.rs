//! The operations of what a workload may make beside machines and load balancers: names and shared files.

use kubeproof_contract::route::Route;

use super::Service;

/// Cloud DNS, v1.
pub const DNS: Service = Service {
    name: "dns",
    url: "https://dns.googleapis.com/dns/v1",
    routes: &[
        Route::new(
            "GET",
            "/projects/{project}/managedZones",
            "managedZones.list",
        ),
        Route::new(
            "POST",
            "/projects/{project}/managedZones",
            "managedZones.create",
        ),
        Route::new(
            "GET",
            "/projects/{project}/managedZones/{zone}",
            "managedZones.get",
        ),
        Route::new(
            "DELETE",
            "/projects/{project}/managedZones/{zone}",
            "managedZones.delete",
        ),
        Route::new(
            "GET",
            "/projects/{project}/managedZones/{zone}/rrsets",
            "resourceRecordSets.list",
        ),
        Route::new(
            "POST",
            "/projects/{project}/managedZones/{zone}/rrsets",
            "resourceRecordSets.create",
        ),
        Route::new(
            "GET",
            "/projects/{project}/managedZones/{zone}/rrsets/{name}/{type}",
            "resourceRecordSets.get",
        ),
        Route::new(
            "DELETE",
            "/projects/{project}/managedZones/{zone}/rrsets/{name}/{type}",
            "resourceRecordSets.delete",
        ),
        Route::new(
            "POST",
            "/projects/{project}/managedZones/{zone}/changes",
            "changes.create",
        ),
    ],
};

/// Filestore, v1. Its operations have the paths of those of Kubernetes Engine on another host.
pub const FILES: Service = Service {
    name: "file",
    url: "https://file.googleapis.com/v1",
    routes: &[
        Route::new(
            "GET",
            "/projects/{project}/locations/{location}/instances",
            "projects.locations.instances.list",
        ),
        Route::new(
            "POST",
            "/projects/{project}/locations/{location}/instances",
            "projects.locations.instances.create",
        ),
        Route::new(
            "GET",
            "/projects/{project}/locations/{location}/instances/{instance}",
            "projects.locations.instances.get",
        ),
        Route::new(
            "DELETE",
            "/projects/{project}/locations/{location}/instances/{instance}",
            "projects.locations.instances.delete",
        ),
    ],
};
