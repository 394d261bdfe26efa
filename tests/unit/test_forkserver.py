"""Jobs forked from the server behave like separate processes, receive signals, and leave no orphans."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import torch
import yaml

from nvae.data.prepared import PreparedSet
from nvae.forking import client

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the fork server needs Linux")

PARAMS = Path(__file__).parents[2] / "params.yaml"
#: Command that runs longer than any test.
TRAIN = ("train", "glyphs", "--data", "set.npz", "--params", "params.yaml", "--profile", "smoke")
NVAE = (sys.executable, "-P", "-c", "import sys; from nvae.cli import main; sys.exit(main())")
#: Program that runs a verb only in a fork; without a server its exit code is 99.
FORKED = (
    *NVAE[:-1],
    "import sys; from nvae.forking.client import run; code = run(sys.argv[1:]); sys.exit(99 if code is None else code)",
)
ONE_THREAD = dict.fromkeys(client.THREADS, "1")
_TIMEOUT_S = 120.0


def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + _TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, "timeout"
        time.sleep(0.02)


@pytest.fixture(scope="module", autouse=True)
def ended() -> Iterator[None]:
    """Stop all servers after these tests."""
    yield
    while client._running:
        process, lifeline = client._running.pop()
        lifeline.close()
        process.wait(timeout=5)


@pytest.fixture(scope="module")
def server() -> Iterator[psutil.Process]:
    """Yield a server whose address is in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        yield started(patch)


def started(patch: pytest.MonkeyPatch) -> psutil.Process:
    """Start a server whose address is in the patched environment; it ends with the tests."""
    patch.setenv(client.VARIABLE, "none")
    process = client.start()
    assert process
    until(lambda: any(Path(os.environ[client.VARIABLE]).iterdir()))
    return psutil.Process(process.pid)


@pytest.fixture
def folder(tmp_path: Path, small_set: PreparedSet) -> Path:
    """Return a folder with a prepared set, and with parameters for a very long training."""
    params = yaml.safe_load(PARAMS.read_text(encoding="utf-8"))
    params["profiles"]["smoke"]["training"]["glyphs"] = {"epochs": 1_000_000, "kl_warmup_epochs": 1}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    small_set.save(tmp_path / "set.npz")
    return tmp_path


def call(*args: str, folder: Path, nvae: tuple[str, ...] = NVAE) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*nvae, *args],
        cwd=folder,
        env=os.environ | ONE_THREAD,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def job(server: psutil.Process) -> psutil.Process:
    """Return the fork of the server, as soon as there is one."""
    until(server.children)
    (found,) = server.children()
    return found


def training(folder: Path) -> bool:
    return (folder / "results/smoke/checkpoints/glyphs/n_vae/seed0.safetensors").is_file()


def test_a_forked_verb_has_the_files_and_output_of_a_separate_process(
    server: psutil.Process, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = []
    for name, command in (("forked", FORKED), ("alone", NVAE)):
        short = ["train", "glyphs", "--data", "set.npz", "--params", str(PARAMS), "--profile", "smoke", "--out", name]
        process = call(*short, folder=folder, nvae=command)
        monkeypatch.setenv(client.VARIABLE, "nowhere")
        out, err = process.communicate(timeout=_TIMEOUT_S)
        assert process.returncode == 0, err
        outputs.append((out, err.count("\n")))
    assert outputs[0] == outputs[1]
    for file in ("weights.safetensors", "history.csv", "model.json"):
        assert (folder / "forked" / file).read_bytes() == (folder / "alone" / file).read_bytes()


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["hours", "--profile", "smoke", "--params", str(PARAMS)], 2, "nvae: error: results: got no sidecar"),
        (["hours", "--nonsense"], 2, "unrecognized arguments: --nonsense"),
        (["hours", "--help"], 0, ""),
    ],
)
def test_exit_codes_and_messages_are_passed_on(
    server: psutil.Process, folder: Path, args: list[str], code: int, message: str
) -> None:
    process = call(*args, folder=folder, nvae=FORKED)
    _, err = process.communicate(timeout=_TIMEOUT_S)
    assert process.returncode == code
    assert message in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_job_once(server: psutil.Process, folder: Path, number: signal.Signals) -> None:
    process = call(*TRAIN, folder=folder)
    until(lambda: training(folder))
    worker = job(server)
    assert os.getpgid(worker.pid) != os.getpgid(process.pid)
    process.send_signal(number)
    _, err = process.communicate(timeout=_TIMEOUT_S)
    assert process.returncode == 128 + number
    assert err.count(f"nvae: stopped by {number.name}. The same command resumes") == 1
    until(lambda: not server.children())


def test_a_job_ends_when_its_caller_is_killed(server: psutil.Process, folder: Path) -> None:
    process = call(*TRAIN, folder=folder)
    until(lambda: training(folder))
    worker = job(server)
    process.kill()
    process.communicate()
    worker.wait(timeout=5)


def test_a_killed_job_has_exit_code_137(server: psutil.Process, folder: Path) -> None:
    process = call(*TRAIN, folder=folder)
    until(lambda: training(folder))
    job(server).kill()
    process.communicate(timeout=_TIMEOUT_S)
    assert process.returncode == 137


def test_a_job_survives_the_server(server: psutil.Process, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second = started(monkeypatch)
    process = call(*TRAIN, folder=folder)
    until(lambda: training(folder))
    worker = job(second)
    second.kill()
    second.wait()
    assert process.poll() is None
    assert worker.is_running()
    # No server answers any more, so that the next verb runs in its own process.
    other = call("hours", "--help", folder=folder)
    other.communicate(timeout=_TIMEOUT_S)
    assert other.returncode == 0
    process.terminate()
    process.communicate(timeout=_TIMEOUT_S)
    assert process.returncode == 143


def test_a_caller_with_other_threads_or_other_code_is_not_served(
    server: psutil.Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ONE_THREAD.items():
        monkeypatch.setenv(name, value)
    here = os.environ[client.VARIABLE]
    assert Path(client.address(here)).is_socket()
    for name, value in (("OMP_NUM_THREADS", "2"), ("PYTHONPATH", "/elsewhere")):
        with monkeypatch.context() as changed:
            changed.setenv(name, value)
            assert client.run(["hours", "--help"]) is None
    monkeypatch.setattr(client, "__file__", "/elsewhere/nvae/forking/client.py")
    assert client.run(["hours", "--help"]) is None


@pytest.mark.parametrize("wait_s", [0.3, 30.0], ids=["importing", "ready"])
def test_a_server_ends_with_the_process_that_started_it(wait_s: float) -> None:
    start = (
        "import os, sys, time; from pathlib import Path; from nvae.forking import client; client.start();"
        "folder = Path(os.environ['NVAE_FORK_SERVER']); end = time.monotonic() + float(sys.argv[1])\n"
        "while time.monotonic() < end and not any(folder.iterdir()): time.sleep(0.02)\n"
        "print(folder, any(folder.iterdir()), flush=True); time.sleep(600)"
    )
    starter = subprocess.Popen([sys.executable, "-c", start, str(wait_s)], stdout=subprocess.PIPE, text=True)
    assert starter.stdout
    folder, ready = starter.stdout.readline().split()
    assert ready == str(wait_s > 1)
    (server,) = psutil.Process(starter.pid).children()
    starter.kill()
    starter.communicate()
    server.wait(timeout=5)
    assert Path(folder).exists() == (ready == "False")
    shutil.rmtree(folder, ignore_errors=True)


#: Program that imports what the server imports, runs a statement, and exits with 1 if PyTorch refuses CUDA in a fork.
_FORKS = """
import os, sys, torch
from nvae.cli import import_everything
import_everything()
exec(sys.argv[1])
if os.fork() == 0:
    os._exit(torch.cuda._is_in_bad_fork())
sys.exit(os.wait()[1] != 0)
"""


@pytest.mark.parametrize(("also", "refused"), [("", False), ("torch.cuda.is_available()", torch.version.cuda)])
def test_forks_of_the_server_can_use_the_gpu(also: str, refused: object) -> None:
    """PyTorch refuses CUDA in forks of a process that has queried the GPUs, even if only their number."""
    assert subprocess.call([sys.executable, "-c", _FORKS, also]) == bool(refused)
