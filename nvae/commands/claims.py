"""``nvae claims``: evaluation of the paper's claims on the tables, over seeds."""

import argparse
import csv
import json
from pathlib import Path
from typing import Any

from nvae.claims import Claim, Claims, load, readme, report
from nvae.claims.evaluation import ClaimEvaluator
from nvae.commands._common import add_params, load_config
from nvae.errors import UserError
from nvae.layout import Layout
from nvae.pipeline import plans
from nvae.provenance import atomic
from nvae.provenance.job import Job


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("ids", nargs="*", metavar="ID", help="claims to evaluate (default: all, written to files)")
    parser.add_argument(
        "--claims", type=Path, default=Path("claims.yaml"), help="path of the claims (default: claims.yaml)"
    )
    add_params(parser)
    parser.add_argument(
        "--out", type=Path, help="path of the JSON file, with a CSV beside it (default: the profile's claims.json)"
    )
    parser.add_argument("--readme", type=Path, help="document whose table of claims is updated")
    parser.add_argument("--allow-missing", action="store_true", help="do not test claims whose tables are missing")


def run(args: argparse.Namespace) -> None:
    """Print the verdicts, and write ``claims.json`` and ``claims.csv``.

    If some claims are named, nothing is written without ``--out``, so that a partial result does not replace the
    complete one.

    Raises:
        UserError: If the claims are ill-formed, an id is unknown, or a table is missing or incomplete.
    """
    config = load_config(args)
    job = Job(plans.claims(config), expected=args.plan)
    job.read({"claims": args.claims})
    claims = load(args.claims)
    if args.ids and args.readme:
        raise UserError("--readme", got="with ids", expected="all claims", hint="Leave out the ids or --readme.")
    if args.ids:
        claims = Claims(claims=tuple(_find(claims, name) for name in dict.fromkeys(args.ids)))
    if args.out is not None and args.out.suffix != ".json":
        raise UserError(
            "--out", got=str(args.out), expected="a name that ends in .json", hint="A CSV is written beside it."
        )
    paths = Layout(config.profile)
    evaluator = ClaimEvaluator(paths, config.datasets, allow_missing=args.allow_missing)
    content = evaluator.content(claims)
    # The document is read before anything is written, so that one without markers leaves everything unchanged.
    document = _document(args.readme, content) if args.readme else None
    out = args.out or (None if args.ids else paths.claims)
    if out is not None:
        _write(out, content)
        job.read({path.as_posix(): path for path in evaluator.read})
        for path in (out, out.with_suffix(".csv")):
            job.write_sidecar(path, options={"ids": list(args.ids)} if args.ids else None)
    if document is not None:
        with atomic(args.readme) as part:
            part.write_text(document, encoding="utf-8")
    print(report.text_table(content))


def _find(claims: Claims, name: str) -> Claim:
    for claim in claims.claims:
        if claim.id == name:
            return claim
    known = ", ".join(claim.id for claim in claims.claims)
    raise UserError("claim", got=repr(name), expected=f"one of {known}", hint="Pass one of these.")


def _document(path: Path, content: dict[str, Any]) -> str:
    if not path.is_file():
        raise UserError("--readme", got=f"no file {path}", expected="a document", hint="Correct the path.")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError("--readme", got=f"{path} ({error})", expected="a text", hint="Correct the path.") from None
    return readme.with_table(text, content, name=str(path))


def _write(out: Path, content: dict[str, Any]) -> None:
    with atomic(out) as part:
        text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        part.write_text(text + "\n", encoding="utf-8")
    with atomic(out.with_suffix(".csv")) as part, part.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, report.COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(report.rows(content))
