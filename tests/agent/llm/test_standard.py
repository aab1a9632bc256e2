"""LangChain's own standard tests, passed by the local chat model on both engines; only media are declared missing."""

import pytest
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from agent.llm import LocalChat
from agent.llm.dequantize import dequantized
from agent.llm.process import cores

pytestmark = [pytest.mark.model, pytest.mark.anyio]

MODEL = "smollm2-135m"
ENGINES = ("llamacpp", "transformers")


@pytest.fixture(scope="module")
def anyio_backend():
    """Run asynchronous tests on asyncio."""
    return "asyncio"


@pytest.fixture(scope="module")
def models():
    """Return what each engine loads: the name of the GGUF file in the catalog, and its directory in safetensors."""
    return dict(zip(ENGINES, (MODEL, str(dequantized(MODEL))), strict=True))


@pytest.fixture(scope="module")
def running(models):
    """Return the small model on each engine, loaded once."""
    chats = {engine: LocalChat(model=model, context=1024, threads=cores()) for engine, model in models.items()}
    yield chats
    for chat in chats.values():
        chat.close()


class OnBothEngines:
    """What the tests need to know about the model."""

    @pytest.fixture(autouse=True, params=ENGINES)
    def _chosen(self, request, running):
        self.name, self.chat = request.param, running[request.param]

    @property
    def chat_model_class(self):
        """The class."""
        return LocalChat

    @property
    def chat_model_params(self):
        """What it is made with."""
        return {"engine": self.chat._engine, "threads": self.chat.threads}

    @property
    def supports_json_mode(self):
        """JSON is decoded under its schema."""
        return True

    @property
    def supports_anthropic_inputs(self):
        """Calls and thoughts among the blocks of a message."""
        return True


class TestUnit(OnBothEngines, ChatModelUnitTests):
    """The tests that ask the model nothing."""


class TestIntegration(OnBothEngines, ChatModelIntegrationTests):
    """The tests that talk with the model."""

    @pytest.fixture(autouse=True)
    def _settings(self, request, monkeypatch):
        """Keep answers short, but JSON in one piece whole; a call names the other engine's model by its own name."""
        monkeypatch.setattr("agent.llm.structured.MAX_STRING", 40)
        self.longest = 128 if "json_mode" in request.node.name else 8
        directory = dequantized(MODEL)
        monkeypatch.chdir(directory.parent)
        self.other = MODEL if self.name == "transformers" else directory.name

    @property
    def standard_chat_model_params(self):
        """What the model under test is made with beside that."""
        return {"max_tokens": self.longest}

    @property
    def model_override_value(self):
        """Another model."""
        return self.other

    @property
    def supported_usage_metadata_details(self):
        """Tokens whose keys and values were still at hand."""
        return {"invoke": ["cache_read_input"], "stream": ["cache_read_input"]}

    def invoke_with_cache_read_input(self, *, stream=False):
        """Say the same twice."""
        model = self.chat_model_class(**self.standard_chat_model_params, **self.chat_model_params)
        said = model.invoke("Hello")
        if not stream:
            return said
        first, *rest = model.stream("Hello")
        return sum(rest, first)
