"""How a server is told what an answer has to be: each kind of server takes the constraint in forms of its own.

Pure functions from options or a schema to fields of a request, and from an answer back to an option.
A form that a server does not know may be refused, or ignored without a word: only the answer tells.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.llm.engine import Sentence

__all__ = ["FORMS", "Form", "gbnf"]

Fields = dict[str, Any]
ANSWER = "answer"  # the key of a JSON answer: many servers take no other schema than an object's
AS_TEXT = "Reply with the text of one option, without its number, and nothing else."
AS_JSON = f'Reply with JSON: {{"{ANSWER}": "…"}}, … being the text of one option without its number.'


@dataclass(frozen=True)
class Form:
    """One way to say what an answer has to be.

    Attributes
    ----------
    choice : callable
        From the allowed answers to the fields of a request.
    schema : callable
        From a JSON Schema to the fields of a request.
    as_json : bool
        Whether a choice, too, comes as JSON.
    sentence : callable or None
        From the form of a sentence to the fields of a request, where there is a way.

    Examples
    --------
    >>> STRUCTURED.choice(["benign", "malignant"])
    {'structured_outputs': {'choice': ['benign', 'malignant']}}
    >>> STRUCTURED.chosen("malignant", ["benign", "malignant"])
    1
    >>> RESPONSE_FORMAT.chosen('{"answer": "malignant"}', ["benign", "malignant"])
    1
    >>> RESPONSE_FORMAT.chosen("I think it is malignant.", ["benign", "malignant"])
    """

    choice: Callable[[Sequence[str]], Fields]
    schema: Callable[[Mapping[str, Any]], Fields]
    as_json: bool = False
    sentence: Callable[[Sentence], Fields] | None = None

    @property
    def how(self) -> str:
        """How a model is asked to answer, so that what it wants to say is what it may say."""
        return AS_JSON if self.as_json else AS_TEXT

    def chosen(self, answer: str, answers: Sequence[str]) -> int | None:
        """Return which of the allowed answers was given; None shows that the form does not constrain."""
        said = string(answer) if self.as_json else answer
        return answers.index(said) if said is not None and said in answers else None


def string(answer: str) -> str | None:
    """Return the string in a JSON answer; None where it holds none."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    value = found.get(ANSWER) if isinstance(found, dict) else None
    return value if isinstance(value, str) else None


def wrapped(schema: Mapping[str, Any]) -> Fields:
    """Return the schema of an object that holds one value."""
    return {"type": "object", "properties": {ANSWER: dict(schema)}, "required": [ANSWER], "additionalProperties": False}


def gbnf(answers: Sequence[str]) -> str:
    r"""Return llama.cpp's grammar of the allowed answers.

    Examples
    --------
    >>> print(gbnf(["benign", 'said "no"\n']))
    root ::= "benign" | "said \"no\"\n"
    """
    return "root ::= " + " | ".join(f'"{_escaped(answer)}"' for answer in answers)


def _escaped(text: str) -> str:
    for plain, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(plain, escape)
    return text


def _enum(answers: Sequence[str]) -> Fields:
    return {"type": "string", "enum": list(answers)}


def _response_format(schema: Mapping[str, Any]) -> Fields:
    described = {"name": ANSWER, "strict": True, "schema": wrapped(schema)}
    return {"response_format": {"type": "json_schema", "json_schema": described}}


STRUCTURED = Form(  # vLLM from 0.10.2 on
    choice=lambda answers: {"structured_outputs": {"choice": list(answers)}},
    schema=lambda schema: {"structured_outputs": {"json": wrapped(schema)}},
    sentence=lambda form: {"structured_outputs": {"regex": form.regex}},
)
GUIDED = Form(  # vLLM before 0.12
    choice=lambda answers: {"guided_choice": list(answers)},
    schema=lambda schema: {"guided_json": wrapped(schema)},
    sentence=lambda form: {"guided_regex": form.regex},
)
GRAMMAR = Form(  # the llama.cpp server
    choice=lambda answers: {"grammar": gbnf(answers)},
    schema=lambda schema: {"json_schema": wrapped(schema)},
    sentence=lambda form: {"grammar": form.gbnf},
)
RESPONSE_FORMAT = Form(
    choice=lambda answers: _response_format(_enum(answers)),
    schema=_response_format,
    as_json=True,
)

# What each kind of server is tried with, the best form first; where none constrains, answers are parsed.
FORMS = {
    "vllm": (STRUCTURED, GUIDED, RESPONSE_FORMAT),
    "llamacpp": (GRAMMAR, RESPONSE_FORMAT),
    "ollama": (RESPONSE_FORMAT,),
    "openai-compatible": (RESPONSE_FORMAT,),
}
