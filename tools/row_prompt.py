"""How a row is put to a language model that predicts its label: the words around its values, from a YAML file.

    user: "Age {age}, glucose {glucose}. Is it diabetes? Answer with the label alone."
    answer: "Label:"
    labels: {pos: "yes", neg: "no"}

``system`` and ``user`` are turns in the model's own chat format; ``prompt`` in their place is the whole text as it was
trained on, control tokens included. Values replace ``{column}`` and nothing else; in a text with ``{{``, that and
``}}`` are braces. What stands in a row is never read as part of the template. Knows nothing about models.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tools.errors import UserError, did_you_mean
from tools.observation import show_name, show_number
from tools.schema import Row, Schema

__all__ = ["EXPERT", "SHOWN", "RowPrompt", "cell"]

MOST_BYTES = 2**20
SHOWN = 12  # columns of a row that a question shows where nobody says which
EXPERT = "You classify rows of a table as one of: {labels}. You explain your answers to experts."
_PLACE = re.compile(r"\{([^{}]+)\}")
_ESCAPED = re.compile(rf"\{{\{{|\}}\}}|{_PLACE.pattern}")


class RowPrompt(BaseModel):
    """A question about one row with the answers that it may have.

    Attributes
    ----------
    system, user : str
        Turns of a chat, with the columns.
    prompt : str
        Instead of them: all of the text, as it is.
    answer : str
        What stands before the label in the answer, as it is.
    labels : mapping of str to str
        What the model calls the labels; by default a blank and their names, as they follow ``answer``.
    quoted : bool
        Show numbers to six digits, and texts in quotation marks where they could be taken for something else, as our
        own prompts do. By default both stand as they are in the table.

    Examples
    --------
    >>> RowPrompt(user="Size {size mm}: {{ill?}}").filled({"size mm": 2.50}, "user")
    'Size 2.5: {ill?}'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str = ""
    user: str = ""
    prompt: str = ""
    answer: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    quoted: bool = False

    @classmethod
    def default(cls, labels: Sequence[str], columns: Sequence[str]) -> Self:
        """Return the question that `tallystick finetune --recipe label-only` trains on.

        Parameters
        ----------
        labels : sequence of str
        columns : sequence of str
            The most important ones first; more than 12 are left out.
        """
        names = [show_name(label) for label in labels]
        listed = "; ".join(f"{_as_text(show_name(name))} = {{{name}}}" for name in columns[:SHOWN])
        return cls(
            system=_as_text(EXPERT.format(labels=", ".join(names))),
            user=f"Here is a row: {listed}.\nWhich label does it have: {_as_text(' or '.join(names))}?"
            " Answer with the label alone.",
            answer="Label:",
            labels={label: f" {name}" for label, name in zip(labels, names, strict=True)},
            quoted=True,
        )

    @classmethod
    def read(cls, path: str | Path, schema: Schema) -> Self:
        """Read a file and hold it against a table.

        Raises
        ------
        UserError
            It cannot be read, has another form, or names a column or label that there is not.
        """
        try:
            if Path(path).stat().st_size > MOST_BYTES:
                raise UserError(f"{path}: larger than {MOST_BYTES} bytes.", hint="Give a template.")
            text = Path(path).read_text(encoding="utf-8-sig")
            found = cls.model_validate(yaml.load(text, Loader=_Texts))  # noqa: S506 - a safe one
        except (OSError, UnicodeError, RecursionError, yaml.YAMLError) as error:
            reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
            raise UserError(f"{path}: cannot be read: {reason}.", hint="Give a YAML file.") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the template"
            hint = "It has user (and system) or prompt, answer, and labels."
            raise UserError(f"{path}: {where}: {first['msg']}.", hint=hint) from error
        return found.checked(schema, str(path))

    def checked(self, schema: Schema, where: str) -> Self:
        """Return this prompt with words for all labels, after a look at its columns and labels.

        Raises
        ------
        UserError
            It asks about no column, or names one, or a label, that the table does not have.
        """
        if bool(self.prompt) == bool(self.user) or (self.prompt and self.system):
            hint = "`user: Age {age}. Is it …?` A system turn goes with user."
            raise UserError(f"{where}: it needs either user or prompt.", hint=hint)
        for column in self.columns:
            if column not in schema.by_name:
                left = next((f": {note}" for note in schema.notes if repr(column) in note), "")
                hint = f"{did_you_mean(column, schema.names)} Columns stand in braces; {{{{ and }}}} are braces."
                raise UserError(f"{where}: {{{column}}} is no feature of the table{left}.", hint=hint)
        if not self.columns:
            raise UserError(f"{where}: no column stands in it.", hint=f"Such as {{{schema.names[0]}}}.")
        for label in self.labels:
            if label not in schema.labels:
                raise UserError(f"{where}: there is no label {label!r}.", hint=did_you_mean(label, schema.labels))
        blank = " " if self.answer and not self.answer.endswith((" ", "\n")) else ""
        words = {label: self.labels.get(label, blank + label) for label in schema.labels}
        if len(set(words.values())) < len(words):
            raise UserError(f"{where}: two labels have the same words.", hint="Give each label its own.")
        return self.model_copy(update={"labels": words})

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns whose values stand in it, in their order."""
        found = [place[1] for part in (self.prompt, self.system, self.user) for place in _places(part)]
        return tuple(dict.fromkeys(column for column in found if column))

    def filled(self, row: Row, part: str) -> str:
        """Return a part of the prompt with the values of a row in it."""
        return "".join(text for text, _ in self.pieces(row, part))

    def pieces(self, row: Row, part: str = "prompt") -> list[tuple[str, bool]]:
        """Return a part of the prompt in pieces, each with whether it is a value.

        Examples
        --------
        >>> RowPrompt(prompt="<s>Size {size}: ").pieces({"size": 3})
        [('<s>Size ', False), ('3', True), (': ', False)]
        """
        template, found, end = str(getattr(self, part)), list[tuple[str, bool]](), 0
        for place in _places(template):
            inside = (self._cell(row[place[1]]), True) if place[1] else (place[0][0], False)
            found += [(template[end : place.start()], False), inside]
            end = place.end()
        return [(text, value) for text, value in [*found, (template[end:], False)] if text]

    def _cell(self, value: Any) -> str:
        if self.quoted or value is None or isinstance(value, bool):
            return cell(value)
        return value if isinstance(value, str) else f"{value:.15g}"

    def to_yaml(self) -> str:
        """Return the file that reads as this."""
        return str(yaml.safe_dump(self.model_dump(exclude_defaults=True), allow_unicode=True, sort_keys=False))


def _places(template: str) -> Iterator[re.Match[str]]:
    """Find the columns in a template, and the braces that stand for themselves."""
    return (_ESCAPED if "{{" in template else _PLACE).finditer(template)


def _as_text(text: str) -> str:
    """Return a text that stands in a template as it is."""
    return text.replace("{", "{{").replace("}", "}}") if "{" in text else text


class _Texts(yaml.SafeLoader):
    """Reads what is not quoted as text, too: no is "no", 0 is "0"."""


_Texts.yaml_implicit_resolvers = {
    first: [one for one in known if one[0].endswith(":null")]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def cell(value: Any) -> str:
    """Return a value as our own questions show it.

    Examples
    --------
    >>> cell(None), cell(True), cell(17.9900001), cell("red")
    ('missing', '“True”', '17.99', 'red')
    """
    if value is None:
        return "missing"
    if isinstance(value, bool | str):
        return show_name(str(value))
    return show_number(float(value), 6)
