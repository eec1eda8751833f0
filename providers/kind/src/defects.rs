//! The wrong provisioners of Kind, each a layer around the correct one. Calls of the programs `kind` and `docker` go
//! through it too.

use bytes::Bytes;
use http::Request;
use kubeproof_cloudkit::defects::{
    Does, Phase, Rule, WrongProvisioner, WrongProvisioners, WrongTeardown, defects,
};
use kubeproof_contract::provider::Defect;

use crate::dialect::KindDialect;

/// Their names and descriptions.
pub const DEFECTS: &[Defect] = &defects(&ALL);

/// All of them.
pub const WRONG: WrongProvisioners = WrongProvisioners {
    all: &ALL,
    dialect: &KindDialect,
    worked: |_| Bytes::new(),
};

const ALL: [WrongProvisioner; 3] = [
    WrongProvisioner::new(
        "leaves-volumes",
        "teardown removes the containers without their volumes",
        &[Rule::new(
            Phase::Teardown,
            &["docker:ContainerDelete"],
            Does::Change(|_, request| without_volumes(request)),
        )],
    ),
    WrongProvisioner {
        teardown: WrongTeardown::DoesNothing,
        ..WrongProvisioner::new(
            "leaves-cluster",
            "teardown says that it succeeded and does nothing",
            &[],
        )
    },
    WrongProvisioner {
        claims: &[("one-more", "000000000000")],
        ..WrongProvisioner::new(
            "lies-about-nodes",
            "says that it made a node which is not there",
            &[],
        )
    },
];

/// The deletion of a container that leaves its volumes.
fn without_volumes(mut request: Request<Bytes>) -> Request<Bytes> {
    let uri = request.uri().to_string();
    let (path, query) = uri.split_once('?').unwrap_or((&uri, ""));
    let kept = query.split('&').filter(|pair| !pair.starts_with("v="));
    let query: Vec<&str> = kept
        .chain(["v=false"])
        .filter(|pair| !pair.is_empty())
        .collect();
    if let Ok(uri) = format!("{path}?{}", query.join("&")).parse() {
        *request.uri_mut() = uri;
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_removed_without_their_volumes_whoever_asks() {
        let check = |query: &str, expected: &str| {
            let uri = format!("http://engine/v1.41/containers/1{query}");
            let request = Request::builder().uri(uri).body(Bytes::new());
            let request = without_volumes(request.expect("a request"));
            assert_eq!(request.uri().query(), Some(expected), "{query}");
        };
        check("?force=1&v=1", "force=1&v=false");
        check(
            "?v=true&force=true&link=false",
            "force=true&link=false&v=false",
        );
        check("", "v=false");
    }
}
