"""As tests/test_wheel.py, with the libraries it declares and no others."""

import venv
from pathlib import Path

import pytest

from tests.test_wheel import build_wheel, check_serves, install


@pytest.mark.soak
def test_a_wheel_brings_all_that_it_needs(tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False)
    install(environment, build_wheel(tmp_path))
    check_serves(environment, tmp_path / "elsewhere")
