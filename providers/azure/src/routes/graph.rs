//! The operations of Microsoft Graph, version 1.0: applications, their principals, and what was deleted.

use kubeproof_contract::route::Route;

/// The operations.
pub const ROUTES: &[Route] = &[
    Route::new("GET", "/v1.0/applications", "applications.list"),
    Route::new("POST", "/v1.0/applications", "applications.create"),
    Route::new("GET", "/v1.0/applications/{id}", "applications.get"),
    Route::new("DELETE", "/v1.0/applications/{id}", "applications.delete"),
    Route::new(
        "POST",
        "/v1.0/applications/{id}/addPassword",
        "applications.addPassword",
    ),
    Route::new(
        "POST",
        "/v1.0/applications/{id}/removePassword",
        "applications.removePassword",
    ),
    Route::new("GET", "/v1.0/servicePrincipals", "servicePrincipals.list"),
    Route::new(
        "POST",
        "/v1.0/servicePrincipals",
        "servicePrincipals.create",
    ),
    Route::new(
        "GET",
        "/v1.0/servicePrincipals/{id}",
        "servicePrincipals.get",
    ),
    Route::new(
        "DELETE",
        "/v1.0/servicePrincipals/{id}",
        "servicePrincipals.delete",
    ),
    Route::new(
        "GET",
        "/v1.0/directory/deletedItems/microsoft.graph.application",
        "deletedItems.listApplications",
    ),
    Route::new(
        "GET",
        "/v1.0/directory/deletedItems/microsoft.graph.servicePrincipal",
        "deletedItems.listServicePrincipals",
    ),
    Route::new(
        "DELETE",
        "/v1.0/directory/deletedItems/{id}",
        "deletedItems.delete",
    ),
];
