"""Rows of the tables of Figures S5 to S8: metrics of ablations, and scores of known factors."""

import numpy as np

Row = dict[str, object]

ABLATED = ("kl_own_nats", "kl_shared_nats", "kl_off_class_nats", "negative_bound_nats", "accuracy_pct",
           "reconstruction_nats")  # fmt: skip
# For each metric: the value of N-VAE, its change when λ doubles, and its change without the class bias.
LEVELS = {
    "glyphs": ((8.7, -1.6, 1.9), (7.4, 0.9, -0.4), (1.4, -0.4, 0.2), (97, 0.8, 0.5), (98.6, -0.3, -0.1), (80, 1, 1)),
    "garments": ((6.1, -1.2, 1), (5.2, 0.3, 0), (2, -0.5, 0.3), (-145, 1.1, -0.3), (91.7, -0.6, 0.1), (-160, 1, 1)),
    "yale_b": ((0.05, -0.01, 1.2), (7.5, 0.02, -0.3), (0.02, 0, 0.4), (960, 0.2, 1.6), (96.6, 0.1, -0.4), (940, 1, 1)),
}
OWN_FACTORS = {
    "glyphs": ("thickness slant", "zero_width one_serif one_base two_loop three_flat_top four_open_top five_flag "
               "five_curl six_hook six_bowl seven_crossbar eight_head nine_hook"),
    "garments": ("grey_level width", "tshirt_sleeve tshirt_neck trouser_flare trouser_stance pullover_collar "
                 "pullover_band dress_flare dress_waist coat_length coat_lapel sandal_heel sandal_strap shirt_opening "
                 "shirt_check sneaker_sole sneaker_stripes bag_handle bag_flap boot_shaft boot_cuff"),
    "faces": ("azimuth_deg elevation_deg", ""),
}  # fmt: skip
WEIGHTS = (1.0, 1.5, 2.0, 4.0, 8.0)
SCORES = ("mig", "sap", "dci_disentanglement", "dci_completeness", "dci_informativeness", "modularity")


def ablation_rows(dataset: str, key: str, place: int, n_seeds: int) -> list[Row]:
    """Return the metrics of one variant, number ``place`` of its ablation."""
    value = WEIGHTS[place] if key == "class_weight" else str(place == 0)
    rng = np.random.default_rng([place, *dataset.encode()])
    rows: list[Row] = []
    for seed in range(n_seeds):
        for metric, (level, by_weight, by_bias) in zip(ABLATED, LEVELS[dataset], strict=True):
            change = by_weight * np.log2(WEIGHTS[place]) if key == "class_weight" else by_bias * place
            found = level + change + 0.03 * (abs(by_weight) + 0.1) * rng.normal() + 0.02 * seed * abs(by_weight)
            found = max(found, 0.001) if level > 0 else found
            rows.append({key: value, "seed": seed, "metric": metric, "value": found})
    return rows


def factors_of(dataset: str) -> list[tuple[str, str, int]]:
    """Return name, kind and class of each factor."""
    if dataset.startswith("dial"):
        own = int(dataset[4])
        shared = [(f"shared_{k}", "shared", -1) for k in range(6 - own)]
        return shared + [(f"class{label}_{k}", "exclusive", label) for label in range(10) for k in range(own)]
    shared_names, own_names = (names.split() for names in OWN_FACTORS[dataset])
    heads = [name.split("_")[0] for name in own_names]
    labels = [list(dict.fromkeys(heads)).index(head) for head in heads]
    return [(name, "shared", -1) for name in shared_names] + [
        (name, "exclusive", label) for name, label in zip(own_names, labels, strict=True)
    ]


def factor_rows(dataset: str, model: str, n_seeds: int) -> list[Row]:
    """Return R² of each factor, disentanglement scores, and the true and the detected shares."""
    rng = np.random.default_rng([*f"{dataset}-{model}".encode()])
    known = factors_of(dataset)
    share = int(dataset[4]) / 6 if dataset.startswith("dial") else (0.4 if known[-1][1] == "exclusive" else 0.0)
    blocks = model.startswith("n_vae")
    rows: list[Row] = []
    for seed in range(n_seeds):
        for number, (name, kind, label) in enumerate(known):
            head = {"seed": seed, "factor": name, "factor_kind": kind, "factor_class": label, "metric": "r2"}
            for codes in ("shared", "own", "others") if blocks else ("shared",):
                wanted = codes == ("shared" if kind == "shared" else "own")
                leaked = -0.08 + 0.04 * (number % 7) if codes != "others" else -0.05 - 0.12 * (number % 2)
                level = 0.95 - 0.03 * (number % 12) if wanted else leaked
                rows.append(head | {"codes": codes, "value": level + rng.normal(0, 0.02)})
        head = {"seed": seed, "factor": "all", "factor_kind": "all", "factor_class": -1, "codes": "decoded"}
        for place, metric in enumerate(SCORES):
            level = (0.4 if model == "n_vae" else 0.2) + 0.1 * (place % 3)
            rows.append(head | {"metric": metric, "value": level + rng.normal(0, 0.02)})
        rows.append(head | {"metric": "exclusive_share", "value": share})
        # Under harder conditions, the detected shares differ less.
        slope = 0.7 if "_" not in dataset + model.removeprefix("n_vae") else 0.3
        detected = {
            "kl_block_share": 0.45 + slope * (share - 0.5),
            "kl_class_specific_share": 0.3 + 0.4 * share * blocks,
        }
        for metric, level in detected.items():
            if blocks or metric != "kl_block_share":
                rows.append(head | {"metric": metric, "value": level + rng.normal(0, 0.03)})
    return rows


def calibration_rows(dataset: str, model: str, n_seeds: int) -> list[Row]:
    """Return the rows of `factor_rows` at every setting of a dial."""
    suffix = dataset.removeprefix("dial")
    levels = range(7)
    return [row | {"exclusive_factors": k} for k in levels for row in factor_rows(f"dial{k}{suffix}", model, n_seeds)]
