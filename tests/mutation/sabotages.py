"""Sabotages of the rules that never bend: what is changed where, and which tests must notice."""

from dataclasses import dataclass

CORE = "tests/unit/controller/core"


@dataclass(frozen=True)
class Sabotage:
    """`old`, which stands exactly once in `file`, becomes `new`; at least one of `tests` must then fail."""

    name: str
    rule: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


SABOTAGES = (
    Sabotage(
        "energise before the intent is durable",
        "no release without a durable intent",
        "controller/runtime.py",
        "        self.journal.append(effect.type, effect.body, now, done=lambda ok: self._intent(release, ok))\n",
        "        self.journal.append(effect.type, effect.body, now, done=lambda ok: self._intent(release, ok))\n"
        "        self._loop.call_soon(self._intent, release, True)\n",
        ("tests/unit/controller/test_runtime.py",),
    ),
    Sabotage(
        "skip the fsync",
        "no release without a durable intent",
        "controller/store.py",
        'run("PRAGMA synchronous=FULL")',
        'run("PRAGMA synchronous=OFF")',
        ("tests/simulation/test_power_cuts.py",),
    ),
    Sabotage(
        "wait for the disk for ever",
        "an SD card must never lock a person out",
        "controller/runtime.py",
        "        self._intents[release] = self._loop.call_later(INTENT_WITHIN_S, self._intent, release, False)\n",
        "        self._intents[release] = self._loop.call_later(3_600, self._intent, release, False)\n",
        ("tests/unit/controller/test_runtime.py",),
    ),
    Sabotage(
        "say nothing of a late intent",
        "a release that went ahead is named afterwards",
        "controller/releases.py",
        "            turn.record(EntryType.JOURNAL_LATE, release=release.id, locker=bay.number)",
        "            pass",
        (f"{CORE}/test_releases.py",),
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
        (f"{CORE}/test_releases_that_must_not_happen.py", f"{CORE}/test_releases.py"),
    ),
    Sabotage(
        "accept a retained command",
        "commands live for seconds, in one session, once",
        "controller/commands.py",
        '        if event.retained:\n            return "retained"\n',
        "",
        (f"{CORE}/test_commands.py",),
    ),
    Sabotage(
        "accept a command of another session",
        "commands live for seconds, in one session, once",
        "controller/commands.py",
        "if self._session is None or event.command.session != self._session:",
        "if self._session is None:",
        (f"{CORE}/test_commands.py",),
    ),
    Sabotage(
        "let a command live for a day",
        "commands live for seconds, in one session, once",
        "controller/commands.py",
        "        if sent is None or now_ms - sent > COMMAND_FRESH_MS:\n",
        "        if sent is None or now_ms - sent > 86_400_000:\n",
        (f"{CORE}/test_commands.py",),
    ),
    Sabotage(
        "carry a repeated command out again",
        "commands live for seconds, in one session, once",
        "controller/commands.py",
        "        if seen is not None:\n",
        "        if seen is not None and False:\n",
        (f"{CORE}/test_commands.py",),
    ),
    Sabotage(
        "obey a command for another controller",
        "foreign orders do nothing",
        "controller/commands.py",
        "        if event.command.controller != self._controller:\n",
        "        if not event.command.controller:\n",
        (f"{CORE}/test_commands.py",),
    ),
    Sabotage(
        "take the board's word for the door",
        "an acknowledgement is not an opening",
        "controller/releases.py",
        "        release.accepted = True\n        turn.record(EntryType.RELEASED, release=release.id, locker=locker)\n",
        "        release.accepted = True\n        turn.record(EntryType.RELEASED, release=release.id, locker=locker)\n"
        "        turn.record(EntryType.DOOR_OPENED, release=release.id, locker=locker)\n",
        (f"{CORE}/test_releases.py", f"{CORE}/test_doors.py"),
    ),
    Sabotage(
        "believe any signature",
        "signatures guard both directions",
        "wire/envelope.py",
        "        key.verify(signature.sig, pre_authentication(envelope.payload_type, envelope.payload))\n",
        "        pre_authentication(envelope.payload_type, envelope.payload)\n",
        ("tests/property/wire/test_fuzzing.py",),
    ),
    Sabotage(
        "sign without the payload's type",
        "signatures guard both directions",
        "wire/envelope.py",
        "    if envelope.payload_type != topic.payload_type:\n",
        "    if not envelope.payload_type:\n",
        ("tests/property/wire/test_fuzzing.py",),
    ),
    Sabotage(
        "believe a receipt whose hash is not ours",
        "nothing is lost unseen",
        "controller/uplink.py",
        "        elif own is None or own.hex() != receipt.hash:\n",
        "        elif own is None:\n",
        (
            "tests/integration/controller/test_outage.py"
            "::test_a_receipt_of_another_session_or_with_a_foreign_hash_is_not_believed",
        ),
    ),
    Sabotage(
        "forget the floor",
        "time has a floor",
        "controller/timekeeping.py",
        "        return max(self._floor.instant, self._trusted.at(mono_ms))\n",
        "        return self._trusted.at(mono_ms)\n",
        (f"{CORE}/test_timekeeping.py", "tests/property/controller/test_clock.py"),
    ),
    Sabotage(
        "let one witness push the clock for ever",
        "nobody alone can push the time",
        "controller/timekeeping.py",
        "                self._credit_used_ms += step_ms\n".replace("    ", "", 1),
        "            self._credit_used_ms += 0\n",
        (f"{CORE}/test_timekeeping.py", "tests/property/controller/test_clock.py"),
    ),
    Sabotage(
        "let a grant live on past its end",
        "validity ends on time, even offline",
        "controller/access.py",
        "    if _ending(grant, now) >= grant.not_after:\n",
        "    if _ending(grant, now) >= grant.not_after + 86_400_000:\n",
        (f"{CORE}/test_access.py",),
    ),
    Sabotage(
        "open for a revoked badge",
        "a revoked badge stays dead",
        "controller/access.py",
        "(grant.id, grant.digest) not in dead] if dead else enabled\n",
        "grant.id] if dead else enabled\n",
        (f"{CORE}/test_access.py",),
    ),
    Sabotage(
        "accept an older list",
        "a revoked badge stays dead through replay and an older list",
        "controller/access_lists.py",
        "        elif new.version < self._floor or new.version <= self.version:\n",
        "        elif new.version == self.version:\n",
        (f"{CORE}/test_access_lists.py",),
    ),
    Sabotage(
        "accept an older trust document",
        "a revoked key stays revoked",
        "controller/trust.py",
        "        if version <= known:\n",
        "        if version == known:\n",
        ("tests/unit/controller/test_trust.py",),
    ),
    Sabotage(
        "shut out a holder whom a list forgets",
        "no one is parted from their belongings by software",
        "controller/access_lists.py",
        "        kept = (*still_kept, *vanished)\n",
        "        kept = still_kept\n",
        (f"{CORE}/test_access_lists.py",),
    ),
    Sabotage(
        "shut out holders of a locker marked out of service by mistake",
        "no one is parted from their belongings by software",
        "controller/out_of_service.py",
        "        return mark is not None and mark.ends_ms is not None and now_ms < mark.ends_ms\n",
        "        return mark is not None\n",
        (f"{CORE}/test_presentations.py", f"{CORE}/test_commands.py"),
    ),
    Sabotage(
        "let a holder's right hang on the lease",
        "a lost connection shuts nobody out",
        "controller/access.py",
        '    if grant.kind in LEASED_KINDS:\n        return "staff_badge"',
        '    if now.ending_at >= access.access_list.lease_until:\n        return "lease"\n'
        '    if grant.kind in LEASED_KINDS:\n        return "staff_badge"',
        (f"{CORE}/test_access.py", f"{CORE}/test_access_lists.py"),
    ),
    Sabotage(
        "let a staff badge open by itself",
        "staff badges open by keypad or remotely",
        "controller/access.py",
        '        return "staff_badge" if now.ending_at < access.access_list.lease_until else "lease"\n',
        '        return None if now.ending_at < access.access_list.lease_until else "lease"\n',
        (f"{CORE}/test_access.py",),
    ),
    Sabotage(
        "use a permit twice",
        "a permit is used once",
        "hw/release_guard.py",
        "            )\n        del self._live[group]\n        if (permit.coil",
        "            )\n        if (permit.coil",
        ("tests/unit/hw/test_release_guard.py", "tests/property/hw/test_guard_machine.py"),
    ),
    Sabotage(
        "let a permit grow old",
        "a permit is at most 200 ms old",
        "hw/release_guard.py",
        "        if not 0 <= now - permit.issued_ms <= PERMIT_AGE_MS:\n",
        "        if not 0 <= now - permit.issued_ms:\n",
        ("tests/unit/hw/test_release_guard.py",),
    ),
    Sabotage(
        "let a coil go on with no rest",
        "pulse cap, rest, duty",
        "hw/release_guard.py",
        "        rested_at = max(pulse.end_ms for pulse in pulses) + self._limits.rest_ms if pulses else now\n",
        "        rested_at = now\n",
        ("tests/unit/hw/test_release_guard.py", "tests/property/hw/test_guard_machine.py"),
    ),
    Sabotage(
        "energise two coils of one power group",
        "one coil at a time per power group",
        "hw/release_guard.py",
        "        free_at = self._group_end_ms[group] + self._limits.stagger_ms if group",
        "        free_at = now if group",
        ("tests/unit/hw/test_release_guard.py", "tests/property/hw/test_guard_machine.py"),
    ),
    Sabotage(
        "forget at start which locks are warm",
        "rest and duty hold across restarts",
        "controller/releases.py",
        "                bay.pulsed(pulse.mono_ms, pulse.pulse_ms)\n",
        "                pass\n",
        (f"{CORE}/test_releases_that_must_not_happen.py", f"{CORE}/test_releases.py"),
    ),
    Sabotage(
        "receipt before commit",
        "the gateway's word that it has stored",
        "gateway/link/inbox.py",
        "            stored = store(session, batches, now=now)\n",
        "            stored = store(session, batches, now=now)\n"
        "            self._publisher.send_receipts(stored.reaches())\n",
        ("tests/unit/gateway/test_inbox.py",),
    ),
    Sabotage(
        "acknowledge what was not stored",
        "no acknowledgement while the database is down",
        "gateway/link/inbox.py",
        "        stored = self._stored(batches)\n        for message in messages:\n"
        "            self._transport.acknowledge(message)\n",
        "        for message in messages:\n            self._transport.acknowledge(message)\n"
        "        stored = self._stored(batches)\n",
        ("tests/unit/gateway/test_inbox.py",),
    ),
    Sabotage(
        "store a batch whose chain does not hold",
        "the hash chain sees to it that nothing is lost unseen",
        "gateway/ingest/service.py",
        "        if run.prev != row.through_hash:\n",
        "        if run.prev == b'':\n",
        ("tests/unit/gateway/test_ingest.py",),
    ),
    Sabotage(
        "publish to a bank that is held",
        "a restored gateway signs nothing until reconciled",
        "gateway/access/service.py",
        "        controller.held_since, controller.held_why = now, why\n",
        "        pass\n",
        (
            "tests/integration/gateway/test_link.py"
            "::test_a_gateway_on_an_older_database_publishes_nothing_until_someone_decides",
        ),
    ),
    Sabotage(
        "give a locker to two people",
        "no two holders of one locker",
        "gateway/contracts/holdings.py",
        "        refuse_overlap(session, contract.id, locker, from_at, contract.collect_until, now)\n        if from",
        "        if from",
        ("tests/unit/gateway/test_contracts.py",),
    ),
    Sabotage(
        "hand over a locker that may still hold another's things",
        "reassigning while contents are unresolved is refused",
        "gateway/contracts/holdings.py",
        "            require_ready(session, locker, now)\n",
        "            pass\n",
        ("tests/unit/gateway/contracts/test_decisions.py", "tests/unit/gateway/contracts/test_awaited_locker.py"),
    ),
    Sabotage(
        "write a stranger's badge into the journal",
        "least data",
        "controller/presentations.py",
        '            reader.strangers.append(now_ms)\n            self._refuse(event.reader, Denied("unknown"), turn)\n'
        "        else:",
        "            reader.strangers.append(now_ms)\n"
        '            self._refuse(event.reader, Denied("unknown"), turn, digest=event.number)\n        else:',
        (f"{CORE}/test_presentations.py",),
    ),
)
