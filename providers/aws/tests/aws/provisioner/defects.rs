//! Each defect does the harm that it is named for, by the ground truth.

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

#[tokio::test(start_paused = true)]
async fn leaks_elastic_ip_leaves_one_address() {
    let bench = Bench::new(42);
    let mut process = defective(&bench, "leaks-elastic-ip");
    process.provision().await.unwrap();
    assert_eq!(process.teardown().await, Ok(()));
    assert_eq!(bench.ids_of("elastic_ip").len(), 1);
    assert_eq!(bench.ids_of("vpc").len(), 0);
}

#[tokio::test(start_paused = true)]
async fn hides_teardown_error_leaves_the_network_and_reports_success() {
    let bench = Bench::new(43);
    let mut process = defective(&bench, "hides-teardown-error");
    process.provision().await.unwrap();
    assert_eq!(process.teardown().await, Ok(()));
    let check = |resource_type: &str, expected: usize| {
        assert_eq!(
            bench.ids_of(resource_type).len(),
            expected,
            "{resource_type}"
        );
    };
    check("nat_gateway", 2);
    check("elastic_ip", 2);
    check("vpc", 1);
    check("eks_cluster", 0);
}

#[tokio::test(start_paused = true)]
async fn twin_vpc_on_retry_makes_a_second_vpc() {
    let bench = Bench::new(44);
    defective(&bench, "twin-vpc-on-retry")
        .provision()
        .await
        .unwrap();
    assert_eq!(bench.most_at_once("vpc"), 1);
    // It continues with either of the two at random, so the result may be success or failure.
    let _ = defective(&bench, "twin-vpc-on-retry").provision().await;
    assert_eq!(bench.most_at_once("vpc"), 2);
}

#[tokio::test(start_paused = true)]
async fn deletes_neighbours_vpc_tears_a_bystander_down() {
    let bench = Bench::new(45);
    let before = bench.names_of_vpcs();
    assert!(before.contains("kp-legacy"), "{before:?}");
    let mut process = defective(&bench, "deletes-neighbours-vpc");
    process.provision().await.unwrap();
    assert_eq!(process.teardown().await, Ok(()));
    assert!(!bench.names_of_vpcs().contains("kp-legacy"));
}

#[tokio::test(start_paused = true)]
async fn lies_about_ready_has_no_nodes() {
    let bench = Bench::new(46);
    defective(&bench, "lies-about-ready")
        .provision()
        .await
        .unwrap();
    assert_eq!(bench.ids_of("eks_cluster").len(), 1);
    assert_eq!(bench.ids_of("ec2_instance").len(), 0);
}
