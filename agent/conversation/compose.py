"""From executed calls to an answer: every sentence true by construction, the whole verified and sealed."""

from collections.abc import Sequence
from typing import Any

from agent.conversation.answer import Answer, Sentence
from agent.conversation.choice import Choice
from agent.conversation.evidence import AnswerEvidence, Table
from agent.conversation.saying.call import Call
from agent.conversation.saying.chosen import chosen
from agent.conversation.saying.contrast import compared
from agent.conversation.saying.tools import said
from agent.conversation.saying.words import Said, braced, listed
from agent.explanation.template import citations, render
from tools.observation import Observation
from tools.schema import Schema

__all__ = ["answer_of", "compose", "text_of"]


def compose(
    observations: Sequence[Observation],
    schema: Schema | Table,
    unread: Sequence[str] = (),
    choice: Choice | None = None,
) -> list[Sentence]:
    """Say all that the calls have found, in their order, comparisons, what was not used of the question, the choice.

    Parameters
    ----------
    observations : sequence of Observation
        The calls, failed ones too.
    schema : Schema or Table
        Units, labels and the names of target and id.
    unread : sequence of str
        Words of the question that the calls do not account for.
    choice : Choice, optional
        Which of several options was chosen.

    Returns
    -------
    list of Sentence
        The same for the same input, on every machine.

    Examples
    --------
    >>> seen = Observation(id="t1", tool="count", args={"where": [["age", ">", 50]]}, result={"rows": 109})
    >>> [sentence.text for sentence in compose([seen], Table(target="ill", labels=["no", "yes"]))]
    ['There are 109 rows with age over 50 [t1].']
    """
    table = schema if isinstance(schema, Table) else Table.of(schema, observations)
    evidence = AnswerEvidence(
        observations, table=table, unread=unread, option=None if choice is None else choice.option
    )
    sentences: list[Sentence] = []
    before = None
    for seen in observations:
        sentences += [_sentence(each, evidence, seen.id) for each in said(seen, evidence, before)]
        before = seen
    calls = [Call(seen, evidence) for seen in observations if seen.result is not None]
    sentences += [_sentence(each, evidence) for each in compared(calls)]
    more = [_unused(unread)] if observations and unread else []
    more += [_unanswered(table)] if not observations and choice is None else []
    more += [chosen(choice)] if choice is not None else []
    return [*sentences, *(_sentence(each, evidence) for each in more)]


def _unanswered(table: Table) -> Said:
    """Say that no tool can answer, and what can be asked instead."""
    named = listed([*(braced(f"table.columns.{at}") for at in range(len(table.columns))), braced("table.target")])
    text = f"This table cannot answer that; you can ask about its columns, such as {named}"
    return Said(f"{text}, and “What can you do?” lists the rest", ())


def _unused(unread: Sequence[str]) -> Said:
    """Say which words of the question the calls do not account for."""
    return Said(
        f"Not used from the question: {listed([braced(f'question.unread.{at}') for at in range(len(unread))])}", ()
    )


def _sentence(each: Said, evidence: AnswerEvidence, call: str = "") -> Sentence:
    """Render a sentence; it cites what it shows, what it rests on, and at least the call it is about."""
    rests = [claim.ref for claim in each.claims if claim.kind == "fact"]
    cited = list(dict.fromkeys([*citations(each.template), *rests]))
    if call and not any(ref.startswith((f"{call}.", f"{call}@")) for ref in cited):
        cited.append(call)
    return Sentence(
        text=render(each.template, evidence, cited), template=each.template, citations=cited, claims=list(each.claims)
    )


def text_of(sentences: Sequence[Sentence]) -> str:
    """Return the text of an answer: a sentence a line."""
    return "\n".join(sentence.text for sentence in sentences)


def answer_of(
    question: str,
    observations: Sequence[Observation],
    schema: Schema | Table,
    unread: Sequence[str] = (),
    choice: Choice | None = None,
    **more: Any,
) -> Answer:
    """Return the answer, not verified and not sealed yet.

    Parameters
    ----------
    question : str
        What was asked.
    observations, schema, unread, choice
        As for `compose`.
    **more
        Other fields of `Answer`: `llm`, `usage`, `bundle`, `data`, `session`, `notes`.
    """
    table = schema if isinstance(schema, Table) else Table.of(schema, observations)
    sentences = compose(observations, table, unread, choice)
    return Answer(
        question=question,
        text=text_of(sentences),
        calls=list(observations),
        sentences=sentences,
        citations=list(dict.fromkeys(ref for sentence in sentences for ref in sentence.citations)),
        claims=[claim for sentence in sentences for claim in sentence.claims],
        table=table,
        unread=list(unread),
        choice=choice,
        **more,
    )
