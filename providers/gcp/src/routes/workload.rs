//! The operations of what a workload may make beside machines and load balancers: names, shared files, keys, and what
//! its cluster is a member of.

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

/// GKE Hub, v1. Its operations have the paths of those of Kubernetes Engine on another host.
pub const HUB: Service = Service {
    name: "gkehub",
    url: "https://gkehub.googleapis.com/v1",
    routes: &[
        Route::new(
            "GET",
            "/projects/{project}/locations/{location}/memberships",
            "projects.locations.memberships.list",
        ),
        Route::new(
            "GET",
            "/projects/{project}/locations/{location}/memberships/{membership}",
            "projects.locations.memberships.get",
        ),
        Route::new(
            "DELETE",
            "/projects/{project}/locations/{location}/memberships/{membership}",
            "projects.locations.memberships.delete",
        ),
    ],
};

/// An operation on keys and their versions.
macro_rules! key {
    ($method:literal, $path:literal, $name:literal) => {
        Route::new(
            $method,
            concat!(
                "/projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys",
                $path
            ),
            concat!("projects.locations.keyRings.cryptoKeys.", $name),
        )
    };
}

/// Cloud KMS, v1.
pub const KMS: Service = Service {
    name: "cloudkms",
    url: "https://cloudkms.googleapis.com/v1",
    routes: &[
        Route::new(
            "GET",
            "/projects/{project}/locations",
            "projects.locations.list",
        ),
        Route::new(
            "GET",
            "/projects/{project}/locations/{location}/keyRings",
            "projects.locations.keyRings.list",
        ),
        key!("GET", "", "list"),
        key!("GET", "/{key}", "get"),
        key!("GET", "/{key}/cryptoKeyVersions", "cryptoKeyVersions.list"),
        key!(
            "POST",
            "/{key}/cryptoKeyVersions/{version}:destroy",
            "cryptoKeyVersions.destroy"
        ),
    ],
};
