//! The list of all cases, by theme.

use std::pin::Pin;

use crate::finding::Outcome;
use crate::test_namespace::TestNamespace;

mod apply;
mod budgets;
mod deletion;
mod deployments;
mod discovery;
mod errors;
mod events;
mod identity;
mod jobs;
mod lists;
mod logs;
mod namespaces;
mod nodes;
mod patches;
mod pods;
mod proofs;
mod rollouts;
mod selectors;
mod tables;
mod validation;
mod watches;
mod workloads;
mod writes;

/// A running case.
type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// One case.
#[derive(Clone, Copy)]
pub struct Case {
    /// Theme and sentence: `jobs::a_job_that_succeeds_is_complete`.
    pub name: &'static str,
    pub(crate) run: for<'a> fn(&'a TestNamespace<'a>) -> Running<'a>,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

macro_rules! cases {
    ($($theme:ident { $($name:ident,)+ })+) => {
        &[$($(Case {
            name: concat!(stringify!($theme), "::", stringify!($name)),
            run: |ns| Box::pin($theme::$name(ns)),
        },)+)+]
    };
}

/// All cases.
pub const CASES: &[Case] = cases! {
    apply {
        an_applied_object_is_owned_field_by_field,
        applying_the_same_again_changes_nothing,
        another_value_for_what_another_manager_owns_is_a_conflict,
        force_takes_the_fields_over,
        what_a_manager_leaves_out_goes_unless_another_owns_it,
        an_update_takes_over_what_it_changes,
        items_of_a_list_are_owned_by_their_keys,
        an_apply_without_manager_name_or_kind_is_refused,
        a_field_that_the_type_does_not_have_cannot_be_applied,
    }
    budgets {
        an_eviction_that_the_budget_allows_deletes_the_pod,
        an_eviction_that_violates_the_budget_is_refused,
        a_budget_has_one_kind_of_number,
    }
    deletion {
        a_deleted_object_is_gone_and_the_answer_names_it,
        a_foreground_deletion_waits_for_the_dependents,
        a_background_deletion_removes_the_dependents_later,
        a_job_deleted_without_a_policy_leaves_its_pods_and_warns,
        an_orphaned_pod_has_no_owner_any_more,
        a_finalizer_keeps_an_object_until_it_is_taken_off,
        a_precondition_that_does_not_hold_keeps_the_object,
        a_policy_that_does_not_exist_is_invalid,
        a_collection_is_deleted_by_a_selector,
    }
    deployments {
        a_deployment_makes_a_replica_set_that_makes_pods,
        the_scale_subresource_reads_and_writes_the_number_of_pods,
        a_deleted_pod_is_replaced,
        a_deleted_deployment_takes_everything_along,
        a_selector_that_does_not_fit_the_template_is_invalid,
        a_selector_cannot_change,
    }
    discovery {
        the_version_is_reported,
        the_server_says_that_it_is_healthy,
        groups_and_resources_are_listed,
        groups_come_aggregated_when_asked_for,
    }
    errors {
        a_missing_object_is_not_found,
        an_existing_object_conflicts,
        a_resource_that_does_not_exist_is_not_found,
        a_path_that_does_not_exist_is_not_found,
        an_unsupported_method_is_not_allowed,
        a_body_in_an_unknown_format_is_refused,
        an_answer_in_an_unknown_format_is_refused,
        an_impossible_name_is_invalid,
        a_body_of_another_kind_is_refused,
        a_body_that_is_not_json_is_refused,
        a_body_for_another_namespace_is_refused,
        nothing_can_be_created_in_a_missing_namespace,
    }
    events {
        events_record_the_lifecycle_of_a_pod,
        an_event_reports_a_pod_that_fits_nowhere,
        a_client_can_create_events,
    }
    identity {
        an_unknown_token_is_unauthorized,
        a_service_account_gets_a_token_that_says_who_it_is,
        a_caller_without_rights_is_forbidden_with_a_message,
        an_administrator_may_and_a_service_account_may_not,
        a_review_needs_exactly_one_question,
        a_token_of_a_deleted_account_is_invalid,
        a_token_lives_at_least_ten_minutes,
    }
    jobs {
        a_job_that_succeeds_is_complete,
        a_job_fails_after_its_back_off_limit,
        a_job_past_its_deadline_fails_for_that_reason,
        a_job_counts_restarts_when_its_pods_restart,
        a_job_has_as_many_completions_as_asked_for,
        a_finished_job_goes_after_its_time_to_live,
        a_suspended_job_makes_no_pod_until_it_is_resumed,
        a_job_owns_and_labels_its_pods,
        a_job_has_defaults,
        a_job_must_say_how_its_pods_restart,
        the_template_of_a_job_cannot_change,
    }
    lists {
        a_list_names_its_type_and_its_version,
        a_list_is_read_in_pages_of_one_moment,
        a_page_of_a_selection_does_not_count_what_remains,
        an_invalid_continue_token_is_refused,
        a_version_that_is_not_a_number_is_refused,
        a_future_version_does_not_exist_yet,
        an_exact_version_shows_the_past,
        a_list_of_metadata_has_nothing_else,
    }
    logs {
        the_log_of_a_finished_pod_is_what_it_printed,
        the_last_lines_of_a_log_can_be_had,
        a_followed_log_ends_with_its_container,
        a_log_before_the_start_is_refused,
        a_pod_on_no_node_has_no_log,
        a_container_that_does_not_exist_has_no_log,
        an_invalid_number_of_lines_is_refused,
    }
    namespaces {
        a_new_namespace_has_an_account_and_a_certificate_authority,
        nothing_can_be_created_in_a_terminating_namespace,
        a_terminating_namespace_reports_what_holds_it,
        a_deleted_namespace_takes_everything_along,
        the_default_namespace_stays,
    }
    nodes {
        a_node_reports_its_conditions,
        a_node_reports_its_capacity_and_system,
        a_live_node_renews_its_lease,
    }
    patches {
        a_merge_patch_sets_and_removes,
        a_json_patch_does_all_its_steps,
        a_json_patch_that_does_not_apply_changes_nothing,
        a_strategic_patch_merges_lists_by_key,
        a_strategic_patch_replaces_and_deletes,
        a_patch_with_a_stale_version_conflicts,
        a_patch_of_an_unknown_form_is_refused,
        an_invalid_patch_is_refused,
        a_patch_that_changes_nothing_writes_nothing,
    }
    pods {
        a_pod_ends_as_its_container_ends,
        a_running_pod_is_ready,
        an_image_that_does_not_exist_keeps_a_pod_waiting,
        a_missing_secret_keeps_a_pod_waiting,
        a_variable_comes_from_a_secret,
        a_pod_that_fits_nowhere_is_unschedulable,
        a_container_that_crashes_is_restarted_and_backs_off,
        a_deleted_pod_gets_its_grace_period,
        a_pod_without_grace_is_gone_at_once,
        the_spec_of_a_pod_can_hardly_change,
        a_pod_has_defaults,
        a_pod_needs_a_service_account_that_exists,
        a_status_is_written_separately,
    }
    proofs {
        the_nodes_are_ready,
        the_job_that_proves_a_cluster_runs,
        a_workload_scales_and_is_counted_pod_by_pod,
    }
    rollouts {
        a_changed_template_replaces_all_pods_by_another_replica_set,
        an_earlier_template_is_the_newest_again,
        a_recreated_deployment_ends_its_pods_first,
        a_paused_deployment_waits_with_its_rollout,
        a_rollout_that_cannot_go_on_keeps_enough_pods,
    }
    selectors {
        labels_select_in_every_way,
        fields_select_by_name_and_phase,
        an_invalid_selector_is_refused,
        a_field_that_cannot_be_selected_by_is_refused,
    }
    tables {
        a_table_has_the_columns_of_its_type,
        a_table_has_a_row_for_each_object,
        one_object_comes_as_a_table_too,
        an_error_is_not_a_table,
    }
    validation {
        an_unknown_field_is_refused_when_asked_for,
        an_unknown_field_is_warned_of_and_dropped,
        an_unknown_field_is_ignored_when_asked_for,
        a_duplicate_field_is_refused_when_asked_for,
        an_unknown_field_in_a_patch_is_invalid_when_asked_for,
        a_field_of_a_wrong_type_is_refused,
        an_unknown_field_validation_is_invalid,
        a_dry_run_changes_nothing,
        an_unknown_dry_run_is_invalid,
    }
    watches {
        a_watch_reports_what_happened_after_its_version,
        a_watch_without_events_ends_in_time,
        a_watch_without_a_version_begins_with_what_is_there,
        a_watch_of_a_selection_adds_and_deletes_what_comes_and_goes,
        a_streamed_list_ends_with_a_bookmark,
        a_streamed_list_must_say_how_new,
        a_watch_from_an_old_version_reports_everything_or_expires,
    }
    workloads {
        the_pods_of_a_stateful_set_have_numbers,
        a_pod_of_a_stateful_set_comes_back_by_the_same_name,
        a_stateful_set_shrinks_from_its_end,
        a_changed_template_replaces_the_pods_from_the_end,
        a_claim_of_a_stateful_set_outlives_it,
        what_a_stateful_set_is_made_of_cannot_change,
        a_daemon_set_has_a_pod_on_each_node,
        a_daemon_set_of_no_node_has_no_pod,
        a_cron_job_starts_a_job_each_minute,
        a_cron_job_needs_a_schedule,
    }
    writes {
        a_new_object_has_the_metadata_that_every_object_has,
        a_stale_write_conflicts_and_a_fresh_one_does_not,
        a_write_without_a_version_wins,
        a_write_that_changes_nothing_keeps_the_version,
        a_changed_spec_is_a_new_generation,
        a_name_is_generated_from_its_prefix,
        a_write_must_name_its_object,
        a_write_for_another_uid_conflicts,
        a_secret_takes_plain_text,
        an_immutable_map_cannot_change,
        a_service_gets_an_address,
        an_object_cannot_be_made_with_a_version,
    }
};
