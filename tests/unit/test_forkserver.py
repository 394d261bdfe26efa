"""Jobs that fork from a server: they do, say and leave what one alone would, hear signals, and are no orphans."""

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

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no server elsewhere")

PARAMS = Path(__file__).parents[2] / "params.yaml"
#: Runs longer than any test.
TRAIN = ("train", "glyphs", "--data", "set.npz", "--params", "params.yaml", "--profile", "smoke")
NVAE = (sys.executable, "-P", "-c", "import sys; from nvae.cli import main; sys.exit(main())")
#: In a fork or not at all.
FORKED = (
    *NVAE[:-1],
    "import sys; from nvae.forking.client import run; code = run(sys.argv[1:]); sys.exit(99 if code is None else code)",
)
ONE_THREAD = dict.fromkeys(client.THREADS, "1")
_PATIENCE_S = 120.0


def until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture(scope="module", autouse=True)
def ended() -> Iterator[None]:
    """No server runs on after these tests."""
    yield
    while client._running:
        process, lifeline = client._running.pop()
        lifeline.close()
        process.wait(timeout=5)


@pytest.fixture(scope="module")
def server() -> Iterator[psutil.Process]:
    """One that forks; it is named in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        yield started(patch)


def started(patch: pytest.MonkeyPatch) -> psutil.Process:
    """A server of its own for whom it is patched; it ends with the tests."""
    patch.setenv(client.VARIABLE, "none")
    process = client.start()
    assert process
    until(lambda: any(Path(os.environ[client.VARIABLE]).iterdir()))
    return psutil.Process(process.pid)


@pytest.fixture
def folder(tmp_path: Path, small_set: PreparedSet) -> Path:
    """With a prepared set, and parameters by which a training takes long."""
    params = yaml.safe_load(PARAMS.read_text(encoding="utf-8"))
    params["profiles"]["smoke"]["training"]["glyphs"] = {"epochs": 1_000_000, "kl_warmup_epochs": 1}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
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
    """The fork, once it trains."""
    until(server.children)
    (found,) = server.children()
    return found


def training(folder: Path) -> bool:
    return (folder / "results/smoke/checkpoints/glyphs/n_vae/seed0.safetensors").is_file()


def test_a_forked_verb_leaves_and_says_what_one_alone_does(
    server: psutil.Process, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []
    for name, command in (("forked", FORKED), ("alone", NVAE)):
        short = ["train", "glyphs", "--data", "set.npz", "--params", str(PARAMS), "--profile", "smoke", "--out", name]
        process = call(*short, folder=folder, nvae=command)
        monkeypatch.setenv(client.VARIABLE, "nowhere")
        out, err = process.communicate(timeout=_PATIENCE_S)
        assert process.returncode == 0, err
        said.append((out, err.count("\n")))
    assert said[0] == said[1]
    for file in ("weights.safetensors", "history.csv", "model.json"):
        assert (folder / "forked" / file).read_bytes() == (folder / "alone" / file).read_bytes()


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["hours", "--profile", "smoke", "--params", str(PARAMS)], 2, "nvae: error: results: got no sidecar"),
        (["hours", "--nonsense"], 2, "unrecognized arguments: --nonsense"),
        (["hours", "--help"], 0, ""),
    ],
)
def test_exit_codes_and_messages_come_back(
    server: psutil.Process, folder: Path, args: list[str], code: int, said: str
) -> None:
    process = call(*args, folder=folder, nvae=FORKED)
    _, err = process.communicate(timeout=_PATIENCE_S)
    assert process.returncode == code
    assert said in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_job_once(server: psutil.Process, folder: Path, number: signal.Signals) -> None:
    process = call(*TRAIN, folder=folder)
    until(lambda: training(folder))
    worker = job(server)
    assert os.getpgid(worker.pid) != os.getpgid(process.pid)
    process.send_signal(number)
    _, err = process.communicate(timeout=_PATIENCE_S)
    assert process.returncode == 128 + number
    assert err.count(f"nvae: stopped by {number.name}. The same command goes on") == 1
    until(lambda: not server.children())


def test_a_job_does_not_outlive_a_caller_that_is_killed(server: psutil.Process, folder: Path) -> None:
    process = call(*TRAIN, folder=folder)
    until(lambda: training(folder))
    worker = job(server)
    process.kill()
    process.communicate()
    worker.wait(timeout=5)


def test_a_killed_job_is_told(server: psutil.Process, folder: Path) -> None:
    process = call(*TRAIN, folder=folder)
    until(lambda: training(folder))
    job(server).kill()
    process.communicate(timeout=_PATIENCE_S)
    assert process.returncode == 137


def test_a_job_outlives_the_server(server: psutil.Process, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second = started(monkeypatch)
    process = call(*TRAIN, folder=folder)
    until(lambda: training(folder))
    worker = job(second)
    second.kill()
    second.wait()
    assert process.poll() is None
    assert worker.is_running()
    # Nothing answers any more: the next verb runs by itself.
    other = call("hours", "--help", folder=folder)
    other.communicate(timeout=_PATIENCE_S)
    assert other.returncode == 0
    process.terminate()
    process.communicate(timeout=_PATIENCE_S)
    assert process.returncode == 143


def test_who_wants_other_threads_or_has_other_code_is_not_served(
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


@pytest.mark.parametrize("wait_s", [0.3, 30.0], ids=["at its imports", "ready"])
def test_a_server_does_not_outlive_who_started_it(wait_s: float) -> None:
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


#: Imports what the server does, perhaps asks for GPUs, and tells whether PyTorch would refuse CUDA in a fork.
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
def test_the_servers_imports_leave_the_gpu_to_its_forks(also: str, refused: object) -> None:
    """PyTorch refuses CUDA in forks of a process that has asked for GPUs, if only for their number."""
    assert subprocess.call([sys.executable, "-c", _FORKS, also]) == bool(refused)
