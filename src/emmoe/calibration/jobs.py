"""What the calibration's scripts call: read files, search a part or gather all, write files."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from emmoe.calibration import bands as tables
from emmoe.calibration import fashion_mnist, report, spreads, symmetric_linear
from emmoe.calibration.readings import curves
from emmoe.calibration.score import Outcome, Plan, evaluate
from emmoe.calibration.space import spread
from emmoe.lab.fit import Files
from emmoe.store import files as results
from emmoe.store import provenance

PREDICTIONS = {
    "setting": "str", "curve_id": "str", "figure": "str", "panel": "str", "algorithm": "str",
    "metric": "str", "iteration": "int16", "mean": "float32", "std": "float32",
    "replicates": "int16",
}  # fmt: skip


def part(
    task: Mapping[str, Any],
    code: str,
    reported: str,
    kept: str | None,
    files: Files,
    scores_path: str,
    predictions_path: str,
    provenance_path: str,
) -> None:
    """Search one part; write its settings with their scores, its predictions, its provenance.

    code: the hash of `tasks.code`, taken before the job; kept: the file of `select`, for steps."""
    started = time.process_time()
    outcomes = _search(task, reported, kept, files)
    content = {
        "settings": [row for outcome in outcomes for row in outcome.rows(task["family"])],
        "scores": [score for outcome in outcomes for score in outcome.scores],
    }
    results.write_json(content, scores_path)
    predictions = [row for outcome in outcomes for row in outcome.predictions]
    _write_predictions(pd.DataFrame(predictions, columns=list(PREDICTIONS)), predictions_path)
    made = {"task": task, "code": code} | provenance.describe()
    made["inputs"] = {"reported": provenance.file_hash(reported)}
    made["inputs"] |= {name: sha256 for name, (_, sha256) in files.items()}
    made["cpu_seconds"] = round(time.process_time() - started, 1)
    results.write_json(made, provenance_path)


def _write_predictions(frame: pd.DataFrame, path: str) -> None:
    frame, numbers = frame.astype(PREDICTIONS), ("mean", "std")
    split = dict.fromkeys(numbers, "BYTE_STREAM_SPLIT")  # by the bytes of a float: a third smaller
    rest = [column for column in frame if column not in numbers]
    with results.atomic(path) as temporary:
        frame.to_parquet(
            temporary, index=False, compression="zstd", use_dictionary=rest, column_encoding=split
        )


def _search(
    task: Mapping[str, Any], reported: str, kept: str | None, files: Files
) -> list[Outcome]:
    read = curves(pd.read_csv(reported), task)
    plan = Plan(task["level"], task["passes"], task["stages"], task["seed"])
    if task["stage"] == "steps":
        mine = _load(kept)[task["position"] : task["position"] + 1]
        return [o for n, p in mine for o in symmetric_linear.search_steps(n, p, task, read, plan)]
    if task["stage"] == "data":
        base = task["base"]
        settings = [symmetric_linear.data_setting(n, point, base) for n, point in task["points"]]
    else:
        settings = fashion_mnist.settings(task)[task["stage"]][slice(*task["numbers"])]
    return [evaluate(setting, read, plan, files) for setting in settings]


def _load(path: str) -> Any:
    with open(path) as stream:
        return json.load(stream)


def select(points: Sequence[Sequence[Any]], parts: Sequence[str], kept: int, path: str) -> None:
    """Write the numbers and points of at most `kept` accepted data settings, spread over all.

    points: every data setting's number and point; parts: the files of the stage `data`."""
    rows = [row for part in parts for row in _load(part)["settings"]]
    accepted = [p for p, row in zip(points, rows, strict=True) if row["accepted"]]
    chosen = spread([point for _, point in accepted], kept) if accepted else []
    with results.atomic(path) as temporary:
        temporary.write_text(json.dumps([accepted[position] for position in chosen]) + "\n")


def gather(
    families: Mapping[str, Mapping[str, Any]],
    parts: Sequence[str],
    predictions: Sequence[str],
    provenances: Sequence[str],
    paths: Mapping[str, str],
) -> None:
    """Gather all parts into settings.csv, scores.csv, predictions.parquet, bands.csv,
    calibrate.md and provenance.json (paths by stem); families: as `tasks.family` gives them."""
    contents = [_load(path) for path in parts]
    settings = tables.settings_table([row for c in contents for row in c["settings"]])
    scores = pd.DataFrame([row for c in contents for row in c["scores"]])
    predicted = pd.concat([pd.read_parquet(path) for path in predictions], ignore_index=True)
    read = [
        curve
        for family in families.values()
        for curve in curves(pd.read_csv(family["reported"]), family)
    ]
    scores = spreads.checked(scores, predicted, read)
    settings["accepted"] = spreads.accepted(settings, scores)
    bands = tables.bands(settings, scores, predicted, read)
    page = report.text(families, settings, scores, predicted, bands)
    results.write_csv(settings, paths["settings"])
    with results.atomic(paths["scores"]) as temporary:
        scores.to_csv(temporary, index=False, float_format="%.5g")
    with results.atomic(paths["bands"]) as temporary:
        bands.to_csv(temporary, index=False, float_format="%.6g")
    _write_predictions(predicted, paths["predictions"])
    with results.atomic(paths["calibrate"]) as temporary:
        temporary.write_text(page, encoding="utf-8")
    results.write_json(_condensed([_load(path) for path in provenances]), paths["provenance"])


def _condensed(contents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The environments of all parts, each once, and of each part its code and time."""
    environments: list[dict[str, Any]] = []
    parts = []
    for content in contents:
        environment = {n: content[n] for n in ("commit", "python", "versions", "cpu", "blas")}
        if environment not in environments:
            environments.append(environment)
        task = content["task"]
        kept = {name: task[name] for name in ("family", "stage", "seed", "level")}
        kept |= {name: content[name] for name in ("code", "created", "inputs", "cpu_seconds")}
        parts.append(kept | {"environment": environments.index(environment)})
    return {"environments": environments, "parts": parts}
