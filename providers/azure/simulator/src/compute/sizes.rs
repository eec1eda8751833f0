//! Sizes of machines, with the families whose quota they use up. Those with a known price, and a few besides.

/// A size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) name: &'static str,
    /// As quotas name it.
    pub(crate) family: &'static str,
    pub(crate) vcpus: u32,
    pub(crate) memory_mib: u32,
    pub(crate) gpus: u32,
}

const fn size(name: &'static str, family: &'static str, vcpus: u32, gib: u32, gpus: u32) -> Size {
    Size {
        name,
        family,
        vcpus,
        memory_mib: gib * 1024,
        gpus,
    }
}

/// All sizes: vCPUs, memory in GiB, GPUs.
pub(crate) const SIZES: &[Size] = &[
    size("Standard_B2s", "standardBSFamily", 2, 4, 0),
    size("Standard_B2ms", "standardBSFamily", 2, 8, 0),
    size("Standard_B4ms", "standardBSFamily", 4, 16, 0),
    size("Standard_B2s_v2", "standardBsv2Family", 2, 8, 0),
    size("Standard_B2ls_v2", "standardBsv2Family", 2, 4, 0),
    size("Standard_D2_v3", "standardDv3Family", 2, 8, 0),
    size("Standard_D2s_v3", "standardDSv3Family", 2, 8, 0),
    size("Standard_D4s_v3", "standardDSv3Family", 4, 16, 0),
    size("Standard_D2s_v4", "standardDSv4Family", 2, 8, 0),
    size("Standard_D2s_v5", "standardDSv5Family", 2, 8, 0),
    size("Standard_D4s_v5", "standardDSv5Family", 4, 16, 0),
    size("Standard_D8s_v5", "standardDSv5Family", 8, 32, 0),
    size("Standard_D2s_v6", "standardDsv6Family", 2, 8, 0),
    size("Standard_D2as_v5", "standardDASv5Family", 2, 8, 0),
    size("Standard_DS2_v2", "standardDSv2Family", 2, 7, 0),
    size(
        "Standard_NC4as_T4_v3",
        "Standard NCASv3_T4 Family",
        4,
        28,
        1,
    ),
    size(
        "Standard_NC8as_T4_v3",
        "Standard NCASv3_T4 Family",
        8,
        56,
        1,
    ),
    size("Standard_NC6s_v3", "standardNCSv3Family", 6, 112, 1),
    size(
        "Standard_NC24ads_A100_v4",
        "StandardNCADSA100v4Family",
        24,
        220,
        1,
    ),
    size(
        "Standard_NV6ads_A10_v5",
        "StandardNVADSA10v5Family",
        6,
        55,
        1,
    ),
];

/// The size of this name, whatever its case.
pub(crate) fn find(name: &str) -> Option<&'static Size> {
    SIZES
        .iter()
        .find(|size| size.name.eq_ignore_ascii_case(name))
}
