"""The steps of docs/your-own-data.md, run as written, give the results that the page states."""

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
    """Merge nested keys into a mapping; new values replace old ones."""
    for key, value in more.items():
        if isinstance(value, dict) and key in into:
            add(into[key], value)
        else:
            into[key] = value


@pytest.mark.slow
def test_the_steps_of_the_page_give_its_results(fresh: Project) -> None:
    make, read = blocks("python")
    (settings,) = blocks("yaml")
    train, traverse, draw = blocks("bash")
    fresh.do("python", "-c", make)
    fresh.edit_params(lambda params: add(params, yaml.safe_load(settings)))
    for line in train.splitlines():
        fresh.do(*line.split())
    output = fresh.do("python", "-c", read)
    found = {name: list(map(float, values)) for name, *values in (line.split() for line in output.splitlines()[2:])}
    stated = {
        name: list(map(float, values))
        for name, *values in re.findall(r"^\| (\w+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", PAGE, re.MULTILINE)
    }
    assert set(found) == set(stated) == {"bar", "cross", "disc"}
    # Rounding differs between machines, and its effect accumulates over a training.
    for name, values in stated.items():
        assert found[name] == pytest.approx(values, abs=0.4), name
    assert found["cross"][1] < 0.5 < 1 < min(found["bar"][1], found["disc"][1])

    for line in [*traverse.splitlines(), *draw.splitlines()]:
        fresh.do(*line.split())
    for kind in ("class", "shared"):
        assert (fresh.root / f"shapes-n_vae-{kind}.png").read_bytes().startswith(b"\x89PNG")
    table = pd.read_csv(fresh.root / "results/paper/runs/kl/shapes/n_vae/seed0.csv")
    assert set(table["split"]) == {"test"}
