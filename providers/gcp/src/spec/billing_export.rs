//! The table that Google writes billing data to.

use kubeproof_contract::checked_text;

checked_text!(
    /// A table of `BigQuery`, as `project.dataset.table`.
    BillingExport,
    |text| {
        let word = |part: &str, more: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
            !part.is_empty() && part.len() <= 1024 && part.chars().all(fits)
        };
        // A project of a domain has dots itself: `example.com:project`.
        let mut parts = text.rsplitn(3, '.');
        let mut next = || parts.next().unwrap_or_default();
        let (table, dataset, project) = (next(), next(), next());
        word(table, "_-") && word(dataset, "_") && word(project, "-.:")
    },
    "is no table such as my-project.billing.gcp_billing_export_resource_v1_01A2B3_C4D5E6_F70819"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_project_and_a_dataset_and_nothing_that_ends_a_name_in_a_query() {
        let check = |text: &str, expected: bool| {
            let read = BillingExport::try_from(text.to_owned());
            assert_eq!(read.is_ok(), expected, "{text}");
        };
        check("my-project.billing.gcp_billing_export_resource_v1_0A", true);
        check("example.com:my-project.billing.t", true);
        check("billing.t", false);
        check("my-project.billing.", false);
        check("my-project.billing.t` WHERE TRUE --", false);
        check("my project.billing.t", false);
    }
}
