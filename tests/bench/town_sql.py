"""The SQL that makes up years of a network out of numbers, the same on both databases; town.py says in which order.

Everything follows from a contract's number: its locker, its days, its people, what was done with them. Nothing is drawn
by chance, so two databases of one size hold the same town.
"""

from collections.abc import Iterator, Sequence

DAY_MS = 86_400_000
# Each contract of a locker begins so many days after the one before it.
SLOT_DAYS, COLLECT_DAYS = 400, 14
LOCKERS_A_SITE, LOCKERS_A_BANK, SITES_A_CHARITY = 168, 24, 4
CONTRACTS_A_SITE = 1_000


class Words:
    """What the two databases call differently."""

    def __init__(self, dialect: str) -> None:
        self._sqlite = dialect == "sqlite"

    def day(self, number: str) -> str:
        """A date from days since 1970."""
        return (
            f"date(({number}) * 86400, 'unixepoch')" if self._sqlite else f"(DATE '1970-01-01' + CAST({number} AS INT))"
        )

    def id(self, at: str, number: str) -> str:
        """An identifier that sorts by time, like those that services make."""
        when = self._hex(at)
        return f"substr({when}, 1, 8) || '-' || substr({when}, 9) || '-7000-8000-' || {self._hex(number)}"

    def bytes(self, text: str) -> str:
        """A text as bytes."""
        return f"CAST({text} AS BLOB)" if self._sqlite else f"convert_to({text}, 'UTF8')"

    def _hex(self, number: str) -> str:
        return f"printf('%012x', {number})" if self._sqlite else f"lpad(to_hex(CAST({number} AS BIGINT)), 12, '0')"


def mixed(number: str, salt: int) -> str:
    """A number that looks drawn by chance."""
    return f"((({number}) * 48271 + {salt} * 69621) % 2147483647)"


def one_of(number: str, choices: Sequence[str | None]) -> str:
    """One of these texts; None is NULL."""
    cases = " ".join(
        f"WHEN {place} THEN " + ("NULL" if choice is None else f"'{choice}'") for place, choice in enumerate(choices)
    )
    return f"CASE ({number}) % {len(choices)} {cases} END"


def plan(doors: int, contracts: int, today: int) -> Iterator[str]:
    """A temporary table with a line for each contract: slot 0 is each locker's newest one."""
    begins = f"({today} - {mixed('door', 1)} % 300 - slot * {SLOT_DAYS})"
    yield f"""CREATE TEMPORARY TABLE plan AS
        SELECT i, door, slot, first_day, renewed,
            CASE WHEN renewed THEN first_day + {SLOT_DAYS} - 1 ELSE first_day + 90 + {
        mixed("i", 2)
    } % 270 END AS last_day,
            CASE WHEN slot % 2 = 0 AND {mixed(f"(i + {doors})", 3)} % 6 = 0 AND i + {doors} < {contracts}
                THEN i + {doors} ELSE i END AS holder
        FROM (SELECT i, door, slot, {begins} AS first_day, slot % 2 = 1 AND {mixed("i", 3)} % 6 = 0 AS renewed
            FROM (SELECT i, i % {doors} AS door, i / {doors} AS slot FROM number WHERE i < {contracts}) AS numbered
        ) AS begun"""
    yield f"""CREATE TEMPORARY TABLE agreed AS
        SELECT plan.*, first_day * {DAY_MS} AS from_at, (last_day + 1) * {DAY_MS} AS until_at,
            (last_day + 1) * {DAY_MS} + CASE WHEN renewed THEN 0 ELSE {COLLECT_DAYS * DAY_MS} END AS collect_until,
            last_day < {today} AND NOT renewed AND {mixed("i", 4)} % 2 = 0 AS early,
            locker.id AS locker_id, place.site_id AS site_id, place.organisation_id AS organisation_id,
            scheme.id AS scheme_id
        FROM plan JOIN door ON door.place = plan.door JOIN locker ON locker.id = door.locker_id
        JOIN bank ON bank.id = locker.bank_id
        JOIN (SELECT id AS site_id, organisation_id FROM site) AS place ON place.site_id = bank.site_id
        JOIN scheme ON scheme.organisation_id = place.organisation_id AND scheme.service = 'lockers'"""
    yield "CREATE UNIQUE INDEX agreed_i ON agreed (i)"


def people(words: Words) -> Iterator[str]:
    """People with their badges; who holds two contracts one after the other has one file."""
    yield f"""INSERT INTO person (id, organisation_id, name, language, created_at)
        SELECT {words.id("from_at", "i")}, organisation_id, (SELECT sealed FROM name WHERE name.i = agreed.i % 1000),
            'fr', from_at
        FROM agreed WHERE holder = i"""
    yield f"""CREATE TEMPORARY TABLE contracted AS
        SELECT agreed.*, {words.id("held.from_at", "agreed.holder")} AS person_id,
            {words.id("agreed.from_at", "agreed.i + 1000000000")} AS contract_id
        FROM agreed JOIN agreed AS held ON held.i = agreed.holder"""
    yield "CREATE UNIQUE INDEX contracted_i ON contracted (i)"
    yield f"""INSERT INTO badge (id, site_id, key_id, digest, label, person_id, registered_at, given_at)
        SELECT {words.id("from_at", "i + 2000000000")}, site_id, 'k-bench',
            substr('00000000000000000000' || {words.id("from_at", "i")}, 25, 32), 'blue ' || i, person_id,
                from_at, from_at
        FROM contracted WHERE holder = i"""


def contracts(words: Words, doors: int) -> Iterator[str]:
    """Contracts with their people and lockers, how they ended, and that lockers were seen empty since."""
    yield """INSERT INTO contract (id, person_id, scheme_id, starts_on, ends_on, terms, from_at, until_at,
        collect_until,
            created_at, signed_at, ended_at, end_decided_by, destination, stability, version)
        SELECT contract_id, person_id, scheme_id, {first}, {last},
            (SELECT terms FROM scheme WHERE id = scheme_id), from_at,
            until_at, collect_until, from_at, from_at, CASE WHEN early THEN until_at - 3600000 END,
            CASE WHEN early THEN {decided} END, CASE WHEN early THEN {destination} END,
            CASE WHEN early THEN {stability} END, 1
        FROM contracted""".format(
        first=words.day("first_day"),
        last=words.day("last_day"),
        decided=one_of(mixed("i", 5), ("holder", "scheme", "both", "circumstances")),
        destination=one_of(
            mixed("i", 6), ("own_housing", "street", "shelter", "social_housing", "family_or_friends", None)
        ),
        stability=one_of(mixed("i", 7), ("lasting", "temporary", "unknown", None)),
    )
    yield f"""INSERT INTO party (id, contract_id, person_id, place, from_at)
        SELECT {words.id("from_at", "i + 3000000000")}, contract_id, person_id, 1, from_at FROM contracted"""
    yield f"""INSERT INTO party (id, contract_id, person_id, place, from_at)
        SELECT {words.id("one.from_at", "one.i + 4000000000")}, one.contract_id, other.person_id, 2, one.from_at
        FROM contracted AS one JOIN contracted AS other ON other.i = one.i + 1
        WHERE one.i % 29 = 0 AND one.site_id = other.site_id"""
    yield f"""INSERT INTO holding (id, contract_id, locker_id, from_at, until_at)
        SELECT {words.id("from_at", "i + 5000000000")}, contract_id, locker_id, from_at,
            collect_until FROM contracted"""
    reasons = ("own_solution", "work", "agreed", "threats", "prison", "hospital", "support_refused")
    for salt, share in ((8, 1), (9, 4)):
        yield f"""INSERT INTO end_reason (contract_id, reason)
            SELECT contract_id, {one_of(mixed("i", salt), reasons[: 4 if share == 1 else 7])} FROM contracted
            WHERE early AND i % {share} = 0 ON CONFLICT DO NOTHING"""
    for number, check in enumerate(("empty", "cleaned", "lock")):
        yield f"""INSERT INTO locker_check (id, locker_id, kind, at, "by")
            SELECT {words.id("collect_until", f"i + {6 + number}000000000")}, locker_id, '{check}',
                collect_until + 3600000,
                'bench'
            FROM contracted WHERE slot > 0"""
    yield """INSERT INTO audit_record (at, actor, action, subject, details)
        SELECT from_at, 'bench', 'contract_assigned', contract_id, '{}' FROM contracted ORDER BY from_at"""


def care(words: Words, now: int) -> Iterator[str]:
    """What was known, done, agreed and waited for. Whoever has a locker now was seen within the last days."""
    seen = f"({now} - (i % 5) * {DAY_MS})"
    yield f"""INSERT INTO contact (id, person_id, at, kind, place, recorded_by, recorded_at)
        SELECT {words.id(seen, "i + 16000000000")}, person_id, {seen}, 'met', 'lockers', 'bench', {seen}
        FROM contracted WHERE from_at < {now} AND collect_until > {now}"""
    several = "FROM contracted JOIN number ON number.i <= {mixed} % {most} WHERE {at} < {until}"
    at = f"(from_at + number.i * {9 * DAY_MS} + 36000000)"
    yield f"""INSERT INTO contact (id, person_id, at, kind, place, recorded_by, recorded_at)
        SELECT {words.id(at, "contracted.i * 100 + number.i")}, person_id, {at},
            {one_of(mixed("contracted.i + number.i", 10), ("met", "met", "phoned", "message", "seen", "looked_for"))},
            'lockers', 'bench', {at}
        {several.format(mixed=mixed("contracted.i", 11), most=8, at=at, until="until_at")}"""
    yield f"""INSERT INTO support_act (id, person_id, contract_id, kind, at, certainty, recorded_by, recorded_at)
        SELECT {words.id(at, "contracted.i * 100 + 50 + number.i")}, person_id, contract_id,
            {
        one_of(mixed("contracted.i + number.i", 12), ("clothing", "food", "health", "registered_address", "travel"))
    },
            {at}, 'stated', 'bench', {at}
        {several.format(mixed=mixed("contracted.i", 13), most=4, at=at, until="until_at")}"""
    yield f"""INSERT INTO snapshot (id, person_id, contract_id, moment, at, identity_papers, residence,
        health_cover, income,
            work, address, street_time, certainty, recorded_by, recorded_at)
        SELECT {words.id("from_at", "i + 9000000000")}, person_id, contract_id, 'entry', from_at,
            {one_of(mixed("i", 14), ("identity_card", "passport", "lost", "none", "unknown", None))},
            {one_of(mixed("i", 15), ("citizen", "eu_citizen", "permit", None))},
            {one_of(mixed("i", 16), ("active", "applied", "none", "unknown"))},
            {one_of(mixed("i", 17), ("none", "minimum_income", "work", None, None))},
            {one_of(mixed("i", 18), ("none", "none", "temporary", "undeclared", "training", None))},
            {one_of(mixed("i", 19), ("none", "registered_here", None))},
            {one_of(mixed("i", 20), ("under_1_year", "under_3_years", "unknown", None))}, 'stated', 'bench', from_at
        FROM contracted"""
    closed = f"CASE WHEN i % 3 > 0 THEN from_at + {30 * DAY_MS} END"
    yield f"""INSERT INTO step (id, person_id, topic, agreed_at, agreed_by, result, closed_at, closed_by)
        SELECT {words.id("from_at", "i + 10000000000")}, person_id,
            {one_of(mixed("i", 21), ("identity_papers", "health_cover", "income", "work", "address"))},
                from_at, 'bench',
            CASE WHEN i % 3 > 0 THEN {one_of(mixed("i", 22), ("obtained", "refused", "dropped"))} ELSE 'under_way' END,
            {closed}, CASE WHEN i % 3 > 0 THEN 'bench' END
        FROM contracted"""
    yield f"""INSERT INTO waiting_entry (id, person_id, scheme_id, site_id, source, since, added_by, added_at,
        closed_at,
            closed_by, left_why)
        SELECT {words.id("from_at", "i + 11000000000")}, person_id, scheme_id, CASE WHEN i % 4 > 0 THEN site_id END,
            'outreach_round', from_at - {DAY_MS} * ({mixed("i", 23)} % 90), 'bench', from_at,
            CASE WHEN i % 10 > 0 THEN from_at END, CASE WHEN i % 10 > 0 THEN 'bench' END,
            CASE WHEN i % 10 > 0 THEN {one_of(mixed("i", 24), ("placed", "placed", "other", "not_wanted"))} END
        FROM contracted WHERE i % 10 > 0 OR holder = i"""


def library(words: Words) -> Iterator[str]:
    """Members, loans and projects of each charity's tool library."""
    member = words.id("contracted.from_at", "contracted.i + 12000000000")
    yield f"""INSERT INTO membership (id, scheme_id, site_id, person_id, terms, starts_on, ends_on, from_at, until_at,
            signed_at, signed_by)
        SELECT {member}, scheme.id, contracted.site_id, person_id, scheme.terms, {words.day("first_day")},
            {words.day("last_day")}, from_at, until_at, from_at, 'bench'
        FROM contracted JOIN scheme ON scheme.organisation_id = contracted.organisation_id AND scheme.service = 'tools'
        WHERE contracted.i % 20 = 0 AND holder = contracted.i"""
    back = "number.i < 9 OR contracted.i % 400 > 0"
    lent = f"(from_at + number.i * {9 * DAY_MS})"
    yield f"""INSERT INTO loan (id, membership_id, from_at, due_at, extensions, planned_by, planned_at,
        taken_by, taken_at,
            returned_by, returned_at)
        SELECT {words.id(lent, "contracted.i * 100 + number.i + 13000000000")}, {member}, {lent},
            {lent} + {7 * DAY_MS}, 0,
            'bench', {lent}, 'badge', {lent}, CASE WHEN {back} THEN 'badge' END,
            CASE WHEN {back} THEN {lent} + {DAY_MS} * (2 + {mixed("contracted.i + number.i", 25)} % 7) END
        FROM contracted JOIN number ON number.i < 10 WHERE contracted.i % 20 = 0 AND holder = contracted.i"""
    yield f"""INSERT INTO project (id, membership_id, kind, title, surface_dm2, cost_cents, asked_on,
            started_on, finished_on, support_ended_on, added_by, added_at)
        SELECT {words.id("from_at", "contracted.i + 14000000000")}, {member}, 'painting',
            (SELECT title FROM name WHERE name.i = 0), 1000 + {mixed("contracted.i", 26)} % 3000,
            CASE WHEN contracted.i % 40 = 0 THEN 5000 + {mixed("contracted.i", 27)} % 90000 END,
                {words.day("first_day")},
            {words.day("first_day + 20")}, {words.day("first_day + 30")}, {words.day("first_day + 40")}, 'bench',
            from_at
        FROM contracted WHERE contracted.i % 20 = 0 AND holder = contracted.i"""


def orders(words: Words, now: int) -> Iterator[str]:
    """What banks were told over the years: lists, and doors opened remotely; and what they said last."""
    yield f"""INSERT INTO issued_list (bank_id, version, hash, issued_at, lease_until, content)
        SELECT bank.id, number.i + 1, 'h', {now} - (500 - number.i) * {2 * DAY_MS}, {now}, 'c' FROM bank JOIN number
            ON number.i < 500"""
    yield f"""INSERT INTO command (id, bank_id, kind, args, locker, requested_by, reason, requested_at, attempt, state)
        SELECT {words.id("from_at", "contracted.i + 15000000000")}, locker.bank_id, 'open', '{{}}',
            locker.number, 'bench',
            'help', from_at, 1, 'done'
        FROM contracted JOIN locker ON locker.id = contracted.locker_id"""
    yield f"""INSERT INTO observation (bank_id, number, door, since, out_of_service, as_of, as_of_epoch, as_of_seq)
        SELECT bank_id, number, 'closed', {now - DAY_MS}, {"0" if words.day("0").startswith("date(") else "false"},
            {now - DAY_MS}, 'e', 1
        FROM locker"""


def events(words: Words, first: int, count: int, total: int, now: int, banks: int) -> str:
    """Uses of every bank over three years, the newest last; one in a thousand is a fault, one in 100,000 a breach."""
    n = f"({first} + number.i)"
    at = f"({now} - CAST(({total} - {n}) * {3 * 365 * DAY_MS / max(total, 1)!r} AS BIGINT))"
    door = f"(1 + {mixed(n, 28)} % {LOCKERS_A_BANK})"
    body = words.bytes("'{\"locker\":' || " + door + " || '}'")
    kind = one_of(n, ("release_intended", "released", "door_opened", "door_closed"))
    return f"""INSERT INTO event (kind, at, received_at, bank_id, locker, body)
        SELECT CASE WHEN {n} % 100000 = 77777 THEN 'breach' WHEN {n} % 1000 = 500 THEN 'fault_raised' ELSE {kind} END,
            {at}, {at} + 400, row_bank.bank_id, {door}, {body}
        FROM number JOIN row_bank ON row_bank.i = {n} / 4 % {banks} WHERE number.i < {count} ORDER BY number.i"""
