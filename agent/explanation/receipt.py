"""Receipts: an explanation or an answer in a file, with a digest over its canonical JSON."""

import hashlib
import json
import math
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from agent.conversation.answer import Answer
from agent.explanation.result import VERSION, Explanation
from tools.errors import ReceiptError
from tools.storage import write_file

__all__ = ["canonical", "digest", "file_name", "parse", "read", "seal", "write"]

MAX_BYTES = 64 * 2**20

Receipt = TypeVar("Receipt", Explanation, Answer)


def canonical(value: Any) -> bytes:
    """Return canonical JSON: sorted keys, no spaces, UTF-8, no NaN.

    Examples
    --------
    >>> canonical({"b": 1.0, "a": [True, None]})
    b'{"a":[true,null],"b":1.0}'
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def digest(receipt: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a receipt's canonical JSON without its digest."""
    return hashlib.sha256(canonical({k: v for k, v in receipt.items() if k != "digest"})).hexdigest()


def seal(made: Receipt) -> Receipt:
    """Return an explanation or an answer with its digest."""
    return made.model_copy(update={"digest": digest(made.model_dump(mode="json"))})


def file_name(row_id: str | None, number: int) -> str:
    """Return the file name of a row's receipt: its id, percent-encoded, or its 0-based number.

    Examples
    --------
    >>> file_name("a/b c", 3), file_name(None, 3), file_name("..", 0)
    ('a%2Fb%20c.json', '3.json', '%2E%2E.json')
    """
    name = urllib.parse.quote(row_id, safe="", errors="surrogatepass") if row_id else str(number)
    if name.startswith("."):
        name = name.replace(".", "%2E")
    if len(name) > 200:  # longer names are refused by common file systems
        name = name[:120] + hashlib.sha256(name.encode()).hexdigest()
    return f"{name}.json"


def write(made: Explanation | Answer, path: Path) -> None:
    """Write a receipt so that the file is either whole or not there.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    data = json.dumps(made.model_dump(mode="json"), ensure_ascii=False, indent=1, allow_nan=False)
    write_file(path, f"{data}\n".encode())


def read(path: Path) -> dict[str, Any]:
    """Read a receipt as plain JSON, without trusting anything in it.

    Raises
    ------
    ReceiptError
        If the file is not there, too large, or not a JSON object.
    """
    try:
        if not path.is_file() and path.exists():  # before it is opened: a pipe without a writer would wait for ever
            raise ReceiptError(f"{path}: cannot be read (no ordinary file).", hint="Give the path of a receipt file.")
        if path.stat().st_size > MAX_BYTES:
            raise ReceiptError(f"{path}: larger than any receipt ({MAX_BYTES} bytes).")
        text = path.read_text(encoding="utf-8")
        loaded = json.loads(text, parse_constant=_number, parse_float=_number, object_pairs_hook=_object)
    except OSError as error:
        raise ReceiptError(
            f"{path}: cannot be read ({error.strerror}).", hint="Give the path of a receipt file."
        ) from error
    except (ValueError, RecursionError) as error:
        raise ReceiptError(
            f"{path}: not a JSON file ({str(error)[:80]}).", hint="Give the path of a receipt file."
        ) from error
    if not isinstance(loaded, dict):
        raise ReceiptError(f"{path}: not a receipt but a JSON {type(loaded).__name__}.")
    return loaded


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for at, (key, _) in enumerate(pairs) if key in dict(pairs[:at]))
        raise ValueError(f"{twice[:40]!r} is there twice")
    return found


def _number(literal: str) -> float:
    if not math.isfinite(number := float(literal)):
        raise ValueError(f"{literal} is not a number")
    return number


def parse(receipt: Mapping[str, Any]) -> Explanation | Answer:
    """Turn JSON into what it is the receipt of: an answer has a question, an explanation a row.

    Raises
    ------
    ReceiptError
        If a field is missing, unknown or of the wrong type, or the version is newer.
    """
    version = receipt.get("version")
    if isinstance(version, int) and version > VERSION:
        raise ReceiptError(
            f"The receipt has version {version}, this program reads up to {VERSION}.", hint="Update tallystick."
        )
    try:
        canonical(receipt)
    except (TypeError, ValueError, RecursionError) as error:
        raise ReceiptError(f"Not a receipt: not JSON ({str(error)[:80]}).") from error
    try:
        form = Answer if "question" in receipt else Explanation
        return form.model_validate(dict(receipt), strict=False)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ReceiptError(f"Not a receipt: {where}: {first['msg']}.") from error


def same_number(expected: float, found: float, scale: float = 0.0) -> bool:
    """Tell whether two numbers agree in their first six significant digits, or relative to a scale.

    Examples
    --------
    >>> same_number(1.2345678, 1.2345679), same_number(1.23456, 1.23457), same_number(1e-12, 2e-12, scale=5.0)
    (True, False, True)
    """
    if not (math.isfinite(expected) and math.isfinite(found)):
        return expected == found
    return abs(expected - found) <= 5e-7 * max(abs(expected), scale)
