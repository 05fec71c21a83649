"""Damage of files: of bytes and lines, of members of an archive, of what an HDF5 file holds."""

import gzip
import json
import zipfile
from pathlib import Path
from random import Random

import h5py
import numpy as np

NASTY = [
    "", " ", "nan", "NaN", "inf", "-inf", "Infinity", "1e400", "-1e400", "1e308", "1e-400",
    "-9999", "-99", "0", "-1", "9" * 400, "9" * 5000, "0x10", "1_0", "1_000.5", "１２", "٣", "½",
    "--5", "1,5", "1e", "true", "null", "None", "1.2.3", "[]", "{}", "[1]", "()", "#", ";",
    '"', '""', "'", "\n", "\r", "\t", "\x00", "\x0b", "\x0c", "\x1c", "\x1f", "\x85", "\u2028",
    "\u00a0", "\ufeff", "\ufffd", "20121232", "2012-12-32", "99991231", "9999-12-31",
    "0001-01-01", "2012-1-1", "2012/12/30",
]  # fmt: skip
ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "utf-8-sig", "cp037")


def text(chance: Random, content: bytes) -> bytes:
    """Content with one to three faults in bytes, lines, fields or its encoding."""
    ways = [flip, cut, insert, bit, lines, lines, field, field, field]
    if chance.random() < 0.1:
        return whole(chance, content)
    for _ in range(chance.choice([1, 1, 2, 3])):
        content = chance.choice(ways)(chance, content)
    return content


def tree(chance: Random, content: bytes) -> bytes:
    """A JSON file in which one entry is left out, named or valued otherwise."""
    whole = json.loads(content)
    inside = whole
    while True:
        keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
        key = chance.choice(keys)
        if not isinstance(inside[key], dict | list) or not inside[key] or chance.random() < 0.2:
            break
        inside = inside[key]
    kind = chance.randrange(3)
    if kind == 0:
        del inside[key]
    elif kind == 1 and isinstance(inside, dict):
        inside[chance.choice([*NASTY, *keys])] = inside.pop(key)
    else:
        inside[key] = chance.choice(
            [None, True, 0, -1.5, 10**400, 1e308, float("nan"), "", "warm", [], {}, [1], {"a": 1}]
        )
    return json.dumps(whole, indent=1).encode()


def spot(chance: Random, content: bytes) -> int:
    return chance.randrange(len(content)) if content else 0


def flip(chance: Random, content: bytes) -> bytes:
    at = spot(chance, content)
    return content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]


def bit(chance: Random, content: bytes) -> bytes:
    at = spot(chance, content)
    changed = bytes([content[at] ^ (1 << chance.randrange(8))]) if content else b""
    return content[:at] + changed + content[at + 1 :]


def cut(chance: Random, content: bytes) -> bytes:
    at = spot(chance, content)
    return content[:at] + content[at + chance.choice([1, 1, 2, 5, 20, 200]) :]


def insert(chance: Random, content: bytes) -> bytes:
    at = spot(chance, content)
    junk = chance.choice(NASTY).encode() if chance.random() < 0.7 else chance.randbytes(3)
    return content[:at] + junk + content[at:]


def whole(chance: Random, content: bytes) -> bytes:
    """Damage of the file as a whole: cut short, empty, doubled, packed, or encoded otherwise."""
    kind = chance.randrange(10)
    if kind == 0:
        return content[: spot(chance, content)]
    if kind == 1:
        return content[spot(chance, content) :]
    if kind == 2:
        return chance.choice([b"", b"\n", b"\x00" * 100, b" \n \n", b"\xff\xfe", b"[" * 100_000])
    if kind == 3:
        return content + chance.choice([content, b"\x00" * 512, b"\x1a", b"x", b'"'])
    if kind == 4:
        packed = gzip.compress(content, mtime=0)
        return packed[: chance.choice([len(packed), len(packed) // 2])]
    if kind == 5:
        return content.replace(b",", chance.choice([b";", b"\t", b", ", b",,"]))
    if kind == 6:
        return content.replace(b"\n", chance.choice([b"\r\n", b"\r", b"\n\n", b" \n", b"\x85"]))
    if kind == 7:
        return chance.randbytes(len(content))
    name = chance.choice(ENCODINGS)
    return content.decode("utf-8", errors="replace").encode(name, errors="replace")


def lines(chance: Random, content: bytes) -> bytes:
    """Lines doubled, swapped, moved, left out or reversed."""
    parts = content.splitlines(keepends=True)
    if len(parts) < 2:
        return content
    first, second = chance.randrange(len(parts)), chance.randrange(len(parts))
    kind = chance.randrange(5)
    if kind == 0:
        parts.insert(second, parts[first])
    elif kind == 1:
        parts[first], parts[second] = parts[second], parts[first]
    elif kind == 2:
        parts.insert(second, parts.pop(first))
    elif kind == 3:
        del parts[first]
    else:
        parts[first : first + 3] = reversed(parts[first : first + 3])
    return b"".join(parts)


def field(chance: Random, content: bytes) -> bytes:
    """One field of one line becomes another."""
    parts = content.splitlines(keepends=True)
    if not parts:
        return content
    at = chance.randrange(len(parts))
    mark = chance.choice([one for one in (b",", b"\t", b" ", b":") if one in parts[at]] or [b","])
    fields = parts[at].split(mark)
    other = chance.choice(chance.choice(parts).split(mark))
    fields[chance.randrange(len(fields))] = chance.choice(
        [chance.choice(NASTY).encode()] * 4 + [other]
    )
    parts[at] = mark.join(fields)
    return b"".join(parts)


def archive(chance: Random, path: Path) -> bool:
    """Bytes of a zip flipped or cut, or its members named, packed or written otherwise; whether
    its sums of the members still tell of every change in them.
    """
    content = path.read_bytes()
    kind = chance.randrange(8)
    if kind < 4:  # bytes, most of them among the names and sizes at its end
        central = content.index(b"PK\x01\x02")
        for _ in range(chance.choice([1, 1, 2, 5])):
            at = chance.choice([spot(chance, content), chance.randrange(central, len(content))])
            content = content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]
        path.write_bytes(content)
    elif kind == 4:
        path.write_bytes(chance.choice([flip, cut, insert, whole])(chance, content))
    else:
        with zipfile.ZipFile(path) as opened:
            members = [(name, opened.read(name)) for name in opened.namelist()]
        at = chance.randrange(len(members))
        members[at] = member(chance, *members[at])
        if chance.random() < 0.3:
            members.append(member(chance, *chance.choice(members)))
        how = chance.choice([zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
        with zipfile.ZipFile(path, "w", how) as opened:
            for name, inner in members:
                opened.writestr(name.split("\0")[0] or "x", inner)
    return kind <= 4


def member(chance: Random, name: str, content: bytes) -> tuple[str, bytes]:
    if chance.random() < 0.5:
        return text(chance, name.encode()).decode("utf-8", errors="replace"), content
    return name, text(chance, content)


# Of an HDF5 file. What was touched: indices of elements, () for nothing that counts, None for all.

VALUES = [np.nan, np.inf, -np.inf, 1e30, -9999.0, 0.0, -1.0, 60.5, 65534.0, 2.0**40]
ATTRIBUTES = [
    "text", "a\nb", b"bytes", 0.0, 0.25, np.nan, np.inf, 2**40, -1, [1.0, 2.0], ["K", "mm"],
    np.array([], "f4"), True, "K", "%", np.bytes_("K"), 1j,
]  # fmt: skip
TYPES = ["f8", "f2", "i1", "u1", "i8", "u8", "c8", "S4", "bool", "V4", [("x", "f4")]]


def hdf5(chance: Random, path: Path) -> tuple | None:
    """What an HDF5 file holds renamed, retyped, reshaped or changed; bytes flipped or cut."""
    if chance.random() < 0.25:
        content = path.read_bytes()
        path.write_bytes(chance.choice([flip, flip, bit, cut, insert, whole])(chance, content))
        return None
    with h5py.File(path, "a") as file:
        names: list[str] = []
        file.visititems(lambda name, one: names.append(name) if hasattr(one, "shape") else None)
        name = chance.choice(names)
        return chance.choice([rename, attribute, elements, elements, retype, reshape, replace])(
            chance, file, name
        )


def rename(chance: Random, file: h5py.File, name: str) -> tuple | None:
    old = chance.choice([name, name.rsplit("/", 1)[0]])
    kind = chance.randrange(3)
    if kind == 0:
        del file[old]
    elif kind == 1:
        file.move(old, chance.choice([f"{old}x", old.upper(), f"other/{old}", "ü"]))
    else:
        file[f"{old}_copy"] = file[old]
        return ()
    return None


def attribute(chance: Random, file: h5py.File, name: str) -> tuple | None:
    of = file[name].attrs
    one = chance.choice([*of, "_FillValue", "missing_value", "units", "scale_factor", "add_offset"])
    kind = chance.randrange(3)
    if kind == 0 and one in of:
        del of[one]
    elif kind == 1 and one in of:
        of[f"{one}_"] = of[one]
        del of[one]
    else:
        of[one] = chance.choice(ATTRIBUTES)
    return None if one in ("_FillValue", "missing_value") else ()


def elements(chance: Random, file: h5py.File, name: str) -> tuple:
    values = file[name][...]
    flat = values.reshape(-1)
    touched = tuple(chance.randrange(flat.size) for _ in range(chance.choice([1, 1, 2, 4])))
    for at in touched:
        if chance.random() < 0.5:
            flat[at] = flat[chance.randrange(flat.size)]
        else:
            with np.errstate(all="ignore"):
                flat[at] = np.asarray(chance.choice(VALUES)).astype(values.dtype)
    file[name][...] = values
    return touched if values.ndim > 1 else ()


def again(file: h5py.File, name: str, values, **options) -> None:
    """The dataset anew with its attributes."""
    attributes = dict(file[name].attrs)
    del file[name]
    if values is not None:
        options["data"] = values
    file.create_dataset(name, **options).attrs.update(attributes)


def retype(chance: Random, file: h5py.File, name: str) -> None:
    values, kind = file[name][...], chance.choice(TYPES)
    with np.errstate(all="ignore"):
        if kind in ("V4",) or isinstance(kind, list):
            values = np.zeros(values.shape, kind)
        else:
            values = values.astype(kind)
    again(file, name, values)


def reshape(chance: Random, file: h5py.File, name: str) -> None:
    values = file[name][...]
    kind = chance.randrange(8)
    if kind == 7:  # 4 TB that take no room in the file
        shape = (10**6,) * max(values.ndim, 2)
        again(file, name, None, shape=shape, dtype=values.dtype, chunks=(64,) * len(shape))
    else:
        changed = (
            values.T, values[None], values[..., :-1], values.reshape(-1), values[:0],
            values.reshape(-1)[0], np.repeat(values, 2, axis=0),
        )  # fmt: skip
        again(file, name, changed[kind])


def replace(chance: Random, file: h5py.File, name: str) -> None:
    """Something else under the name of a dataset."""
    del file[name]
    kind = chance.randrange(5)
    if kind == 0:
        file.create_group(name)
    elif kind == 1:
        file[name] = h5py.SoftLink(chance.choice(["/nowhere", f"/{name}", "/"]))
    elif kind == 2:
        file[name] = h5py.ExternalLink("absent.h5", "/x")
    elif kind == 3:
        file[name] = h5py.Empty("f4")
    else:
        file[name] = chance.choice(["text", ["a", "b"], 1.0, np.zeros((2, 3), "f4")])
