"""The Slurm profile agrees with the rules and with the default profile. These tests need no Slurm."""

import re
from pathlib import Path
from typing import Any

import yaml

from nvae.analyses import ANALYSES

ROOT = Path(__file__).parents[2]


def profile(folder: str) -> dict[str, Any]:
    """Return the settings of a profile."""
    found: dict[str, Any] = yaml.safe_load((ROOT / folder / "config.yaml").read_text(encoding="utf-8"))
    return found


def rules() -> dict[str, str]:
    """Return the text of each named rule."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
    names, bodies = (re.split(r"^rule (\w+):$", text, flags=re.MULTILINE)[first::2] for first in (1, 2))
    # The rules of the analyses are generated from their list.
    listed = {name: f"        gpu={int(analysis.trains)},\n" for name, analysis in ANALYSES.items()}
    return dict(zip(names, bodies, strict=True)) | listed


def test_the_slurm_profile_contains_the_default_profile() -> None:
    """Snakemake reads only one workflow profile, so that settings of the other one would be lost."""
    assert profile("profiles/default").items() <= profile("workflow/profiles/slurm").items()


def test_no_rule_requests_a_gpu_unless_the_profile_sets_it() -> None:
    """On a cluster without GPUs, a rule that requests one by default and is not in the profile would wait forever."""
    resources = profile("workflow/profiles/slurm")["set-resources"]
    with_gpu = {name for name, body in rules().items() if re.search(r"^        gpu=1,$", body, re.MULTILINE)}
    assert with_gpu == {"train_model", "augmentation", "calibration", "ladder"}
    assert {rule for rule, requested in resources.items() if requested.get("gpu") == 0} == with_gpu
    assert resources.keys() <= rules().keys()
