//! Pages: every list is complete when read to its last page, and refuses tokens of other lists.

use super::account::{Account, Network};

/// All ids of a list, read in pages, and the number of pages.
fn read(account: &mut Account, action: &str, id: &str, size: &str) -> (Vec<String>, usize) {
    let (mut all, mut token, mut pages) = (Vec::new(), String::new(), 0);
    while pages < 100 {
        let mut params = Vec::new();
        if !size.is_empty() {
            params.push(("MaxResults", size));
        }
        if !token.is_empty() {
            params.push(("NextToken", token.as_str()));
        }
        let page = account.ok(action, &params);
        all.extend(page.all(id));
        pages += 1;
        token = page.first("nextToken");
        if token.is_empty() {
            break;
        }
    }
    (all, pages)
}

#[test]
fn a_list_read_in_pages_is_the_whole_list() {
    let mut account = Account::with(|setup| setup.page_size_max = 2);
    let network = Network::build(&mut account);
    let (subnets, pages) = read(&mut account, "DescribeSubnets", "subnetId", "");
    assert_eq!(
        (subnets.len(), pages),
        (8, 4),
        "six default subnets and two of {network:?}"
    );
    let (tables, pages) = read(&mut account, "DescribeRouteTables", "vpcId", "");
    assert_eq!((tables.len(), pages), (4, 2));
    let (groups, pages) = read(
        &mut account,
        "DescribeSecurityGroups",
        "groupDescription",
        "",
    );
    assert_eq!((groups.len(), pages), (4, 2));
}

#[test]
fn the_caller_may_ask_for_smaller_pages_but_not_below_five() {
    let mut account = Account::new();
    Network::build(&mut account);
    let (tags, pages) = read(&mut account, "DescribeTags", "resourceId", "5");
    assert_eq!((tags.len(), pages), (10, 2));
    for size in ["1", "1001"] {
        account.refused(
            "DescribeVpcs",
            &[("MaxResults", size)],
            "InvalidParameterValue",
        );
    }
}

#[test]
fn a_token_of_another_list_is_refused() {
    let mut account = Account::with(|setup| setup.page_size_max = 1);
    let token = account.ok("DescribeSubnets", &[]).first("nextToken");
    assert!(!token.is_empty());
    account.refused("DescribeVpcs", &[("NextToken", &token)], "InvalidNextToken");
}

#[test]
fn lists_without_pages_refuse_a_page_size() {
    let mut account = Account::new();
    for action in [
        "DescribeAddresses",
        "DescribeAvailabilityZones",
        "DescribeKeyPairs",
    ] {
        account.refused(action, &[("MaxResults", "5")], "UnknownParameter");
    }
}
