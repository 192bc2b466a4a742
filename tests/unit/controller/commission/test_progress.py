"""What was kept of a commissioning that was interrupted."""

from pathlib import Path

import pytest

from controller.commission.progress import NAME, load_progress
from controller.errors import ControllerError


def test_nothing_kept_is_nothing_to_resume(tmp_path: Path) -> None:
    assert load_progress(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"fingerprint": "\xff"}'])
def test_what_cannot_be_read_is_said_with_a_way_out(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(ControllerError, match="--anew") as refused:
        load_progress(tmp_path)
    assert refused.value.code == "progress"
