"""Chat models behind servers: stand-ins for each kind on the loopback interface, and a real llama.cpp server."""

import json
import logging
import math

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelCallLimitMiddleware
from langchain_core.messages import HumanMessage, SystemMessage

from agent import verify
from agent.classifier import Classifier
from agent.explanation import receipt
from agent.llm import ServerChat, catalog, constraint, load
from agent.llm.forking import Text
from agent.llm.process import Child
from tools.errors import EngineError

KINDS = {
    "llamacpp": ("server:llamacpp", "grammar"),
    "vllm": ("server:vllm", "structured_outputs"),
    "old vllm": ("server:vllm", "guided_choice"),
    "ollama": ("server:ollama", "response_format"),
    "refusing": ("server:openai-compatible", None),
    "bare": ("server:openai-compatible", None),
}
KEY = "sk-very-secret-0123456789"
QUESTION = [SystemMessage("Careful."), HumanMessage("Which label?")]
OPTIONS = [" benign", " malignant", ' “not” "sure"\\']


@pytest.fixture(params=KINDS)
def kind(request):
    """Return each kind of server in turn."""
    return request.param


def fields(body):
    """Return the names of a request's fields beside those of every request."""
    return set(body) - {"model", "messages", "temperature", "max_tokens", "seed"}


def test_kinds_are_told_apart(serve, kind):
    """The description says what runs the model; nobody vouches for its weights."""
    server = serve(kind)

    assert load(server.url).describe() == {"model": "toy-7b", "engine": KINDS[kind][0], "sha256": None}
    assert all(method == "GET" for method, *_ in server.asked)


def test_ollama_with_models_of_ones_own(serve):
    """They are owned by whoever made them; the server tells its version then."""
    server = serve("ollama")
    server.models[0]["owned_by"] = "somebody"

    assert load(server.url).describe()["engine"] == "server:ollama"


def test_which_model(serve):
    """The first one listed, or the one named behind #, or as `model`; the list may be missing then."""
    server = serve("bare")
    server.models.append({"id": "org/other:1b", "owned_by": "acme"})

    assert load(server.url).describe()["model"] == "toy-7b"
    assert load(f"{server.url}#org/other:1b").describe()["model"] == "org/other:1b"
    assert load(f"http://{server.host}", model="third").describe()["model"] == "third"
    server.models = None
    assert load(f"{server.url}#fourth").describe()["model"] == "fourth"
    with pytest.raises(EngineError, match="404"):
        load(server.url)


def test_a_file_is_named_without_its_folder(serve):
    """llama.cpp names a model by its path, which is nobody's business."""
    server = serve("llamacpp")
    server.models[0]["id"] = "/home/somebody/models/toy.gguf"
    model = load(server.url)
    model.fork(QUESTION, "", OPTIONS)

    assert model.describe()["model"] == "toy.gguf"
    assert server.chats[0]["model"] == "/home/somebody/models/toy.gguf"


def test_forks_answer_one_of_the_options(serve, kind):
    """Under the constraint that the kind takes, without a question asked twice once it is found."""
    server, field = serve(kind), KINDS[kind][1]
    model = load(server.url)
    model.fork(QUESTION, "The label is", OPTIONS)
    first = len(server.chats)
    found = [model.fork(QUESTION, f"Attempt {at}: the label is", OPTIONS).index for at in range(12)]

    assert set(found) == {0, 1, 2}
    assert len(server.chats) == first + 12
    assert [fields(body) for body in server.chats[first:]] == [{field} if field else set()] * 12
    assert model.fallbacks == 0
    assert model.usage.forks == 13


def test_a_form_that_is_refused_or_ignored_is_left_once(serve):
    """The old vLLM ignores the new field; a server that refuses all forms is asked plainly."""
    old, refusing = serve("old vllm"), serve("refusing")
    for server in (old, refusing):
        model = load(server.url)
        for _ in range(2):
            model.fork(QUESTION, "", OPTIONS)

    assert [fields(body) for body in old.chats] == [{"structured_outputs"}, {"guided_choice"}, {"guided_choice"}]
    assert [fields(body) for body in refusing.chats] == [{"response_format"}, set(), set()]


def test_a_request_that_is_wrong_itself_costs_no_form(serve):
    """Where the plain question is refused too, it was not the constraint."""
    server = serve("vllm")
    model = load(server.url)
    server.troubles += [lambda handler: handler.reply({"detail": "prompt too long"}, 400)] * 4

    with pytest.raises(EngineError, match="400: prompt too long"):
        model.fork(QUESTION, "", OPTIONS)
    model.fork(QUESTION, "", OPTIONS)
    assert fields(server.chats[-1]) == {"structured_outputs"}


def test_options_that_differ_only_by_a_space(serve):
    """They are told apart as they are."""
    server = serve("vllm")

    load(server.url).fork(QUESTION, "", ["a", " a"])
    assert server.chats[0]["structured_outputs"]["choice"] == ["a", " a"]


def test_scores_are_shares(serve, kind):
    """Asked over several orders; a distribution over the options."""
    found = load(serve(kind).url).score(QUESTION, "", OPTIONS)

    assert math.fsum(map(math.exp, found)) == pytest.approx(1.0)


def test_unreadable_answers_are_told_what_was_wrong(serve):
    """Twice; then the rule's option is taken, and counted."""
    server = serve("bare")
    model = load(server.url)
    model.fork(QUESTION, "", OPTIONS)
    message = {"choices": [{"message": {"content": "It depends.\nOn you."}}]}
    server.troubles += [lambda handler: handler.reply(message)] * 3
    asked = len(server.chats)

    assert model.fork(QUESTION, "", OPTIONS).index == 0
    assert model.fallbacks == 1
    first, *again = [body["messages"][-1]["content"] for body in server.chats[asked:]]
    assert "It depends" not in first
    assert all("You replied “It depends. On you.”" in question for question in again)
    assert len(again) == 2


def test_temperature_and_seed_are_handed_on(serve):
    """Seeds fit into 32 bits."""
    server = serve("vllm")

    load(server.url).fork(QUESTION, "", OPTIONS, temperature=0.7, seed=2**40 + 5)
    assert (server.chats[0]["temperature"], server.chats[0]["seed"]) == (0.7, 5)


def test_text_is_streamed(serve, kind):
    """Piece by piece, with the tokens counted; an answer so far is shown."""
    server = serve(kind)
    model = load(server.url)
    pieces = list(model.stream("Hello?", stop=["!"]))

    assert [piece.text for piece in pieces][:4] == ["Hello ", "there, ", "friend.", ""]
    assert pieces[-1].usage_metadata["output_tokens"] == 3
    assert server.chats[0]["stop"] == ["!"]
    assert model.invoke("Hello?").text == "Hello there, friend."
    "".join(model._write(QUESTION, "So far", Text()))
    assert "Your answer so far: So far" in server.chats[-1]["messages"][-1]["content"]


def test_strings_fit_their_schema(serve, kind):
    """Under the schema where the server takes one, else as they come; never longer than allowed."""
    server = serve(kind)
    model = load(server.url)

    found = [model._string(QUESTION, '{"name": "', Text(json_schema={"maxLength": 7})) for _ in range(2)]

    assert found == ["Hello t" if KINDS[kind][1] is None else "free te"] * 2


def test_usage_is_the_servers(serve):
    """Read, cached and written tokens are taken over; without any, none are counted."""
    server = serve("vllm")
    model = load(server.url)
    model.fork(QUESTION, "", OPTIONS)

    assert model.usage.prompt_tokens > model.usage.cached_tokens > 0
    assert model.usage.generated_tokens == 2
    before = model.usage.prompt_tokens
    server.troubles.append(lambda handler: handler.reply({"choices": [{"message": {"content": "benign"}}]}))
    model.fork(QUESTION, "", OPTIONS)
    assert model.usage.prompt_tokens == before


@pytest.mark.parametrize(
    ("answer", "where"),
    [
        ({}, "choices: Field required"),
        ({"choices": []}, "choices: List should have at least 1 item"),
        ([1, 2], "the whole"),
        ({"choices": [{"message": {"content": 7}}]}, "choices.0.message.content"),
        ({"choices": [{"text": "x"}]}, "choices.0.message: Field required"),
        ({"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": "many"}}, "usage.prompt_tokens"),
        ({"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": -1}}, "usage.prompt_tokens"),
    ],
)
def test_answers_of_another_form(serve, answer, where):
    """A missing field or a wrong type is one clear line, in an answer and in the list of models."""
    server = serve("bare")
    model = load(server.url)
    server.troubles.append(lambda handler: handler.reply(answer))

    with pytest.raises(EngineError, match="in a form that is not OpenAI's") as caught:
        model.fork(QUESTION, "", OPTIONS)
    assert where in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("models", [[], [{"id": 7}], [{"name": "x"}], "none"])
def test_lists_of_another_form(serve, models):
    """A list without a model is one clear line."""
    server = serve("bare")
    server.models = models

    with pytest.raises(EngineError, match="not OpenAI's: data"):
        load(server.url)


def test_an_agent_calls_tools(serve, kind):
    """LangChain's agent gets valid calls from forks and strings."""
    called = []

    def look(feature: str, top: int) -> str:
        """Look at a feature."""
        called.append((feature, top))
        return "seen"

    server = serve(kind)
    bound = load(server.url).bind_tools([look], tool_choice="any")
    call = bound.invoke("Look at 3 features.").tool_calls[0]
    limit = ModelCallLimitMiddleware(run_limit=2, exit_behavior="end")
    create_agent(load(server.url), [look], middleware=[limit]).invoke({"messages": [HumanMessage("Look.")]})

    assert call["name"] == "look"
    assert isinstance(call["args"]["feature"], str)
    assert call["args"]["top"] in (0, 1, 2, 3, 5, 10, 100)
    assert "Tools:\nlook(feature: string, top: integer)" in json.dumps(server.chats[0]["messages"]).replace("\\n", "\n")


def test_a_row_is_explained_through_each_kind(serve, kind, bundle_of, tmp_path):
    """The receipt verifies after a round through a file, and says who chose; no key is in it."""
    server, bundle = serve(kind), bundle_of("iris")
    clf = Classifier.load(bundle, load(server.url, api_key=KEY), top=2)
    explanation = clf.classify(bundle.features_of(int(bundle.held_out()[2][0])))
    receipt.write(explanation, tmp_path / "r.json")

    assert verify(tmp_path / "r.json", bundle).ok
    assert explanation.writer == "model"
    assert explanation.notes == []
    assert explanation.llm == {"model": "toy-7b", "engine": KINDS[kind][0], "sha256": None, "style": "strict"}
    assert explanation.usage.prompt_tokens > 0
    assert explanation.decision.llm is not None
    assert KEY not in (tmp_path / "r.json").read_text()


def test_what_the_rule_chose_is_noted(serve, bundle_of):
    """A model that names no option loses no row, and the receipt counts its silence."""
    server, bundle = serve("bare"), bundle_of("iris")
    model = load(server.url)
    server.troubles += [lambda handler: handler.reply({"choices": [{"message": {"content": "Hm."}}]})] * 999
    explanation = Classifier(bundle, model, top=2, decide="predictor").classify(bundle.features_of(0))

    assert explanation.verification.ok
    assert model.fallbacks > 10
    assert [note.rpartition(" ")[2] for note in explanation.notes] == [f"{model.fallbacks}."]
    assert "the rule made because the language model named none of the options" in explanation.notes[0]


def test_a_server_that_dies_loses_no_row(serve, bundle_of):
    """The rule takes over; the note names the host and the status."""
    server, bundle = serve("vllm"), bundle_of("iris")
    model = load(server.url)
    server.troubles += [lambda handler: handler.reply({"error": "no memory"}, 503)] * 999
    explanation = Classifier(bundle, model, top=2).classify(bundle.features_of(0))

    assert explanation.verification.ok
    assert explanation.writer == "rule"
    assert f"{server.host} answered 503: no memory." in explanation.notes[0]


def test_the_key_is_shown_nowhere(serve, caplog):
    """Neither in logs, errors, representations nor descriptions; it is sent with every request."""
    caplog.set_level(logging.DEBUG)
    server = serve("vllm")
    model = ServerChat(url=f"http://user:pass1234@{server.host}/v1", api_key=KEY)
    model.fork(QUESTION, "", OPTIONS)
    list(model.stream("Hello?"))
    server.troubles.append(lambda handler: handler.reply({"error": {"message": f"Wrong key: {KEY}"}}, 401))
    with pytest.raises(EngineError) as caught:
        model.fork(QUESTION, "", OPTIONS)

    shown = [caplog.text, str(caught.value), repr(caught.value), repr(model), str(model), str(model.model_dump())]
    shown += [str(model.describe()), str(model._identifying_params), model.model_dump_json()]
    assert not [text for text in shown if KEY in text or "pass1234" in text]
    assert all(headers["Authorization"] == f"Bearer {KEY}" for _, _, headers, _ in server.asked)


def test_wrong_settings_do_not_show_the_key():
    """Pydantic's own errors would."""
    with pytest.raises(ValueError, match="timeout") as caught:
        ServerChat(url="http://user:pass1234@127.0.0.1:9", api_key=KEY, timeout="soon")
    assert not [secret for secret in (KEY, "pass1234") if secret in str(caught.value)]


@pytest.fixture(scope="module")
def model():
    """Return the small model as that of a real llama.cpp server."""
    settings = {
        "path": str(catalog.pull("smollm2-135m")),
        "context": 4096,
        "threads": 1,
        "slots": 2,
        "cache_type": "f16",
    }
    child = Child(settings, "smollm2-135m", 60.0)
    key = child.client.headers["Authorization"].removeprefix("Bearer ")
    yield ServerChat(url=str(child.client.base_url), api_key=key)
    child.stop()


@pytest.mark.model
class TestLlamaCpp:
    """A real llama.cpp server with the small model, behind its key."""

    def test_forks_are_exactly_the_options(self, model):
        """Under its grammar, whatever is in them, and at any temperature."""
        for seed in range(6):
            fork = model.fork(QUESTION, "The label is", OPTIONS, temperature=1.5, seed=seed)
            assert fork.option == OPTIONS[fork.index]
        assert model._forms["choice"] == 0
        assert model.describe()["engine"] == "server:llamacpp"
        assert model.usage.cached_tokens > 0

    def test_an_answer_in_json_is_constrained_too(self, model, monkeypatch):
        """The form that other servers take works here as well; so do strings."""
        monkeypatch.setitem(constraint.FORMS, "llamacpp", constraint.FORMS["ollama"])

        assert model.fork(QUESTION, "The label is", OPTIONS).option in OPTIONS
        assert 0 < len(model._string(QUESTION, '{"name": "', Text(json_schema={"maxLength": 12}))) <= 12
        assert set(model._forms.values()) == {0}

    def test_a_row_is_explained(self, model, bundle_of):
        """The explanation verifies, and the model wrote it."""
        bundle = bundle_of("iris")
        explanation = Classifier(bundle, model, top=1, decide="predictor").classify(bundle.features_of(0))

        assert verify(explanation, bundle).ok
        assert explanation.writer == "model"
        assert explanation.notes == []
        assert model.fallbacks == 0
