"""The process that renders chat templates: one JSON request a line, one JSON answer a line.

Run as a file, with nothing of the project imported.
"""

import json
import resource
import sys
from typing import Any, NoReturn

from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

MOST_BYTES = 2**30


def serve() -> None:
    """Answer requests until stdin closes."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"text": render(request["template"], request["messages"], request["special"])}
        except Exception as error:  # noqa: BLE001 - whatever a template does is told, not raised
            answer = {"error": str(error) or type(error).__name__}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def render(template: str, messages: list[dict[str, str]], special: dict[str, str]) -> str:
    """Return the messages in the template, as Hugging Face renders it."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = json.dumps
    environment.globals["raise_exception"] = _refuse
    compiled = environment.from_string(template)
    values: dict[str, Any] = {**special, "messages": messages, "add_generation_prompt": True}
    return compiled.render(**values)


def _refuse(message: str) -> NoReturn:
    raise TemplateError(message)


if __name__ == "__main__":
    serve()
