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
