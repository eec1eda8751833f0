//! What a provisioner asks besides: what became of an operation, whether a subnet is there, and what is in a group.

use kubeproof_contract::route::Route;

/// The operations.
pub(super) const ROUTES: &[Route] = &[
    Route::new(
        "GET",
        "/subscriptions/{subscription}/resourceGroups/{group}/resources",
        "resources.listByResourceGroup",
    ),
    Route::new(
        "GET",
        "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/{name}/subnets/{subnet}",
        "subnets.get",
    ),
    Route::new(
        "GET",
        "/subscriptions/{subscription}/providers/{namespace}/locations/{location}/operations/{operation}",
        "operations.get",
    ),
    Route::new(
        "GET",
        "/subscriptions/{subscription}/operationresults/{operation}",
        "operationResults.get",
    ),
];
