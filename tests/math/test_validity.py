"""The rule for valid settings of the ladder, case by case."""

import pandas as pd
import pytest

from nvae.measures.validity import validity

SETTING = {"shared_dims": 8, "class_weight": 2.0, "likelihood": "bernoulli"}


def ladder(own: list[float], least: list[float] | None = None, **setting: object) -> pd.DataFrame:
    """Return the rows of one setting, one value per seed."""
    values = {"kl_own_nats": own, "least_shared_kl_nats": least or [0.05] * len(own)}
    return pd.DataFrame(
        [
            {**SETTING, **setting, "seed": seed, "image_class": image_class, "metric": metric, "value": value}
            for metric, numbers in values.items()
            for seed, value in enumerate(numbers)
            for image_class in (-1, 0)  # rows of single classes are not counted
        ]
    ).assign(value=lambda rows: rows["value"].where(rows["image_class"] < 0, 99.0))


@pytest.mark.parametrize(
    ("data", "nulls", "spare", "quiet"),
    [
        (ladder([4.0, 5.0]), [ladder([0.1, 0.0]), ladder([0.05, 0.1])], True, True),
        (ladder([0.0, 0.0]), [ladder([0.1, 0.0])], True, True),  # nothing is found, and nothing false either
        (ladder([4.0, 5.0], [0.05, 0.1]), [ladder([0.0, 0.0])], False, True),
        (ladder([4.0, 5.0]), [ladder([0.0, 0.0]), ladder([1.9, 2.0])], True, True),  # half of 4
        (ladder([4.0, 5.0]), [ladder([0.0, 0.0]), ladder([1.9, 2.1])], True, False),
        (ladder([0.3, 5.0]), [ladder([0.2, 0.0])], True, False),  # above half of one seed's
        (ladder([6.0]), [ladder([6.25])], True, False),
    ],
)
def test_the_rule(data: pd.DataFrame, nulls: list[pd.DataFrame], spare: bool, quiet: bool) -> None:
    (row,) = validity(data, nulls).to_dict("records")
    assert row == {**SETTING, "spare": spare, "quiet": quiet, "valid": spare and quiet}


def test_a_setting_that_a_null_lacks_is_not_valid() -> None:
    found = validity(pd.concat([ladder([4.0]), ladder([4.0], shared_dims=16)]), [ladder([0.0])])
    assert found.set_index("shared_dims")["valid"].to_dict() == {8: True, 16: False}
