"""The registry and the command ``nvae fetch``."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nvae import cli, layout
from nvae.data.fetching import registry
from nvae.data.fetching.fetch import IN_PLACE
from nvae.errors import UserError
from tests.unit.fetch_world import CONTENT, mirror, plain_row

TARGET = "MNIST/raw/digits"
PACKED = gzip.compress(CONTENT, 1)


def test_the_registry_is_consistent() -> None:
    rows = registry.load()
    assert [row.dataset for row in rows] == ["mnist"] * 4 + ["fashion_mnist"] * 4 + ["yale_b"]
    assert len({row.sha256 for row in rows}) == 9
    for row in rows:
        assert row.licence, row
        assert row.citation, row
        if row.dataset != "yale_b":
            n_items = 60_000 if row.file.startswith("train") else 10_000
            assert row.bytes == (16 + 784 * n_items if "images" in row.file else 8 + n_items)
            assert row.published == f"{row.file}.gz"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("bytes", "12 kB"),
        ("bytes", "9" * 256),
        ("bytes", "9" * 5000),
        ("bytes", "1e400"),
        ("images", "9" * 5000),
        ("images", "inf"),
        ("sha256", "A" * 64),
        ("content", "tar"),
        ("url", ""),
        ("url", "ftp://host/digits.gz"),
        ("url", "file:///etc/passwd"),
        ("url", "https://host/.."),
        ("url", "https://host/"),
        ("dataset", "../../mnist"),
        ("system", "/etc/shadow"),
        ("system", "/usr/../etc/shadow"),
        ("system", "usr/share/digits.gz"),
    ],
)
def test_a_wrong_registry_row_is_reported(tmp_path: Path, column: str, value: str) -> None:
    names = list(registry.RawFile.__dataclass_fields__)
    row = {name: str(getattr(plain_row(), name)) for name in names} | {column: value}
    table = tmp_path / "registry.csv"
    table.write_text(",".join(names) + "\n" + ",".join(row[name] for name in names) + "\n", encoding="utf-8")
    with pytest.raises(UserError, match=f"registry.csv:2, {column}"):
        registry.load(table)


def test_a_missing_registry_or_column_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="root folder"):
        registry.load(tmp_path / "none.csv")
    (tmp_path / "short.csv").write_text("dataset,file\nmnist,digits\n", encoding="utf-8")
    with pytest.raises(UserError, match="the columns dataset, file, folder"):
        registry.load(tmp_path / "short.csv")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    names = list(registry.RawFile.__dataclass_fields__)
    (tmp_path / "data").mkdir()
    row = ",".join(str(getattr(plain_row(), name)) for name in names)
    (tmp_path / layout.REGISTRY).write_text(",".join(names) + f"\n{row}\n", encoding="utf-8")
    for name in ("m1", "m2"):
        mirror(tmp_path / name, {"mnist/digits.gz": PACKED})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NVAE_OFFLINE", "1")
    monkeypatch.delenv("NVAE_DATA_MIRROR", raising=False)
    return tmp_path


def test_the_command_writes_the_same_artefact_from_every_mirror(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = []
    for name in ("m1", "m2"):
        monkeypatch.setenv("NVAE_DATA_MIRROR", name)
        assert cli.main(["fetch", "mnist", "--out", f"raw-{name}"]) == 0
        records.append(json.loads((project / f"raw-{name}.meta.json").read_text(encoding="utf-8")))
    assert records[0]["made_from"] == records[1]["made_from"]
    assert records[0]["made_from"]["params"] == {"digits": plain_row().sha256}
    assert [r["run"]["sources"]["digits"] for r in records] == ["NVAE_DATA_MIRROR m1", "NVAE_DATA_MIRROR m2"]


def test_the_command_writes_data_raw_and_keeps_its_sidecar(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NVAE_DATA_MIRROR", "m1")
    assert cli.main(["fetch", "mnist"]) == 0
    record = (project / "data/raw/mnist.meta.json").read_bytes()
    assert (project / "data/raw/mnist" / TARGET).read_bytes() == CONTENT
    capsys.readouterr()
    assert cli.main(["fetch", "mnist"]) == 0
    assert capsys.readouterr().out == f"digits: {IN_PLACE}\n"
    assert (project / "data/raw/mnist.meta.json").read_bytes() == record
    os.truncate("data/raw/mnist.meta.json", 5)
    assert cli.main(["fetch", "mnist"]) == 0
    assert json.loads((project / "data/raw/mnist.meta.json").read_text(encoding="utf-8"))["run"]["sources"] == {
        "digits": IN_PLACE
    }


@pytest.mark.parametrize(
    ("dataset", "hint"), [("cifar", "one of mnist"), ("glyphs", "`nvae draw-data glyphs`"), ("mnist", "by hand")]
)
def test_the_command_fails_with_one_line_and_code_2(
    project: Path, capsys: pytest.CaptureFixture[str], dataset: str, hint: str
) -> None:
    assert cli.main(["fetch", dataset]) == 2
    message = capsys.readouterr().err
    assert hint in message
    assert message.count("\n") == 1


def test_messages_about_sources_are_escaped(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in (("bad\x1b[2J", PACKED[:-20]), ("good\x9b1m", PACKED)):
        mirror(project / name, {"mnist/digits.gz": content})
    monkeypatch.setenv("NVAE_DATA_MIRROR", "bad\x1b[2J,good\x9b1m")
    assert cli.main(["fetch", "mnist"]) == 0
    out, err = capsys.readouterr()
    assert out == "digits: NVAE_DATA_MIRROR good\\x9b1m\n"
    assert err == "digits: skipped NVAE_DATA_MIRROR bad\\x1b[2J (digits.gz: truncated gzip)\n"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_list_of_checksums_that_is_no_file_is_not_opened(
    make: Callable[[Path], None], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NVAE_DATA_MIRROR", "m1")
    listed = project / "data/raw/mnist.sha256"
    listed.parent.mkdir()
    make(listed)
    assert cli.main(["fetch", "mnist"]) == (0 if make is os.mkfifo else 2)
    assert listed.is_file() == (make is os.mkfifo)


def test_a_mirror_in_an_unknown_home_folder_is_reported(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NVAE_DATA_MIRROR", "~nobody-here/data")
    assert cli.main(["fetch", "mnist"]) == 2
    assert "NVAE_DATA_MIRROR: got ~nobody-here/data (" in capsys.readouterr().err


def test_a_failed_source_is_reported(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror(project / "bad", {"mnist/digits.gz": PACKED[:-20]})
    monkeypatch.setenv("NVAE_DATA_MIRROR", "bad,m1")
    assert cli.main(["fetch", "mnist"]) == 0
    assert "skipped NVAE_DATA_MIRROR bad (digits.gz: truncated gzip)" in capsys.readouterr().err
