//! Rows of the tables of operations: every resource type has the same ones.

/// The operations of a resource type in groups.
macro_rules! kind_table {
    ($service:literal, $namespace:literal, $plural:literal, $kind:path $(, $more:expr)* $(,)?) => {
        crate::route::table(&[
            kubeproof_simkit::router::on(
                "PUT",
                concat!("/subscriptions/{subscription}/resourceGroups/{group}/providers/", $namespace, "/", $plural, "/{name}"),
                concat!($service, ".", $plural, ".createOrUpdate"),
                |state, call| crate::arm::put(state, call, &$kind),
            ),
            kubeproof_simkit::router::on(
                "PATCH",
                concat!("/subscriptions/{subscription}/resourceGroups/{group}/providers/", $namespace, "/", $plural, "/{name}"),
                concat!($service, ".", $plural, ".updateTags"),
                |state, call| crate::arm::patch(state, call, &$kind),
            ),
            kubeproof_simkit::router::on(
                "DELETE",
                concat!("/subscriptions/{subscription}/resourceGroups/{group}/providers/", $namespace, "/", $plural, "/{name}"),
                concat!($service, ".", $plural, ".delete"),
                |state, call| crate::arm::delete(state, call, &$kind),
            ),
            crate::arm::rows::get_row!($service, $namespace, $plural, $kind),
            crate::arm::rows::group_row!($service, $namespace, $plural, $kind),
            crate::arm::rows::all_row!($service, $namespace, $plural, $kind),
            $($more,)*
        ])
    };
}

/// Reading one resource.
macro_rules! get_row {
    ($service:literal, $namespace:literal, $plural:literal, $kind:path) => {
        kubeproof_simkit::router::on(
            "GET",
            concat!(
                "/subscriptions/{subscription}/resourceGroups/{group}/providers/",
                $namespace,
                "/",
                $plural,
                "/{name}"
            ),
            concat!($service, ".", $plural, ".get"),
            |state, call| crate::arm::read::get(state, call, &$kind),
        )
    };
}

/// Reading those of a group.
macro_rules! group_row {
    ($service:literal, $namespace:literal, $plural:literal, $kind:path) => {
        kubeproof_simkit::router::on(
            "GET",
            concat!(
                "/subscriptions/{subscription}/resourceGroups/{group}/providers/",
                $namespace,
                "/",
                $plural
            ),
            concat!($service, ".", $plural, ".list"),
            |state, call| crate::arm::read::of_group(state, call, &$kind),
        )
    };
}

/// Reading those of the subscription.
macro_rules! all_row {
    ($service:literal, $namespace:literal, $plural:literal, $kind:path) => {
        kubeproof_simkit::router::on(
            "GET",
            concat!(
                "/subscriptions/{subscription}/providers/",
                $namespace,
                "/",
                $plural
            ),
            concat!($service, ".", $plural, ".listAll"),
            |state, call| crate::arm::read::all(state, call, &$kind),
        )
    };
}

/// The operations of parts of resources.
macro_rules! part_table {
    ($service:literal, $namespace:literal, $outer:literal, $plural:literal, $kind:path, $of:path $(, $more:expr)* $(,)?) => {
        crate::route::table(&[
            kubeproof_simkit::router::on(
                "PUT",
                concat!("/subscriptions/{subscription}/resourceGroups/{group}/providers/", $namespace, "/", $outer, "/{of}/", $plural, "/{name}"),
                concat!($service, ".", $plural, ".createOrUpdate"),
                |state, call| crate::arm::put(state, call, &$kind),
            ),
            kubeproof_simkit::router::on(
                "DELETE",
                concat!("/subscriptions/{subscription}/resourceGroups/{group}/providers/", $namespace, "/", $outer, "/{of}/", $plural, "/{name}"),
                concat!($service, ".", $plural, ".delete"),
                |state, call| crate::arm::delete(state, call, &$kind),
            ),
            kubeproof_simkit::router::on(
                "GET",
                concat!("/subscriptions/{subscription}/resourceGroups/{group}/providers/", $namespace, "/", $outer, "/{of}/", $plural, "/{name}"),
                concat!($service, ".", $plural, ".get"),
                |state, call| crate::arm::read::get(state, call, &$kind),
            ),
            kubeproof_simkit::router::on(
                "GET",
                concat!("/subscriptions/{subscription}/resourceGroups/{group}/providers/", $namespace, "/", $outer, "/{of}/", $plural),
                concat!($service, ".", $plural, ".list"),
                |state, call| crate::arm::read::parts(state, call, &$kind, &$of),
            ),
            $($more,)*
        ])
    };
}

pub(crate) use {all_row, get_row, group_row, kind_table, part_table};
