//! Which defects there are. What each does is seen by what catches it: the harness' tables of wrong provisioners.

use kubeproof_aws::defects::{DEFECTS, WRONG};
use kubeproof_aws::provisioner::EksProvisioner;
use kubeproof_contract::fault_layer::FaultPlan;
use kubeproof_contract::provisioner::Provisioner;

use super::bench::Bench;

fn defective(bench: &Bench, name: &str) -> Box<dyn Provisioner> {
    let connection = bench.connection(&FaultPlan::new(Vec::new()));
    WRONG.provisioner(Some(name), connection, |connection| {
        EksProvisioner::new(bench.spec.clone(), connection)
    })
}

#[tokio::test(start_paused = true)]
async fn every_listed_defect_can_be_applied_and_no_other() {
    let bench = Bench::new(41);
    for defect in DEFECTS {
        assert!(defective(&bench, defect.name).name().contains(defect.name));
    }
    let mut unknown = defective(&bench, "no-such-defect");
    assert!(unknown.provision().await.is_err());
}
