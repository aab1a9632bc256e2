"""Keeping keys out of what is shown: other people's errors may repeat them.

Knows texts and where keys usually are; knows nothing about who made a text.
"""

import os
import traceback
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import SecretStr

__all__ = ["masked", "retold", "secrets_in"]

NAMES = ("KEY", "TOKEN", "SECRET", "PASSWORD")
LEAST = 4  # shorter texts are in every sentence, and no secrets


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a text without the given secrets, and without those of the environment.

    Examples
    --------
    >>> masked("Incorrect API key provided: s3cr3t-k3y.", ["s3cr3t-k3y"])
    'Incorrect API key provided: ***.'
    """
    for secret in sorted({*secrets, *secrets_in(os.environ)}, key=len, reverse=True):
        if len(secret) >= LEAST:
            text = text.replace(secret, "***")
    return text


def secrets_in(settings: Mapping[str, Any]) -> list[str]:
    """Return the values that are secrets by their type or by their name.

    Examples
    --------
    >>> secrets_in({"api_key": "s3cr3t", "max_tokens": "256", "proxy": SecretStr("also")})
    ['s3cr3t', 'also']
    """
    found = []
    for name, value in settings.items():
        if isinstance(value, SecretStr):
            found.append(value.get_secret_value())
        elif isinstance(value, str) and name.upper().endswith(NAMES):
            found.append(value)
    return found


def retold(error: Exception, secrets: Iterable[str]) -> tuple[str, Exception | None]:
    """Return an error's first line without secrets, and the error as a cause that may be shown, or None.

    Examples
    --------
    >>> retold(ValueError("no such model: m-1"), [])
    ('no such model: m-1', ValueError('no such model: m-1'))
    >>> retold(ValueError("s3cr3t is no key"), ["s3cr3t"])
    ('*** is no key', None)
    """
    whole = "".join(traceback.format_exception(error))  # what --debug would print, with all that led to it
    lines = masked(str(error), secrets).strip().splitlines() or [type(error).__name__]
    return lines[0][:300], error if masked(whole, secrets) == whole else None
