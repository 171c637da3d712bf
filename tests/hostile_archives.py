"""Archives as a stranger might send them: designed ones, kind by kind, and random ones.

A designed case is a name and a function that returns the bytes of a zip; the sound archive's files
are given. All but those of ACCEPTED must be refused.
"""

import io
import json
import random
import struct
import zipfile
import zlib
from functools import partial

import yaml
from archive_helpers import FIGURE, SIDECAR, TRACE, changed, corrected, listed, sealed, unsealed

from emmoe.archive import bounds
from emmoe.archive.reader import CONFIG, SUMS

SUMMARY = "results/summaries/small.csv"
ESCAPE = "\x1b[31mred\x07"
WRONG = (None, True, 5, -1, 1e308, "", "x", ESCAPE, "\u202egnp", [], [5], {}, {"a": 5}, "\ud800")
UNSAFE = (
    "../evil", "/etc/evil", "a/../../evil", "a\\evil", "c:evil", "a/", "..", ".", "/", "//", "a/..",
    "results/../../evil", "\\\\host\\share", "results/\x1b[31m", "results/\x07", "results/a\nb",
    "results/\u202egnp.exe", "results/\u2028", "results/\x7f", "results/\x9b31m", "a" * 401,
    "results/" + "b/" * 200 + "c", "results/a\tb", "file:///etc/passwd", "C:/evil", "~/../../x",
)  # fmt: skip
TYPES = {"link": 0o12, "pipe": 0o01, "device": 0o02, "folder": 0o04, "disk": 0o06, "socket": 0o14}
EXECUTED = "!!python/object/apply:os.system ['touch executed']"


def packed(content, entries=(), method=zipfile.ZIP_DEFLATED):
    """The bytes of a zip of files, and of further (name or ZipInfo, content)."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, own in (*content.items(), *entries):
            archive.writestr(name, own)
    return data.getvalue()


stored = partial(packed, method=zipfile.ZIP_STORED)


def designed(sound):
    """All designed cases by name: functions that return bytes."""
    cases = {}
    for kind in (_cut, _names, _types, _headers, _manifests, _stated, _json, _configs, _lacking):
        for name, build in kind(sound):
            cases[f"{kind.__name__[1:]}: {name}"] = build
    return cases


def _cut(sound):
    whole = packed(sound)
    for share in range(20):
        yield f"to {share} of 20", partial(whole.__getitem__, slice(0, share * len(whole) // 20))
    for last in (1, 2, 21, 22, 23):
        yield f"by {last} bytes", partial(whole.__getitem__, slice(0, -last))
    for what, data in {"text": b"no zip", "zeros": bytes(10**5), "end": whole[-22:]}.items():
        yield what, partial(bytes, data)


def _names(sound):
    for name in UNSAFE:
        yield repr(name)[:40], partial(packed, sound, [(name, b"x")])
    yield "twice", partial(packed, sound, [(TRACE, b"x")])
    yield "manifest twice", partial(packed, sound, [(SUMS, sound[SUMS])])
    for name in (b"\xff\xfe", b"a\xc3", b"\x00abc", b"\xed\xa0\x80"):
        yield f"bytes {name!r}", partial(_renamed, sound, name)


def _renamed(sound, name):
    """A zip with an entry flagged UTF-8 whose name is these bytes."""
    entry = "é" + "x" * (len(name) - 2)
    return packed(sound, [(entry, b"x")]).replace(entry.encode(), name.ljust(2, b"\xff"))


def _types(sound):
    for what, kind in TYPES.items():
        info = zipfile.ZipInfo("results/odd")
        info.external_attr = (kind << 12 | 0o777) << 16
        yield what, partial(packed, sound, [(info, b"/etc/passwd")])


# Fields of the first central header, of the first local one, and of the end: offset and format.
CENTRAL = {
    "flags": (8, "<H"),
    "method": (10, "<H"),
    "crc": (16, "<L"),
    "packed": (20, "<L"),
    "size": (24, "<L"),
    "name": (28, "<H"),
    "extra": (30, "<H"),
    "comment": (32, "<H"),
    "offset": (42, "<L"),
}
LOCAL = {"sign": (0, "<L"), "name": (26, "<H"), "extra": (28, "<H")}
END = {"disk": (4, "<H"), "size": (12, "<L"), "offset": (16, "<L"), "comment": (20, "<H")}
METHODS = (1, 6, 9, 12, 14, 93, 95, 98, 99, 65535)


def _headers(sound):
    whole = packed(sound)
    first = whole.index(b"PK\1\2")
    places = (("central", CENTRAL, first), ("local", LOCAL, 0), ("end", END, len(whole) - 22))
    for part, fields, start in places:
        for name, (offset, form) in fields.items():
            largest = 2 ** (8 * struct.calcsize(form)) - 1
            own = struct.unpack_from(form, whole, start + offset)[0]
            for value in {own ^ 1, largest, largest // 2, largest - 1} - {own}:
                patch = partial(_patched, whole, start + offset, form, value)
                if (part, name) not in (("end", "disk"), ("central", "flags")) or value & 1:
                    yield f"{part} {name} {value}", patch
    for method in METHODS:
        yield f"method {method}", partial(_patched, whole, first + 10, "<H", method)
    for method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        yield f"packed by {method}", partial(packed, sound, method=method)


def _patched(data, offset, form, value):
    patched = bytearray(data)
    struct.pack_into(form, patched, offset, value)
    return bytes(patched)


def _manifests(sound):
    text = sound[SUMS]
    first, *rest = text.splitlines(keepends=True)
    variants = {
        "empty": b"",
        "newlines": b"\n\n\n",
        "text": b"nonsense\n",
        "zeros": bytes(1000),
        "doubled line": first + text,
        "second of a file": text + b"0" * 64 + first[64:],
        "without a line": b"".join(rest),
        "upper case": text.upper(),
        "one space": first[:64] + first[65:],
        "short": first[1:] + b"".join(rest),
        "CRLF": text.replace(b"\n", b"\r\n"),
        "mark": b"\xef\xbb\xbf" + text,
        "UTF-16": text.decode().encode("utf-16"),
        "invalid": text + b"0" * 64 + b"  \xff\xfe\n",
        "control": text + b"0" * 64 + b"  " + ESCAPE.encode() + b"\n",
        "NUL": text + b"0" * 64 + b"  a\0b\n",
        "reordered text": text + b"0" * 64 + "  \u202egnp\n".encode(),
        "itself": text + b"0" * 64 + b"  SHA256SUMS\n",
        "outside": text + b"0" * 64 + b"  ../../etc/passwd\n",
        "absolute": text + b"0" * 64 + b"  /etc/passwd\n",
        "missing": text + b"0" * 64 + b"  results/none\n",
        "long name": text + b"0" * 64 + b"  " + b"n" * 10**6 + b"\n",
        "other sum": b"0" * 64 + first[64:] + b"".join(rest),
        "blank name": text + b"0" * 64 + b"   \n",
        "tab": text.replace(b"  ", b"\t"),
        "binary mark": text.replace(b"  ", b" *"),
        "comment": b"# sums\n" + text,
    }
    for name, data in variants.items():
        yield name, partial(packed, sound | {SUMS: data})
    yield "none", partial(packed, {name: own for name, own in sound.items() if name != SUMS})


def _stated(sound):
    """Every field of a provenance file, of another type, absurd, or gone."""
    record = json.loads(sound[SIDECAR])
    within = [("environment", field) for field in record["environment"]]
    pools = [("environment", "blas", 0, "version"), ("environment", "blas", 0)]
    pools = pools if record["environment"]["blas"] else []
    for path in (*((field,) for field in record), *within, *pools):
        node = record
        for key in path:
            node = node[key]
        for value in WRONG:
            if type(value) is not type(node) and path != ("notes",) and not _allowed(path, value):
                said = f"{'.'.join(map(str, path))} = {value!r}"
                yield said, partial(_with, sound, path, value)
    for path in (*((field,) for field in record if field != "notes"), *within):
        yield f"without {'.'.join(path)}", partial(_without, sound, path)
    for field in ("inputs", "outputs"):
        for name in ("../../evil", "/etc/passwd", ESCAPE, "", "x" * 10**5):
            yield f"{field}: {name[:20]!r}", partial(_with, sound, (field,), {name: "0" * 64})
        for value in (None, 5, "x", "0" * 63, "G" * 64, [], ESCAPE):
            yield f"{field}: of {value!r}", partial(_with, sound, (field,), {"a": value})


def _allowed(path, value):
    """Whether a value is a right one: what a machine without the field's fact has."""
    if path[-1] in ("commit", "version"):
        return value is None or isinstance(value, str)
    if path[-1] in ("python", "cpu", "created"):
        return isinstance(value, str)
    if path[-1] in ("cores", "seconds"):
        return isinstance(value, int | float | None) and value is not True and value != 1e308
    return path[-1] in ("blas", "versions") and value in ([], {})


def _with(sound, path, value):
    if path == ("seal",):
        other = json.loads(sound[SIDECAR]) | {"seal": value}
        return packed(listed(sound | {SIDECAR: unsealed(other)}))
    return packed(changed(sound, SIDECAR, *path, value=value))


def _without(sound, path):
    record = json.loads(sound[SIDECAR])
    *keys, last = path
    node = record
    for key in keys:
        node = node[key]
    del node[last]
    if path == ("seal",):
        return packed(listed(sound | {SIDECAR: unsealed(record)}))
    return packed(listed(sound | {SIDECAR: sealed(record)}))


def _json(sound):
    text = sound[SIDECAR]
    deep = bounds.DEPTH + 1
    documents = {
        "empty": b"",
        "text": b"nonsense",
        "null": b"null",
        "list": b"[]",
        "object": b"{}",
        "half": text[: len(text) // 2],
        "garbage after": text + b"x",
        "mark": b"\xef\xbb\xbf" + text,
        "UTF-16": text.decode().encode("utf-16"),
        "invalid": text.replace(b"fit", b"\xff\xfe", 1),
        "NUL": text.replace(b"fit", b"\0", 1),
        "twice": text[:-3] + b', "kind": 5}',
        "infinite": text.replace(b'"seconds":', b'"seconds": 1e999, "s":', 1),
        "digits": text.replace(b'"seconds":', b'"seconds": ' + b"9" * 5000 + b', "s":', 1),
    }
    for levels in (deep, 1000, 10**5, 10**6):
        documents[f"lists {levels} deep"] = b"[" * levels + b"]" * levels
        documents[f"task {levels} deep"] = b'{"task":' * levels + b"1" + b"}" * levels
        documents[f"open {levels} deep"] = b"[" * levels
        documents[f"hidden {levels} deep"] = b'{"a":"' + b"]" * levels + b'","b":' + b"[" * levels
    documents["quotes"] = b'"\\' * 10**5
    documents["many"] = b"[" + b"1," * bounds.NODES + b"1]"
    for name, data in documents.items():
        yield name, partial(packed, listed(sound | {SIDECAR: data}), method=zipfile.ZIP_STORED)


def _configs(sound):
    config = yaml.safe_load(sound[CONFIG])
    laughs = "a0: &a0 [x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10)
    )
    texts = {
        "empty": "",
        "text": "x",
        "list": "[]",
        "null": "null",
        "number": "5",
        "open": "{",
        "tab": "\tx: 1",
        "tag": EXECUTED,
        "tag within": f"seed: {EXECUTED}",
        "laughs": laughs,
        "cycle": "a: &a [*a]",
        "deep": "[" * 5000,
        "deeper": "{a: " * 50000,
        "long": "x" * (bounds.CONFIG + 1),
        "control": f'"{ESCAPE}": 1',
        "NUL": "a\0b",
        "date": "seed: 2020-01-01",
        "twice": "seed: 1\nseed: 2",
        "studies": "studies: [../../../../etc/passwd]",
        "device": "studies: [/dev/zero]",
        "studies too": sound[CONFIG].decode() + "\nstudies: [x]\n",
        "binary": "!!binary x",
        "merge": "<<: 5",
        "digits": f"seed: {'9' * 390}",
    }
    for name, text in texts.items():
        yield name, partial(packed, listed(sound | {CONFIG: text.encode()}))
    for key in config:
        for value in (None, 5, "x", [], [{}], {"a": None}, {"../x": {}}, float("nan"), True):
            if not (key == "seed" and value == 5):
                yield f"{key} = {value!r}", partial(_configured, sound, config | {key: value})
    data = {"n": list(range(10, 400)), "d": list(range(1, 300)), "norm_beta": [1.0, 2.0] * 40}
    grids = {
        "grid": {"data": config["experiments"]["small"]["data"] | data},
        "blocks": {"replicates": 10**6},
        "replicates": {"replicates": 10**12},
        "iterations": {"iterations": 10**12},
        "none": {"replicates": 0},
        "features": {"data": {"name": "synthetic", "n": 10**9, "d": 10**6}},
        "angle": {"data": config["experiments"]["small"]["data"] | {"angle": "../../evil"}},
        "module": {"model": {"name": "../../evil"}},
        "private": {"model": {"name": "_shared"}},
        "os": {"model": {"name": "os.path"}},
        "analysis": {"analyses": ["os"]},
        "fitters": {"fitters": {f"f{i}": {"algorithm": "em"} for i in range(5000)}},
    }
    for name, change in grids.items():
        entry = config["experiments"]["small"] | change
        own = config | {"experiments": {"small": entry}}
        yield name, partial(_configured, sound, own)
    for name in ("../evil", "a/b", ESCAPE, "", "A", "x" * 300, "a b", "{x}"):
        own = config | {"experiments": {name: config["experiments"]["small"]}}
        yield f"experiment {name[:9]!r}", partial(_configured, sound, own)
        figure = config | {"figures": {name: config["figures"]["figure_2"]}}
        yield f"figure {name[:9]!r}", partial(_configured, sound, figure)


def _configured(sound, config):
    return packed(listed(sound | {CONFIG: yaml.safe_dump(config).encode()}))


def _lacking(sound):
    """Files gone, added or exchanged, and every checksum made to fit."""
    for name in sound:
        if name != SUMS:
            rest = {own: data for own, data in sound.items() if own != name}
            yield f"without {name}", partial(packed, listed(rest))
            yield f"unlisted {name}", partial(packed, rest | {SUMS: listed(rest)[SUMS], name: b"x"})
            yield f"emptied {name}", partial(packed, listed(sound | {name: b""}))
    for part in ("traces", "runs", "summaries", "figures", "em", "gd", "r000-000"):
        rest = {own: data for own, data in sound.items() if part not in own}
        yield f"without {part}", partial(packed, corrected(rest))
    yield "config alone", partial(packed, listed({CONFIG: sound[CONFIG]}))
    nothing = yaml.safe_load(sound[CONFIG]) | {"figures": {}}
    alone = {CONFIG: yaml.safe_dump(nothing).encode()}
    yield "config without products alone", partial(packed, listed(alone))
    yield "manifest alone", partial(packed, {SUMS: b""})
    yield "nothing", partial(packed, {})
    other = SIDECAR.replace("/em/", "/gd/")
    yield "exchanged provenance", partial(packed, listed(sound | {SIDECAR: sound[other]}))
    swapped = {TRACE: sound[TRACE.replace("r000-000", "r001-001")]}
    yield "exchanged trace", partial(packed, listed(sound | swapped))
    yield "added result", partial(packed, corrected(sound | {f"{FIGURE}_more.png": b"x"}))
    yield "added file", partial(packed, sound | {"README": b"x"})
    others = {("task", "seed"): 99, ("settings",): "0" * 64, ("name",): "x/y/z"}
    for path, value in others.items():
        yield f"other {path[-1]}", partial(_with, sound, path, value)


def bombs(sound):
    """Archives that would take much time or memory: by name, functions that return bytes."""
    zeros, wide = bytes(300 * bounds.MB), "é😀".encode()
    line = b"0" * 64 + b"  results/%07d\n"
    many = b"".join(line % i for i in range(bounds.ENTRIES + 1))
    nodes = b'{"task": [' + b"[]," * (5 * bounds.MB) + b"0]}"
    noise = random.Random(0).randbytes(11 * bounds.MB)
    return {
        "an entry of zeros": lambda: packed(sound | {"results/zeros": zeros}),
        "zeros in place of a result": lambda: packed(listed(sound | {TRACE: zeros})),
        "zeros in place of provenance": lambda: packed(listed(sound | {SIDECAR: zeros})),
        "zeros in place of the manifest": lambda: packed(sound | {SUMS: zeros}),
        "zeros in place of the config": lambda: packed(listed(sound | {CONFIG: zeros})),
        "thirty times a megabyte": lambda: packed(
            listed(sound | {f"results/{i}": bytes(bounds.MB) for i in range(30)})
        ),
        "two million lines": lambda: stored(sound | {SUMS: many * 20}),
        "more lines than files": lambda: stored(sound | {SUMS: many}),
        "as many lines as there may be": lambda: stored(sound | {SUMS: many[: -len(line) * 2]}),
        "more files than there may be": lambda: _many(bounds.ENTRIES + 1),
        "a long list of files": lambda: _many(bounds.DIRECTORY // 400, "x" * 390),
        "values": lambda: stored(listed(sound | {SIDECAR: nodes})),
        "numbers": lambda: stored(listed(sound | {SIDECAR: b"[" + b"1," * 8 * bounds.MB})),
        "a text": lambda: stored(listed(sound | {SIDECAR: b'"' + wide * bounds.MB + b'"'})),
        "escapes": lambda: stored(listed(sound | {SIDECAR: b'"\\' * 7 * bounds.MB})),
        "noise": lambda: stored(listed(sound | {SIDECAR: noise})),
        "a config of numbers": lambda: stored(
            listed(sound | {CONFIG: b"a: [" + b"1," * (bounds.CONFIG // 2 - 10) + b"1]"})
        ),
        "overlapping files": lambda: _overlapping(20 * bounds.MB, 50),
        "a list of files of 4 GB": lambda: _patched(
            packed(sound), len(packed(sound)) - 10, "<L", 2**32 - 2
        ),
    }


def _many(count, end=""):
    """A zip of so many empty files."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number in range(count):
            archive.writestr(f"results/{number}{end}", b"")
    return data.getvalue()


def _overlapping(size, count):
    """A zip whose list names the same packed bytes again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    content = bytes(size // 25) + random.Random(1).randbytes(size // 25)
    body = packer.compress(content) + packer.flush()
    sizes = struct.pack("<LLL", zlib.crc32(content), len(body), len(content))
    local = b"PK\3\4" + struct.pack("<HHHHH", 20, 0, 8, 0, 0) + sizes + struct.pack("<HH", 1, 0)
    listing = b"".join(
        b"PK\1\2"
        + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 0)
        + sizes
        + struct.pack("<HHHHHLL", 4, 0, 0, 0, 0, 0, 0)
        + b"%04d" % number
        for number in range(count)
    )
    data = local + b"a" + body
    end = struct.pack("<HHHHLLH", 0, 0, count, count, len(listing), len(data), 0)
    return data + listing + b"PK\5\6" + end


def randomly(sound, rng):
    """The bytes of a random archive: of a zip's bytes, a manifest, a JSON text, a value of
    provenance, or a config."""
    kind = rng.choice((_random_bytes, _random_bytes, _random_text, _random_text, _random_value))
    return kind(sound, rng)


def _mutated(data, rng):
    """Bytes with a few places changed, cut out, doubled or filled."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at, length = rng.randrange(len(data) + 1), rng.choice((1, 1, 2, 8, 100))
        piece = rng.choice((rng.randbytes(length), bytes(length), b"", data[at : at + length] * 2))
        data[at : at + rng.choice((0, length))] = piece
    return bytes(data)


def _random_bytes(sound, rng):
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    return _mutated(packed(sound, method=method), rng)


def _random_text(sound, rng):
    name = rng.choice((SUMS, SIDECAR, CONFIG, FIGURE + ".provenance.json"))
    content = sound | {name: _mutated(sound[name], rng)}
    return stored(content if name == SUMS else listed(content))


def _random_value(sound, rng):
    """A provenance file with a random part replaced by a random value."""
    name = rng.choice([own for own in sound if own.endswith("provenance.json")])
    record = json.loads(sound[name])
    node, path = record, []
    while isinstance(node, dict | list) and node and rng.random() < 0.8:
        key = rng.choice(list(node)) if isinstance(node, dict) else rng.randrange(len(node))
        path.append(key)
        node = node[key]
    value = rng.choice((*WRONG, rng.random(), 10**400, "0" * 64, [[[]]] * 3, node))
    if not path:
        return stored(listed(sound | {name: json.dumps(value).encode()}))
    return stored(changed(sound, name, *path, value=value))
