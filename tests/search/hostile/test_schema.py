"""The API against its own description: a program makes requests from it and checks the answers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.search.hostile.conftest import Start

# The description says what may be asked; what may not is refused, but not every text that the
# program thinks wrong is: a filter for a value that no document has finds nothing and is no error.
_LEFT_OUT = "negative_data_rejection,positive_data_acceptance"


@pytest.mark.parametrize("audience", ["agent", "dealer"])
def test_the_api_does_what_its_description_says(
    audience: str, start: Start, tmp_path: Path
) -> None:
    service = start(audience)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{service.address}/api/openapi.json"),
        # Without a program that publishes it says 503, as it should; it has tests of its own.
        *("--exclude-path", "/api/reload"),
        *("--checks", "all", "--exclude-checks", _LEFT_OUT),
        *("--max-examples", "25", "--seed", "7", "--request-timeout", "30", "--no-color"),
    ]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert service.is_alive
