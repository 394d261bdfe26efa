"""``nvae collect``: text in, the same text out, in order; a table that does not fit is named and nothing is written."""

from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("name,other\na,1\n", "got columns name, other, expected those of"),
        ("name,value\na\n", "line 2: got 1 values, expected 2"),
        ("", "no table"),
        ('name,value\n"a,1\n', "no table"),
        (None, "no such file"),
    ],
    ids=["columns", "ragged", "empty", "quote", "missing"],
)
def test_a_table_that_does_not_fit_is_named(
    second: str | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = _tables(tmp_path, "name,value\na,1\n", second or "")
    if second is None:
        Path(tables[1]).unlink()
    out = tmp_path / "joined.csv"
    assert main(["collect", *tables, "--out", str(out)]) == 2
    message = capsys.readouterr().err
    assert said in message
    assert tables[1] in message
    assert not out.exists()
