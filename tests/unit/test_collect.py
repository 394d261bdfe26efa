"""``nvae collect`` joins the text of tables unchanged and in order. wrong_tables.py has tables that it refuses."""

from pathlib import Path

from nvae.cli import main


def _tables(folder: Path, *contents: str) -> list[str]:
    paths = [folder / f"{index}.csv" for index in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_text(content, encoding="utf-8")
    return [str(path) for path in paths]


def test_digits_quotes_and_order_are_kept(tmp_path: Path) -> None:
    tables = _tables(tmp_path, 'name,value\n"a, ""b""",0.100\n,nan\n', "name,value\né,1e-07\n")
    out = tmp_path / "joined.csv"
    assert main(["collect", *tables, "--out", str(out)]) == 0
    assert out.read_bytes() == 'name,value\n"a, ""b""",0.100\n,nan\né,1e-07\n'.encode()
