//! What may be left after a teardown: what the provider declares as retained, at most as often as in the clean run.
//! Pure.

use kubeproof_contract::resource::Resource;

use crate::trial::output::Retained;

/// Splits what is left into retained resources and orphans. `declared` is what the provider retains by design; `clean`
/// is how often the clean run retained it, and `None` for the clean run itself.
pub fn split(
    left: Vec<Resource>,
    declared: impl Fn(&Resource) -> bool,
    key: impl Fn(&Resource) -> (String, String),
    clean: Option<&Retained>,
) -> (Vec<Resource>, Vec<Resource>) {
    let mut seen = Retained::new();
    left.into_iter().partition(|resource| {
        if !declared(resource) {
            return false;
        }
        let key = key(resource);
        let most = clean.map(|clean| clean.get(&key).copied().unwrap_or(0));
        let count = seen.entry(key).or_insert(0);
        *count += 1;
        most.is_none_or(|most| *count <= most)
    })
}

/// Counts these by key.
pub fn counted(staying: &[Resource], key: impl Fn(&Resource) -> (String, String)) -> Retained {
    let mut all = Retained::new();
    for resource in staying {
        *all.entry(key(resource)).or_insert(0) += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resources(ids: &str) -> Vec<Resource> {
        let made = |id: &str| {
            let of = id.trim_end_matches(char::is_numeric);
            Resource::new(of, id, "r")
        };
        ids.split_whitespace().map(made).collect()
    }

    /// All names of a type are random.
    fn key(resource: &Resource) -> (String, String) {
        (resource.resource_type.clone(), "#".to_owned())
    }

    #[track_caller]
    fn check(left: &str, clean: Option<&str>, orphans: &str) {
        let declared = |resource: &Resource| resource.resource_type == "role";
        let clean = clean.map(|ids| counted(&resources(ids), key));
        let (_, found) = split(resources(left), declared, key, clean.as_ref());
        let ids: Vec<&str> = found.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids.join(" "), orphans, "{left} after {clean:?}");
    }

    #[test]
    fn what_is_declared_may_stay_as_often_as_in_the_clean_run() {
        check("role1 role2", Some("role8 role9"), "");
        check("role1", Some("role8 role9"), "");
        check("role1 role2 role3", Some("role8 role9"), "role3");
        check("role1", Some(""), "role1");
    }

    #[test]
    fn what_is_not_declared_never_stays_whatever_the_clean_run_left() {
        check("disk1", Some("disk9"), "disk1");
        check("disk1 role1", None, "disk1");
    }
}
