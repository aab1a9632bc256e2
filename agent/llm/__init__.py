"""The chat models: one way to load any of them.

``load`` takes what ``--llm`` takes: a name of the catalog or of the hub, a path, ``rule``, ``provider:model``, a URL,
or an instance.
"""

import os
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel

from agent.llm.adapter import parted
from agent.llm.catalog import CATALOG, DEFAULT, Progress, is_name, pull
from agent.llm.chat import LocalChat
from agent.llm.choosers import RuleChat, UniformChat
from agent.llm.forking import Fork, ForkingChat
from agent.llm.masking import retold, secrets_in
from agent.llm.prompted import PromptedChat
from agent.llm.scripted import ScriptedChat
from agent.llm.server import ServerChat
from tools.errors import ModelSpecError, did_you_mean

__all__ = [
    "Fork",
    "ForkingChat",
    "LocalChat",
    "PromptedChat",
    "RuleChat",
    "ScriptedChat",
    "ServerChat",
    "UniformChat",
    "description",
    "load",
]

CHOOSERS: dict[str, type[ForkingChat]] = {"rule": RuleChat, "uniform": UniformChat}


def load(
    spec: str | Path | BaseChatModel | None = None, *, progress: Progress | None = None, **params: Any
) -> ForkingChat:
    """Return a chat model that can choose between texts.

    Parameters
    ----------
    spec : str, path or BaseChatModel, optional
        A name of the catalog, or ``owner/name`` on the Hugging Face hub (fetched when it is not there), the path of a
        GGUF file or of a Hugging Face directory, ``rule``, ``uniform``, ``provider:model`` for a LangChain provider,
        the URL of an OpenAI-compatible server (``http://host:port/v1``, with ``#model`` where it has several), or a
        chat model. Behind a local model, ``+`` and the directory of an adapter, ``smollm2-135m+adapter/``, or ``none``
        for none of those that come with it. Default: the environment's ``TALLYSTICK_LLM``, else the small local model.
    progress : callable, optional
        Called with the bytes done and in total while a model is fetched.
    **params
        Handed to the model, such as ``temperature``, or for a server ``api_key`` and ``timeout``.

    Raises
    ------
    ModelSpecError
        When nobody knows such a model, or a package for it is missing.
    DownloadError, EngineError
        When it cannot be fetched or loaded, or its server cannot be reached.

    Examples
    --------
    >>> load("rule").fork([], "", ["first", "second"]).option
    'first'
    """
    if spec is None:
        spec = os.environ.get("TALLYSTICK_LLM") or DEFAULT
    if isinstance(spec, BaseChatModel):
        return spec if isinstance(spec, ForkingChat) else PromptedChat(inner=spec, **params)
    name, adapter = parted(str(spec))
    if adapter is not None:
        params["adapter"] = adapter
    if name in CHOOSERS:
        return CHOOSERS[name](**params)
    if is_name(name):
        pull(name, *[progress] if progress else [])
        return LocalChat(model=name, **params)
    if name.startswith(("http://", "https://")):
        return ServerChat(url=name, **params)
    if Path(name).exists() or name.endswith(".gguf"):
        return LocalChat(model=name, **params)
    if ":" in name:
        return _provided(name, **params)
    raise ModelSpecError(f"No language model is called {name!r}.", hint=did_you_mean(name, [*CATALOG, *CHOOSERS]))


def description(model: BaseChatModel) -> dict[str, str | None] | None:
    """Return ``model``, ``engine`` and ``sha256`` of a model for a receipt; None for the rule.

    Examples
    --------
    >>> description(load("rule")) is None
    True
    """
    return load(model).describe()


def _provided(name: str, **params: Any) -> PromptedChat:
    """Return a model of a LangChain provider; `ValueError` is what LangChain says of an unknown one."""
    from langchain.chat_models import init_chat_model  # noqa: PLC0415 - slow to import, seldom used

    try:
        return PromptedChat(inner=init_chat_model(name, **params))
    except ImportError as error:
        raise ModelSpecError(f"{name}: {error}") from error
    except Exception as error:  # noqa: BLE001 - each provider has its own for a wrong name or a missing key
        said, cause = retold(error, secrets_in(params))
        raise ModelSpecError(f"{name}: {said}") from cause
