"""docs/your-own-data.md, followed word for word: its images, settings and commands, and what it says comes out."""

import re
from typing import Any

import pandas as pd
import pytest
import yaml

from tests.pipeline.project import ROOT, Project

PAGE = (ROOT / "docs/your-own-data.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def add(into: dict[str, Any], more: dict[str, Any]) -> None:
    """Lay nested keys over others."""
    for key, value in more.items():
        if isinstance(value, dict) and key in into:
            add(into[key], value)
        else:
            into[key] = value


@pytest.mark.slow
def test_the_page_can_be_followed_and_comes_out_as_it_says(fresh: Project) -> None:
    make, read = blocks("python")
    (settings,) = blocks("yaml")
    train, traverse, draw = blocks("bash")
    fresh.do("python", "-c", make)
    fresh.edit_params(lambda params: add(params, yaml.safe_load(settings)))
    for line in train.splitlines():
        fresh.do(*line.split())
    said = fresh.do("python", "-c", read)
    found = {name: list(map(float, values)) for name, *values in (line.split() for line in said.splitlines()[2:])}
    told = {
        name: list(map(float, values))
        for name, *values in re.findall(r"^\| (\w+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", PAGE, re.MULTILINE)
    }
    assert set(found) == set(told) == {"bar", "cross", "disc"}
    # Rounding differs between machines, and over a whole training it adds up.
    for name, values in told.items():
        assert found[name] == pytest.approx(values, abs=0.4), name
    assert found["cross"][1] < 0.5 < 1 < min(found["bar"][1], found["disc"][1])

    for line in [*traverse.splitlines(), *draw.splitlines()]:
        fresh.do(*line.split())
    for kind in ("class", "shared"):
        assert (fresh.root / f"shapes-n_vae-{kind}.png").read_bytes().startswith(b"\x89PNG")
    table = pd.read_csv(fresh.root / "results/paper/runs/shapes/n_vae/seed0/kl.csv")
    assert set(table["split"]) == {"test"}
