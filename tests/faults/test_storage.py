"""A full disk, and raw data on a read-only file system."""

import gzip
from pathlib import Path

import pytest

from nvae.layout import REGISTRY
from tests.faults.mounts import enlarge, read_only, small_disk
from tests.pipeline.project import Project
from tests.unit.fetch_world import CONTENT, mirror, plain_row

ENLARGED_KIB = 16_384
MODEL = "results/paper/models/glyphs/n_vae/seed0"


def _files(*tops: Path) -> dict[str, bytes]:
    """Read files and the files in folders, also hidden ones, except measurements and sidecars, which contain times."""
    return {
        str(file.relative_to(top.parent)): file.read_bytes()
        for top in tops
        for file in [top, *top.rglob("*")]
        if file.is_file() and file.name != "throughput.csv" and not file.name.endswith(".meta.json")
    }


@pytest.mark.parametrize(
    ("command", "kib", "made"),
    [
        pytest.param("prepare glyphs --out {disk}/glyphs.npz", 32, "data/prepared/paper/glyphs.npz", id="prepare"),
        pytest.param("draw-data glyphs --out {disk}/glyphs", 512, "data/raw/glyphs*", id="draw-data"),
        pytest.param("train glyphs --out {disk}/seed0 --checkpoint {disk}/checkpoint", 64, MODEL, id="checkpoint"),
        pytest.param("train glyphs --out {disk}/seed0 --checkpoint {other}", 64, MODEL, id="weights"),
        pytest.param("draw fig05 --out {disk}", 12, "paper_figs/fig05_*", id="figure"),
    ],
)
def test_a_full_disk_is_an_error_and_with_more_space_the_command_gives_the_same_files(
    finished: Project, tmp_path: Path, command: str, kib: int, made: str
) -> None:
    whole = _files(*finished.root.glob(made))
    with small_disk(tmp_path / "disk", kib=kib) as disk:
        words = command.format(disk=disk, other=tmp_path / "checkpoint").split()
        failed = finished.call("nvae", *words)
        assert failed.returncode == 2, failed.stderr
        errors = [line for line in failed.stderr.splitlines() if ": epoch " not in line]
        assert len(errors) == 1, failed.stderr
        assert errors[0].startswith("nvae: error: ")
        assert "No space left on device" in errors[0]
        left = _files(*disk.iterdir())
        assert left.items() < whole.items(), left.keys()

        enlarge(disk, kib=ENLARGED_KIB)
        finished.do("nvae", *words)
        assert _files(*disk.iterdir()) == whole


def test_raw_data_may_be_read_only(finished: Project) -> None:
    prepared = "data/prepared/paper/glyphs.npz"
    with finished.kept(prepared) as path:
        before = path.read_bytes()
        path.unlink()
        with read_only(finished.root / "data/raw"):
            finished.snakemake(prepared)
            assert path.read_bytes() == before
            refused = finished.call("nvae", "draw-data", "glyphs")
        assert refused.returncode == 2, refused.stderr
        assert refused.stderr.count("\n") == 1
        assert refused.stderr.startswith("nvae: error: ")
        assert "Read-only file system" in refused.stderr
    finished.snakemake("all_data")


def test_fetch_writes_nothing_if_all_files_are_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path)
    row = {name: str(value) for name, value in vars(plain_row()).items()}
    (tmp_path / REGISTRY).parent.mkdir()
    (tmp_path / REGISTRY).write_text(f"{','.join(row)}\n{','.join(row.values())}\n", encoding="utf-8")
    monkeypatch.setenv("NVAE_OFFLINE", "1")
    monkeypatch.setenv("NVAE_DATA_MIRROR", mirror(tmp_path / "mirror", {"mnist/digits.gz": gzip.compress(CONTENT, 1)}))
    raw = tmp_path / "data/raw"
    fetch = ("nvae", "fetch", "mnist")
    project.do(*fetch)
    before = {path: path.stat().st_mtime_ns for path in raw.rglob("*")}
    with read_only(raw):
        assert "digits: already in place" in project.do(*fetch)
    assert {path: path.stat().st_mtime_ns for path in raw.rglob("*")} == before

    for needed in (raw / "mnist.sha256", raw / "mnist/MNIST/raw/digits"):
        needed.unlink()
        with read_only(raw):
            refused = project.call(*fetch)
        assert refused.returncode == 2, refused.stderr
        assert refused.stderr.count("\n") == 1
        assert refused.stderr.startswith("nvae: error: ")
        project.do(*fetch)
