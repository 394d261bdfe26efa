"""Provenance, random streams, code closures, the command line, and pinned versions."""

import configparser
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from nvae.analyses import ANALYSES
from nvae.cli import VERBS, main
from nvae.errors import UserError
from nvae.provenance import atomic, sha256
from nvae.provenance.closure import code_files
from nvae.provenance.job import Job
from nvae.provenance.plan import Plan
from nvae.rng import derive_seed, torch_generator
from tests.pipeline.project import project_files

ROOT = Path(__file__).parents[2]


def test_atomic_leaves_the_old_file_when_writing_fails(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old", encoding="utf-8")

    def cut() -> None:
        with atomic(target) as part:
            part.write_text("half", encoding="utf-8")
            raise RuntimeError("cut")

    with pytest.raises(RuntimeError, match="cut"):
        cut()
    assert target.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_artefact_gets_the_mode_of_a_new_file(tmp_path: Path) -> None:
    plain, target = tmp_path / "plain", tmp_path / "weights"
    plain.write_text("x", encoding="utf-8")
    with atomic(target) as part:
        part.write_text("x", encoding="utf-8")
        part.chmod(0o600)
    assert target.stat().st_mode == plain.stat().st_mode


def test_the_hash_of_a_folder_depends_on_names_and_contents(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "x").write_text("1", encoding="utf-8")
    first = sha256(folder)
    (folder / "x").rename(folder / "y")
    second = sha256(folder)
    (folder / "y").write_text("2", encoding="utf-8")
    assert len({first, second, sha256(folder)}) == 3


def test_a_sidecar_separates_reproducible_from_other_entries(tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out.csv"
    source.write_text("in", encoding="utf-8")
    target.write_text("out", encoding="utf-8")
    records = []
    for _ in range(2):
        job = Job(Plan("detect", '{"a": 1}', code={"nvae/rng.py": "01"}))
        job.read({"data": source})
        job.write_sidecar(target, options={"kind": "class"})
        records.append(json.loads((tmp_path / "out.csv.meta.json").read_text(encoding="utf-8")))
    assert records[0]["made_from"] == records[1]["made_from"]
    made = records[0]["made_from"]
    assert (made["params"], made["options"], made["code"]) == ({"a": 1}, {"kind": "class"}, {"nvae/rng.py": "01"})
    assert records[0]["made_from"]["sha256"] == sha256(target)
    assert records[0]["made_from"]["inputs"]["data"]["sha256"] == sha256(source)
    assert {"commit", "versions", "device", "seconds"} <= records[0]["run"].keys()


def test_no_sidecar_is_written_if_an_input_changed_in_the_meantime(tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out.csv"
    source.write_text("before", encoding="utf-8")
    target.write_text("out", encoding="utf-8")
    job = Job(Plan("detect"))
    job.read({"data": source})
    source.write_text("after", encoding="utf-8")
    with pytest.raises(UserError, match="in: got a file that was changed while it was in use"):
        job.write_sidecar(target)
    assert not (tmp_path / "out.csv.meta.json").exists()


def test_random_streams_depend_on_their_names_and_are_stable() -> None:
    assert derive_seed(0, "order", 1) == 125578804223736978
    seeds = {derive_seed(seed, *name) for seed in (0, 1) for name in (("a",), ("b",), ("a", 1), ("a", "1"))}
    assert len(seeds) == 8
    assert torch_generator(0, "a").initial_seed() == derive_seed(0, "a")


def test_the_closure_of_training_has_the_loss_and_no_figure() -> None:
    files = code_files("nvae.commands.train", "nvae.models.n_vae")
    assert {"nvae/models/likelihoods.py", "nvae/training/loop.py", "nvae/models/backbones.py"} <= set(files)
    assert not [file for file in files if file.startswith(("nvae/figures", "nvae/analyses", "nvae/config", "nvae/cli"))]


def test_the_closure_of_a_figure_has_no_other_figure() -> None:
    files = code_files("nvae.commands.draw", "nvae.figures.fig05_kl_per_dimension")
    figures = [file for file in files if re.search(r"/fig\d\d_", file)]
    assert figures == ["nvae/figures/fig05_kl_per_dimension.py"]
    assert not [file for file in files if "training" in file or "models" in file]


def test_every_verb_has_a_command_with_help(capsys: pytest.CaptureFixture[str]) -> None:
    modules = {path.stem.replace("_", "-") for path in (ROOT / "nvae/commands").glob("[a-z]*.py")}
    assert modules - {"analysis"} == set(VERBS) - set(ANALYSES)
    for verb in VERBS:
        with pytest.raises(SystemExit) as caught:
            main([verb, "--help"])
        assert caught.value.code == 0
        assert VERBS[verb][:20] in capsys.readouterr().out.replace("\n", " ")


def test_an_unknown_verb_gives_exit_code_2() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["paint"])
    assert caught.value.code == 2


def test_wrong_input_gives_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    params = str(ROOT / "params.yaml")
    assert main(["train", "cifar", "--params", params]) == 2
    error = capsys.readouterr().err
    assert error.startswith("nvae: error: data set: got 'cifar', expected one of")
    assert error.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--help"], ["draw", "--help"]])
def test_light_verbs_do_not_import_torch(arguments: list[str]) -> None:
    check = f"import sys; from nvae.cli import main\ntry: main({arguments})\nexcept SystemExit: pass\n"
    check += "sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], capture_output=True, cwd=ROOT).returncode == 0


def pins() -> dict[str, str]:
    lines = [
        line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    found = [Requirement(line) for line in lines]
    return {canonicalize_name(pin.name): str(pin.specifier) for pin in found}


def test_dvc_sends_no_analytics_and_the_project_has_no_secret_keys() -> None:
    dvc = configparser.ConfigParser()
    dvc.read(ROOT / ".dvc/config")
    assert (dvc["core"]["analytics"], dvc["core"]["check_update"]) == ("false", "false")
    secret = re.compile(rb"PRIVATE KEY-{5}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[0-9A-Za-z]{36}\b|\bhf_[0-9A-Za-z]{34}\b")
    files = list(project_files())
    assert {ROOT / "README.md", ROOT / ".dvc/config", ROOT / "results/paper/claims.json"} <= set(files)
    assert [file for file in files if secret.search(file.read_bytes())] == []


def locked() -> dict[str, tuple[str, list[str]]]:
    """Return the version and the permitted hashes of each package in the lock file."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    found = re.findall(r"^([\w.-]+)==([^ ;\\]+)[^\n]*\\\n((?:    --hash=.*\n)+)", text, re.MULTILINE)
    return {
        canonicalize_name(name): (version, re.findall(r"sha256:([0-9a-f]{64})\b", hashes))
        for name, version, hashes in found
    }


def test_the_lock_file_has_hashes_and_the_pinned_versions() -> None:
    lock = locked()
    assert len(lock) == len(
        re.findall(r"^[\w.-]+==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert all(hashes for _, hashes in lock.values())
    pinned = pins()
    assert {name for name, (version, _) in lock.items() if pinned.get(name, f"=={version}") != f"=={version}"} == set()
    # Other systems need further packages; those for Linux are all pinned.
    assert set(lock) - set(pinned) == {"pyreadline3", "pywin32", "tzdata"}
    assert {canonicalize_name(requirement.name) for requirement in requirements("dev")} <= set(lock)


def requirements(*groups: str) -> list[Requirement]:
    """Return the direct requirements of the package, of these groups, and of the groups that they include."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(line for group in groups for line in project["optional-dependencies"][group])]
    listed = [Requirement(line) for line in lines]
    included = {group for requirement in listed if requirement.name == "nvae" for group in requirement.extras}
    if included - set(groups):
        return requirements(*{*groups, *included})
    return [requirement for requirement in listed if requirement.name != "nvae"]


def test_the_groups_include_others() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert groups.keys() == {"dev", "docs", "bench", "cluster", "ssh", "s3", "remotes"}
    assert "nvae[docs,ssh]" in groups["dev"]
    assert "nvae[ssh,s3]" in groups["remotes"]


def test_constraints_pin_every_direct_requirement_exactly() -> None:
    assert all(specifier.startswith("==") for specifier in pins().values())
    for requirement in requirements("dev", "bench", "cluster", "remotes"):
        version = pins()[canonicalize_name(requirement.name)].removeprefix("==")
        assert requirement.specifier.contains(version), requirement


def test_the_conda_environment_has_the_same_versions() -> None:
    wanted = {canonicalize_name(requirement.name) for requirement in requirements("dev")}
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert "python=3.11" in dependencies
    (section,) = (entry["pip"] for entry in dependencies if isinstance(entry, dict))
    assert section[-1] == "-e ."
    listed = {canonicalize_name(Requirement(line).name): Requirement(line).specifier for line in section[:-1]}
    assert set(listed) == wanted
    assert {name: str(specifier) for name, specifier in listed.items()} == {name: pins()[name] for name in wanted}
