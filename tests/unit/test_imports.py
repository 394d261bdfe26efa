"""The layers of the package: no import goes upwards, and there are no import cycles."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of ``pyproject.toml`` for the package in a folder."""
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a folder with a copy of the package and its contracts."""
    shutil.copytree(ROOT / "nvae", tmp_path / "nvae", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_no_import_goes_upwards_and_there_is_no_cycle() -> None:
    found = lint(ROOT)
    assert found.returncode == 0, found.stdout
    assert "2 kept, 0 broken" in found.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("nvae/tables/reading.py", "from nvae.plotting import style"),
        ("nvae/training/batches.py", "from nvae.training import loop"),
        ("nvae/new.py", ""),
    ],
    ids=["upwards", "cycle", "a module in no layer"],
)
def test_a_wrong_import_is_found(module: str, line: str, copy: Path) -> None:
    path = copy / module
    path.write_text((path.read_text(encoding="utf-8") if path.exists() else "") + line + "\n", encoding="utf-8")
    assert lint(copy).returncode == 1
