"""Checks what a reader holds: its manifest, every result against its provenance, every provenance
against the config and its inputs, and whether all is there that the config declares."""

import re
from collections.abc import Collection, Iterator, Mapping

from emmoe.archive import bounds, contents
from emmoe.archive.reader import SUMS, Reader
from emmoe.archive.stated import stated
from emmoe.jobs.audit import Audit
from emmoe.jobs.base import Job
from emmoe.jobs.product import Product
from emmoe.jobs.report import Report
from emmoe.record.entries import Record
from emmoe.store.errors import DataError
from emmoe.store.files import CHANGED
from emmoe.store.provenance import Made, digest

Hashes = dict[str, str]  # SHA-256 by name
LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")  # of the manifest
WHOLE_RECORD = (Audit, Report)  # their tasks hold the record with its studies and folders


def read_sums(reader: Reader) -> Hashes:
    """Return the SHA-256 that every file of an archive must have; raises DataError for a manifest
    that is not within the bounds, has a line that is none, or names a file twice."""
    lines = reader.read(SUMS, bounds.MANIFEST).removesuffix(b"\n").split(b"\n")
    if len(lines) > bounds.ENTRIES:
        raise DataError(f"{SUMS}: {len(lines)} lines: more than {bounds.ENTRIES}")
    found: Hashes = {}
    for number, line in enumerate(lines, 1):
        match = LINE.fullmatch(line.decode("utf-8", errors="replace"))
        if match is None:
            raise DataError(f"{SUMS}: line {number} is not a checksum and a name")
        if match[2] in found:
            raise DataError(f"{SUMS}: line {number} names {match[2]} again")
        found[match[2]] = match[1]
    return found


def hashed(reader: Reader, names: list[str]) -> tuple[Hashes, list[str]]:
    """Return the SHA-256 of files, and a line for each that can't be read."""
    found, lines = {}, []
    for name in names:
        try:
            found[name] = reader.sha256(name)
        except DataError as error:
            lines.append(str(error))
    return found, lines


def of_manifest(reader: Reader) -> tuple[Hashes, list[str]]:
    """Return the SHA-256 of an archive's files, and a line for each that is missing, damaged,
    altered or not listed."""
    expected = read_sums(reader)
    found, lines = hashed(reader, sorted(expected))
    lines += [
        f"{name}: {_differ(found[name], expected[name], SUMS)}"
        for name in found
        if found[name] != expected[name]
    ]
    unlisted = sorted(reader.names - set(expected) - {SUMS})
    return found, [*lines, *(f"{name}: not listed in {SUMS}" for name in unlisted)]


def of_record(reader: Reader, record: Record, hashes: Mapping[str, str]) -> list[str]:
    """Return a line for each result that is not what its provenance, the record and its inputs say,
    and for each that is missing; hashes: of the files that were read."""
    jobs = contents.jobs(record)
    owned = {name for job in jobs for name in contents.files(job)}
    there = [job for job in jobs if contents.files(job).keys() & reader.names]
    lines = [line for job in there for line in _of_job(reader, job, hashes, owned)]
    for held in contents.targets(record, reader.names):
        if held.there:
            said = f"missing, though others of the target {held.target} are here"
            lines += [f"{job.name}: {said}" for job in held.missing]
    return lines if there else ["none of the results that its config declares is here"]


def of_targets(record: Record, names: Collection[str]) -> list[str]:
    """Return a line if an archive holds nothing of any target that its config declares."""
    found = list(contents.targets(record, names))
    if not found or any(held.there for held in found):
        return []
    return [f"no figure, table or finding of {' or '.join(held.target for held in found)} is here"]


def _of_job(reader: Reader, job: Job, hashes: Mapping[str, str], owned: set[str]) -> Iterator[str]:
    yield from (f"{reader.where(n)}: missing" for n in contents.files(job) if n not in reader.names)
    name = contents.archived(job, job.provenance)
    if name not in reader.names:
        return
    try:
        made = stated(reader, name)
    except DataError as error:
        yield str(error)
        return
    yield from _of_outputs(reader, job, made, hashes)
    where = reader.where(name)
    yield from (f"{where}: {said}" for said in _of_task(job, made))
    for said in _of_inputs(reader, made, hashes, owned):
        yield f"{where}: made from {said}"


def _of_outputs(reader: Reader, job: Job, made: Made, hashes: Mapping[str, str]) -> Iterator[str]:
    source = reader.where(contents.archived(job, job.provenance))
    for path in job.outputs.values():
        name, known = contents.archived(job, path), made.outputs.get(job.layout.inside(path))
        if known is None:
            yield f"{source}: does not know {name}"
        elif hashes.get(name, known) != known:
            yield f"{reader.where(name)}: {CHANGED} ({_differ(hashes[name], known, source)})"


def _of_task(job: Job, made: Made) -> Iterator[str]:
    """What a provenance file says wrongly of the job that made it."""
    if (made.kind, made.name) != (job.kind, job.name):
        yield f"of {made.path}, not of {job.kind}/{job.name}"
    if digest(made.task) != made.settings:
        yield "its settings are not those of its task"
    if isinstance(job, WHOLE_RECORD):
        return
    task = job.plain_task
    if isinstance(job, Product) and isinstance(made.task, dict):
        task = task | {"study": made.task.get("study")}  # an archived config is one file
    if made.settings != digest(task):
        said = "made with other settings than the config's"
        yield f"{said}: make its target again, or delete it"
    expected = {job.layout.inside(path) for paths in job.inputs.values() for path in paths}
    if set(made.inputs) != expected:
        yield "made from other files than the config's"


def _of_inputs(
    reader: Reader, made: Made, hashes: Mapping[str, str], owned: set[str]
) -> Iterator[str]:
    """The results that a job read and that are not here, or are others."""
    for inside, known in made.inputs.items():
        name = f"{contents.FOLDER}/{inside}"
        if name in owned and name not in reader.names:
            yield f"{name}, which is not here"
        elif name in owned and hashes.get(name, known) != known:
            yield f"another {name}"


def _differ(found: str, expected: str, source: str) -> str:
    return f"SHA-256 {found[:12]}... instead of {expected[:12]}... in {source}"
