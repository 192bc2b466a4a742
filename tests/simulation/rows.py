"""The fault table, row by row: which faults of the world show it, and which tests show it with real processes."""

from typing import NamedTuple


class Row(NamedTuple):
    """`faults`: names of `casier-sim world --faults`. `tests`: file and test, most with real processes or devices."""

    number: int
    what: str
    faults: tuple[str, ...]
    tests: tuple[str, ...]


_UNRELIABLE = "broker_loses_doubles_reorders_delays_replays"
_FAULTS = "tests/integration/faults"
_REAL = f"{_FAULTS}/test_real_processes.py"
_DEMO = "tests/e2e/demo"
_TOLD = "tests/simulation/test_told.py::test_every_fault_that_had_occasion_to_act_was_told"
_JUDGES = "tests/simulation/test_judges.py"
_KEEPER = "tests/contract/hw/test_pulse_keeper.py"
_CORE = "tests/unit/controller/core"
_INGEST = "tests/unit/gateway/test_ingest.py"

ROWS = (
    Row(1, "broker dies in a publish, is wiped, restores an old database",
        ("broker_dies_in_publish", "broker_away", "broker_wiped", "broker_restored", "broker_loses",
         _UNRELIABLE),
        (f"{_REAL}::test_a_broker_that_is_killed_and_wiped_loses_nothing",
         f"{_FAULTS}/test_put_back.py::"
         "test_a_broker_that_is_put_back_to_an_old_image_loses_nothing_and_brings_no_badge_back")),
    Row(2, "controller killed between badge and door",
        ("killed_at_opening", "power_cut_at_opening"),
        (f"{_DEMO}/test_crashes.py::"
         "test_killed_in_the_middle_of_a_release_leaves_no_coil_on_and_fires_nothing_again",
         "tests/integration/controller/test_killed.py::"
         "test_however_the_controller_ends_every_pulse_ends_on_time_and_nothing_fires_unasked",
         f"{_REAL}::test_a_controller_that_is_killed_under_load_loses_nothing")),
    Row(3, "power cut at any write", ("power_cut", "power_cut_at_write", "power_cut_at_opening"),
        ("tests/simulation/test_power_cuts.py::"
         "test_a_power_cut_at_any_operation_of_a_life_leaves_all_that_was_answered_and_the_list_before_or_after",
         "tests/simulation/test_bites.py::test_power_goes_while_the_disk_holds_what_it_has_not_synced")),
    Row(4, "clock jumps back, or a gateway's is behind", ("clock_back", "gateway_slow"),
        ("tests/unit/controller/core/test_timekeeping.py::test_clock_that_jumps_back_does_not_pass_the_floor",
         "tests/simulation/test_slow_gateway.py::"
         "test_a_gateway_that_comes_up_with_its_clock_behind_shuts_nobody_out_of_the_locker_they_have_got")),
    Row(5, "clock jumps forward, creeps, or there is none",
        ("clock_forward", "clock_creeps", "gateway_fast", "no_clock_at_boot", "battery_clock_wrong"),
        ("tests/unit/controller/core/test_timekeeping.py::test_single_liar_does_not_move_a_trusted_clock",
         "tests/simulation/test_lone_clock.py::"
         "test_a_time_server_that_was_wrong_before_a_restart_and_still_is_ends_nobodys_contract",
         "tests/simulation/test_told.py::test_a_clock_that_goes_wrong_moves_no_trusted_time_and_is_told",
         f"{_CORE}/test_timekeeping.py::test_four_hundred_steps_of_23_hours_get_no_further_than_a_day")),
    Row(6, "duplicate command, duplicate batch", ("broker_doubles", "old_commands", "old_entries", _UNRELIABLE),
        (f"{_DEMO}/test_hostile_broker.py::test_a_repeated_command_opens_once_and_gets_the_same_reply",)),
    Row(7, "lists reordered, missing, truncated", ("broker_reorders", "lists_missing", "old_documents", _UNRELIABLE),
        ("tests/unit/wire/test_access_list.py::test_a_truncated_list_is_refused",
         "tests/unit/controller/test_trust.py::test_the_list_in_force_is_not_handed_in_again",
         f"{_JUDGES}::test_an_old_list_that_comes_again_breaks_nothing")),
    Row(8, "old list, trust, keys or receipt replayed",
        ("broker_replays", "old_documents", "broker_restored", _UNRELIABLE),
        ("tests/integration/controller/test_outage.py::"
         "test_an_older_list_trust_or_key_message_is_refused_when_it_is_replayed",)),
    Row(9, "command late, foreign, retained, doubled, and with no clock",
        ("broker_delays", "broker_retains", "old_commands", "no_clock_at_boot", _UNRELIABLE),
        (f"{_DEMO}/test_hostile_broker.py::test_a_command_of_an_earlier_session_does_nothing",
         f"{_DEMO}/test_hostile_broker.py::test_a_late_command_does_nothing",
         f"{_CORE}/test_commands.py::test_freshness_needs_no_clock")),
    Row(10, "forgeries, down and up", ("forged_downwards", "forged_upwards"),
        (f"{_DEMO}/test_hostile_broker.py::"
         "test_a_command_that_does_not_verify_is_never_answered_and_does_nothing",)),
    Row(11, "disk full, read-only, stalled", ("disk_full", "disk_read_only", "disk_broken", "disk_stalls",
                                              "disk_sync_fails"),
        (f"{_REAL}::test_a_disk_that_is_full_shuts_nobody_out_and_loses_nothing",
         f"{_REAL}::test_a_disk_that_is_read_only_when_the_controller_starts_shuts_nobody_out_and_loses_nothing")),
    Row(12, "half-open, flapping, cut",
        ("link_cut", "link_half_open", "link_flaps", "link_stalls", "broker_away", "gateway_away"),
        (f"{_REAL}::test_a_network_that_swallows_cuts_and_flaps_loses_nothing",
         "tests/integration/controller/test_defects.py::"
         "test_a_half_open_connection_is_noticed_within_two_keep_alives_and_five_seconds",
         "tests/unit/controller/test_no_names.py::test_a_look_up_that_hangs_leaves_the_loop_alone")),
    Row(13, "two gateways after a split; restored from yesterday, or empty",
        ("gateway_split", "database_restored", "database_empty"),
        (f"{_DEMO}/test_restored_gateway.py::"
         "test_yesterdays_database_publishes_nothing_until_reconciled_and_nobody_is_shut_out",
         f"{_FAULTS}/test_put_back.py::"
         "test_a_gateway_that_is_copied_and_runs_beside_itself_signs_nothing_and_loses_nothing",
         f"{_JUDGES}::test_a_gateway_that_was_put_back_split_or_forgetful_breaks_nothing",
         "tests/integration/gateway/test_link.py::"
         "test_a_gateway_on_an_empty_database_publishes_nothing_to_a_bank_that_has_a_list")),
    Row(14, "certificate or key expires while offline", ("month_offline", "link_cut"),
        (f"{_JUDGES}::test_a_signing_key_that_ends_offline_ends_nobodys_access_and_is_renewed",
         "tests/unit/controller/test_trust.py::test_a_gateway_key_ends_at_its_instant",
         "tests/unit/controller/test_trust.py::test_badge_keys_outlive_the_key_that_signed_them",
         "tests/integration/controller/test_tls.py::"
         "test_a_certificate_that_has_ended_is_refused_and_a_new_one_in_its_place_is_taken_at_once")),
    Row(15, "card cloned, second device", ("foreign_device", "card_cloned"),
        (f"{_REAL}::test_a_second_device_with_the_same_card_is_an_alarm_and_overwrites_nothing",
         f"{_INGEST}::test_a_card_restored_from_an_image_is_an_alarm_and_nothing_is_overwritten",
         "tests/integration/deploy/test_mosquitto.py::test_a_certificate_of_another_authority_is_refused")),
    Row(16, "reader unplugged, garbage, repeats", ("reader_unplugged", "badge_repeats"),
        (f"{_DEMO}/test_badges.py::test_a_badge_held_for_three_seconds_is_one_presentation",
         "tests/unit/hw/test_serial.py::test_an_unplugged_port_is_reported_and_opened_again",
         "tests/unit/hw/test_serial.py::test_a_reader_that_sends_only_garbage_is_reported_and_recovers_with_its_first_badge")),
    Row(17, "board silent, wrong, half frames", ("board_silent", "board_mute", "board_unplugged"),
        ("tests/contract/hw/test_serial_boards.py::test_leading_garbage_harms_nothing",
         "tests/contract/hw/test_sixty_lockers.py::test_silent_busy_and_misaddressed_boards_never_slow_the_others",
         "tests/property/hw/test_board_framing.py::"
         "test_after_any_garbage_a_board_that_goes_on_answering_is_understood")),
    Row(18, "bolt jams, sensors stuck, cut, bouncing",
        ("bolt_jams", "sensor_cut", "sensor_stuck_closed", "sensor_bounces"),
        (f"{_DEMO}/test_badges.py::test_a_jammed_door_is_told_from_an_opened_one",
         f"{_CORE}/test_doors.py::test_latch_that_chatters_after_a_release_is_not_force",
         f"{_CORE}/test_doors.py::test_sensor_stuck_open_is_a_fault_and_stops_no_release",
         f"{_CORE}/test_doors.py::test_bouncing_sensor_is_a_fault_and_no_flood")),
    Row(19, "coil stuck on", ("relay_welded",),
        (_TOLD, "tests/contract/hw/test_serial_boards.py::test_a_relay_that_stays_on_is_a_fault_until_it_is_off",
         "tests/integration/simulator/test_faults_of_devices.py::"
         "test_welded_coil_stays_on_and_its_door_will_not_stay_shut",)),
    Row(20, "forty people in a minute", ("crowd",),
        (f"{_JUDGES}::test_in_a_crowd_every_valid_badge_gets_its_door_within_a_minute",
         "tests/unit/controller/core/test_sixty_at_once.py::test_sixty_requests_on_one_supply_are_served_in_order_within_the_minute",)),
    Row(21, "forced, left open, closed on an empty bay", ("door_forced", "door_left_open", "handles_tried", "tampered"),
        (f"{_DEMO}/test_badges.py::test_a_forced_door_is_reported", _TOLD)),
    Row(22, "supply sags during a release", ("supply_sags", "power_cut"),
        ("tests/integration/simulator/test_serial_on_ptys.py::test_power_cut_drops_a_coil_in_the_middle_of_its_pulse",)),
    Row(23, "thirty days offline", ("month_offline",),
        ("tests/simulation/test_thirty_days.py::test_thirty_days_offline_shut_nobody_out_and_all_entries_come_"
         "in_order_and_a_revocation_at_once",
         f"{_DEMO}/test_outages.py::"
         "test_badges_open_while_the_gateway_is_out_of_reach_and_every_entry_arrives_once_and_in_order",)),
    Row(24, "poison, floods, guessed badges", ("poison", "badges_guessed"),
        (f"{_INGEST}::test_poison_is_set_aside_raw_counted_as_stored_and_shown",
         f"{_INGEST}::test_a_flood_of_poison_is_counted_but_not_all_kept",
         "tests/integration/gateway/test_link.py::test_poison_and_forgeries_of_one_bank_keep_no_other_waiting",
         f"{_CORE}/test_presentations.py::test_ten_strangers_in_a_minute_slow_the_reader_which_never_closes")),
    Row(25, "a list that forgets a holder, a lease run out", ("list_forgets", "month_offline"),
        (f"{_DEMO}/test_hostile_broker.py::test_a_list_that_forgets_a_holder_leaves_them_their_way_and_alarms",
         f"{_CORE}/test_access_lists.py::test_empty_list_parts_no_one_from_their_belongings",
         "tests/simulation/test_out_of_service.py::"
         "test_a_holder_is_kept_out_while_it_was_asked_for_and_let_in_when_it_ends_or_is_taken_back",
         f"{_CORE}/test_commands.py::test_mark_without_reason_or_end_stops_no_holder",
         f"{_CORE}/test_commands.py::test_mark_of_before_a_restart_lasts_a_day_at_most",
         f"{_CORE}/test_access.py::test_staff_grant_dies_with_its_lease_and_a_holders_does_not")),
    Row(26, "stopped, hung or crashing in mid-pulse", ("hangs_at_opening", "crash_loop", "stopped"),
        (f"{_KEEPER}::test_a_controller_stopped_in_mid_pulse_leaves_the_coil_on_for_its_pulse_only",
         f"{_DEMO}/test_crashes.py::test_stopped_in_the_middle_of_a_release_the_pulse_ends_on_time",
         "tests/integration/controller/test_watchdog.py::test_a_hung_loop_is_restarted_and_no_coil_is_on_meanwhile",
         f"{_CORE}/test_releases.py::test_lock_rests_across_a_restart")),
    Row(27, "gateway's database down, slow, full",
        ("database_down", "database_full", "database_full_at_commit", "database_slow", "gateway_killed",
         "gateway_away"),
        (f"{_REAL}::test_a_database_and_a_gateway_that_die_under_load_lose_nothing",
         f"{_FAULTS}/test_databases.py::test_a_database_that_stands_still_under_load_loses_nothing",
         f"{_FAULTS}/test_databases.py::test_a_database_with_no_room_left_loses_nothing",
         "tests/unit/gateway/test_inbox.py::test_while_the_database_is_away_nothing_is_acknowledged_and_nothing_is_lost",
         "tests/e2e/web/test_web_roles.py::test_while_the_database_is_away_pages_say_so_in_the_readers_language")),
    Row(28, "hostile bytes everywhere", ("hostile_bytes",),
        ("tests/property/wire/test_fuzzing.py::test_any_bytes_are_decoded_or_refused",
         "tests/property/wire/test_fuzzing.py::test_any_bytes_are_opened_or_refused",
         "tests/fuzzing/test_parsers.py::test_any_bytes_and_any_mutilation_are_answered_or_refused",
         f"{_FAULTS}/test_hostile_bytes.py::"
         "test_hostile_bytes_on_every_topic_crash_nobody_take_no_memory_and_keep_nobody_out",
         "tests/property/gateway/test_http_api.py::test_whatever_is_asked_of_the_api_it_answers",
         "tests/property/gateway/test_forms.py::test_whatever_is_typed_into_a_form_the_page_answers")),
)  # fmt: skip
