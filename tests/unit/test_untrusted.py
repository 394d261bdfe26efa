"""Files that others may have written: paths in sidecars, damaged or deeply nested JSON, and terminal escapes."""

import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvae.analyses.augmentation import SPLITS, _finished
from nvae.cli import main
from nvae.errors import UserError, printable
from nvae.provenance import lineage, sha256
from nvae.untrusted import project_path, read_json, require_file_in
from tests.unit.test_parsers import MANY, parsed, paths

ROOT = Path(__file__).parents[2]
ARTEFACT = Path("results/paper/kl.csv")
SIDECAR = Path("results/paper/kl.csv.meta.json")
#: Clears a terminal, if the terminal interprets it.
ESCAPE = "\x1b[2J\x9b1m\u202e"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the root of a project, which is the current folder of the test."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    return tmp_path


def record(digest: str, **inputs: str) -> dict[str, Any]:
    """Return the content of a sidecar.

    Args:
        digest: SHA-256 of the artefact.
        inputs: Paths of the inputs, by name.
    """
    sources = {name: {"path": path, "sha256": "0" * 64} for name, path in inputs.items()}
    made = {"verb": "kl", "params": {"images": 9, "of": [{"a": 1.5}]}, "inputs": sources, "sha256": digest, "code": {}}
    run = {"commit": "c0ffee", "dirty": False, "device": "cpu", "seconds": 1.5, "sources": {"digits": "a mirror"}}
    return {"made_from": made, "run": run}


def write(artefact: Path, content: dict[str, Any] | str | None = None, **inputs: str) -> None:
    """Write an artefact and its sidecar."""
    artefact.parent.mkdir(parents=True, exist_ok=True)
    artefact.write_text("kl_nats\n1\n", encoding="utf-8")
    content = record(sha256(artefact), **inputs) if content is None else content
    text = content if isinstance(content, str) else json.dumps(content)
    artefact.with_name(f"{artefact.name}.meta.json").write_text(text, encoding="utf-8", errors="surrogatepass")


def outside(place: Path) -> None:
    """Make a file outside of the project."""
    (place / "secret").write_text("x", encoding="utf-8")


def make_socket(path: str) -> None:
    """Make a socket in the file system."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)


#: Name → how the path is made, and what the message says of it.
REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "/dev/zero": (lambda: None, "/dev/zero, expected a relative path in the project"),
    "/etc/shadow": (lambda: None, "/etc/shadow, expected a relative path in the project"),
    "../secret": (lambda: outside(Path("..")), "../secret, expected a relative path"),
    "results/../../secret": (lambda: outside(Path("..")), "results/../../secret, expected a relative path"),
    "link": (lambda: (outside(Path("..")), Path("link").symlink_to("../secret")), "link, which is "),
    "zero": (lambda: Path("zero").symlink_to("/dev/zero"), "zero, which is /dev/zero, expected a regular file"),
    "above/secret": (lambda: (outside(Path("..")), Path("above").symlink_to("..")), "above/secret, which is "),
    "gone": (lambda: Path("gone").symlink_to("/nowhere"), "gone, which is /nowhere"),
    "loop": (lambda: Path("loop").symlink_to("loop"), "loop ("),
    "fifo": (lambda: os.mkfifo("fifo"), "fifo, a device, FIFO or socket"),
    "socket": (lambda: make_socket("socket"), "socket, a device, FIFO or socket"),
    ".": (lambda: None, "., which is "),
    "": (lambda: None, "., which is "),
    "a\0b": (lambda: None, r"a\x00b (embedded null byte)"),
    "x" * 300: (lambda: None, f"{'x' * 300} (File name too long)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_path_in_a_sidecar_that_leads_out_of_the_project_is_one_finding_and_not_opened(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make, message = REFUSED[name]
    make()
    write(ARTEFACT, data=name)
    opened: list[Path] = []
    monkeypatch.setattr(lineage, "sha256", lambda path: opened.append(path) or sha256(path))
    assert main(["verify", "results"]) == 2
    assert capsys.readouterr().out.startswith(f"{ARTEFACT}: {message}")
    assert main(["trace", str(ARTEFACT)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"nvae: error: {SIDECAR}, input data: got {message}")
    assert err.count("\n") == 1
    assert set(opened) <= {ARTEFACT}


def test_paths_in_the_project_are_accepted() -> None:
    for name in ("data/set.npz", "data", "data/./set.npz", "missing", "data/set.npz/missing", "link", "linked/set.npz"):
        Path("data").mkdir(exist_ok=True)
        Path("data/set.npz").touch()
        for link, target in (("link", "data/set.npz"), ("linked", "data")):
            Path(link).unlink(missing_ok=True)
            Path(link).symlink_to(target)
        assert project_path(name, what="", hint="") == Path(name)


@pytest.mark.parametrize("named", ["results", "results/paper/kl.csv", "absolute"])
@pytest.mark.parametrize(
    ("make", "message"),
    [(lambda: Path(ARTEFACT).symlink_to("/etc/passwd"), "which is /etc/passwd"), (lambda: os.mkfifo(ARTEFACT), "FIFO")],
)
def test_an_artefact_that_is_no_file_of_the_project_is_not_opened(
    named: str, make: Callable[[], object], message: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(ARTEFACT)
    ARTEFACT.unlink()
    make()
    place = str(project / ARTEFACT) if named == "absolute" else named
    assert main(["verify", place]) == 2
    assert message in capsys.readouterr().out
    assert main(["trace", str(project / ARTEFACT)]) == 2
    assert message in capsys.readouterr().err


def test_an_artefact_elsewhere_may_be_named_by_the_user(
    project: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "kl.csv"
    write(elsewhere)
    assert main(["verify", str(elsewhere)]) == 0, capsys.readouterr().out
    with pytest.raises(UserError, match="a device, FIFO or socket, expected a regular file or a folder in /"):
        require_file_in(Path("/"), Path("/dev/zero"), what="x", hint="")


def nested(levels: int) -> str:
    """Return JSON of lists in lists."""
    return "[" * levels + "]" * levels


DAMAGED = {
    "nested lists": nested(100_000),
    "nested objects": '{"a":' * 100_000,
    "a number of 5000 digits": "9" * 5000,
    "half a sidecar": '{"made_from": {',
    "no object": "[]",
    "nothing": "",
    "half a surrogate": r'{"made_from": "\ud800"}',
    "a NUL": "\0",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_damaged_json_is_one_line(content: str, capsys: pytest.CaptureFixture[str]) -> None:
    write(ARTEFACT, content)
    assert main(["verify", "results"]) == 2
    assert capsys.readouterr().out.startswith(f"{ARTEFACT}: a damaged sidecar (")
    assert main(["trace", str(ARTEFACT)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f"{SIDECAR}: got a damaged sidecar (" in err


def test_a_parameter_that_is_nested_as_deeply_as_can_be_read_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The sidecar would be read by a parser that stops at Python's recursion limit, but not printed."""
    codes = set()
    for levels in range(150, 1000, 10):
        write(ARTEFACT)
        content = record(sha256(ARTEFACT))
        content["made_from"]["params"] = {"deep": "HERE"}
        SIDECAR.write_text(json.dumps(content).replace('"HERE"', nested(levels)), encoding="utf-8")
        codes.add(main(["trace", str(ARTEFACT)]))
    assert codes == {0, 2}
    assert "recursion limit exceeded" in capsys.readouterr().err


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: Path(path).symlink_to("/dev/zero")])
def test_a_sidecar_that_is_no_regular_file_is_not_opened(
    make: Callable[[Path], object], capsys: pytest.CaptureFixture[str]
) -> None:
    write(ARTEFACT)
    SIDECAR.unlink()
    make(SIDECAR)
    assert main(["verify", "results"]) == 2
    assert "a damaged sidecar (no regular file)" in capsys.readouterr().out


def test_damaged_records_of_finished_arms_do_not_count(tmp_path: Path) -> None:
    path, errors = tmp_path / "arm.json", dict.fromkeys(SPLITS, 1.5)
    good = {"depends_on": {"seed": 0}, "error_pct": errors}
    path.write_text(json.dumps(good), encoding="utf-8")
    assert _finished(path, {"seed": 0}) == errors
    for damaged in (*DAMAGED.values(), json.dumps({"depends_on": {"seed": 0}}), json.dumps({**good, "error_pct": [1]})):
        path.write_text(damaged, encoding="utf-8")
        assert _finished(path, {"seed": 0}) == {}


@pytest.mark.parametrize("content", [b"\xff\xfe", b'"\xed\xa0\x80"', b"{'a': 1}", b"[1,]"])
def test_what_is_no_json_is_refused(content: bytes) -> None:
    Path("x.json").write_bytes(content)
    with pytest.raises(UserError, match=r"x\.json: got a damaged note \(.*\), expected a complete one\. Mend it\."):
        read_json(Path("x.json"), kind="note", hint="Mend it.")
    with pytest.raises(UserError, match=r"y\.json: got no such file, expected a note"):
        read_json(Path("y.json"), kind="note", hint="")


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([10**256, -(10**400), 1 << 63]),
        st.floats(),
        st.text(max_size=9),
        st.sampled_from(["/dev/zero", "..", "", ".", "results", ARTEFACT.as_posix()]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=9), inner)
    ),
    max_leaves=6,
)


@given(place=st.sampled_from(paths(record("0" * 64, data="data/set.npz"))), value=JSON)
@MANY
def test_any_value_in_a_sidecar_is_read_or_refused(place: tuple[Any, ...], value: Any, tmp_path: Path) -> None:
    write(ARTEFACT)
    content = deepcopy(record(sha256(ARTEFACT), data="data/set.npz"))
    section = content
    for key in place[:-1]:
        section = section[key]
    section[place[-1]] = value
    SIDECAR.write_text(json.dumps(content), encoding="utf-8")
    for finding in lineage.differences(ARTEFACT, lineage.Hashes()):
        assert str(finding).isprintable()
    if parsed(lambda: lineage.read_record(ARTEFACT)) is not None:
        assert parsed(lambda: list(lineage.trace(ARTEFACT)))
        assert main(["hours", "--profile", "paper"]) == 0


def test_a_long_chain_is_traced(capsys: pytest.CaptureFixture[str]) -> None:
    """Each artefact is made from the next one, more often than Python's functions may call each other."""
    length = 1100
    digest = ""
    for number in range(length):
        path = Path("results", str(number))
        write(path)
        digest = digest or sha256(path)
        source = {"path": f"results/{number + 1}", "sha256": digest}
        content = {**record(digest)}
        content["made_from"]["inputs"] = {"next": source}
        path.with_name(f"{path.name}.meta.json").write_text(json.dumps(content), encoding="utf-8")
    assert main(["trace", "results/0"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"{'  ' * length}next: results/{length}  sha256 {digest[:12]}, missing"


# --- Terminal escapes ----------------------------------------------------------------------------------------------


def is_printable(text: str) -> bool:
    """Return whether a terminal prints every line of a text as it is."""
    return all(line.isprintable() for line in text.split("\n"))


def test_printable_escapes_what_a_terminal_interprets() -> None:
    assert printable("κλ − 1.5 ± 2") == "κλ − 1.5 ± 2"
    assert printable(f"a{ESCAPE}\r\n\t\udcff") == r"a\x1b[2J\x9b1m\u202e\r\n\t\udcff"
    assert printable(Path("a\x07")) == r"a\x07"


@pytest.fixture
def hostile() -> Iterator[Path]:
    """Make an artefact whose name and sidecar contain escapes wherever a sidecar has text."""
    path = Path(f"results/paper/models/mnist/{ESCAPE}/seed0/kl.csv")
    path.parent.mkdir(parents=True)
    content = record("0" * 64, **{f"in{ESCAPE}": f"data/{ESCAPE}\n"})
    content["made_from"]["params"] = {ESCAPE: ESCAPE}
    content["run"] |= {"commit": ESCAPE, "device": f"cpu{ESCAPE}", "precision": ESCAPE, "sources": {ESCAPE: ESCAPE}}
    write(path, content)
    return path


@pytest.mark.parametrize(
    ("command", "code", "shown"),
    [
        (["verify", "results"], 2, r"models/mnist/\x1b[2J\x9b1m\u202e/seed0/kl.csv: SHA-256"),
        (["trace", "ARTEFACT"], 0, r"in\x1b[2J\x9b1m\u202e: data/\x1b[2J\x9b1m\u202e\n  sha256"),
        (["trace", "ARTEFACT"], 0, r"commit \x1b[2J\x9b1m\u202e, cpu\x1b[2J\x9b1m\u202e, \x1b[2J\x9b1m\u202e, 1.5 s"),
        (["hours", "--profile", "paper"], 0, r"cpu\x1b[2J\x9b1m\u202e"),
        (["prune", "--profile", "paper"], 0, r"models/mnist/\x1b[2J\x9b1m\u202e/seed0"),
    ],
)
def test_commands_escape_what_they_print_of_files(
    command: list[str], code: int, shown: str, hostile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(hostile) if word == "ARTEFACT" else word for word in command]) == code
    out, err = capsys.readouterr()
    assert shown in out
    assert is_printable(out)
    assert is_printable(err)
