"""The table of claims in the README: one short row per claim, whatever the number of its criteria."""

from typing import Any

import pytest

from nvae.claims.readme import readme_table
from nvae.claims.report import measured, text_table

TABLES = "[kl](results/paper/tables/kl.csv), [metrics](results/paper/tables/metrics.csv)"


def criterion(
    name: str = "difference", estimate: float | None = 1.0, half: float | None = 0.25, **changes: object
) -> dict[str, Any]:
    """Return a criterion that claims a value above 0 nats and holds, with changes."""
    interval = None if estimate is None or half is None else [estimate - half, estimate + half]
    return {
        "name": name,
        "estimate": estimate,
        "interval": interval,
        "threshold": 0.0,
        "direction": "above",
        "unit": "nats",
        "toward": True,
        "outcome": "open" if interval is None else "holds",
    } | changes


def claim(*criteria: dict[str, Any], **changes: object) -> dict[str, Any]:
    return {
        "id": "C1",
        "sentence": "Own is | more.",
        "where": "Figure 5",
        "figure": "paper_figs/fig05.png",
        "verdict": "reproduced",
        "note": "",
        "n_seeds": 5,
        "criteria": list(criteria) or [criterion()],
        "evidence": [
            {"path": "results/paper/tables/metrics.csv"},
            {"path": "results/paper/tables/kl.csv"},
        ],
    } | changes


def row(*criteria: dict[str, Any], **changes: object) -> list[str]:
    lines = readme_table({"interval": "t", "claims": [claim(*criteria, **changes)]}).splitlines()
    assert lines[0].count("|") == lines[1].count("|") == 7
    assert lines[3] == ""  # separates the table from the caption
    return [cell.strip() for cell in lines[2].replace("\\|", "¦").strip("|").split("|")]


def test_a_row() -> None:
    assert row() == [
        "C1",
        "Own is ¦ more. (Figure 5)",
        "difference: 1.00 ± 0.25 nats (claimed > 0)",
        "5",
        "**reproduced**",
        f"[figure](paper_figs/fig05.png), {TABLES}",
    ]


def test_a_row_with_one_seed() -> None:
    cells = row(
        criterion("ratio", -0.25, None, unit="", direction="below", threshold=-0.5, toward=False),
        verdict="undecided",
        note="1 of 5 seeds, no interval",
        n_seeds=1,
        figure=None,
    )
    assert cells[2:5] == [
        "ratio: −0.25 (claimed < −0.5; one seed)",
        "1",
        "**undecided**<br>1 of 5 seeds, no interval",
    ]
    assert cells[5] == TABLES


def test_a_row_without_tables_has_no_links() -> None:
    untested = criterion(estimate=None, outcome="not tested", toward=None)
    cells = row(untested, verdict="not tested", note="missing: t.csv", n_seeds=0)
    assert cells[2:] == ["–", "0", "**not tested**<br>missing: t.csv", "–"]


def test_up_to_three_criteria_are_listed() -> None:
    assert row(*(criterion(f"c{index}") for index in range(3)))[2].count("<br>") == 2
    assert row(*(criterion(f"c{index}") for index in range(4)))[2].startswith(
        "of 4, 4 hold, 0 fail, 0 open<br>weakest: "
    )


@pytest.mark.parametrize(
    ("criteria", "counted", "weakest"),
    [
        # All hold: the weakest is nearest to its threshold in half intervals, not in its unit.
        (
            [criterion("near", 1.0, 0.9), criterion("far", 0.1, 0.001), criterion("c"), criterion("d")],
            "of 4, 4 hold, 0 fail, 0 open",
            "near",
        ),
        # A criterion that is open is weaker than all that hold.
        (
            [criterion("a", 1.0, 0.9), criterion("open", 5.0, 6.0, outcome="open"), criterion("c"), criterion("d")],
            "of 4, 3 hold, 0 fail, 1 open",
            "open",
        ),
        # A criterion that fails is weaker than all that are open; of two, the one that is farther off is weaker.
        (
            [
                criterion("a", 0.1, 6.0, outcome="open"),
                criterion("off", -1.0, 0.9, outcome="fails"),
                criterion("far off", -1.0, 0.1, outcome="fails"),
                criterion("d"),
            ],
            "of 4, 1 hold, 2 fail, 1 open",
            "far off",
        ),
        # The claimed side is below.
        (
            [
                criterion(name, estimate, 0.1, direction="below", threshold=3.0)
                for name, estimate in zip("abcd", (1.0, 2.0, 2.8, 0.0), strict=True)
            ],
            "of 4, 4 hold, 0 fail, 0 open",
            "c",
        ),
        # An interval of one point is infinitely far from the threshold, on its side of it.
        (
            [criterion("point", 0.001, 0.0), criterion("near", 1.0, 0.9), criterion("c"), criterion("d")],
            "of 4, 4 hold, 0 fail, 0 open",
            "near",
        ),
        (
            [
                criterion("point", 0.0, 0.0, outcome="fails"),
                criterion("wide", -1.0, 0.1, outcome="fails"),
                criterion("c"),
                criterion("d"),
            ],
            "of 4, 2 hold, 2 fail, 0 open",
            "point",
        ),
        # One seed: the number on the claimed side, and the one that is farthest from it.
        (
            [
                criterion("a", 1.0, None),
                criterion("b", -2.0, None, toward=False),
                criterion("c", -1.0, None, toward=False),
                criterion("d", 1.0, None),
            ],
            "2 of 4 on the claimed side (one seed)",
            "b",
        ),
    ],
)
def test_many_criteria_are_counted_and_the_weakest_is_given(
    criteria: list[dict[str, Any]], counted: str, weakest: str
) -> None:
    count, weakest_cell = row(*criteria)[2].split("<br>")
    assert count == counted
    assert weakest_cell.startswith(f"weakest: {weakest}: ")


@pytest.mark.parametrize(
    ("estimate", "half", "expected"),
    [
        (12.3456, 0.3456, "12.35 ± 0.35"),
        (-0.00123, 0.00045, "−0.00123 ± 0.00045"),
        (1234.5, 67.8, "1234 ± 68"),
        (0.5, 0.0, "0.5 ± 0"),
        (979.41788, None, "979"),
        (0.0039896, None, "0.00399"),
    ],
)
def test_an_estimate_is_rounded_to_two_digits_of_half_its_interval(
    estimate: float, half: float | None, expected: str
) -> None:
    assert measured(criterion("c", estimate, half)) == expected


def test_columns_of_the_terminal_are_aligned() -> None:
    second = criterion("longer name", -12.5, 20.0, outcome="open", toward=False, unit="")
    lines = text_table({"claims": [claim(criterion(), second, note="a note")]}).splitlines()
    assert lines == [
        "claim  verdict     n  criterion    estimate  interval      claimed   outcome",
        "C1     reproduced  5  difference   1         [0.75, 1.25]  > 0 nats  holds",
        "                      longer name  −12.5     [−32.5, 7.5]  > 0       open, other side",
        "",
        "C1: a note",
    ]
