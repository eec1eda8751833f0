//! The modules of a configuration: those of its own folders, and those that `terraform init` has downloaded.

use std::path::Path;

use kubeproof_contract::bounded;
use kubeproof_contract::terraform::{Block, Configuration};
use kubeproof_external::terraform_files;
use serde::Deserialize;

/// Where terraform notes what it has downloaded.
const LIST: &str = ".terraform/modules/modules.json";
/// The largest such list.
const LIST_BYTES_MAX: u64 = 4 << 20;
/// How deep modules of a configuration's own folders are followed.
const DEPTH_MAX: usize = 4;

/// What is known of the modules.
#[derive(Debug, Default)]
pub struct Modules {
    /// The modules that were read, by their keys (`vpc`, `eks.kms`).
    pub read: Vec<(String, Configuration)>,
    /// Those that were not, with the reason.
    pub unread: Vec<String>,
}

#[derive(Deserialize)]
struct List {
    #[serde(rename = "Modules")]
    modules: Vec<Downloaded>,
}

#[derive(Deserialize)]
struct Downloaded {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "Dir")]
    dir: String,
}

/// Reads the modules as far as their files are here.
pub fn of(folder: &Path, configuration: &Configuration) -> Modules {
    let mut modules = Modules::default();
    let downloaded = downloaded(folder);
    if let Some(list) = &downloaded {
        for module in list.modules.iter().filter(|module| !module.key.is_empty()) {
            add(&mut modules, &module.key, &folder.join(&module.dir));
        }
    }
    let of_list = |key: &str| {
        downloaded
            .as_ref()
            .is_some_and(|list| list.modules.iter().any(|known| known.key == key))
    };
    let blocks = configuration.of_kind("module");
    for block in blocks.filter(|block| !of_list(block.label(0))) {
        own(&mut modules, folder, block, block.label(0), 0);
    }
    modules
}

fn downloaded(folder: &Path) -> Option<List> {
    let text = bounded::text(&folder.join(LIST), LIST_BYTES_MAX).ok()?;
    serde_json::from_str(&text).ok()
}

fn add(modules: &mut Modules, key: &str, folder: &Path) {
    match terraform_files::read(folder) {
        Ok(configuration) => modules.read.push((key.to_owned(), configuration)),
        Err(error) => modules
            .unread
            .push(format!("module `{key}` cannot be read: {error}")),
    }
}

/// A module that is not in terraform's list: it can be read if it is in a folder of the configuration's own.
fn own(modules: &mut Modules, folder: &Path, block: &Block, key: &str, depth: usize) {
    let place = &block.place;
    let Some(source) = block.text("source") else {
        let what = format!(
            "module `{key}` ({place}) was not looked into: its source cannot be read without terraform"
        );
        return modules.unread.push(what);
    };
    let is_folder = source.starts_with("./") || source.starts_with("../");
    if !is_folder || depth == DEPTH_MAX {
        return modules.unread.push(format!(
            "module `{key}` ({place}, {source}) was not looked into: run `terraform init`, which downloads it, and then this again"
        ));
    }
    let inner = folder.join(source);
    let before = modules.read.len();
    add(modules, key, &inner);
    let blocks: Vec<Block> = modules.read[before..]
        .iter()
        .flat_map(|(_, configuration)| configuration.of_kind("module").cloned())
        .collect();
    for block in blocks {
        let key = format!("{key}.{}", block.label(0));
        own(modules, &inner, &block, &key, depth + 1);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let place = tempfile::tempdir().expect("a folder");
        for (name, content) in files {
            let path = place.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, content).expect("written");
        }
        place
    }

    #[track_caller]
    fn check(files: &[(&str, &str)], read: &[&str], unread: &[&str]) {
        let place = folder(files);
        let configuration = terraform_files::read(place.path()).expect("read");
        let modules = of(place.path(), &configuration);
        let keys: Vec<&str> = modules.read.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, read);
        assert_eq!(modules.unread.len(), unread.len(), "{:?}", modules.unread);
        for (said, part) in modules.unread.iter().zip(unread) {
            assert!(said.contains(part), "{said}");
        }
    }

    const MAIN: (&str, &str) = (
        "main.tf",
        "module \"net\" {\n  source = \"./net\"\n}\nmodule \"eks\" {\n  source = \"a/eks/b\"\n}\n",
    );

    #[test]
    fn folders_of_the_configuration_are_read_and_other_modules_are_named() {
        let inner = (
            "net/net.tf",
            "module \"deep\" {\n  source = \"../deep\"\n}\n",
        );
        check(
            &[MAIN, inner, ("deep/d.tf", "variable \"x\" {}\n")],
            &["net", "net.deep"],
            &["module `eks` (main.tf:4, a/eks/b) was not looked into: run `terraform init`"],
        );
        check(
            &[MAIN],
            &[],
            &["module `net` cannot be read", "module `eks`"],
        );
    }

    #[test]
    fn downloaded_modules_are_read() {
        let list = (
            LIST,
            r#"{"Modules": [{"Key": "", "Dir": "."}, {"Key": "eks", "Dir": ".terraform/modules/eks"}, {"Key": "net", "Dir": "net"}]}"#,
        );
        let eks = (".terraform/modules/eks/main.tf", "variable \"x\" {}\n");
        check(
            &[MAIN, list, eks, ("net/n.tf", "variable \"x\" {}\n")],
            &["eks", "net"],
            &[],
        );
    }

    #[test]
    fn modules_that_name_each_other_end() {
        let circle = (
            "net/net.tf",
            "module \"again\" {\n  source = \"../net\"\n}\n",
        );
        let main = ("main.tf", "module \"net\" {\n  source = \"./net\"\n}\n");
        let keys = [
            "net",
            "net.again",
            "net.again.again",
            "net.again.again.again",
        ];
        check(&[main, circle], &keys, &["was not looked into"]);
    }
}
