"""The Slurm profile fits the rules and the plain profile. Needs no Slurm."""

import re
from pathlib import Path
from typing import Any

import yaml

from nvae.analyses import ANALYSES

ROOT = Path(__file__).parents[2]


def profile(folder: str) -> dict[str, Any]:
    """The settings of a profile."""
    found: dict[str, Any] = yaml.safe_load((ROOT / folder / "config.yaml").read_text(encoding="utf-8"))
    return found


def rules() -> dict[str, str]:
    """The named rules and their text."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
    names, bodies = (re.split(r"^rule (\w+):$", text, flags=re.MULTILINE)[first::2] for first in (1, 2))
    # The rules of the analyses are made from their list.
    listed = {name: f"        gpu={int(analysis.trains)},\n" for name, analysis in ANALYSES.items()}
    return dict(zip(names, bodies, strict=True)) | listed


def test_settings_of_the_plain_profile_hold_here_too() -> None:
    """Snakemake reads one workflow profile: a setting that is only in the other would be lost."""
    assert profile("profiles/default").items() <= profile("workflow/profiles/slurm").items()


def test_no_rule_asks_a_cluster_for_a_gpu_unless_the_profile_says_so() -> None:
    """A rule that needs a GPU and is not named in the profile would wait for ever where there is none."""
    resources = profile("workflow/profiles/slurm")["set-resources"]
    with_gpu = {name for name, body in rules().items() if re.search(r"^        gpu=1,$", body, re.MULTILINE)}
    assert with_gpu == {"train_model", "augmentation", "calibration"}
    assert {rule for rule, asked in resources.items() if asked.get("gpu") == 0} == with_gpu
    assert resources.keys() <= rules().keys()
