"""Sources for tests of fetching: artificial registry rows, local HTTP servers, crafted archives."""

import gzip
import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from nvae.data.archives import open_image_tree
from nvae.data.fetching.payloads import tree_payload
from nvae.data.fetching.registry import RawFile

CONTENT = bytes(range(256)) * 1200
NOWHERE = "http://127.0.0.1:1/mnist/digits.gz"
FACES = {
    "yaleB01/yaleB01_P00A+000E+00.pgm": b"P5 1 1 255\n\x01",
    "yaleB01/yaleB01_P00A+035E+40.pgm": b"P5 1 1 255\n\x02",
    "yaleB11/yaleB11_P00A+050E-40.pgm.bad": b"P5 1 1 255\n\x03",
    "yaleB11/yaleB11_P00.info": b"list of files",
}


def plain_row(data: bytes = CONTENT, /, **changes: object) -> RawFile:
    values: dict[str, object] = {
        "dataset": "mnist",
        "file": "digits",
        "folder": "MNIST/raw",
        "url": NOWHERE,
        "system": "",
        "version": "1",
        "content": "plain",
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "images": 0,
        "origin": "http://home.example",
        "licence": "free",
        "citation": "nobody",
    }
    return RawFile(**{**values, **changes})  # type: ignore[arg-type]


def faces_row(tmp_path: Path, **changes: object) -> RawFile:
    reference = tmp_path / "reference.zip"
    reference.write_bytes(zipped(FACES))
    with open_image_tree(reference) as tree:
        payload = tree_payload(tree)
    values = {
        "dataset": "yale_b",
        "file": "CroppedYale.zip",
        "folder": "",
        "url": "http://127.0.0.1:1/CroppedYale.zip",
        "content": "images",
        "bytes": payload.bytes,
        "sha256": payload.sha256,
        "images": payload.images,
    }
    return plain_row(**{**values, **changes})  # type: ignore[arg-type]


def zipped(members: dict[str, bytes], top: str = "CroppedYale/", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(top + name, content)
    return buffer.getvalue()


def unpacked(folder: Path, members: dict[str, bytes] = FACES) -> Path:
    for name, content in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def mirror(folder: Path, files: dict[str, bytes]) -> str:
    unpacked(folder, files)
    return str(folder)


def listing(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


class Server:
    """State of a test server: its files, its faults, and the requests that it has received.

    `cuts` lists, for the next requests, the number of bytes of the body after which the connection is closed (None: no
    early end). `drip_s` is the pause after each byte of the body, or of the header if `drips_header` is set. Requests
    for a path in `redirects` are redirected, with a body that never comes. `lengths` replaces the length in the header.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"/mnist/digits.gz": gzip.compress(CONTENT, 1)}
        self.ranges = True
        self.wrong_ranges = False
        self.etag = '"one"'
        self.length = True
        self.statuses: list[int] = []
        self.cuts: list[int | None] = []
        self.requests: list[tuple[str, str | None]] = []
        self.hangs = False
        self.drip_s = 0.0
        self.drips_header = False
        self.redirects: dict[str, str] = {}
        self.lengths = ""
        self.over = threading.Event()
        self.url = ""

    @property
    def spans(self) -> list[str | None]:
        return [span for _, span in self.requests]


@contextmanager
def serving() -> Iterator[Server]:
    served = Server()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            served.requests.append((self.path, self.headers["Range"]))
            if served.hangs:
                served.over.wait(5)
                return
            if served.drips_header:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Header: ")
                self._drip(b"x" * 5000)
                return
            if self.path in served.redirects:
                self.send_response(302)
                self.send_header("Location", served.redirects[self.path])
                self.send_header("Content-Length", "1000000")
                self.end_headers()
                served.over.wait(5)
                return
            status = served.statuses.pop(0) if served.statuses else 200
            body = served.files.get(self.path)
            if body is None or status != 200:
                self.send_error(status if status != 200 else 404)
                return
            self._send(body)

        def _send(self, body: bytes) -> None:
            start = 0
            if served.ranges and self.headers["Range"] and self.headers["If-Range"] == served.etag:
                start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")) - served.wrong_ranges
                if start >= len(body):
                    self.send_error(416)
                    return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{served.lengths or len(body)}")
            if served.length:
                self.send_header("Content-Length", served.lengths or str(len(body) - start))
            if served.etag:
                self.send_header("ETag", served.etag)
            self.end_headers()
            cut = served.cuts.pop(0) if served.cuts else None
            self._drip(body[start:] if cut is None else body[start : start + cut])

        def _drip(self, content: bytes) -> None:
            if not served.drip_s:
                self.wfile.write(content)
                return
            for byte in content:
                self.wfile.write(bytes([byte]))
                if served.over.wait(served.drip_s):
                    return

    class QuietServer(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *args: object) -> None:
            pass  # some tests have clients that close the connection early

    server = QuietServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        served.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
