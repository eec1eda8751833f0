//! Lambda Cloud's own calls about the run's instances, and how long their states last.

use std::time::Duration;

use async_trait::async_trait;
use kubeproof_cloudkit::create::LookupWindows;
use kubeproof_cloudkit::machines::{Machine, MachineApi, States};
use kubeproof_cloudkit::poll::PollSchedule;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, RetryPolicy, Session};
use kubeproof_contract::key_values;
use kubeproof_kubernetes::machines::ClusterCa;
use serde_json::{Value, json};

use super::{LambdaProvisioner, network};
use crate::api::types::{Instance, LaunchResponse, NODE_TAG, Ruleset};

#[async_trait]
impl MachineApi for LambdaProvisioner {
    type Prepared = Ruleset;

    const STATES: States = States {
        starting: "booting",
        running: "active",
        ending: "terminating",
        addressed_within: Duration::from_mins(10),
        // Eight GPUs take up to a quarter of an hour.
        running_within: Duration::from_mins(25),
        // One to three minutes is typical.
        gone_within: Duration::from_mins(15),
        every: PollSchedule::every(10),
        // A launch that timed out may be applied half a minute later.
        lookup: LookupWindows {
            after_lost: Duration::from_mins(2),
            after_timeout: Duration::from_mins(2),
            every: Duration::from_secs(10),
            ..LookupWindows::DEFAULT
        },
    };

    fn session(&self) -> &Session {
        self.api.session()
    }

    async fn machines(&self) -> Result<Vec<Machine>, CallError> {
        let mut all: Vec<Instance> = self.api.get("ListInstances", &[]).await?;
        all.retain(|one| one.status != "terminated" && one.belongs_to(self.run()));
        Ok(all.into_iter().map(Instance::into_machine).collect())
    }

    async fn machine(&self, id: &str) -> Result<Machine, CallError> {
        let one: Instance = self.api.get("GetInstance", &[id]).await?;
        Ok(one.into_machine())
    }

    async fn prepare(&self, place: &str, cluster_ca: &ClusterCa) -> Result<Ruleset, CallError> {
        network::ensure_key(self, cluster_ca).await?;
        let ruleset = network::ensure_ruleset(self, place).await?;
        if self.spec.filesystem {
            network::ensure_filesystem(self, place).await?;
        }
        Ok(ruleset)
    }

    async fn launch(
        &self,
        ruleset: &Ruleset,
        node: &str,
        user_data: &str,
    ) -> Result<Machine, CallError> {
        let body = order(self, ruleset, node, user_data);
        let call = RestCall::new("LaunchInstance", &[]).with_body(&body);
        let launched: LaunchResponse = self.api.call(RetryPolicy::ONCE, call).await?;
        let [id] = launched.instance_ids.as_slice() else {
            let count = launched.instance_ids.len();
            let message = format!("{count} instances came, one was asked for");
            return Err(CallError::state("lambda:LaunchInstance", message));
        };
        self.machine(id).await
    }

    async fn connect(&self, ruleset: &Ruleset, nodes: &[Machine]) -> Result<(), CallError> {
        network::let_nodes_talk(self, ruleset, nodes).await
    }

    async fn terminate(&self, ids: &[&str]) -> Result<(), CallError> {
        let body = json!({ "instance_ids": ids });
        let call = RestCall::new("TerminateInstances", &[]).with_body(&body);
        self.api.end(RetryPolicy::IDEMPOTENT, call).await
    }
}

fn order(work: &LambdaProvisioner, ruleset: &Ruleset, node: &str, user_data: &str) -> Value {
    let mut tags = work.run().tags();
    tags.insert(NODE_TAG.to_owned(), node.to_owned());
    let mut body = json!({
        "region_name": ruleset.region.name, "instance_type_name": work.spec.instance_type.0,
        "ssh_key_names": [work.run().name("")], "name": node, "tags": key_values::written(&tags),
        "user_data": user_data, "firewall_rulesets": [{"id": ruleset.id}],
    });
    if work.spec.filesystem {
        body["file_system_names"] = json!([work.run().name("fs")]);
    }
    body
}
