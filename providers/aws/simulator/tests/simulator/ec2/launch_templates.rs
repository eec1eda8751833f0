//! Launch templates: made once per name and token, shown with their data, and deleted.

use super::account::Account;

const DATA: &[(&str, &str)] = &[
    ("LaunchTemplateName", "kp-r1-main"),
    (
        "LaunchTemplateData.SecurityGroupId.1",
        "sg-0123456789abcdef0",
    ),
    (
        "LaunchTemplateData.BlockDeviceMapping.1.DeviceName",
        "/dev/xvda",
    ),
    (
        "LaunchTemplateData.BlockDeviceMapping.1.Ebs.VolumeSize",
        "30",
    ),
    (
        "LaunchTemplateData.BlockDeviceMapping.1.Ebs.VolumeType",
        "gp3",
    ),
    (
        "LaunchTemplateData.BlockDeviceMapping.1.Ebs.DeleteOnTermination",
        "true",
    ),
    (
        "LaunchTemplateData.TagSpecification.1.ResourceType",
        "volume",
    ),
    (
        "LaunchTemplateData.TagSpecification.1.Tag.1.Key",
        "kubeproof:run",
    ),
    ("LaunchTemplateData.TagSpecification.1.Tag.1.Value", "r1"),
];

#[test]
fn a_template_shows_the_data_that_it_was_made_with() {
    let mut account = Account::new();
    let id = account
        .ok("CreateLaunchTemplate", DATA)
        .first("launchTemplateId");
    account.pass(4);
    let asked = [
        ("LaunchTemplateId", id.as_str()),
        ("LaunchTemplateVersion.1", "$Default"),
    ];
    let shown = account.ok("DescribeLaunchTemplateVersions", &asked);
    for (name, value) in [
        ("versionNumber", "1"),
        ("deviceName", "/dev/xvda"),
        ("volumeSize", "30"),
        ("volumeType", "gp3"),
        ("deleteOnTermination", "true"),
        ("resourceType", "volume"),
        ("key", "kubeproof:run"),
        ("value", "r1"),
    ] {
        assert_eq!(shown.first(name), value, "{name}");
    }
    account.ok(
        "DeleteLaunchTemplate",
        &[("LaunchTemplateName", "kp-r1-main")],
    );
    let code = "InvalidLaunchTemplateId.NotFound";
    account.refused("DeleteLaunchTemplate", &[("LaunchTemplateId", &id)], code);
}

#[test]
fn a_token_gives_the_first_template_again_and_a_name_is_taken_once() {
    let mut account = Account::new();
    let with_token = [DATA, &[("ClientToken", "one")]].concat();
    let first = account.ok("CreateLaunchTemplate", &with_token);
    let again = account.ok("CreateLaunchTemplate", &with_token);
    assert_eq!(
        first.first("launchTemplateId"),
        again.first("launchTemplateId")
    );
    let taken = "InvalidLaunchTemplateName.AlreadyExistsException";
    account.refused("CreateLaunchTemplate", DATA, taken);
}

#[test]
fn tags_for_what_no_instance_has_are_refused() {
    let mut account = Account::new();
    let tagged = [
        ("LaunchTemplateName", "t"),
        ("LaunchTemplateData.TagSpecification.1.ResourceType", "vpc"),
        ("LaunchTemplateData.TagSpecification.1.Tag.1.Key", "a"),
    ];
    account.refused("CreateLaunchTemplate", &tagged, "InvalidParameterValue");
}

#[test]
fn a_version_is_made_from_an_earlier_one_and_the_default_one_stays() {
    let mut account = Account::new();
    let made = [
        ("LaunchTemplateName", "t"),
        ("LaunchTemplateData.InstanceType", "t3.medium"),
        ("LaunchTemplateData.Monitoring.Enabled", "true"),
    ];
    let id = account
        .ok("CreateLaunchTemplate", &made)
        .first("launchTemplateId");
    let of = ("LaunchTemplateId", id.as_str());
    let next = [
        of,
        ("SourceVersion", "1"),
        ("LaunchTemplateData.InstanceType", "t3.large"),
    ];
    account.ok("CreateLaunchTemplateVersion", &next);
    let latest = account.ok(
        "DescribeLaunchTemplateVersions",
        &[of, ("LaunchTemplateVersion.1", "$Latest")],
    );
    assert_eq!(latest.first("instanceType"), "t3.large");
    assert_eq!(latest.first("enabled"), "true", "kept from the source");
    let default = account.ok(
        "DescribeLaunchTemplateVersions",
        &[of, ("LaunchTemplateVersion.1", "$Default")],
    );
    assert_eq!(default.first("instanceType"), "t3.medium");
    let one = [of, ("LaunchTemplateVersion.1", "1")];
    let refused = account.ok("DeleteLaunchTemplateVersions", &one);
    assert!(refused.0.contains("unsuccessfully"), "{}", refused.0);
    assert_eq!(refused.all("versionNumber"), ["1"]);
    account.ok("ModifyLaunchTemplate", &[of, ("SetDefaultVersion", "2")]);
    account.ok("DeleteLaunchTemplateVersions", &one);
    let gone = [of, ("LaunchTemplateVersion.1", "1")];
    account.refused(
        "DescribeLaunchTemplateVersions",
        &gone,
        "InvalidLaunchTemplateId.VersionNotFound",
    );
}
