//! Repositories of models, datasets and Spaces, as far as a run makes them, and what a Space does with its machine.

mod calls;
mod commit;
mod info;
mod space;
mod space_calls;

use jiff::Timestamp;
use kubeproof_contract::resource::{Lifetime, Resource};
use kubeproof_simkit::router::{Router, on};

pub(crate) use self::calls::add_for_bystanders;
pub(crate) use self::space::{SpaceEvent, happen};

use self::space::Space;
use crate::flavors;
use crate::route::{Handler, Table};
use crate::state::State;
use crate::wire::Answer;

/// The operations below `/api` that name a namespace first.
pub(crate) const TABLE: Table = Router::new(&[
    on(
        "GET",
        "/spaces/{namespace}/{name}",
        "GetSpace",
        info::space as Handler,
    ),
    on(
        "GET",
        "/spaces/{namespace}/{name}/runtime",
        "GetSpaceRuntime",
        space_calls::runtime,
    ),
    on(
        "POST",
        "/spaces/{namespace}/{name}/hardware",
        "RequestSpaceHardware",
        space_calls::hardware,
    ),
    on(
        "POST",
        "/spaces/{namespace}/{name}/sleeptime",
        "SetSpaceSleepTime",
        space_calls::sleep_time,
    ),
    on(
        "POST",
        "/spaces/{namespace}/{name}/pause",
        "PauseSpace",
        space_calls::pause,
    ),
    on(
        "POST",
        "/spaces/{namespace}/{name}/restart",
        "RestartSpace",
        space_calls::restart,
    ),
    on(
        "GET",
        "/spaces/{namespace}/{name}/secrets",
        "GetSpaceSecrets",
        space_calls::secrets,
    ),
    on(
        "POST",
        "/spaces/{namespace}/{name}/secrets",
        "AddSpaceSecret",
        space_calls::add_secret,
    ),
    on(
        "DELETE",
        "/spaces/{namespace}/{name}/secrets",
        "DeleteSpaceSecret",
        space_calls::delete_secret,
    ),
    on(
        "GET",
        "/spaces/{namespace}/{name}/variables",
        "GetSpaceVariables",
        space_calls::variables,
    ),
    on(
        "POST",
        "/spaces/{namespace}/{name}/variables",
        "AddSpaceVariable",
        space_calls::add_variable,
    ),
    on(
        "DELETE",
        "/spaces/{namespace}/{name}/variables",
        "DeleteSpaceVariable",
        space_calls::delete_variable,
    ),
    on(
        "POST",
        "/spaces/{namespace}/{name}/preupload/{revision}",
        "PreuploadToSpace",
        commit::preupload,
    ),
    on(
        "POST",
        "/spaces/{namespace}/{name}/commit/{revision}",
        "CommitToSpace",
        commit::to_space,
    ),
]);

/// Those that name no namespace in their path, or one that others may see.
pub(crate) const OPEN: Table = Router::new(&[
    on(
        "POST",
        "/repos/create",
        "CreateRepository",
        calls::create as Handler,
    ),
    on("DELETE", "/repos/delete", "DeleteRepository", calls::delete),
    on("GET", "/models", "ListModels", info::list_models),
    on("GET", "/datasets", "ListDatasets", info::list_datasets),
    on("GET", "/spaces", "ListSpaces", info::list_spaces),
    on("GET", "/spaces/hardware", "ListSpaceHardware", |_, _| {
        Ok(Answer::json(&flavors::spaces()))
    }),
    on("GET", "/models/{name}", "GetOldModel", info::old_model),
    on("GET", "/models/{namespace}/{name}", "GetModel", info::model),
    on(
        "GET",
        "/models/{namespace}/{name}/revision/{revision}",
        "GetModelRevision",
        info::model,
    ),
    on(
        "GET",
        "/datasets/{namespace}/{name}",
        "GetDataset",
        info::dataset,
    ),
]);

/// What a repository holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Model,
    Dataset,
    Space,
}

impl Kind {
    fn read(word: Option<&str>) -> Option<Self> {
        match word {
            None | Some("model") => Some(Self::Model),
            Some("dataset") => Some(Self::Dataset),
            Some("space") => Some(Self::Space),
            Some(_) => None,
        }
    }

    /// The part of the path before its id.
    const fn path(self) -> &'static str {
        match self {
            Self::Model => "",
            Self::Dataset => "datasets/",
            Self::Space => "spaces/",
        }
    }

    const fn resource_type(self) -> &'static str {
        match self {
            Self::Model => MODEL_TYPE,
            Self::Dataset => DATASET_TYPE,
            Self::Space => SPACE_TYPE,
        }
    }
}

/// The resource types.
pub(crate) const MODEL_TYPE: &str = "model_repository";
pub(crate) const DATASET_TYPE: &str = "dataset_repository";
pub(crate) const SPACE_TYPE: &str = "space";

#[derive(Clone, Debug)]
pub(crate) struct Repository {
    /// Unique for ever.
    uid: String,
    kind: Kind,
    namespace: String,
    name: String,
    is_private: bool,
    created: Timestamp,
    changed: Timestamp,
    /// The commit at its head, and its files.
    head: String,
    files: Vec<String>,
    /// Of a Space.
    space: Option<Space>,
}

impl Repository {
    /// Its id on the Hub.
    fn id(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// The key of a repository in the account.
pub(crate) fn key(kind: Kind, namespace: &str, name: &str) -> String {
    format!("{}{namespace}/{name}", kind.path())
}

/// Whether a model of this id was made in the account.
pub(crate) fn has_model(state: &State, id: &str) -> bool {
    state
        .repositories
        .get(id)
        .is_some_and(|one| one.kind == Kind::Model)
}

/// All repositories.
pub(crate) fn inventory(state: &State) -> impl Iterator<Item = Resource> {
    state.repositories.all().map(|one| {
        let mut resource = Resource::new(one.kind.resource_type(), &one.name, &one.namespace)
            .named(one.name.clone())
            .created(one.created);
        if let Some(space) = &one.space {
            let flavor = space.requested.as_str();
            let secrets: Vec<&str> = space.secrets().collect();
            resource = resource
                .in_state(space.stage.word(), Lifetime::Alive)
                .with("flavor", flavor)
                .with("secrets", secrets.join(","));
        }
        resource.incarnation = Some(crate::time::shown(one.created));
        resource
    })
}

/// The state of a repository as text: what only calls change.
pub(crate) fn canonical(state: &State, resource: &Resource) -> String {
    let all = state.repositories.all();
    let mut found = all.filter(|one| {
        one.kind.resource_type() == resource.resource_type
            && one.namespace == resource.scope.as_str()
            && one.name == resource.id
    });
    found.next().map_or_else(String::new, |one| {
        let space = one.space.as_ref().map(Space::settings);
        format!("{}|{}|{:?}|{space:?}", one.head, one.is_private, one.files)
    })
}
