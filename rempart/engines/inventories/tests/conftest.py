from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[5] / "shared" / "data"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real public data beside the repository."""
    if not SHARED.is_dir():
        pytest.skip("the real public data (../shared/data) is not beside this repository")
    return SHARED
