//! The operations of what a project has besides machines and clusters: its settings, permissions, APIs, billing and
//! logs, and where tokens come from.

use kubeproof_contract::route::Route;

use super::Service;

/// Resource Manager, v1: what gcloud calls.
pub const PROJECTS: Service = Service {
    name: "cloudresourcemanager",
    url: "https://cloudresourcemanager.googleapis.com/v1",
    routes: &[
        Route::new("GET", "/projects", "projects.list"),
        Route::new("GET", "/projects/{project}", "projects.get"),
        Route::new(
            "POST",
            "/projects/{project}:getIamPolicy",
            "projects.getIamPolicy",
        )
        .reading(),
        Route::new(
            "POST",
            "/projects/{project}:setIamPolicy",
            "projects.setIamPolicy",
        ),
        Route::new(
            "POST",
            "/projects/{project}:testIamPermissions",
            "projects.testIamPermissions",
        )
        .reading(),
    ],
};

/// Resource Manager, v3.
pub const PROJECTS_V3: Service = Service {
    name: "cloudresourcemanager",
    url: "https://cloudresourcemanager.googleapis.com/v3",
    routes: &[
        Route::new("GET", "/projects/{project}", "projects.get"),
        Route::new(
            "POST",
            "/projects/{project}:getIamPolicy",
            "projects.getIamPolicy",
        )
        .reading(),
        Route::new(
            "POST",
            "/projects/{project}:setIamPolicy",
            "projects.setIamPolicy",
        ),
        Route::new(
            "POST",
            "/projects/{project}:testIamPermissions",
            "projects.testIamPermissions",
        )
        .reading(),
    ],
};

/// Service Usage, v1.
pub const SERVICE_USAGE: Service = Service {
    name: "serviceusage",
    url: "https://serviceusage.googleapis.com/v1",
    routes: &[
        Route::new("GET", "/projects/{project}/services", "services.list"),
        Route::new(
            "GET",
            "/projects/{project}/services:batchGet",
            "services.batchGet",
        ),
        Route::new(
            "POST",
            "/projects/{project}/services:batchEnable",
            "services.batchEnable",
        ),
        Route::new(
            "GET",
            "/projects/{project}/services/{service}",
            "services.get",
        ),
        Route::new(
            "POST",
            "/projects/{project}/services/{service}:enable",
            "services.enable",
        ),
        Route::new(
            "POST",
            "/projects/{project}/services/{service}:disable",
            "services.disable",
        ),
        Route::new("GET", "/operations", "operations.list"),
        Route::new("GET", "/operations/{operation}", "operations.get"),
    ],
};

/// An operation on workload identity pools and their providers.
macro_rules! pool {
    ($method:literal, $path:literal, $name:literal) => {
        Route::new(
            $method,
            concat!(
                "/projects/{project}/locations/{location}/workloadIdentityPools",
                $path
            ),
            concat!("projects.locations.workloadIdentityPools.", $name),
        )
    };
}

/// Identity and Access Management, v1.
pub const IAM: Service = Service {
    name: "iam",
    url: "https://iam.googleapis.com/v1",
    routes: &[
        Route::new(
            "GET",
            "/projects/{project}/serviceAccounts",
            "projects.serviceAccounts.list",
        ),
        Route::new(
            "POST",
            "/projects/{project}/serviceAccounts",
            "projects.serviceAccounts.create",
        ),
        Route::new(
            "GET",
            "/projects/{project}/serviceAccounts/{account}",
            "projects.serviceAccounts.get",
        ),
        Route::new(
            "PATCH",
            "/projects/{project}/serviceAccounts/{account}",
            "projects.serviceAccounts.patch",
        ),
        Route::new(
            "DELETE",
            "/projects/{project}/serviceAccounts/{account}",
            "projects.serviceAccounts.delete",
        ),
        Route::new(
            "POST",
            "/projects/{project}/serviceAccounts/{account}:disable",
            "projects.serviceAccounts.disable",
        ),
        Route::new(
            "POST",
            "/projects/{project}/serviceAccounts/{account}:enable",
            "projects.serviceAccounts.enable",
        ),
        Route::new(
            "POST",
            "/projects/{project}/serviceAccounts/{account}:undelete",
            "projects.serviceAccounts.undelete",
        ),
        Route::new(
            "POST",
            "/projects/{project}/serviceAccounts/{account}:getIamPolicy",
            "projects.serviceAccounts.getIamPolicy",
        )
        .reading(),
        Route::new(
            "POST",
            "/projects/{project}/serviceAccounts/{account}:setIamPolicy",
            "projects.serviceAccounts.setIamPolicy",
        ),
        Route::new(
            "GET",
            "/projects/{project}/serviceAccounts/{account}/keys",
            "projects.serviceAccounts.keys.list",
        ),
        Route::new(
            "POST",
            "/projects/{project}/serviceAccounts/{account}/keys",
            "projects.serviceAccounts.keys.create",
        ),
        Route::new(
            "GET",
            "/projects/{project}/serviceAccounts/{account}/keys/{key}",
            "projects.serviceAccounts.keys.get",
        ),
        Route::new(
            "DELETE",
            "/projects/{project}/serviceAccounts/{account}/keys/{key}",
            "projects.serviceAccounts.keys.delete",
        ),
        pool!("GET", "", "list"),
        pool!("GET", "/{pool}", "get"),
        pool!("DELETE", "/{pool}", "delete"),
        pool!("GET", "/{pool}/providers", "providers.list"),
        pool!("GET", "/{pool}/providers/{provider}", "providers.get"),
        pool!("DELETE", "/{pool}/providers/{provider}", "providers.delete"),
    ],
};

/// Cloud Billing, v1.
pub const BILLING: Service = Service {
    name: "cloudbilling",
    url: "https://cloudbilling.googleapis.com/v1",
    routes: &[
        Route::new(
            "GET",
            "/projects/{project}/billingInfo",
            "projects.getBillingInfo",
        ),
        Route::new("GET", "/services", "services.list"),
        Route::new("GET", "/services/{service}/skus", "services.skus.list"),
    ],
};

/// Cloud Asset Inventory, v1.
pub const ASSET: Service = Service {
    name: "cloudasset",
    url: "https://cloudasset.googleapis.com/v1",
    routes: &[Route::new(
        "GET",
        "/projects/{project}:searchAllResources",
        "v1.searchAllResources",
    )],
};

/// Cloud Logging, v2.
pub const LOGGING: Service = Service {
    name: "logging",
    url: "https://logging.googleapis.com/v2",
    routes: &[
        Route::new("POST", "/entries:list", "entries.list").reading(),
        Route::new("GET", "/projects/{project}/sinks", "projects.sinks.list"),
        Route::new(
            "GET",
            "/projects/{project}/sinks/{sink}",
            "projects.sinks.get",
        ),
        Route::new(
            "DELETE",
            "/projects/{project}/sinks/{sink}",
            "projects.sinks.delete",
        ),
        Route::new(
            "GET",
            "/projects/{project}/locations/{location}/buckets",
            "projects.locations.buckets.list",
        ),
        Route::new(
            "GET",
            "/projects/{project}/locations/{location}/buckets/{bucket}",
            "projects.locations.buckets.get",
        ),
        Route::new(
            "DELETE",
            "/projects/{project}/locations/{location}/buckets/{bucket}",
            "projects.locations.buckets.delete",
        ),
    ],
};

/// `BigQuery`, v2: the billing export. A query makes a job, which is no resource that anyone has to remove.
pub const BIGQUERY: Service = Service {
    name: "bigquery",
    url: "https://bigquery.googleapis.com/bigquery/v2",
    routes: &[
        Route::new("POST", "/projects/{project}/queries", "jobs.query").reading(),
        Route::new("POST", "/projects/{project}/jobs", "jobs.insert").reading(),
        Route::new("GET", "/projects/{project}/jobs/{job}", "jobs.get"),
        Route::new(
            "GET",
            "/projects/{project}/queries/{job}",
            "jobs.getQueryResults",
        ),
        Route::new("GET", "/projects/{project}/datasets", "datasets.list"),
        Route::new(
            "GET",
            "/projects/{project}/datasets/{dataset}/tables",
            "tables.list",
        ),
    ],
};

/// Where keys and refresh tokens become access tokens.
pub const TOKEN: Service = Service {
    name: "oauth2",
    url: "https://oauth2.googleapis.com",
    routes: &[Route::new("POST", "/token", "token").reading()],
};

/// Where tokens of other identity providers become access tokens.
pub const TOKEN_EXCHANGE: Service = Service {
    name: "sts",
    url: "https://sts.googleapis.com/v1",
    routes: &[Route::new("POST", "/token", "token").reading()],
};

/// Where a caller gets tokens of a service account that it may act as.
pub const IMPERSONATION: Service = Service {
    name: "iamcredentials",
    url: "https://iamcredentials.googleapis.com/v1",
    routes: &[Route::new(
        "POST",
        "/projects/{project}/serviceAccounts/{account}:generateAccessToken",
        "projects.serviceAccounts.generateAccessToken",
    )
    .reading()],
};

/// The metadata server of a machine in the cloud.
pub const METADATA: Service = Service {
    name: "metadata",
    url: "http://metadata.google.internal/computeMetadata/v1",
    routes: &[Route::new(
        "GET",
        "/instance/service-accounts/{account}/token",
        "token",
    )],
};
