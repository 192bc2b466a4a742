"""The command line: what an operator types, and what a mistake is told."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway import migrations
from gateway.access import lists
from gateway.access.standing import standings
from gateway.audit import service as audit
from gateway.errors import SignInError
from gateway.lockers.models import Site
from gateway.lockers.service import organisation_named
from gateway.people.service import add_person
from gateway.staff.service import authenticate, open_sign_in, signed_in, token_holder
from tests.integration.gateway.conftest import Gateway, free_port
from tests.integration.gateway.scripted import ScriptedController, now_ms


@pytest.fixture
def new(tmp_path: Path) -> Gateway:
    """Nothing is there yet."""
    return Gateway(tmp_path / "data", 1)


@pytest.fixture
def cli(new: Gateway) -> Gateway:
    """With an empty database."""
    new.settle()
    return new


def refused(cli: Gateway, code: int, *arguments: str) -> str:
    done = cli.run(*arguments, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_the_installed_program_is_this_one(cli: Gateway) -> None:
    program = Path(sys.executable).with_name("casier-gateway")

    def typed(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [program, *arguments], env=cli.environment, capture_output=True, text=True, timeout=60, check=False
        )

    assert f"data_dir = {cli.home}" in typed("config", "check").stdout
    wrong = typed("audit", "verify", "--expect", "nonsense")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "ID:DIGEST" in wrong.stderr


def test_a_controller_is_joined_and_staff_can_sign_in(new: Gateway) -> None:
    cli = new
    controller = ScriptedController("montreuil-1", "", 0)
    assert "24 lockers" in cli.run("controllers", "add", "montreuil-1", controller.token, "--lockers", "24").stdout
    again = cli.run("controllers", "add", "montreuil-1", controller.token, "--lockers", "24").stdout
    assert "24 lockers" in again
    controller.trust(cli.run("root-key").stdout.strip())
    listed = json.loads(cli.run("controllers", "list", "--json").stdout)
    assert [(bank["id"], bank["joined"], bank["held"]) for bank in listed] == [("montreuil-1", True, False)]
    made = json.loads(cli.run("staff", "add", "nadia@example.org", "--json").stdout)
    assert len(made["password"]) >= 20
    assert cli.run("token", "add", "nadia@example.org").stdout.startswith("casier_")
    number = cli.home / "number"
    number.write_text("em4100:62E3086CED\n")
    cli.run("badge", "register", "montreuil-1", "--label", "M-1", "--number-file", str(number))
    assert "in use already" in refused(
        cli, 1, "badge", "register", "montreuil-1", "--label", "M-2", "--number-file", str(number)
    )
    assert json.loads(cli.run("reconcile", "montreuil-1", "--json").stdout)["held"] is False


def test_keys_are_files_that_only_the_gateway_can_read(cli: Gateway) -> None:
    cli.run("root-key")
    files = list((cli.home / "keys").iterdir())
    assert {path.name for path in files} == {"root.key", "signing.key"}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_a_wrong_key_token_makes_no_bank(cli: Gateway) -> None:
    assert "copy the whole" in refused(cli, 1, "controllers", "add", "montreuil-1", "nonsense", "--lockers", "2")
    assert "copy the whole" in refused(cli, 1, "controllers", "add", "montreuil-1", "-dashes", "--lockers", "2")
    database = cli.database()
    with database.reading() as session:
        assert standings(session.connection()) == {}
    database.close()
    assert cli.run("controllers", "list").stdout == ""


def test_config_check_names_the_variable_and_the_line(cli: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = cli.home.parent / "gateway.toml"
    settings.write_text('broker_host = "127.0.0.1"\nlog_level = "loud"\ncolour = "blue"\n')
    plain = cli.environment
    monkeypatch.setattr(Gateway, "environment", property(lambda _self: plain | {"CASIER_CONFIG": str(settings)}))
    told = refused(cli, 2, "config", "check")
    assert "gateway.toml, line 2, log_level" in told
    assert "gateway.toml, line 3, colour" in told
    settings.write_text('broker_ca = "/nowhere/ca.pem"\n')
    assert "line 1, broker_ca" in refused(cli, 2, "config", "check")
    settings.write_text(f'broker_ca = "{settings}"\n')
    assert "all three or none" in refused(cli, 2, "config", "check")
    settings.write_text("broker_port = \n")
    assert "line 1" in refused(cli, 2, "config", "check")
    settings.write_text("")
    bad = {"CASIER_CONFIG": str(settings), "CASIER_GATEWAY_PORT": "http"}
    monkeypatch.setattr(Gateway, "environment", property(lambda _self: plain | bad))
    assert "CASIER_GATEWAY_PORT" in refused(cli, 2, "config", "check")
    missing = {"CASIER_CONFIG": str(settings), "CASIER_DATABASE_URL": "sqlite"}
    monkeypatch.setattr(Gateway, "environment", property(lambda _self: plain | missing))
    assert "CASIER_DATABASE_URL" in refused(cli, 2, "config", "check")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("CASIER_GATEWAY_PROT", "CASIER_GATEWAY_PORT"), ("CASIER_DATABASEURL", "CASIER_DATABASE_URL")],
)
def test_a_misspelt_variable_is_not_ignored_in_silence(
    cli: Gateway, monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    plain = cli.environment
    monkeypatch.setattr(Gateway, "environment", property(lambda _self: plain | {name: "1"}))
    assert f"{name}: no such setting; did you mean {meant}?" in refused(cli, 2, "config", "check")


def test_variables_of_the_other_programs_are_left_alone(cli: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    others = {"CASIER_BENCH_PORT": "1", "CASIER_SIM_PINS": "x", "CASIER_CONTROLLER": "x"}
    plain = cli.environment
    monkeypatch.setattr(Gateway, "environment", property(lambda _self: plain | others))
    assert cli.run("config", "check").returncode == 0


def test_config_check_says_when_the_database_does_not_answer(cli: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = cli.environment
    url = f"postgresql://casier:secret@127.0.0.1:{free_port()}/casier"
    monkeypatch.setattr(Gateway, "environment", property(lambda _self: plain | {"CASIER_DATABASE_URL": url}))
    told = refused(cli, 1, "config", "check")
    assert "CASIER_DATABASE_URL" in told
    assert "secret" not in told


def test_a_database_s_address_that_cannot_be_read_is_refused_without_saying_what_is_in_it(
    cli: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = cli.environment
    url = "postgresql://casier:p@ss:secret@localhost/casier"  # an @ in a password, not written as %40
    monkeypatch.setattr(Gateway, "environment", property(lambda _self: plain | {"CASIER_DATABASE_URL": url}))
    told = refused(cli, 2, "config", "check")
    assert "%40" in told
    assert "secret" not in told


def test_an_account_has_a_role_and_a_language_that_exist(cli: Gateway) -> None:
    assert "known: worker" in refused(cli, 1, "staff", "add", "a@example.org", "--role", "cook")
    assert "known: fr, en, pt" in refused(cli, 1, "staff", "add", "a@example.org", "--language", "xx")


def test_whoever_forgot_their_password_gets_another_one(cli: Gateway) -> None:
    first = json.loads(cli.run("staff", "add", "nadia@example.org", "--json").stdout)
    database = cli.database()
    with database.writing() as session:
        browser = open_sign_in(session, first["id"], now=now_ms()).token
    second = json.loads(cli.run("staff", "password", "Nadia@example.org", "--json").stdout)
    assert (second["id"], second["email"]) == (first["id"], first["email"])
    with database.reading() as session:
        assert authenticate(session, "nadia@example.org", second["password"]).id == first["id"]
        with pytest.raises(SignInError):
            authenticate(session, "nadia@example.org", first["password"])
        with pytest.raises(SignInError):
            signed_in(session, browser, now=now_ms())
    database.close()
    assert "no account" in refused(cli, 1, "staff", "password", "nobody@example.org")


def test_an_empty_password_file_is_refused_and_no_password_is_made_in_its_place(cli: Gateway, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    said = refused(cli, 1, "staff", "add", "nadia@example.org", "--password-file", str(empty))
    assert "a password has" in said


def test_a_disabled_account_s_token_works_no_more(cli: Gateway) -> None:
    cli.run("staff", "add", "nadia@example.org")
    token = cli.run("token", "add", "nadia@example.org").stdout.strip()
    assert "disabled" in cli.run("staff", "disable", "Nadia@example.org").stdout
    database = cli.database()
    with database.reading() as session, pytest.raises(SignInError):
        token_holder(session, token)
    database.close()
    assert "no account" in refused(cli, 1, "staff", "disable", "nobody@example.org")


def test_tokens_are_listed_with_what_they_are_for_and_whether_they_work(cli: Gateway) -> None:
    assert "token add" in cli.run("token", "list").stderr
    for email in ("nadia@example.org", "omar@example.org"):
        cli.run("staff", "add", email)
        cli.run("token", "add", email, "--name", f"reports of {email[0]}")
    nadia, omar = json.loads(cli.run("token", "list", "--json").stdout)
    assert (nadia["email"], nadia["name"], nadia["revoked_at"]) == ("nadia@example.org", "reports of n", None)
    assert json.loads(cli.run("token", "list", "Omar@example.org", "--json").stdout) == [omar]
    assert cli.run("token", "revoke", nadia["id"]).stdout == f"{nadia['id']}: revoked\n"
    cli.run("staff", "disable", "omar@example.org")
    first, second = cli.run("token", "list").stdout.splitlines()
    assert first.startswith(f"{nadia['id']}  nadia@example.org  reports of n  made 20")
    assert "revoked 20" in first
    assert "account disabled 20" in second
    assert "token list" in refused(cli, 1, "token", "revoke", "none")


def test_a_taken_port_is_named_with_the_variable_to_set(cli: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        plain = cli.environment
        monkeypatch.setattr(Gateway, "environment", property(lambda _self: plain | {"CASIER_GATEWAY_PORT": port}))
        told = refused(cli, 2, "serve")
    assert port in told
    assert "CASIER_GATEWAY_PORT" in told


def test_an_older_database_is_not_touched_until_someone_migrates(new: Gateway) -> None:
    cli = new
    cli.home.mkdir()
    database = cli.database()
    migrations.migrate(database, to="0003")
    assert "casier-gateway migrate" in refused(cli, 1, "serve")
    assert f"0003 -> {migrations.head()}" in cli.run("migrate").stdout
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert "update casier" in refused(cli, 1, "staff", "add", "a@example.org")
    database.close()


def test_a_worker_gets_a_badge_for_the_keypad_and_a_site_asks_for_pins(cli: Gateway) -> None:
    cli.open_account()
    cli.join(ScriptedController("montreuil-1", "", 0), lockers=3)
    number = cli.home.parent / "number"
    number.write_text("em4100:00000000FE\n")
    register = ("badge", "register", "montreuil-1", "--label", "S-1", "--number-file", str(number), "--staff")
    assert "no account" in refused(cli, 1, *register, "nobody@example.org")
    cli.run(*register, "worker@example.org")
    cli.run("badge", "ask-pin", "montreuil-1")
    database = cli.database()
    with database.reading() as session:
        (grant,) = lists.build(session, "montreuil-1", version=1, now=1_800_000_000_000).grants
        assert (grant.kind, grant.lockers) == ("staff", (1, 2, 3))
        assert session.scalars(select(Site.asks_pin)).all() == [True]
    cli.run("badge", "ask-pin", "montreuil-1", "--off")
    with database.reading() as session:
        assert session.scalars(select(Site.asks_pin)).all() == [False]
    database.close()


def test_the_trail_is_verified_and_what_was_cut_off_is_noticed(cli: Gateway) -> None:
    cli.open_account()
    first = json.loads(cli.run("audit", "verify", "--json").stdout)
    assert first["records"] == 2
    assert "nothing was changed" in cli.run("audit", "verify", "--expect", first["head"]).stdout
    assert len(cli.run("audit", "list", "--json").stdout.splitlines()) == 2
    database = cli.database()
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_append_only_delete")
        connection.exec_driver_sql("DELETE FROM audit_record WHERE id = 2")
    database.close()
    assert "cut off" in refused(cli, 1, "audit", "verify")
    assert "ID:DIGEST" in refused(cli, 1, "audit", "verify", "--expect", "nonsense")


def test_the_head_of_the_trail_is_replaced_in_one_step(cli: Gateway) -> None:
    """Power that goes meanwhile leaves the old one: with none, a trail that was cut off would pass for whole."""
    cli.open_account()
    cli.run("audit", "verify")
    head, seen_before = cli.home / "audit-head", cli.home / "seen-before"
    before = head.read_text()
    seen_before.hardlink_to(head)
    database = cli.database()
    with database.writing() as session:
        audit.record(session, actor="test", action="tested", subject="x", now=now_ms())
    database.close()
    cli.run("audit", "verify")
    assert head.read_text().startswith("3:")
    assert seen_before.read_text() == before
    assert [path.name for path in cli.home.glob("audit-head*")] == ["audit-head"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"1:short"])
def test_a_damaged_head_of_the_trail_is_named_and_does_not_pass_for_none(cli: Gateway, content: bytes) -> None:
    cli.open_account()
    cli.run("audit", "verify")
    head = cli.home / "audit-head"
    written_down = head.read_text()
    head.write_bytes(content)
    told = refused(cli, 1, "audit", "verify")
    assert f"{head} is damaged" in told
    assert "--expect" in told
    cli.run("audit", "verify", "--expect", written_down)
    assert head.read_text() == written_down


def test_what_is_in_the_way_of_a_command_is_one_line(cli: Gateway, tmp_path: Path) -> None:
    """A misspelt zone, a word of another encoding, a file where there should be none, a disk with no room."""
    cli.open_account()
    table = tmp_path / "table.csv"
    table.write_text("count;in_service\n3;2019-01-01\n")
    assert "unknown time zone 'Europe/Pariss'" in refused(cli, 1, "import", str(table), "--zone", "Europe/Pariss")
    assert "is no text" in refused(cli, 2, "report", b"Liberte\xcc".decode(errors="surrogateescape"))
    (cli.home / "audit-head").mkdir()
    assert f"{cli.home / 'audit-head'}: Is a directory" in refused(cli, 1, "audit", "verify")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gateway", "audit", "list"], env=cli.environment, stdout=full,
            stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "casier-gateway: the output: No space left on device\n")


def test_files_are_erased_only_when_it_is_said_and_names_sealed_again_under_a_new_key(cli: Gateway) -> None:
    cli.open_account()
    database = cli.database()
    with database.writing() as session:
        owner = organisation_named(session, "Emmaus", actor="test", now=1)
        person = add_person(session, organisation_id=owner.id, name="Nadia", actor="test", now=1).id
    assert json.loads(cli.run("privacy", "rotate-key", "--json").stdout) == {"values": 1}
    assert "Nadia" in cli.run("privacy", "export", person).stdout
    assert json.loads(cli.run("privacy", "erase", "--json").stdout)["applied"] is False
    assert "Nadia" in cli.run("privacy", "export", person).stdout
    first = cli.run("privacy", "erase", "--apply").stdout
    assert "1 files, 0 openings due; the first run only remembers the time" in first
    assert "Nadia" in cli.run("privacy", "export", person).stdout
    done = json.loads(cli.run("privacy", "erase", "--apply", "--json").stdout)
    assert [one["person_id"] for one in done["files"]] == [person]
    assert "Nadia" not in cli.run("privacy", "export", person).stdout
    assert "no such person" in refused(cli, 1, "privacy", "export", "nobody")
    database.close()


def test_a_clock_that_leapt_since_the_last_night_erases_nobody(cli: Gateway) -> None:
    """One night of a clock years ahead would empty the file of somebody who is served today."""
    cli.open_account()
    database = cli.database()
    with database.writing() as session:
        owner = organisation_named(session, "Emmaus", actor="test", now=1)
        person = add_person(session, organisation_id=owner.id, name="Nadia", actor="test", now=1).id
    last = cli.home / "last-erasure"
    for days in (-3 * 365, -9, 9):
        last.write_text(before := str(now_ms() + days * 86_400_000))
        assert "say --trust-clock once" in refused(cli, 1, "privacy", "erase", "--apply")
        assert last.read_text() == before
    assert "Nadia" in cli.run("privacy", "export", person).stdout
    assert "1 files, 0 openings erased" in cli.run("privacy", "erase", "--apply", "--trust-clock").stdout
    assert abs(now_ms() - int(last.read_text())) < 3_600_000
    last.write_text(str(now_ms() - 7 * 86_400_000))
    assert "0 files, 0 openings erased" in cli.run("privacy", "erase", "--apply").stdout
    database.close()
