"""Writing the arguments of a tool call by walking its JSON Schema, asking only where the schema leaves a choice.

Every result is valid: names and values come from the schema, numbers from a given list, and only free strings are
generated. Knows JSON Schema and a chooser; knows nothing about messages, tokens or engines.

Not covered: `pattern`, `format`, and properties that a schema allows without naming them. Alternatives (`anyOf`) that
open with the same JSON text cannot be told apart where the choice is made: the first of them is taken.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeGuard

from tools.errors import ToolError

__all__ = ["CONSTANTS", "MAX_ITEMS", "MAX_STRING", "Form", "numbers_in"]

# Numbers a call may use although nobody mentioned them: small counts, the usual top-10, and 100 for percent.
CONSTANTS = (0, 1, 2, 3, 5, 10, 100)
MAX_ITEMS = 8
MAX_STRING = 200

Schema = Mapping[str, Any]
Number = int | float

NUMBER = re.compile(r"(?<![\w.])-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?(?!\w)")


def numbers_in(texts: Iterable[str]) -> list[Number]:
    """Return the distinct numbers written in texts, in order; digits inside names are not numbers.

    Examples
    --------
    >>> numbers_in(["radius1 is 17.99, x2", "top 5 of 1,200"])
    [17.99, 5, 1200]
    """
    found: dict[Number, None] = {}
    for text in texts:
        for match in NUMBER.findall(text):
            plain = match.replace(",", "")
            value = float(plain)
            if abs(value) < 1e300:  # beyond, JSON has no number for it
                found.setdefault(int(plain) if plain.lstrip("-").isdigit() else value)
    return list(found)


class Form:
    """One JSON text in the making.

    Parameters
    ----------
    text : str
        The JSON text so far.
    choose : callable
        ``choose(text, options) -> index`` picks how the text goes on.
    write : callable
        ``write(text, schema) -> str`` returns a free string that fits a string schema.
    numbers : sequence of int or float
        The numbers on offer, `CONSTANTS` aside.

    Examples
    --------
    >>> form = Form("", lambda text, options: 0, lambda text, schema: "", [4, 7])
    >>> form.fill({"type": "object", "properties": {"k": {"type": "integer"}}, "required": ["k"]})
    {'k': 4}
    >>> form.text
    '{"k": 4}'
    """

    def __init__(
        self,
        text: str,
        choose: Callable[[str, Sequence[str]], int],
        write: Callable[[str, Schema], str],
        numbers: Sequence[Number],
    ) -> None:
        self.text = text
        self._choose, self._write = choose, write
        self._numbers = list(dict.fromkeys([*numbers, *CONSTANTS]))
        self._definitions: Schema = {}

    def fill(self, schema: Schema) -> Any:
        """Write one value that fits the schema and return it.

        Raises
        ------
        ToolError
            When no number on offer fits, or the schema cannot be followed.
        """
        self._definitions = {**schema.get("definitions", {}), **schema.get("$defs", {})}
        return self._value(schema, "", "")

    def _pick(self, options: Sequence[str]) -> int:
        return self._choose(self.text, options) if len(options) > 1 else 0

    def _value(self, schema: Schema, lead: str, follow: str, stop: str = "") -> Any:
        """Write one value after `lead`; with `stop`, writing that instead is a choice too (and returns STOP)."""
        choices: dict[str, tuple[str, Any]] = {stop: (stop, STOP)} if stop else {}
        for alternative in self._alternatives(schema):
            values = self._values(alternative)
            if values is None:
                choices.setdefault(lead + self._opening(alternative), ("", alternative))
            else:
                # A number shows where it ends by what follows it: else 1 and 10 could not be told apart.
                texts = {json.dumps(value, ensure_ascii=False): value for value in values}
                choices.update(
                    (lead + text + (follow if _is_number(value) else ""), (lead + text, value))
                    for text, value in texts.items()
                )
        if not choices:
            raise ToolError(f"No number at hand fits {json.dumps(schema)}, after {self.text[-80:]!r}.")
        options = list(choices)
        written, found = choices[options[self._pick(options)]]
        if written:
            self.text += written
            return found
        return self._open_value(found, lead)

    def _open_value(self, schema: Schema, lead: str) -> Any:
        kind = _kind(schema)
        if kind == "string":
            bounded = {"maxLength": MAX_STRING, **schema}
            found = self._write(self.text + lead, bounded)
            self.text += lead + json.dumps(found, ensure_ascii=False)
            return found
        self.text += lead
        return self._array(schema) if kind == "array" else self._object(schema)

    def _object(self, schema: Schema) -> dict[str, Any]:
        properties = list(schema.get("properties", {}).items())
        required = set(schema.get("required", ()))
        found: dict[str, Any] = {}
        self.text += "{"
        while properties:
            must = next((at for at, (name, _) in enumerate(properties) if name in required), len(properties))
            reachable = [must, *range(must)]  # leaving out comes first: the next required name, or the end
            texts = [self._name(properties[at][0], found) if at < len(properties) else "}" for at in reachable]
            at = reachable[self._pick(texts)]
            if at == len(properties):
                break
            name, inner = properties[at]
            properties = properties[at + 1 :]
            self.text += self._name(name, found)
            found[name] = self._value(inner, " ", "," if properties else "}")
        self.text += "}"
        return found

    @staticmethod
    def _name(name: str, before: Mapping[str, Any]) -> str:
        return f"{', ' if before else ''}{json.dumps(name, ensure_ascii=False)}:"

    def _array(self, schema: Schema) -> list[Any]:
        self.text += "["
        found: list[Any] = []
        fixed = schema.get("prefixItems", [])
        least = max(schema.get("minItems", 0), len(fixed))
        most = len(fixed) if fixed and schema.get("items") in (None, False) else schema.get("maxItems", MAX_ITEMS)
        while len(found) < max(most, least):
            items = fixed[len(found)] if len(found) < len(fixed) else schema.get("items", {})
            if schema.get("uniqueItems"):
                items = self._without(items, found)
                if not self._alternatives(items):
                    break
            stop = "]" if len(found) >= least else ""
            last = len(found) + 1 == max(most, least)
            item = self._value(items, ", " if found else "", "]" if last else ",", stop)
            if item is STOP:
                return found
            found.append(item)
        self.text += "]"
        return found

    def _without(self, items: Schema, used: list[Any]) -> Schema:
        """Return the items that are still free; only a finite list of them runs out."""
        free: list[Any] = []
        for alternative in self._alternatives(items):
            values = self._values(alternative)
            free += [alternative] if values is None else [{"const": value} for value in values if value not in used]
        return {"anyOf": free}

    def _resolve(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        if reference is not None:
            name = str(reference).rsplit("/", 1)[-1]
            if name not in self._definitions:
                raise ToolError(f"The schema of a tool refers to {reference!r}, which it does not define.")
            return self._resolve({**self._definitions[name], **{k: v for k, v in schema.items() if k != "$ref"}})
        for part in schema.get("allOf", []):
            schema = {**self._resolve(part), **{key: value for key, value in schema.items() if key != "allOf"}}
        return schema

    def _alternatives(self, schema: Schema) -> list[Schema]:
        schema = self._resolve(schema)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return [found for part in schema[word] for found in self._alternatives(part)]
        if "enum" in schema or "const" in schema:
            return [schema]
        kinds = schema.get("type", _kind(schema))
        return [{**schema, "type": kind} for kind in ([kinds] if isinstance(kinds, str) else kinds)]

    def _values(self, schema: Schema) -> list[Any] | None:
        """Return all values that fit, or None where they cannot be listed."""
        if "const" in schema:
            return [schema["const"]]
        if "enum" in schema:
            return list(schema["enum"])
        kind = _kind(schema)
        if kind == "null":
            return [None]
        if kind == "boolean":
            return [False, True]
        if kind in ("integer", "number"):
            given = [schema.get("default"), *self._numbers, schema.get("minimum"), schema.get("maximum")]
            offered = [_as_kind(value, kind) for value in given if _is_number(value)]
            return [value for value in dict.fromkeys(offered) if value is not None and _fits(value, schema)]
        return None

    def _opening(self, schema: Schema) -> str:
        """Return the JSON text with which every value of a schema that cannot be listed begins."""
        kind = _kind(schema)
        if kind == "string":
            return '"'
        if kind == "array":
            first = (schema.get("prefixItems") or [schema.get("items", {})])[0]
            return "[" + (self._certain(first) if schema.get("prefixItems") or schema.get("minItems") else "")
        properties = schema.get("properties", {})
        name = next(iter(properties), None)
        if name is None or name not in schema.get("required", ()):
            return "{"
        return "{" + self._name(name, {}) + " " + self._certain(properties[name])

    def _certain(self, schema: Schema) -> str:
        """Return the text of a value as far as it is certain."""
        alternatives = self._alternatives(schema)
        if len(alternatives) != 1:
            return ""
        values = self._values(alternatives[0])
        if values is None:
            return self._opening(alternatives[0])
        return json.dumps(values[0], ensure_ascii=False) if len(values) == 1 else ""


STOP = object()


def _kind(schema: Schema) -> str:
    """Return the type of a schema, guessed from its other words where it names none."""
    if "type" in schema:
        return str(schema["type"])
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema or "prefixItems" in schema else "string"


def _is_number(value: object) -> TypeGuard[Number]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_kind(value: Number, kind: str) -> Number | None:
    if kind == "number":
        return value
    return int(value) if float(value).is_integer() else None


def _fits(value: Number, schema: Schema) -> bool:
    step = schema.get("multipleOf")
    return (
        value >= schema.get("minimum", -float("inf"))
        and value <= schema.get("maximum", float("inf"))
        and value > schema.get("exclusiveMinimum", -float("inf"))
        and value < schema.get("exclusiveMaximum", float("inf"))
        and (not step or (value / step).is_integer())
    )
