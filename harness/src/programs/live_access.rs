//! The access of programs that run live: through the run's proxy with placeholders, or where a cloud has none, with exactly
//! the observer's credentials; in an allowed account.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use kubeproof_contract::provisioner::{Credential, KubernetesAccess};
use kubeproof_contract::serve::ClientEnvironment;
use kubeproof_external::access::{Access, AccessError};

use super::live_credentials::LiveCredentials;
use super::proxy::{Onward, ProgramProxy};

/// The access of one live trial's programs.
#[derive(Clone, Debug)]
pub struct LiveAccess {
    pub credentials: LiveCredentials,
    /// The proxy that programs are led through, and how their calls go on from it.
    pub proxy: Option<(Arc<ProgramProxy>, Onward)>,
}

#[async_trait]
impl Access for LiveAccess {
    async fn environment(&self, folder: &Path) -> Result<ClientEnvironment, AccessError> {
        let own = &self.credentials;
        let given = own.checked().await.map_err(AccessError::new)?;
        let mut redirect = own.provider.confine(&own.scenario, folder);
        if let Some((proxy, onward)) = &self.proxy {
            let led = proxy.lead_through(&mut redirect, (own.clone(), onward), folder);
            led.map_err(AccessError::new)?;
            return Ok(redirect);
        }
        for (name, value) in given.0 {
            redirect.set(&name, value, "the observer's credentials");
        }
        Ok(redirect)
    }

    async fn of_cluster(
        &self,
        cluster: &str,
        access: KubernetesAccess,
    ) -> Result<KubernetesAccess, AccessError> {
        let (Some((proxy, _)), Some(token)) = (&self.proxy, access.token()) else {
            return Ok(access);
        };
        let real = self.credentials.checked().await.map_err(AccessError::new)?;
        let now = self.credentials.connection.clock.now();
        let anew = proxy
            .placeholders()
            .cluster_token(token, cluster, &real, now);
        let credential = anew.map(Credential::Token);
        Ok(KubernetesAccess {
            credential: credential.unwrap_or_else(|| access.credential.clone()),
            ..access
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use bytes::Bytes;
    use http::{Request, Response};
    use jiff::Timestamp;
    use kubeproof_contract::clock::Clock;
    use kubeproof_contract::disk::Disk;
    use kubeproof_contract::provider::{Connection, Credentials, ProgressSink};
    use kubeproof_contract::run::Run;
    use kubeproof_contract::transport::{Transport, TransportError};

    use super::*;

    /// The edge of the network: it knows whose a key is, and keeps what it is asked.
    #[derive(Debug, Default)]
    struct Edge(Mutex<Vec<(String, String)>>);

    #[async_trait]
    impl Transport for Edge {
        async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
            let signed = request.headers().get("authorization");
            let signed = signed
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default();
            let key = signed.split("Credential=").nth(1).unwrap_or_default();
            let key = key.split('/').next().unwrap_or_default().to_owned();
            let body = String::from_utf8_lossy(request.body()).into_owned();
            let account = if key == "AKIDALLOWED" {
                "111122223333"
            } else {
                "999988887777"
            };
            self.0.lock().expect("a lock").push((key, body));
            Ok(Response::new(Bytes::from(format!(
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
                 <GetCallerIdentityResult><Arn>arn:aws:iam::{account}:user/u</Arn><UserId>U</UserId>\
                 <Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            ))))
        }
    }

    const SCENARIO: &str = "scenario: s\ndescription: d\nprovider: aws\ncluster:\n  \
        kubernetes_version: \"1.34\"\n  node_groups: [{name: w, instance_type: t3.medium, count: 2}]\n";

    /// The access of a trial whose observer has this key, and what the edge was asked.
    fn access(key: &str, folder: &Path) -> (LiveAccess, Arc<Edge>) {
        let env_file = folder.join(".env");
        let text = format!("AWS_ACCESS_KEY_ID={key}\nAWS_SECRET_ACCESS_KEY=hidden\n");
        std::fs::write(&env_file, text).expect("written");
        let (clock, edge) = (
            Clock::starting_at(Timestamp::UNIX_EPOCH),
            Arc::new(Edge::default()),
        );
        let provider = crate::providers::find("aws").expect("a provider");
        let connection = Connection {
            transport: edge.clone(),
            clock,
            seed: 1,
            run: Run::new("r1", "me", clock.now()),
            credentials: Credentials::Documented { env_file },
            directory: folder.join("run"),
            disk: Disk::unwatched(),
            progress: ProgressSink::default(),
        };
        let scenario = provider.read(SCENARIO).expect("a scenario");
        let accounts = vec!["111122223333".to_owned()];
        let access = LiveAccess {
            credentials: LiveCredentials {
                provider,
                scenario,
                connection,
                accounts,
            },
            proxy: None,
        };
        (access, edge)
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_gets_the_observers_credentials_after_it_was_asked_whose_they_are() {
        let folder = tempfile::tempdir().expect("a folder");
        let (access, edge) = access("AKIDALLOWED", folder.path());
        let redirect = access.environment(folder.path()).await.expect("access");
        let given: BTreeMap<&str, &str> = redirect
            .variables
            .iter()
            .filter_map(|variable| Some((variable.name.as_str(), variable.value.as_deref()?)))
            .collect();
        assert_eq!(given.get("AWS_ACCESS_KEY_ID"), Some(&"AKIDALLOWED"));
        assert_eq!(given.get("AWS_SECRET_ACCESS_KEY"), Some(&"hidden"));
        assert_eq!(given.get("AWS_EC2_METADATA_DISABLED"), Some(&"true"));
        let files: Vec<&str> = redirect
            .files
            .iter()
            .map(|(_, text)| text.as_str())
            .collect();
        assert_eq!(files, ["", ""], "neither settings nor keys of the user's");
        let asked = edge.0.lock().expect("a lock").clone();
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert_eq!(asked[0].0, "AKIDALLOWED");
        assert!(asked[0].1.contains("Action=GetCallerIdentity"), "{asked:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_gets_nothing_that_is_of_another_account() {
        let folder = tempfile::tempdir().expect("a folder");
        let (access, edge) = access("AKIDOTHER", folder.path());
        let refusal = access
            .environment(folder.path())
            .await
            .expect_err("refused")
            .to_string();
        assert!(
            refusal.contains("was not started") && refusal.contains("999988887777"),
            "{refusal}"
        );
        assert!(!refusal.contains("hidden"), "{refusal}");
        assert_eq!(edge.0.lock().expect("a lock").len(), 1);
        assert!(!format!("{:?}", access.credentials.checked().await).contains("hidden"));
    }

    #[tokio::test(start_paused = true)]
    async fn credentials_that_cannot_be_found_leave_it_unknown_whether_a_program_may_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut access, edge) = access("AKIDALLOWED", folder.path());
        let half = folder.path().join("half.env");
        std::fs::write(&half, "AWS_ACCESS_KEY_ID=AKIDALLOWED\n").expect("written");
        access.credentials.connection.credentials = Credentials::Documented { env_file: half };
        let refusal = access.credentials.checked().await.expect_err("refused");
        let unknown = kubeproof_contract::check::Verdict::Unknown;
        assert_eq!(refusal.verdict, unknown, "{}", refusal.message);
        assert!(edge.0.lock().expect("a lock").is_empty());
    }

    /// The same, through a proxy whose cloud is the edge.
    fn proxied(key: &str, folder: &Path) -> (LiveAccess, Arc<Edge>) {
        let (mut access, edge) = access(key, folder);
        let placeholders = access
            .credentials
            .provider
            .placeholders()
            .expect("placeholders");
        let onward = Onward {
            layers: Arc::new(|innermost| innermost),
            innermost: edge.clone(),
            time_scale: 1,
        };
        let proxy = ProgramProxy::of_test(placeholders).expect("random bytes");
        access.proxy = Some((proxy, onward));
        (access, edge)
    }

    #[tokio::test]
    async fn through_the_proxy_a_program_gets_placeholders_and_nothing_of_the_real_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let (access, _) = proxied("AKIDALLOWED", folder.path());
        let caller = access.environment(folder.path()).await.expect("access");
        let again = access.environment(folder.path()).await.expect("access");
        assert_eq!(caller, again, "one proxy for all processes of a trial");
        let given: BTreeMap<&str, Option<&str>> = caller
            .variables
            .iter()
            .map(|variable| (variable.name.as_str(), variable.value.as_deref()))
            .collect();
        let value = |name: &str| given[name].unwrap_or_default();
        assert!(value("AWS_ACCESS_KEY_ID").starts_with("AKIAKP"));
        assert!(value("HTTPS_PROXY").starts_with("http://127.0.0.1:"));
        assert!(value("AWS_CA_BUNDLE").ends_with(".pem"));
        assert_eq!(given["NO_PROXY"], None, "would lead around the proxy");
        let all = format!("{caller:?} {access:?}");
        assert!(
            !all.contains("hidden") && !all.contains("AKIDALLOWED"),
            "{all}"
        );
        let (other, _) = proxied("AKIDALLOWED", folder.path());
        let other = other.environment(folder.path()).await.expect("access");
        assert_ne!(caller, other, "each run has placeholders of its own");
    }

    #[tokio::test]
    async fn no_proxy_opens_for_credentials_of_another_account() {
        let folder = tempfile::tempdir().expect("a folder");
        let (access, _) = proxied("AKIDOTHER", folder.path());
        let refused = access
            .environment(folder.path())
            .await
            .expect_err("refused");
        assert!(refused.to_string().contains("999988887777"), "{refused}");
    }
}
