"""Image trees from zip files and folders, and the refusal of malicious archives."""

import errno
import io
import os
import stat
import tracemalloc
import zipfile
from pathlib import Path

import pytest

import nvae.data.fetching.fetch
from nvae.data import archives
from nvae.data.archives import MEMBER_BYTES, open_image_tree
from nvae.data.fetching.fetch import IN_PLACE, fetch
from nvae.data.fetching.payloads import tree_payload
from nvae.data.fetching.sources import Setting
from nvae.errors import UserError
from tests.unit.fetch_world import FACES, faces_row, listing, mirror, serving, unpacked, zipped


def with_member(info: zipfile.ZipInfo | str, content: bytes = b"x") -> bytes:
    buffer = io.BytesIO(zipped(FACES))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(info, content)
    return buffer.getvalue()


def special(name: str, kind: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (kind | 0o777) << 16
    return info


def understated(method: int, size: int = 200_000_000) -> bytes:
    """Return an archive whose member declares ten bytes and inflates to ``size``, 10³ to 10⁶ times its packed size."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive, archive.open("CroppedYale/bomb.pgm", "w") as member:
        for _ in range(size // 1_000_000):
            member.write(bytes(1_000_000))
    content = bytearray(buffer.getvalue())
    declared = content.index(b"PK\1\2") + 24
    content[declared : declared + 4] = (10).to_bytes(4, "little")
    return bytes(content)


def hostile() -> dict[str, tuple[bytes, str]]:
    """Return malicious archives by kind, each with the text that the error message must contain."""
    declared = zipped({**FACES, "big.pgm": bytes(MEMBER_BYTES + 1)})
    encrypted = bytearray(zipped({"secret.pgm": b"x"}))
    encrypted[encrypted.index(b"PK\1\2") + 8] |= 1
    return {
        "parent": (with_member("CroppedYale/../../evil.pgm"), "../../evil.pgm"),
        "absolute": (with_member("/tmp/evil.pgm"), "/tmp/evil.pgm"),
        "backslash": (with_member("CroppedYale\\..\\evil.pgm"), "evil.pgm"),
        "drive": (with_member("C:evil.pgm"), "C:evil.pgm"),
        "hidden parent": (with_member("__MACOSX/../../evil.pgm"), "evil.pgm"),
        "drive and backslash": (with_member("C:\\evil.pgm"), "evil.pgm"),
        "share": (with_member("\\\\host\\evil.pgm"), "evil.pgm"),
        "nul": (with_member("CroppedYale/evil!.pgm").replace(b"evil!", b"evil\0"), "CroppedYale/evil"),
        "link": (with_member(special("CroppedYale/link.pgm", stat.S_IFLNK), b"/etc/passwd"), "link.pgm"),
        "device": (with_member(special("CroppedYale/zero.pgm", stat.S_IFCHR)), "zero.pgm"),
        "disk": (with_member(special("CroppedYale/disk.pgm", stat.S_IFBLK)), "disk.pgm"),
        "pipe": (with_member(special("CroppedYale/pipe.pgm", stat.S_IFIFO)), "pipe.pgm"),
        "socket": (with_member(special("CroppedYale/socket.pgm", stat.S_IFSOCK)), "socket.pgm"),
        "large": (declared, "big.pgm"),
        "encrypted": (bytes(encrypted), "secret.pgm"),
    }


@pytest.mark.parametrize("kind", list(hostile()))
def test_hostile_archives_are_refused_by_member(tmp_path: Path, kind: str) -> None:
    content, member = hostile()[kind]
    mirror(tmp_path / "data", {"CroppedYale.zip": content})
    with pytest.raises(UserError) as caught:
        open_image_tree(tmp_path / "data")
    assert member.replace("\\", "\\\\") in str(caught.value)


@pytest.mark.parametrize("kind", list(hostile()))
def test_fetching_a_hostile_archive_writes_nothing(tmp_path: Path, kind: str) -> None:
    content, member = hostile()[kind]
    place = mirror(tmp_path / "in" / "m", {"yale_b/CroppedYale.zip": content})
    row, before = faces_row(tmp_path), listing(tmp_path)
    with pytest.raises(UserError) as caught:
        fetch([row], tmp_path / "in" / "out", Setting((place,), offline=True))
    assert member in str(caught.value)
    assert listing(tmp_path) == before


def test_a_member_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        content = with_member(f"CroppedYale/{next(iter(FACES))}")
    mirror(tmp_path, {"CroppedYale.zip": content})
    with pytest.raises(UserError, match="two members named"):
        open_image_tree(tmp_path)


def test_a_member_larger_than_declared_is_cut_off_and_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.pgm": bytes(100_000)}))
    size = content.index(b"PK\1\2") + 24
    content[size : size + 4] = (10).to_bytes(4, "little")
    mirror(tmp_path, {"CroppedYale.zip": bytes(content)})
    with open_image_tree(tmp_path) as tree, pytest.raises(UserError, match=r"damaged member 'a\.pgm'"):
        tree.read("a.pgm")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_bomb_uses_neither_memory_nor_disk(tmp_path: Path, method: int) -> None:
    place = mirror(tmp_path / "m", {"yale_b/CroppedYale.zip": understated(method)})
    row, before = faces_row(tmp_path), listing(tmp_path)
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match=r"bomb\.pgm"):
            fetch([row], tmp_path / "out", Setting((place,), offline=True))
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
    assert listing(tmp_path) == before


@pytest.mark.parametrize(
    "name", ["a b.pgm", "a\nb.pgm", " .pgm", "yaleB01/" * 5000 + "a.pgm", "x" * 60_000, "<script>alert(1)</script>.pgm"]
)
def test_unusual_names_are_not_used_as_paths(tmp_path: Path, name: str) -> None:
    """Nothing is extracted, so a name may be invalid in a file system; the digest detects the additional member."""
    place = mirror(tmp_path / "m", {"yale_b/CroppedYale.zip": zipped({**FACES, name: b"odd"})})
    row, before = faces_row(tmp_path), listing(tmp_path)
    with open_image_tree(tmp_path / "m" / "yale_b") as tree:
        assert tree.read(name) == b"odd"
    if name.endswith(".pgm"):
        with pytest.raises(UserError, match="wrong SHA-256") as caught:
            fetch([row], tmp_path / "out", Setting((place,), offline=True))
        assert "\n" not in str(caught.value)
        assert listing(tmp_path) == before


@pytest.mark.parametrize("content", [b"", b"no zip file", zipped(FACES)[:-40]])
def test_a_file_that_is_not_a_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    mirror(tmp_path, {"CroppedYale.zip": content})
    with pytest.raises(UserError, match="unreadable archive"):
        open_image_tree(tmp_path)


def test_a_damaged_member_is_reported(tmp_path: Path) -> None:
    content = zipped(FACES, method=zipfile.ZIP_STORED).replace(b"P5 1 1 255\n\x02", b"P5 1 1 255\n\x07")
    mirror(tmp_path, {"CroppedYale.zip": content})
    with open_image_tree(tmp_path) as tree, pytest.raises(UserError, match="damaged member"):
        tree_payload(tree)


def test_zip_and_folder_give_the_same_tree(tmp_path: Path) -> None:
    extra = {"__MACOSX/CroppedYale/icon": b"", "CroppedYale/.DS_Store": b""}
    packed = {f"CroppedYale/{name}": content for name, content in reversed(FACES.items())}
    mirror(tmp_path / "zip", {"CroppedYale.zip": zipped({**packed, **extra}, top="")})
    mirror(tmp_path / "bare", {"CroppedYale.zip": zipped(FACES, top="", method=zipfile.ZIP_STORED)})
    unpacked(tmp_path / "folder" / "CroppedYale", {**FACES, ".DS_Store": b""})
    roots = [tmp_path / "zip", tmp_path / "zip" / "CroppedYale.zip", tmp_path / "bare", tmp_path / "folder"]
    payloads = set()
    for root in [*roots, tmp_path / "folder" / "CroppedYale"]:
        with open_image_tree(root) as tree:
            assert tree.names() == sorted(FACES)
            assert tree.images() == sorted(FACES)[:2] + sorted(FACES)[3:]
            assert {name: tree.read(name) for name in tree.names()} == FACES
            assert [tree.size(name) for name in tree.names()] == [len(FACES[name]) for name in sorted(FACES)]
            payloads.add(tree_payload(tree))
    assert len(payloads) == 1
    assert payloads.pop().images == 3


@pytest.mark.parametrize("name", [name for name in FACES if "pgm" in name])
def test_the_digest_depends_on_each_image_and_its_name(tmp_path: Path, name: str) -> None:
    found = set()
    changed = {**FACES, name: b"P5 1 1 255\n\x09"}
    renamed = {(f"yaleB02/{n}" if n == name else n): content for n, content in FACES.items()}
    for number, members in enumerate([FACES, changed, renamed]):
        with open_image_tree(unpacked(tmp_path / str(number), members)) as tree:
            found.add(tree_payload(tree).sha256)
    assert len(found) == 3


def test_links_and_large_files_in_a_folder_are_refused(tmp_path: Path) -> None:
    folder = unpacked(tmp_path / "CroppedYale", {**FACES, "big.pgm": bytes(MEMBER_BYTES + 1)})
    with open_image_tree(tmp_path) as tree:
        with pytest.raises(UserError, match=r"'big\.pgm'"):
            tree.read("big.pgm")
        with pytest.raises(UserError, match=r"no member '\.\./reference'"):
            tree.read("../reference")
    (folder / "yaleB02").symlink_to("/etc")
    with pytest.raises(UserError, match="'yaleB02', a link"):
        open_image_tree(tmp_path)


def test_a_pipe_in_a_folder_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(unpacked(tmp_path / "CroppedYale") / "yaleB01/pipe.pgm")
    with pytest.raises(UserError, match=r"'yaleB01/pipe\.pgm', a link or device"):
        open_image_tree(tmp_path)


def test_a_hard_link_is_copied_and_never_written_through(tmp_path: Path) -> None:
    folder = unpacked(tmp_path / "m" / "yale_b" / "CroppedYale")
    name = next(iter(FACES))
    (tmp_path / "mine").write_bytes(FACES[name])
    (folder / name).unlink()
    (folder / name).hardlink_to(tmp_path / "mine")
    fetch([faces_row(tmp_path)], tmp_path / "out", Setting((str(tmp_path / "m"),), offline=True))
    (tmp_path / "mine").write_bytes(b"changed")
    with open_image_tree(tmp_path / "out") as tree:
        assert tree.read(name) == FACES[name]


def test_a_tree_with_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror(tmp_path, {"CroppedYale.zip": zipped(FACES)})
    monkeypatch.setattr(archives, "MEMBERS", len(FACES))
    open_image_tree(tmp_path).close()
    monkeypatch.setattr(archives, "MEMBERS", len(FACES) - 1)
    with pytest.raises(UserError, match="got 4 files, expected at most 3"):
        open_image_tree(tmp_path)


def test_a_missing_tree_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nvae fetch yale_b"):
        open_image_tree(tmp_path)


# --- fetching trees -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_a_repacked_archive_is_accepted(tmp_path: Path, method: int) -> None:
    place = mirror(tmp_path / "m", {"yale_b/CroppedYale.zip": zipped(FACES, method=method)})
    fetch([faces_row(tmp_path)], tmp_path / "out", Setting((place,), offline=True))
    assert listing(tmp_path / "out") == {"CroppedYale.zip"}


def test_a_folder_mirror_may_have_the_tree_unpacked(tmp_path: Path) -> None:
    unpacked(tmp_path / "m" / "yale_b" / "CroppedYale")
    for name in ("out1", "out2"):
        fetch([faces_row(tmp_path)], tmp_path / name, Setting((str(tmp_path / "m"),), offline=True))
    packed = tmp_path / "out1" / "CroppedYale.zip"
    assert packed.read_bytes() == (tmp_path / "out2" / "CroppedYale.zip").read_bytes()
    with open_image_tree(packed) as tree:
        assert {name: tree.read(name) for name in tree.names()} == FACES


def test_an_archive_is_fetched_over_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with serving() as server:
        server.files = {"/yale_b/CroppedYale.zip": zipped(FACES)}
        fetch([faces_row(tmp_path)], tmp_path / "out", Setting((server.url,)))
    assert listing(tmp_path / "out") == {"CroppedYale.zip"}


def test_an_unpacked_folder_supplied_by_hand_is_not_changed(tmp_path: Path) -> None:
    unpacked(tmp_path / "out" / "CroppedYale")
    [result] = fetch([faces_row(tmp_path)], tmp_path / "out", Setting(offline=True))
    assert result.source == IN_PLACE
    assert listing(tmp_path / "out") == {f"CroppedYale/{name}" for name in FACES}


def test_a_good_folder_replaces_a_bad_archive_beside_it(tmp_path: Path) -> None:
    out = unpacked(tmp_path / "out", {"CroppedYale.zip": b"half"})
    unpacked(out / "CroppedYale")
    [result] = fetch([faces_row(tmp_path)], out, Setting(offline=True))
    assert result.source == str(out)
    with open_image_tree(out / "CroppedYale.zip") as tree:
        assert tree_payload(tree) == faces_row(tmp_path).payload


def test_an_incomplete_folder_supplied_by_hand_is_reported_and_kept(tmp_path: Path) -> None:
    some = dict(list(FACES.items())[1:])
    unpacked(tmp_path / "out" / "CroppedYale", some)
    with pytest.raises(UserError, match=r"CroppedYale: wrong SHA-256: got .* \(2 images, .* \(3 images, "):
        fetch([faces_row(tmp_path)], tmp_path / "out", Setting(offline=True))
    assert listing(tmp_path / "out") == {f"CroppedYale/{name}" for name in some}


def test_a_raw_folder_without_write_permission_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # the tests may run as root, which may write anywhere
    with pytest.raises(UserError, match="without write permission"):
        fetch([faces_row(tmp_path)], tmp_path / "out", Setting(offline=True))


def test_a_full_disk_is_a_user_error_and_not_a_failed_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(nvae.data.fetching.fetch, "install", full)
    place = mirror(tmp_path / "m", {"yale_b/CroppedYale.zip": zipped(FACES)})
    with pytest.raises(UserError, match="got No space left on device, expected writable space"):
        fetch([faces_row(tmp_path)], tmp_path / "out", Setting((place,), offline=True))
