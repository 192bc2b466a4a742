"""The map of the bank for the wall: one HTML page that needs nothing else, to print on A4, with the doors as SVG."""

from collections.abc import Iterator
from html import escape

from controller.commission.conclusions import Conclusions, DoorResult
from controller.commission.report import MARKS, learned_settings

COLUMNS = 8
_WIDTH, _HEIGHT, _GAP = 118, 96, 8
_FILL = {"fine": "#ffffff", "warn": "#fff2c9", "fail": "#f9d5d2", "held": "#dfeaf7", "untested": "#eeeeee"}
# Told apart in black and white too: by the word on the door and by the line around it.
_EDGE = {"fine": "", "warn": 'stroke-dasharray="6 3"', "fail": 'stroke-width="4"', "held": "", "untested": ""}
_STYLE = """
@page { size: A4 landscape; margin: 12mm }
body { font: 14px/1.4 system-ui, sans-serif; color: #111; margin: 1.5rem auto; max-width: 68rem; padding: 0 1rem }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.05rem; margin: 1.2rem 0 .3rem }
p { margin: .2rem 0 } svg { width: 100%; height: auto; margin: .8rem 0 }
table { border-collapse: collapse; width: 100% } caption { text-align: left; font-weight: 600 }
th, td { border: 1px solid #888; padding: .15rem .5rem; text-align: left; vertical-align: top }
svg, tr { break-inside: avoid }
@media print { body { margin: 0; max-width: none; padding: 0 } }
"""


def page(result: Conclusions, at: str, columns: int = COLUMNS) -> str:
    """The whole page; `at` is the date and time that stands on it, `columns` how many doors stand side by side."""
    bank = escape(result.plan.controller)
    doors = result.doors()
    fine = sum(door.state == "fine" for door in doors)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Bank {bank}: map of {len(doors)} lockers</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>Bank {bank}</h1>
<p>Commissioned {escape(at)} · {len(doors)} lockers, {fine} without a fault</p>
{_drawing(doors, result, columns)}
<h2>What was found</h2>
{_findings(result)}
<h2>Boards</h2>
{_boards(result)}
</body>
</html>
"""


def _drawing(doors: list[DoorResult], result: Conclusions, columns: int) -> str:
    rows = -(-len(doors) // columns)
    width, height = columns * (_WIDTH + _GAP) + _GAP, rows * (_HEIGHT + _GAP) + _GAP
    drawn = "\n".join(_door(door, result, *divmod(index, columns)) for index, door in enumerate(doors))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="The doors of the bank with their boards and channels">\n'
        f'<g font-family="system-ui, sans-serif" text-anchor="middle" stroke-width="1.5">\n{drawn}\n</g>\n</svg>'
    )


def _door(door: DoorResult, result: Conclusions, row: int, column: int) -> str:
    """One door: its number, board, address and channel, when it opened, how it fared."""
    x, y = _GAP + column * (_WIDTH + _GAP), _GAP + row * (_HEIGHT + _GAP)
    middle = x + _WIDTH // 2
    address = result.plan.boards[door.coil.board].address
    at = "" if address is None else f" · address {address}"
    opened = "" if door.opening_ms is None else f"{door.opening_ms} ms · "
    return (
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="5" fill="{_FILL[door.state]}" '
        f'stroke="#222" {_EDGE[door.state]}/>'
        f'<text x="{middle}" y="{y + 36}" font-size="30" font-weight="700">{door.number}</text>'
        f'<text x="{middle}" y="{y + 56}" font-size="13">{escape(door.coil.board)}{at}</text>'
        f'<text x="{middle}" y="{y + 72}" font-size="13">channel {door.coil.channel}</text>'
        f'<text x="{middle}" y="{y + 88}" font-size="12">{opened}{MARKS[door.state]}</text>'
    )


def _findings(result: Conclusions) -> str:
    if not result.findings:
        return "<p>Nothing is wrong.</p>"
    rows = [[each.level, each.text, each.mend] for each in result.findings]
    return _table(("Level", "Found", "Mend"), rows)


def _boards(result: Conclusions) -> str:
    rows = []
    for board in result.plan.boards.values():
        settings = ", ".join(f"{key} = {value}" for key, value in learned_settings(result, board).items())
        address = "" if board.address is None else str(board.address)
        rows.append([board.name, board.driver, board.port or "the pins of the Pi", address, settings])
    return _table(("Board", "Driver", "Port", "Address", "Settings learned"), rows)


def _table(heads: tuple[str, ...], rows: list[list[str]]) -> str:
    def line(cells: Iterator[str] | list[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    return "<table>\n" + "\n".join([line(list(heads), "th"), *(line(row, "td") for row in rows)]) + "\n</table>"
