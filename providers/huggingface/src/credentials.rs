//! Where the token is: its variable, the file of Hugging Face's own tools, and the names under which clients look for it.

use std::path::PathBuf;

use kubeproof_cloudkit::credentials::{KeyVariable, Variables};

use crate::rehearsal;

/// The token of a user.
pub(crate) const TOKEN: KeyVariable = KeyVariable {
    name: "HF_TOKEN",
    what: "token of Hugging Face",
    advice: "make one at https://huggingface.co/settings/tokens",
    rehearsal: rehearsal::TOKEN,
    file: Some(token_file),
};

/// The variables in which clients look for the token (`huggingface_hub` 2.4.0, `utils/_auth.py`).
pub(crate) const CLIENTS: [&str; 2] = [TOKEN.name, "HUGGING_FACE_HUB_TOKEN"];

/// Where `hf auth login` keeps the token (`huggingface_hub` 2.4.0, `constants.py`).
fn token_file(variables: Variables<'_>) -> Option<PathBuf> {
    let named = |name: &str| {
        variables(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let cache = || {
        let of_user = || Some(named("HOME")?.join(".cache"));
        named("XDG_CACHE_HOME").or_else(of_user)
    };
    let home = || named("HF_HOME").or_else(|| Some(cache()?.join("huggingface")));
    named("HF_TOKEN_PATH").or_else(|| Some(home()?.join("token")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_file_is_where_the_official_client_keeps_it() {
        let check = |set: &[(&str, &str)], expected: Option<&str>| {
            let variables = |name: &str| {
                let found = set.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(
                token_file(&variables),
                expected.map(PathBuf::from),
                "{set:?}"
            );
        };
        let user = ("HOME", "/home/u");
        check(&[user], Some("/home/u/.cache/huggingface/token"));
        check(
            &[user, ("XDG_CACHE_HOME", "/c")],
            Some("/c/huggingface/token"),
        );
        check(&[user, ("HF_HOME", "/h")], Some("/h/token"));
        check(
            &[user, ("HF_HOME", "/h"), ("HF_TOKEN_PATH", "/t")],
            Some("/t"),
        );
        check(&[], None);
    }
}
