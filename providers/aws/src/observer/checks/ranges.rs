//! What counts as inside a VPC: its own address ranges, its own groups, and prefix lists of such ranges.
//!
//! A rule whose source is inside opens nothing to the outside, so no scenario has to ask for it.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{IpPermission, SecurityGroup, Vpc};
use ipnet::IpNet;

/// What is inside.
#[derive(Clone, Debug, Default)]
pub(super) struct InsideRanges<'a> {
    ranges: Vec<IpNet>,
    groups: &'a [SecurityGroup],
    lists: BTreeMap<String, Vec<String>>,
}

impl<'a> InsideRanges<'a> {
    /// Inside these VPCs, with all of their groups and the prefix lists that their rules name.
    pub(super) fn of(
        vpcs: &[Vpc],
        groups: &'a [SecurityGroup],
        lists: BTreeMap<String, Vec<String>>,
    ) -> Self {
        let ranges: Vec<IpNet> = vpcs.iter().flat_map(ranges).collect();
        // One rule may name several adjacent ranges together.
        Self {
            ranges: IpNet::aggregate(&ranges),
            groups,
            lists,
        }
    }

    /// Whether all addresses of a range are inside.
    pub(super) fn has(&self, range: &str) -> bool {
        let range: Option<IpNet> = range.parse().ok();
        range.is_some_and(|range| self.ranges.iter().any(|own| own.contains(&range)))
    }

    /// The sources of a rule that are not inside.
    pub(super) fn outside(&self, rule: &IpPermission) -> Vec<String> {
        let of_4 = rule.ip_ranges().iter().filter_map(|range| range.cidr_ip());
        let of_6 = rule
            .ipv6_ranges()
            .iter()
            .filter_map(|range| range.cidr_ipv6());
        let lists = rule
            .prefix_list_ids()
            .iter()
            .filter_map(|list| list.prefix_list_id());
        let groups = rule
            .user_id_group_pairs()
            .iter()
            .filter_map(|pair| pair.group_id());
        let ranges = of_4.chain(of_6).filter(|range| !self.has(range));
        let all = ranges
            .chain(lists.filter(|list| !self.has_list(list)))
            .chain(groups.filter(|group| !self.has_group(group)));
        all.map(str::to_owned).collect()
    }

    fn has_list(&self, list: &str) -> bool {
        let entries = self.lists.get(list);
        entries.is_some_and(|ranges| ranges.iter().all(|range| self.has(range)))
    }

    fn has_group(&self, id: &str) -> bool {
        self.groups.iter().any(|group| group.group_id() == Some(id))
    }
}

/// The ranges that are associated with a VPC: the first one, further ones, and those of IPv6.
pub(super) fn ranges(vpc: &Vpc) -> Vec<IpNet> {
    let first = vpc.cidr_block().into_iter();
    let further = vpc.cidr_block_association_set().iter().filter(|one| {
        let state = one.cidr_block_state().and_then(|state| state.state());
        state.is_none_or(|state| state.as_str() == "associated")
    });
    let of_6 = vpc.ipv6_cidr_block_association_set().iter().filter(|one| {
        let state = one.ipv6_cidr_block_state().and_then(|state| state.state());
        state.is_none_or(|state| state.as_str() == "associated")
    });
    let all = first
        .chain(further.filter_map(|one| one.cidr_block()))
        .chain(of_6.filter_map(|one| one.ipv6_cidr_block()));
    all.filter_map(|range| range.parse().ok()).collect()
}
