//! The rows of the table of operations that most collections share.

/// A table of the operations of a collection: get, list, insert, delete, and what else is given. The first word says
/// where the collection is; then how it is written in paths, how in the names of operations, and its value.
macro_rules! resource_table {
    (global $plural:literal, $name:literal, $of:expr $(, $more:expr)* $(,)?) => {
        resource_table!(@ "/projects/{project}/global/", $plural, $name, $of $(, $more)*)
    };
    (regional $plural:literal, $name:literal, $of:expr $(, $more:expr)* $(,)?) => {
        resource_table!(@ "/projects/{project}/regions/{region}/", $plural, $name, $of $(, $more)*)
    };
    (zonal $plural:literal, $name:literal, $of:expr $(, $more:expr)* $(,)?) => {
        resource_table!(@ "/projects/{project}/zones/{zone}/", $plural, $name, $of $(, $more)*)
    };
    (@ $base:literal, $plural:literal, $name:literal, $of:expr $(, $more:expr)*) => {
        $crate::route::table(&[
            kubeproof_simkit::router::on("GET", concat!($base, $plural), concat!("compute.", $name, ".list"),
                |state, call| $crate::compute::read::list(state, call, &$of)),
            kubeproof_simkit::router::on("POST", concat!($base, $plural), concat!("compute.", $name, ".insert"),
                |state, call| $crate::compute::write::insert(state, call, &$of)),
            kubeproof_simkit::router::on("GET", concat!($base, $plural, "/{name}"), concat!("compute.", $name, ".get"),
                |state, call| $crate::compute::read::get(state, call, &$of)),
            kubeproof_simkit::router::on("DELETE", concat!($base, $plural, "/{name}"), concat!("compute.", $name, ".delete"),
                |state, call| $crate::compute::write::delete(state, call, &$of)),
            $($more),*
        ])
    };
}

/// The row of an aggregated list.
macro_rules! aggregated {
    ($plural:literal, $of:expr) => {
        kubeproof_simkit::router::on(
            "GET",
            concat!("/projects/{project}/aggregated/", $plural),
            concat!("compute.", $plural, ".aggregatedList"),
            |state, call| $crate::compute::read::aggregated(state, call, &$of),
        )
    };
}

/// The row of a call on one resource, in the same place as the other rows: a patch, or a verb.
macro_rules! verb {
    ($method:literal, $path:literal, $name:literal, $handler:expr) => {
        kubeproof_simkit::router::on(
            $method,
            concat!("/projects/{project}/", $path),
            concat!("compute.", $name),
            $handler,
        )
    };
}

pub(crate) use {aggregated, resource_table, verb};
