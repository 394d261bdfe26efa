"""No locale, file name, permission or closed output ends a command in a traceback."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nvae.cli import main
from tests.unit.wrong_world import make_project, put

NVAE = str(Path(sys.executable).with_name("nvae"))
FIG04 = (NVAE, "draw", "fig04", "--out", "figures")
MINUS = "\N{MINUS SIGN}"
#: Runs a verb as another user if the tests run as root, who may read every file.
AS_NOBODY = """
import os, sys
from nvae import cli
cli.import_undisturbed(*cli.verb_modules(sys.argv[1]))
if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
sys.exit(cli.main(sys.argv[1:]))
"""
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project, which is the current folder of the test and which every user may enter."""
    make_project(tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    tmp_path.chmod(0o755)
    return tmp_path / "project"


def run(*words: str | bytes, **options: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(words, capture_output=True, check=False, **options)  # type: ignore[call-overload,no-any-return]


def require_one_line(done: subprocess.CompletedProcess[bytes], *parts: str) -> None:
    """Require that a command ended with exit code 2 and one line that has these parts."""
    line = done.stderr.decode("ascii")
    assert done.returncode == 2, line
    assert line.startswith("nvae: error: ")
    assert line.count("\n") == 1, line
    assert [part for part in parts if part not in line] == [], line


@pytest.mark.parametrize("environ", [ASCII, {"PYTHONIOENCODING": "latin-1"}, {"PYTHONIOENCODING": "ascii"}])
def test_a_character_that_the_terminal_cannot_show_is_escaped(environ: dict[str, str], project: Path) -> None:
    done = run(NVAE, "draw", "fig04", "--out", MINUS, env=os.environ | environ)
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    escaped = r"\udce2\udc88\udc92" if environ is ASCII else r"\u2212"
    assert f"{escaped}/fig04_graphical_model.pdf\n" in done.stdout.decode("ascii")
    assert len(list((project / MINUS).glob("*.pdf"))) == 1


def test_a_name_that_is_not_utf8_is_shown_escaped(project: Path) -> None:
    done = run(NVAE, "draw", "fig04", "--out", b"f\xff")
    assert done.returncode == 0, done.stderr
    assert rb"f\udcff/fig04_graphical_model.pdf" in done.stdout
    assert main(["verify", os.fsdecode(b"f\xff")]) == 0
    assert main(["trace", os.fsdecode(b"f\xff/fig04_graphical_model.pdf")]) == 0
    require_one_line(run(NVAE, "trace", b"g\xff"), r"g\udcff.meta.json: got no such file")
    require_one_line(run(NVAE, "kl", "glyphs", "--model", b"m\xff", "--out", "out.csv"), r"m\udcff/model.json: got no ")


def test_a_text_that_is_not_utf8_is_an_error_in_one_line(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(args: object) -> None:
        put("names.txt", os.fsdecode(b"f\xff"))

    monkeypatch.setattr("nvae.commands.trace.run", fail)
    assert main(["trace", "anything"]) == 2
    message = capsys.readouterr().err
    assert message.startswith(r"nvae: error: the text 'f\udcff': got 'utf-8' codec can't encode")
    assert message.count("\n") == 1


def nobody(*words: str) -> subprocess.CompletedProcess[bytes]:
    return run(sys.executable, "-c", AS_NOBODY, *words)


def test_a_file_without_read_permission_is_an_error_that_names_it(project: Path) -> None:
    assert main(["draw", "fig04", "--out", "figures"]) == 0
    name = "figures/fig04_graphical_model.pdf"
    Path(name).chmod(0)
    require_one_line(nobody("verify", "figures"), name, "Permission denied")
    require_one_line(nobody("trace", name), name, "Permission denied")
    require_one_line(nobody("variants", "--out", "figures/a.csv"), "figures/a.csv", "Permission denied")
    Path("params.yaml").chmod(0)
    require_one_line(nobody("variants"), "params.yaml", "Permission denied")


@pytest.mark.parametrize(
    "read",
    [
        "nvae.provenance.sha256(Path('tree'))",
        "nvae.data.pictures.read_pictures(Path('tree'), ['yaleB01', 'yaleB02'], (2, 2))",
        "nvae.data.archives.open_image_tree(Path('tree'))",
    ],
)
def test_a_folder_without_read_permission_does_not_count_as_empty(read: str, project: Path) -> None:
    put("tree/yaleB01/one.png", "")
    put("tree/yaleB02/two.png", "")
    Path("tree/yaleB01").chmod(0)
    code = "import os, nvae.data.archives, nvae.data.pictures, nvae.provenance\nfrom pathlib import Path\n"
    code += f"if os.geteuid() == 0: os.seteuid(65534)\n{read}"
    done = run(sys.executable, "-c", code)
    Path("tree/yaleB01").chmod(0o755)
    assert b"PermissionError: [Errno 13] Permission denied: 'tree/yaleB01'" in done.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_cannot_be_written_is_an_error(unbuffered: str, project: Path) -> None:
    environ = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(FIG04, stdout=full, stderr=subprocess.PIPE, env=environ, check=False)
    require_one_line(done, "input or output: got No space left on device")
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(FIG04, stdout=closed, stderr=subprocess.PIPE, env=environ, check=False)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")


def test_an_error_of_the_system_names_both_paths(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(args: object) -> None:
        Path("lost").rename("found")

    monkeypatch.setattr("nvae.commands.trace.run", fail)
    assert main(["trace", "anything"]) == 2
    assert capsys.readouterr().err.startswith("nvae: error: lost and found: got No such file or directory, expected")
