//! Instances of a caller's own: how many, with what, what they cost, and what they keep from being deleted.

use super::account::{Account, Network, tagged};

/// The image of EKS for a processor.
fn image(account: &mut Account, architecture: &str) -> String {
    let name = format!("amazon-eks-node-al2023-{architecture}-standard-1.34-*");
    let asked = [
        ("Owner.1", "amazon"),
        ("Filter.1.Name", "name"),
        ("Filter.1.Value.1", name.as_str()),
    ];
    let images = account.ok("DescribeImages", &asked).all("imageId");
    assert_eq!(images.len(), 1, "{images:?}");
    images.concat()
}

/// Parameters of one `t3.medium` in a subnet.
fn one<'a>(image: &'a str, subnet: &'a str) -> Vec<(&'a str, &'a str)> {
    let order = [
        ("ImageId", image),
        ("InstanceType", "t3.medium"),
        ("MinCount", "1"),
        ("MaxCount", "1"),
        ("SubnetId", subnet),
    ];
    tagged("instance", &order)
}

fn with<'a>(
    order: &[(&'a str, &'a str)],
    name: &'a str,
    value: &'a str,
) -> Vec<(&'a str, &'a str)> {
    let mut order: Vec<_> = order.iter().copied().filter(|one| one.0 != name).collect();
    order.push((name, value));
    order
}

fn open_lines(account: &mut Account) -> Vec<String> {
    let periods = account.state().meter.periods();
    let open = periods.iter().filter(|period| period.to.is_none());
    open.map(|period| period.usage.line.clone()).collect()
}

#[test]
fn an_instance_left_behind_is_billed_and_keeps_its_network_until_it_is_terminated() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let image = image(&mut account, "x86_64");
    let (before, lines) = (account.keys(), open_lines(&mut account));
    let made = account.ok("RunInstances", &one(&image, &network.private));
    let id = made.first("instanceId");
    assert_eq!(made.first("imageId"), image);
    assert_eq!(made.first("httpTokens"), "required");
    let kinds: Vec<String> = account
        .inventory()
        .into_iter()
        .filter(|one| !before.contains(&one.key()))
        .map(|one| one.resource_type.as_str().to_owned())
        .collect();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    assert_eq!(open_lines(&mut account)[lines.len()..], ["nodes", "disks"]);
    let meter = &account.state().meter;
    let owners = meter.periods().iter().rev().take(2);
    assert!(
        owners
            .clone()
            .all(|one| one.usage.run_id.as_deref() == Some("r1"))
    );
    for (action, name, of) in [
        ("DeleteSubnet", "SubnetId", &network.private),
        ("DeleteVpc", "VpcId", &network.vpc),
    ] {
        account.refused(action, &[(name, of)], "DependencyViolation");
    }
    account.ok("TerminateInstances", &[("InstanceId.1", &id)]);
    account.pass(60);
    assert_eq!(account.keys(), before);
    assert_eq!(open_lines(&mut account), lines);
}

#[test]
fn as_many_run_as_there_is_room_for_and_fewer_than_asked_is_none() {
    let mut account = Account::with(|setup| {
        setup.quotas.insert("L-1216C47A".to_owned(), 6);
    });
    let network = Network::build(&mut account);
    let image = image(&mut account, "x86_64");
    let before = account.keys();
    let order = one(&image, &network.private);
    let four = with(&with(&order, "MinCount", "4"), "MaxCount", "5");
    account.refused("RunInstances", &four, "VcpuLimitExceeded");
    assert_eq!(account.keys(), before, "what was launched of it is gone");
    let some = with(&order, "MaxCount", "5");
    let made = account.ok("RunInstances", &some);
    assert_eq!(made.all("instanceId").len(), 3, "two processors each");
    let listed = account.ok("DescribeInstances", &[]);
    assert_eq!(listed.all("reservationId").len(), 1);
    let none = with(&with(&order, "MinCount", "2"), "MaxCount", "1");
    account.refused("RunInstances", &none, "InvalidParameterValue");
}

#[test]
fn the_same_token_runs_nothing_new_and_another_order_with_it_is_refused() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let image = image(&mut account, "x86_64");
    let order = with(&one(&image, &network.private), "ClientToken", "t");
    let first = account.ok("RunInstances", &order).first("instanceId");
    let again = account.ok("RunInstances", &order).all("instanceId");
    assert_eq!(again, [first]);
    let other = with(&order, "InstanceType", "t3.large");
    account.refused("RunInstances", &other, "IdempotentParameterMismatch");
}

#[test]
fn a_launch_template_is_the_ground_and_the_call_is_over_it() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let image = image(&mut account, "x86_64");
    let data = [
        ("LaunchTemplateName", "nodes"),
        ("LaunchTemplateData.ImageId", image.as_str()),
        ("LaunchTemplateData.InstanceType", "t3.medium"),
        ("LaunchTemplateData.MetadataOptions.HttpTokens", "optional"),
        (
            "LaunchTemplateData.BlockDeviceMapping.1.DeviceName",
            "/dev/xvda",
        ),
        (
            "LaunchTemplateData.BlockDeviceMapping.1.Ebs.VolumeSize",
            "40",
        ),
        (
            "LaunchTemplateData.BlockDeviceMapping.2.DeviceName",
            "/dev/xvdb",
        ),
        (
            "LaunchTemplateData.BlockDeviceMapping.2.Ebs.VolumeSize",
            "7",
        ),
        (
            "LaunchTemplateData.BlockDeviceMapping.2.Ebs.DeleteOnTermination",
            "false",
        ),
    ];
    account.ok("CreateLaunchTemplate", &data);
    let order = [
        ("LaunchTemplate.LaunchTemplateName", "nodes"),
        ("InstanceType", "t3.large"),
        ("MinCount", "1"),
        ("MaxCount", "1"),
        ("SubnetId", network.private.as_str()),
    ];
    let made = account.ok("RunInstances", &order);
    assert_eq!(made.first("instanceType"), "t3.large");
    assert_eq!(made.first("httpTokens"), "optional");
    let mut devices = made.all("deviceName");
    devices.sort();
    assert_eq!(devices, ["/dev/xvda", "/dev/xvdb"]);
    let mut sizes = account.ok("DescribeVolumes", &[]).all("size");
    sizes.sort();
    assert_eq!(sizes, ["40", "7"]);
    let id = made.first("instanceId");
    account.ok("TerminateInstances", &[("InstanceId.1", &id)]);
    account.pass(60);
    let left = account.ok("DescribeVolumes", &[]);
    assert_eq!(left.all("size"), ["7"], "that one stays");
}

#[test]
fn what_cannot_be_launched_is_refused_and_what_is_not_simulated_is_named() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let (image, arm) = (image(&mut account, "x86_64"), image(&mut account, "arm64"));
    let order = one(&image, &network.private);
    let mut check = |name: &'static str, value: &str, code: &str| {
        account.refused("RunInstances", &with(&order, name, value), code);
    };
    check("ImageId", "ami-00000000000000000", "InvalidAMIID.NotFound");
    check("ImageId", "image", "InvalidAMIID.Malformed");
    check("ImageId", &arm, "InvalidParameterValue");
    check("KeyName", "mine", "InvalidKeyPair.NotFound");
    check("IamInstanceProfile.Name", "none", "InvalidParameterValue");
    check(
        "SecurityGroupId.1",
        "sg-00000000000000000",
        "InvalidGroup.NotFound",
    );
    check(
        "SubnetId",
        "subnet-00000000000000000",
        "InvalidSubnetID.NotFound",
    );
    for (name, value) in [
        ("PrivateIpAddress", "10.0.101.9"),
        ("InstanceMarketOptions.MarketType", "capacity-block"),
    ] {
        let (status, text) = account.send("RunInstances", &with(&order, name, value), "");
        assert_eq!(status, 501, "{name}: {text}");
    }
    let (status, text) = account.send("RunInstances", &order, "capacity");
    assert_eq!(status, 500);
    assert!(text.contains("InsufficientInstanceCapacity"), "{text}");
}

#[test]
fn a_protected_instance_is_terminated_once_it_is_not_any_more() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let image = image(&mut account, "x86_64");
    let order = with(
        &one(&image, &network.private),
        "DisableApiTermination",
        "true",
    );
    let id = account.ok("RunInstances", &order).first("instanceId");
    let instance = ("InstanceId.1", id.as_str());
    account.refused("TerminateInstances", &[instance], "OperationNotPermitted");
    let asked = [
        ("InstanceId", id.as_str()),
        ("Attribute", "disableApiTermination"),
    ];
    assert_eq!(
        account
            .ok("DescribeInstanceAttribute", &asked)
            .first("value"),
        "true"
    );
    let off = [
        ("InstanceId", id.as_str()),
        ("DisableApiTermination.Value", "false"),
    ];
    account.ok("ModifyInstanceAttribute", &off);
    account.ok("TerminateInstances", &[instance]);
}

#[test]
fn an_instant_fleet_takes_the_cheapest_choice_and_says_why_others_failed() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let image = image(&mut account, "x86_64");
    let data = [
        ("LaunchTemplateName", "karpenter"),
        ("LaunchTemplateData.ImageId", image.as_str()),
    ];
    account.ok("CreateLaunchTemplate", &data);
    let config = "LaunchTemplateConfigs.1.";
    let names = [
        format!("{config}LaunchTemplateSpecification.LaunchTemplateName"),
        format!("{config}LaunchTemplateSpecification.Version"),
        format!("{config}Overrides.1.InstanceType"),
        format!("{config}Overrides.1.SubnetId"),
        format!("{config}Overrides.2.InstanceType"),
        format!("{config}Overrides.2.SubnetId"),
    ];
    let subnet = network.private.as_str();
    let values = [
        "karpenter",
        "$Latest",
        "m5.large",
        subnet,
        "t3.medium",
        subnet,
    ];
    let mut order: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(values).collect();
    order.extend([
        ("Type", "instant"),
        ("TargetCapacitySpecification.TotalTargetCapacity", "1"),
        (
            "TargetCapacitySpecification.DefaultTargetCapacityType",
            "on-demand",
        ),
    ]);
    let order = tagged("instance", &order);
    let made = account.ok("CreateFleet", &order);
    let launched = account.ok("DescribeInstances", &[]);
    assert_eq!(launched.all("instanceType"), ["t3.medium"]);
    assert!(made.0.contains(&launched.first("instanceId")), "{}", made.0);
    let before = account.keys();
    let refused = account.faulty("CreateFleet", &order, "capacity");
    assert_eq!(
        refused.all("errorCode"),
        ["InsufficientInstanceCapacity"; 2]
    );
    assert_eq!(account.keys(), before);
    let (status, _) = account.send("CreateFleet", &with(&order, "Type", "maintain"), "");
    assert_eq!(status, 501);
}
