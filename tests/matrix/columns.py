# SPDX-License-Identifier: Apache-2.0
"""What the matrix proves of each kind of server, and by which tests. Tests that hold for any server are those of
tests/integration, run on this one."""

from collections.abc import Callable
from dataclasses import dataclass

from matrix.servers import Kind, Server

OWN = "tests/matrix/"
INTEGRATION = "tests/integration/"


@dataclass(frozen=True)
class Column:
    """`tests` are names of pytest. `only` says of which servers it can be asked, and `otherwise` why not of others."""

    title: str
    tests: tuple[str, ...]
    only: Callable[[Server], bool] = lambda server: True
    otherwise: str = ""


def _tests(file: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{file}::{name}" for name in names)


_POSTGRES = OWN + "test_postgres.py"
_FAULTS = OWN + "test_postgres_faults.py"
_STATEMENTS = INTEGRATION + "test_statements.py"
_CONNECTION = INTEGRATION + "test_faults_connection.py"
_REDIS = INTEGRATION + "test_redis_collector.py"
_TOPOLOGIES = INTEGRATION + "test_redis_topologies.py"
_POOLER = INTEGRATION + "test_pooler.py"

COLUMNS: dict[Kind, tuple[Column, ...]] = {
    "postgresql": (
        Column("`sql`, twice", _tests(_POSTGRES, "test_the_printed_sql_may_be_applied_twice")),
        Column("numbers", _tests(_POSTGRES, "test_every_number_is_the_traffics_own")),
        Column("commands", _tests(_POSTGRES, "test_each_command_says_the_same")),
        Column("verdict", _tests(_POSTGRES, "test_the_verdict_is_safe_until_a_legacy_key_is_used")),
        Column("restart", (
            *_tests(_CONNECTION, "test_a_server_that_restarts_between_polls_is_no_outage",
                    "test_a_server_that_goes_away_and_comes_back",
                    "test_a_server_that_restarts_in_the_middle_of_a_census"),
            *_tests(_STATEMENTS, "test_nothing_is_lost_or_counted_twice_over_a_restart_of_keyshift"),
        )),
        Column("crash", (
            *_tests(_FAULTS, "test_a_crash_that_loses_the_statistics_is_noticed_by_the_reader"),
            *_tests(_STATEMENTS, "test_the_servers_restart_loses_nothing_and_its_crash_is_noticed"),
        )),
        Column("resets", (
            *_tests(_FAULTS, "test_a_reset_of_one_entry_is_noticed_and_nothing_steps_back",
                    "test_a_reset_of_one_entry_that_has_passed_its_old_count_is_told_from_17_on"),
            *_tests(_STATEMENTS, "test_resets_in_a_quiet_moment_lose_nothing",
                    "test_a_reset_is_noticed_where_no_statement_is_known",
                    "test_evictions_are_a_loss_and_never_a_step_back"),
        )),
        Column("old extension", _tests(
            _FAULTS, "test_an_extension_that_pg_upgrade_left_counts_right_and_the_doctors_advice_mends_it")),
        Column("identities", _tests(
            _FAULTS, "test_two_rows_of_one_statement_are_added_up",
            "test_tables_of_one_name_in_two_schemas_are_told_where_they_share_statements")),
        Column("rights", (
            *_tests(INTEGRATION + "test_doctor_database.py", "test_rights_are_asked_for_one_by_one_until_it_works",
                    "test_who_is_not_let_in"),
            *_tests(_STATEMENTS, "test_without_the_right_it_says_which_one"),
        )),
        Column("TLS", _tests(
            _CONNECTION, "test_a_connection_checks_the_certificate_when_told_to",
            "test_a_certificate_of_somebody_else_is_refused", "test_a_certificate_for_another_name_is_refused",
            "test_a_server_that_wants_tls_is_not_spoken_to_in_clear")),
        Column("direct TLS", _tests(
            _FAULTS, "test_tls_without_a_round_of_asking", "test_a_libpq_that_does_not_know_it_is_named"),
               lambda server: server.major >= 17, "from 17 on"),
    ),
    "redis": (
        Column("numbers", (
            *_tests(OWN + "test_redis.py", "test_every_number_is_the_traffics_own"),
            *_tests(_REDIS, "test_counters_are_those_of_info_over_restarts_and_resets", "test_evictions",
                    "test_it_leaves_no_trace_in_what_redis_counts", "test_entries_are_the_keys_that_match"),
        )),
        Column("rights", (
            *_tests(_REDIS, "test_passwords", "test_a_password_that_is_changed_while_keyshift_runs",
                    "test_what_is_not_permitted_is_named_with_the_command_that_permits_it"),
            *_tests(INTEGRATION + "test_doctor_redis.py", "test_rights_are_given_by_one_line", "test_who_is_not_let_in"),
        )),
        Column("faults", _tests(
            _REDIS, "test_a_server_that_goes_and_comes_back", "test_start_without_a_server", "test_a_server_that_hangs")),
        Column("TLS", _tests(
            _REDIS, "test_tls_with_a_certificate_of_ours", "test_tls_that_is_not_good",
            "test_tls_to_a_server_without_and_the_other_way_round")),
        Column("Sentinel", _tests(
            _TOPOLOGIES, "test_counting_goes_on_after_a_failover", "test_a_sentinel_that_is_asked_what_it_does_not_know")),
        Column("Cluster", _tests(_TOPOLOGIES, "test_a_cluster_is_counted_as_one", "test_modes_that_do_not_fit")),
    ),
    "pgbouncer": (
        Column("numbers", _tests(OWN + "test_pgbouncer.py", "test_every_number_is_the_traffics_own")),
        Column("nothing is left", _tests(
            _POOLER, "test_no_command_leaves_anything_on_a_connection", "test_the_daemon_leaves_nothing_on_a_connection",
            "test_kill_9_leaves_nothing_on_a_connection",
            "test_the_environment_and_the_url_say_nothing_to_the_server")),
        Column("nothing is trusted", _tests(
            _POOLER, "test_what_others_left_changes_no_answer",
            "test_rows_that_a_policy_hides_are_an_error_and_never_fewer_keys")),
        Column("pool modes", _tests(
            _POOLER, "test_session_pooling_works", "test_statement_pooling_is_refused_in_one_sentence")),
        Column("the gateway goes on", _tests(
            _POOLER, "test_no_write_of_the_gateway_fails", "test_a_census_that_would_take_long_is_not_begun",
            "test_a_census_that_takes_long_after_all_is_ended")),
    ),
}  # fmt: skip
