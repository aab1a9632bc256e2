"""From a question to calls: the chat model chooses among what the question's words allow.

The prompt's opening, instructions, typical examples and table, stays the same for all questions about a bundle, so that
an engine reads it once; columns of a wide table that the question names, the examples nearest to it and the turn before
follow it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from agent.conversation.reading import bank
from agent.conversation.reading.calltext import CANNOT, write_calls
from agent.conversation.reading.grammar import HEADS, Reader
from agent.conversation.reading.intent import heads
from agent.conversation.reading.question import Question
from agent.llm.forking import Fork, ForkingChat
from tools.observation import show_name
from tools.schema import Feature, Schema

__all__ = ["prompt", "understand"]

EXAMPLES = 3
MOST_COLUMNS, MOST_CATEGORIES = 40, 8
TEMPERED, FIRST = 0.5, 1.5  # chosen on questions whose answers were looked at, not on the sealed ones
FEW_COLUMNS, MOST_WORDS = 16, 12  # of a brief prompt
BRIEF = "Turn the question into calls."
INSTRUCTIONS = """You turn a question about a table and its classifier into calls.
predict: what the classifier says for rows; probability: how likely, how sure; explain: why; importance: which columns \
matter in general; interactions: which columns act together; counterfactual: what would have to change for another \
answer; score: how good it is; mistakes examples: which rows it gets wrong, whether one row is right; mistakes \
patterns: what its typical errors have in common; labels: what rows really are, the true answer; count: how many rows; \
show: list rows; feature_stats: average, range or distribution of a column; similar: rows like one row; calculate: \
arithmetic; describe data, model, abilities, feature: what it is; none: what no column of the table tells.
where (…) selects rows, change (…) is a what-if, of those means the rows of the answer before; several calls are \
joined by also."""


def understand(
    question: Question,
    chat: ForkingChat,
    schema: Schema,
    turns: Sequence[Mapping[str, Any]] = (),
    *,
    follows: bool | None = None,
) -> tuple[list[dict[str, Any]], str]:
    """Return the calls a question leads to, and their text.

    Parameters
    ----------
    question : Question
    chat : ForkingChat
        Who chooses.
    schema : Schema
        Of the table.
    turns : sequence of mapping
        The turns before, each with ``question`` and ``calls``; the last ones are shown.
    follows : bool, optional
        Whether there are rows of an answer before that "those" may mean; by default where there are turns.

    Raises
    ------
    EngineError
        If the model's engine fails.
    """
    follows = bool(turns) if follows is None else follows
    trained = "questions" in chat.trained
    messages = (brief if trained else prompt)(question, schema, turns)
    chances = heads(question, (*HEADS, CANNOT))

    def choose(text: str, options: Sequence[str]) -> int:
        if trained:
            return _tempered(chat.score(messages, text, options), options, chances)
        fork = chat.fork(messages, text, options, temperature=0)
        return _weighed(fork, options, chances) if chances.keys() >= set(options) else fork.index

    reader = Reader(question, choose, list(chances), follows=follows)
    return reader.read(), reader.text


def _weighed(fork: Fork, options: Sequence[str], chances: Mapping[str, float]) -> int:
    """Return the choice by a model's opinion times the chances; whoever has no opinion decides as it does."""
    logs = fork.log_probabilities
    if logs is None or len(set(logs)) == 1:
        return fork.index
    opinions = {at: log for at, log in enumerate(logs) if log is not None}
    return max(opinions, key=lambda at: opinions[at] + math.log(chances[options[at]]))


def _tempered(scores: Sequence[float], options: Sequence[str], chances: Mapping[str, float]) -> int:
    """Return the choice of a model that was trained on few questions, and is surer than it should be.

    Its log-probabilities count half, and the order in which the grammar offers counts, too.
    """
    known = chances.keys() >= set(options)
    prior = [math.log(chances[option]) if known else FIRST * (not at) for at, option in enumerate(options)]
    return max(range(len(options)), key=lambda at: TEMPERED * scores[at] + prior[at])


def brief(question: Question, schema: Schema, turns: Sequence[Mapping[str, Any]]) -> list[BaseMessage]:
    """Return the conversation for a model that was trained on questions: it needs neither rules nor examples."""
    named = list(dict.fromkeys(name.column for name in question.names if name.column in schema.by_name))
    columns = [*named, *(name for name in schema.names if name not in named)][:FEW_COLUMNS]
    about = f"Rows: {schema.id_column or 'row'}. {schema.target}: {', '.join(map(show_name, schema.labels))}."
    meant = "; ".join(_meant(question, schema))
    said = f"{BRIEF}\n{about} Columns: {', '.join(columns)}.{f' Words: {meant}.' if meant else ''}"
    messages: list[BaseMessage] = [SystemMessage(said)]
    for turn in turns[-1:]:
        messages += [HumanMessage(turn["question"]), AIMessage(write_calls(turn["calls"]))]
    return [*messages, HumanMessage(question.text)]


def _meant(question: Question, schema: Schema) -> Iterator[str]:
    """Yield what words of a question the dictionary knows by another name, each with what it stands for."""
    for name in sorted(question.names, key=lambda name: (name.start, -name.strength))[:MOST_WORDS]:
        words = question.text[name.start : name.end]
        means = name.column if name.value is None else f"{name.column} {name.value}"
        own = {name.column.casefold(), str(name.value).casefold()}
        if words.casefold() not in own and (name.column in schema.by_name or name.value is not None):
            yield f"{words} = {means}"


def prompt(question: Question, schema: Schema, turns: Sequence[Mapping[str, Any]]) -> list[BaseMessage]:
    """Return the conversation whose answer is the text of the calls."""
    examples = bank.nearest(question, EXAMPLES, follows=bool(turns))
    said = [
        turn
        for example in examples
        for turn in (*example.before, {"question": example.question, "calls": example.calls})
    ]
    about = f"{INSTRUCTIONS}\nExamples:\n{_typical()}\n{_table(schema)}{_more(question, schema)}"
    messages: list[BaseMessage] = [SystemMessage(about)]
    for turn in (*said, *turns[-2:]):
        messages += [HumanMessage(turn["question"]), AIMessage(write_calls(turn["calls"]))]
    return [*messages, HumanMessage(question.text)]


def _typical() -> str:
    """Return an example of every kind of call, a line each."""
    return "\n".join(f"{example.question} -> {write_calls(example.calls)}" for example in bank.typical())


def _table(schema: Schema) -> str:
    """Return what the table is, in few words."""
    columns = "\n".join(_column(feature) for feature in schema.features[:MOST_COLUMNS])
    labels = ", ".join(map(show_name, schema.labels))
    rows = schema.id_column or "row"
    about = f"The table: {schema.description or schema.target}. Rows are named by: {rows}."
    return f"{about} Labels ({schema.target}): {labels}. Columns:\n{columns}"


def _more(question: Question, schema: Schema) -> str:
    """Return the columns of a wide table that a question names and `_table` leaves out, a line each."""
    named = {name.column for name in question.names}
    later = [feature for feature in schema.features[MOST_COLUMNS:] if feature.name in named]
    return "".join(f"\n{_column(feature)}" for feature in later[:MOST_COLUMNS])


def _column(feature: Feature) -> str:
    about = feature.unit or ""
    if feature.categories:
        shown = ", ".join(category[:30] for category in feature.categories[:MOST_CATEGORIES])
        about = f"{shown}{', …' if len(feature.categories) > MOST_CATEGORIES else ''}"
    described = f": {feature.description[:60]}" if feature.description else ""
    return f"{feature.name[:60]}{f' ({about})' if about else ''}{described}"
