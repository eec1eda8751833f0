//! Each defect does the wrong that it is named for, as the truth shows.

use kubeproof_aws::defects::{DEFECTS, apply};
use kubeproof_contract::fault_layer::FaultPlan;
use kubeproof_contract::provisioner::Provisioner;

use crate::stage::Stage;

fn defective(stage: &Stage, name: &str) -> Box<dyn Provisioner> {
    apply(
        name,
        stage.spec.clone(),
        stage.connection(&FaultPlan::new(Vec::new())),
    )
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_listed_defect_can_be_applied_and_no_other() {
    let stage = Stage::new(41);
    for defect in DEFECTS {
        assert!(defective(&stage, defect.name).name().contains(defect.name));
    }
    let connection = stage.connection(&FaultPlan::new(Vec::new()));
    assert!(apply("no-such-defect", stage.spec.clone(), connection).is_none());
}

#[tokio::test(start_paused = true)]
async fn leaks_elastic_ip_leaves_one_address() {
    let stage = Stage::new(42);
    let mut process = defective(&stage, "leaks-elastic-ip");
    process.provision().await.unwrap();
    assert_eq!(process.teardown().await, Ok(()));
    assert_eq!(stage.ids_of("elastic_ip").len(), 1);
    assert_eq!(stage.ids_of("vpc").len(), 0);
}

#[tokio::test(start_paused = true)]
async fn hides_teardown_error_leaves_the_network_and_says_nothing() {
    let stage = Stage::new(43);
    let mut process = defective(&stage, "hides-teardown-error");
    process.provision().await.unwrap();
    assert_eq!(process.teardown().await, Ok(()));
    let check = |resource_type: &str, expected: usize| {
        assert_eq!(
            stage.ids_of(resource_type).len(),
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
    let stage = Stage::new(44);
    defective(&stage, "twin-vpc-on-retry")
        .provision()
        .await
        .unwrap();
    assert_eq!(stage.most_at_once("vpc"), 1);
    // Which of both it goes on with is chance, and with it whether that ends well.
    let _ = defective(&stage, "twin-vpc-on-retry").provision().await;
    assert_eq!(stage.most_at_once("vpc"), 2);
}

#[tokio::test(start_paused = true)]
async fn deletes_neighbours_vpc_tears_a_decoy_down() {
    let stage = Stage::new(45);
    let before = stage.names_of_vpcs();
    assert!(before.contains("kp-legacy"), "{before:?}");
    let mut process = defective(&stage, "deletes-neighbours-vpc");
    process.provision().await.unwrap();
    assert_eq!(process.teardown().await, Ok(()));
    assert!(!stage.names_of_vpcs().contains("kp-legacy"));
}

#[tokio::test(start_paused = true)]
async fn lies_about_ready_has_no_nodes() {
    let stage = Stage::new(46);
    defective(&stage, "lies-about-ready")
        .provision()
        .await
        .unwrap();
    assert_eq!(stage.ids_of("eks_cluster").len(), 1);
    assert_eq!(stage.ids_of("ec2_instance").len(), 0);
}
