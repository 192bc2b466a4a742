"""Importing and reporting on the command line, as an operator types it."""

import json
from pathlib import Path

import pytest

from tests.integration.gateway.conftest import Gateway

FILE = Path(__file__).parents[2] / "data" / "montreuil.json"
ASKED = ("report", "montreuil", "--as-of", "2020-09-30", "--from", "2018-10-15")


@pytest.fixture
def cli(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path / "data", 1)


def test_a_file_is_tried_then_imported_and_gives_the_published_figures(cli: Gateway) -> None:
    assert "nothing was imported" in cli.run("import", str(FILE), "--dry-run").stdout
    # A second import of a file that had been kept would be refused.
    assert "16 people, 16 contracts" in cli.run("import", str(FILE)).stdout
    assert json.loads(cli.run(*ASKED, "--json").stdout) == json.loads(FILE.read_text(encoding="utf-8"))["published"]


def test_a_wrong_file_is_told_row_by_row(cli: Gateway, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("person;start;count;in_service\n;;2;2019-01-01\nA;soon;;\nB;2019-13-01;;\n", encoding="utf-8")
    refused = cli.run("import", str(wrong), "--dry-run", check=False)
    assert refused.returncode == 1
    assert "casier-gateway: row 3, start: 'soon' is not a date" in refused.stderr
    assert "casier-gateway: row 4, start: '2019-13-01' is not a date" in refused.stderr
    assert "2 problems: nothing was imported" in refused.stderr
