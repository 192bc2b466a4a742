"""Sabotages of the rules that never bend: what is changed where, and which test must notice."""

from dataclasses import dataclass

CORE, GATEWAY = "tests/unit/controller/core", "tests/unit/gateway"
REFUSED = "test_foreign_late_or_senseless_command_is_refused_and_moves_no_door"


@dataclass(frozen=True)
class Sabotage:
    """`old`, which stands exactly once in `file`, becomes `new`; `test` must then fail."""

    name: str
    rule: str
    file: str
    old: str
    new: str
    test: str


SABOTAGES = (
    Sabotage(
        "energise before the intent is durable",
        "no release without a durable intent",
        "controller/runtime.py",
        "        self.journal.append(effect.type, effect.body, now, done=lambda ok: self._intent(release, ok))\n",
        "        self.journal.append(effect.type, effect.body, now, done=lambda ok: self._intent(release, ok))\n"
        "        self._loop.call_soon(self._intent, release, True)\n",
        "tests/unit/controller/test_runtime.py::test_a_disk_that_stalls_delays_a_release_by_250_ms_and_no_more",
    ),
    Sabotage(
        "skip the fsync",
        "no release without a durable intent",
        "controller/store.py",
        'run("PRAGMA synchronous=FULL")',
        'run("PRAGMA synchronous=OFF")',
        "tests/simulation/test_power_cuts.py::test_a_power_cut_leaves_all_that_was_answered_and_the_list_before_or_after[1]",
    ),
    Sabotage(
        "wait for the disk for ever",
        "an SD card must never lock a person out",
        "controller/runtime.py",
        "        self._intents[release] = self._loop.call_later(INTENT_WITHIN_S, self._intent, release, False)\n",
        "        self._intents[release] = self._loop.call_later(3_600, self._intent, release, False)\n",
        "tests/unit/controller/test_runtime.py::test_a_disk_that_stalls_delays_a_release_by_250_ms_and_no_more",
    ),
    Sabotage(
        "say nothing of a late intent",
        "a release that went ahead is named afterwards",
        "controller/releases.py",
        "            turn.record(EntryType.JOURNAL_LATE, release=release.id, locker=bay.number)",
        "            pass",
        f"{CORE}/test_releases.py::test_late_disk_opens_all_the_same_and_is_named_afterwards",
    ),
    Sabotage(
        "fire again at boot what nobody saw end",
        "never re-fire",
        "controller/releases.py",
        "            turn.record(EntryType.RELEASE_UNKNOWN, release=release.release, locker=release.locker)\n"
        "        for pulse",
        "            turn.record(EntryType.RELEASE_UNKNOWN, release=release.release, locker=release.locker)\n"
        '            self.ask(Request(release.locker, "command", turn.now.mono_ms), turn)\n'
        "        for pulse",
        f"{CORE}/test_releases.py::test_restart_names_the_unknown_and_fires_nothing",
    ),
    Sabotage(
        "accept a retained command",
        "commands live for seconds, in one session, once",
        "controller/commands.py",
        '        if event.retained:\n            return "retained"\n',
        "",
        f"{CORE}/test_commands.py::{REFUSED}",
    ),
    Sabotage(
        "accept a command of another session",
        "commands live for seconds, in one session, once",
        "controller/commands.py",
        "if self._session is None or event.command.session != self._session:",
        "if self._session is None:",
        f"{CORE}/test_commands.py::{REFUSED}",
    ),
    Sabotage(
        "let a command live for a day",
        "commands live for seconds, in one session, once",
        "controller/commands.py",
        "        if sent is None or now_ms - sent > COMMAND_FRESH_MS:\n",
        "        if sent is None or now_ms - sent > 86_400_000:\n",
        f"{CORE}/test_commands.py::test_freshness_needs_no_clock",
    ),
    Sabotage(
        "carry a repeated command out again",
        "commands live for seconds, in one session, once",
        "controller/commands.py",
        "        if seen is not None:\n",
        "        if seen is not None and False:\n",
        f"{CORE}/test_commands.py::test_repeated_command_gets_its_first_reply_again_and_does_nothing",
    ),
    Sabotage(
        "obey a command for another controller",
        "foreign orders do nothing",
        "controller/commands.py",
        "        if event.command.controller != self._controller:\n",
        "        if not event.command.controller:\n",
        f"{CORE}/test_commands.py::{REFUSED}",
    ),
    Sabotage(
        "open another locker than the command names",
        "a release has a grant or a command that holds",
        "controller/commands.py",
        '                locker=locker,\n                cause="command",\n',
        '                locker=locker % len(self._bays) + 1,\n                cause="command",\n',
        "tests/simulation/test_core_judges.py::test_where_nothing_is_broken_nothing_is_found_of_many_that_were_asked",
    ),
    Sabotage(
        "drop an entry on its way to the disk",
        "nothing is lost unseen",
        "controller/journal_writer.py",
        "                self._waiting.add(pending)\n",
        '                if str(pending.type) != "door_closed":\n                    self._waiting.add(pending)\n',
        "tests/simulation/test_true_words.py::test_where_every_word_is_true_and_whole_nothing_is_found",
    ),
    Sabotage(
        "take the board's word for the door",
        "an acknowledgement is not an opening",
        "controller/releases.py",
        "        release.accepted = True\n        turn.record(EntryType.RELEASED, release=release.id, locker=locker)\n",
        "        release.accepted = True\n        turn.record(EntryType.RELEASED, release=release.id, locker=locker)\n"
        "        turn.record(EntryType.DOOR_OPENED, release=release.id, locker=locker)\n",
        f"{CORE}/test_releases.py::test_door_seen_before_the_board_answers_is_told_in_order",
    ),
    Sabotage(
        "believe any signature",
        "signatures guard both directions",
        "wire/envelope.py",
        "        _check(key, signature.sig, pre_authentication(envelope.payload_type, envelope.payload))\n",
        "        pre_authentication(envelope.payload_type, envelope.payload)\n",
        "tests/property/wire/test_fuzzing.py::test_a_flipped_bit_of_payload_signature_or_key_id_is_refused",
    ),
    Sabotage(
        "sign without the payload's type",
        "signatures guard both directions",
        "wire/envelope.py",
        "    if envelope.payload_type != topic.payload_type:\n",
        "    if not envelope.payload_type:\n",
        "tests/property/wire/test_fuzzing.py::test_a_payload_comes_back_on_its_own_topic_only",
    ),
    Sabotage(
        "believe a receipt whose hash is not ours",
        "nothing is lost unseen",
        "controller/outbox.py",
        "        return through if own is not None and own.hex() == said else None\n",
        "        return through if own is not None else None\n",
        "tests/unit/controller/test_uplink.py::test_a_receipt_with_a_foreign_hash_is_an_alarm_and_not_believed",
    ),
    Sabotage(
        "forget the floor",
        "time has a floor",
        "controller/timekeeping.py",
        "        return max(self._floor.instant, self._trusted.at(mono_ms))\n",
        "        return self._trusted.at(mono_ms)\n",
        f"{CORE}/test_timekeeping.py::test_clock_that_jumps_back_does_not_pass_the_floor",
    ),
    Sabotage(
        "let one witness push the clock for ever",
        "nobody alone can push the time",
        "controller/timekeeping.py",
        "                self._credit_used_ms += step_ms\n".replace("    ", "", 1),
        "            self._credit_used_ms += 0\n",
        f"{CORE}/test_timekeeping.py::test_four_hundred_steps_of_23_hours_get_no_further_than_a_day",
    ),
    Sabotage(
        "let a wrong time server agree with the battery clock it has set",
        "nobody alone can push the time",
        "controller/timekeeping.py",
        " if not _OWN.issuperset(pair)",
        "",
        f"{CORE}/test_timekeeping.py::test_battery_clock_and_system_clock_of_one_machine_are_one_witness",
    ),
    Sabotage(
        "count a clock that reads a millisecond behind its floor as none",
        "nobody alone can push the time",
        "controller/timekeeping.py",
        "claim.at(mono_ms)) < STEP_MS]",
        "claim.at(mono_ms)) <= 0]",
        f"{CORE}/test_timekeeping.py"
        "::test_lone_clock_read_a_few_milliseconds_behind_stays_claimed_moves_nothing_and_is_journaled_once",
    ),
    Sabotage(
        "begin a suspension by the latest claim",
        "in doubt about the time the holder wins",
        "controller/access.py",
        "    return max(now.ending_at, min(now.at, access_list.issued_at))\n",
        "    return now.starting_at\n",
        f"{CORE}/test_access.py::test_one_clock_that_is_weeks_ahead_begins_no_suspension_that_is_to_come",
    ),
    Sabotage(
        "let a grant live on past its end",
        "validity ends on time, even offline",
        "controller/access.py",
        "    if _ending(grant, now) >= grant.not_after:\n",
        "    if _ending(grant, now) >= grant.not_after + 86_400_000:\n",
        f"{CORE}/test_access.py::test_grant_ends_to_the_millisecond",
    ),
    Sabotage(
        "open for a revoked badge",
        "a revoked badge stays dead",
        "controller/access.py",
        "(grant.id, grant.digest) not in dead] if dead else enabled\n",
        "grant.id] if dead else enabled\n",
        f"{CORE}/test_access.py::test_revoked_grant_does_not_count_although_it_stands_in_the_list",
    ),
    Sabotage(
        "accept an older list",
        "a revoked badge stays dead through replay and an older list",
        "controller/access_lists.py",
        "        elif new.version < self._floor or new.version <= self.version:\n",
        "        elif new.version == self.version:\n",
        f"{CORE}/test_access_lists.py::test_older_or_other_list_of_the_same_version_is_refused",
    ),
    Sabotage(
        "accept an older trust document",
        "a revoked key stays revoked",
        "controller/trust.py",
        "        if version <= known:\n",
        "        if version == known:\n",
        "tests/unit/controller/test_trust.py::test_an_older_equal_or_foreign_trust_document_is_refused",
    ),
    Sabotage(
        "shut out a holder whom a list forgets",
        "no one is parted from their belongings by software",
        "controller/carried_over.py",
        "    return (*still, *collecting, *_still_shut(kept, still), *_newly_shut(before, lost))\n",
        "    return (*still, *_still_shut(kept, still), *_newly_shut(before, lost))\n",
        f"{CORE}/test_access_lists.py::test_holder_whom_a_list_forgets_may_collect_for_72_hours",
    ),
    Sabotage(
        "shut out holders of a locker marked out of service by mistake",
        "no one is parted from their belongings by software",
        "controller/out_of_service.py",
        "        if mark is None or mark.ends_ms is None or mark.mark.until is None:\n            return False\n"
        "        return now.mono_ms < mark.ends_ms and now.starting_at < mark.mark.until\n",
        "        return mark is not None\n",
        f"{CORE}/test_commands.py::test_mark_without_reason_or_end_stops_no_holder",
    ),
    Sabotage(
        "let a holder's right hang on the lease",
        "a lost connection shuts nobody out",
        "controller/access.py",
        '    if grant.kind in LEASED_KINDS:\n        return "staff_badge"',
        '    if now.ending_at >= access.access_list.lease_until:\n        return "lease"\n'
        '    if grant.kind in LEASED_KINDS:\n        return "staff_badge"',
        f"{CORE}/test_access.py::test_staff_grant_dies_with_its_lease_and_a_holders_does_not",
    ),
    Sabotage(
        "let a staff badge open by itself",
        "staff badges open by keypad or remotely",
        "controller/access.py",
        '        return "staff_badge" if now.ending_at < access.access_list.lease_until else "lease"\n',
        '        return None if now.ending_at < access.access_list.lease_until else "lease"\n',
        f"{CORE}/test_access.py::test_staff_badge_opens_nothing_by_itself",
    ),
    Sabotage(
        "use a permit twice",
        "a permit is used once",
        "hw/release_guard.py",
        "            )\n        del self._live[group]\n        if (permit.coil",
        "            )\n        if (permit.coil",
        "tests/unit/hw/test_release_guard.py::test_a_permit_energises_its_coil_once",
    ),
    Sabotage(
        "let a permit grow old",
        "a permit is at most 200 ms old",
        "hw/release_guard.py",
        "        if not 0 <= now - permit.issued_ms <= PERMIT_AGE_MS:\n",
        "        if not 0 <= now - permit.issued_ms:\n",
        "tests/unit/hw/test_release_guard.py::test_a_permit_lives_for_200_ms",
    ),
    Sabotage(
        "let a coil go on with no rest",
        "pulse cap, rest, duty",
        "hw/release_guard.py",
        "        rested_at = max(pulse.end_ms for pulse in pulses) + self._limits.rest_ms if pulses else now\n",
        "        rested_at = now\n",
        "tests/unit/hw/test_release_guard.py::test_a_coil_rests_two_seconds_after_its_pulse",
    ),
    Sabotage(
        "energise two coils of one power group",
        "one coil at a time per power group",
        "hw/release_guard.py",
        "        free_at = self._group_end_ms[group] + self._limits.stagger_ms if group",
        "        free_at = now if group",
        "tests/unit/hw/test_release_guard.py::test_one_coil_at_a_time_in_a_power_group_and_150_ms_between",
    ),
    Sabotage(
        "forget at start which locks are warm",
        "rest and duty hold across restarts",
        "controller/releases.py",
        "                bay.pulsed(pulse.mono_ms, pulse.pulse_ms)\n",
        "                pass\n",
        f"{CORE}/test_releases.py::test_lock_rests_across_a_restart",
    ),
    Sabotage(
        "receipt before commit",
        "the gateway's word that it has stored",
        "gateway/link/inbox.py",
        "            stored = store(session, batches, now=now)\n",
        "            stored = store(session, batches, now=now)\n"
        "            self._publisher.send_receipts(stored.reaches())\n",
        f"{GATEWAY}/test_inbox.py::test_while_the_database_is_away_nothing_is_acknowledged_and_nothing_is_lost",
    ),
    Sabotage(
        "acknowledge what was not stored",
        "no acknowledgement while the database is down",
        "gateway/link/inbox.py",
        "        stored = self._stored(batches)\n        for message in messages:\n"
        "            self._transport.acknowledge(message)\n",
        "        for message in messages:\n            self._transport.acknowledge(message)\n"
        "        stored = self._stored(batches)\n",
        f"{GATEWAY}/test_inbox.py::test_while_the_database_is_away_nothing_is_acknowledged_and_nothing_is_lost",
    ),
    Sabotage(
        "store a batch whose chain does not hold",
        "the hash chain sees to it that nothing is lost unseen",
        "gateway/ingest/service.py",
        "        if run.prev != row.through_hash:\n",
        "        if run.prev == b'':\n",
        f"{GATEWAY}/test_ingest.py::test_poison_is_set_aside_raw_counted_as_stored_and_shown[sqlite-broken_chain-chain]",
    ),
    Sabotage(
        "move a receipt for new entries only",
        "nothing is lost unseen",
        "gateway/ingest/service.py",
        "        if run.first <= row.through + 1 <= row.highest:\n",
        "        if fresh and run.first <= row.through + 1:\n",
        f"{GATEWAY}/test_ingest.py::"
        "test_a_journal_that_stood_still_behind_stored_entries_goes_on_at_the_next_batch_though_nothing_in_it_is_new"
        "[sqlite]",
    ),
    Sabotage(
        "publish to a bank that is held",
        "a restored gateway signs nothing until reconciled",
        "gateway/access/service.py",
        "        standing.hold(session, bank_id, why, now=now)\n",
        "        pass\n",
        f"{GATEWAY}/test_controllers.py::test_what_this_database_never_issued_holds_the_bank",
    ),
    Sabotage(
        "give a locker to two people",
        "no two holders of one locker",
        "gateway/contracts/holdings.py",
        "        refuse_overlap(session, contract.id, locker, from_at, contract.collect_until, now)\n        if from",
        "        if from",
        f"{GATEWAY}/test_contracts.py::test_reassigning_is_refused_while_the_earlier_holder_may_still_collect[sqlite]",
    ),
    Sabotage(
        "hand over a locker that may still hold another's things",
        "reassigning while contents are unresolved is refused",
        "gateway/contracts/holdings.py",
        "            require_ready(session, locker, now)\n",
        "            pass\n",
        f"{GATEWAY}/contracts/test_decisions.py"
        "::test_a_locker_goes_to_nobody_else_until_seen_empty_cleaned_and_its_lock_checked[sqlite]",
    ),
    Sabotage(
        "write a stranger's badge into the journal",
        "least data",
        "controller/presentations.py",
        '            reader.strangers.append(now_ms)\n            self._refuse(event.reader, Denied("unknown"), turn)\n'
        "        else:",
        "            reader.strangers.append(now_ms)\n"
        '            self._refuse(event.reader, Denied("unknown"), turn, digest=event.number)\n        else:',
        f"{CORE}/test_presentations.py::test_unknown_badge_leaves_no_digest_behind",
    ),
    Sabotage(
        "conclude from the program's own silence that a door stayed shut",
        "a door that is opened as it should be is not forced",
        "controller/wake.py",
        "        if now_s - at_s > HUNG_S:\n",
        "        if False:\n",
        "tests/simulation/test_hangs.py::test_a_door_that_opens_while_the_program_hangs_was_opened_by_its_release[4150]",
    ),
    Sabotage(
        "energise what settles once the program ends",
        "the release guard is the last word, and all is off at the end",
        "controller/runtime.py",
        "        self._ended = True\n",
        "        pass\n",
        "tests/unit/controller/test_runtime.py::test_an_intent_that_settles_once_the_program_ends_energises_nothing",
    ),
    Sabotage(
        "leave the coils on after a defect",
        "whatever it is, no coil stays on",
        "controller/runtime.py",
        "        self.hardware.all_off()\n",
        "        pass\n",
        "tests/unit/controller/test_runtime.py::test_a_defect_drops_every_coil_and_ends_the_program",
    ),
    Sabotage(
        "leave the other boards' coils on where one board fails",
        "whatever it is, no coil stays on",
        "hw/assembly.py",
        "            except Exception:  # noqa: BLE001 - whatever",
        "            except OSError:  # noqa: BLE001 - whatever",
        "tests/unit/hw/test_assembly.py::test_a_board_that_fails_keeps_no_other_from_dropping_its_coils",
    ),
    Sabotage(
        "let go of a killed controller's coil no more",
        "a pulse ends on time, whatever ends the controller",
        "hw/pulse_keeper.py",
        "        if not data:\n            return\n",
        "        if not data:\n            continue\n",
        "tests/contract/hw/test_pulse_keeper.py::test_a_controller_killed_in_mid_pulse_leaves_the_coil_off_at_once",
    ),
    Sabotage(
        "open every locker of a badge at one tap",
        "one presentation, at most one door",
        "controller/presentations.py",
        "        if len(decision.ways) > 1:\n            self._last_locker[digest] = locker\n",
        "        for locker, grant in decision.ways[1:]:\n"
        "            self._releases.ask(Request(locker, 'badge', turn.now.mono_ms, reader, grant.id, digest), turn)\n",
        f"{CORE}/test_presentations.py::test_badge_with_several_lockers_opens_the_next_at_each_tap",
    ),
    Sabotage(
        "let what waits for a disk that hangs grow",
        "memory and disk are bounded",
        "controller/journal.py",
        "            if self._with_writer < _HANDED_AT_MOST and not self._behind:\n",
        "            if True:\n",
        "tests/unit/controller/test_journal_hanging_disk.py"
        "::test_what_comes_while_the_disk_hangs_takes_bounded_memory_and_is_counted",
    ),
    Sabotage(
        "end by a clock that is behind as if nobody had come",
        "no one is parted from their belongings by software",
        "gateway/contracts/decisions.py",
        "        begin_if_let_in(session, contract, now)\n",
        "        pass\n",
        "tests/simulation/test_forgotten_locker.py"
        "::test_a_locker_whose_holder_a_clock_that_is_behind_ended_is_not_given_before_a_look",
    ),
)
