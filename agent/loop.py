"""Gathering: LangChain's `create_agent` around the chat model, with a menu of calls that make sense for this row.

What is always needed (`predict`, `probability`, `explain`) is called without asking the model. After that the model
chooses from a menu: JSON schemas that offer only calls not made yet, so that any provider's constrained decoding
gives a valid call. The menu is in the rule's order: who always takes the first entry gathers by rule. Of the values
that are not placed yet it offers the one that contributes most: no model tried so far picked better than chance.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.prebuilt.tool_node import ToolCallRequest
from langgraph.types import Command

from agent import prompts
from agent.explanation.claims import Contribution, odds_expression, ratio_expression, share_expression
from agent.explanation.evidence import Evidence
from agent.explanation.plan import named_contributions
from agent.llm.forking import ForkingChat
from tools.bundle import Bundle
from tools.errors import ToolError
from tools.kit import langchain_tools
from tools.observation import Observation, reference
from tools.toolbox import Toolbox

__all__ = ["gather"]

ALWAYS = ("predict", "probability", "explain")  # made once, first, and without asking
PLACED = 4  # of the features named, those whose values are looked up: more make a text longer and no better
MAX_CALCULATIONS = 1
MAX_DESCRIPTIONS = 2
MAX_CHARACTERS = 9000  # of the conversation, some 3,000 tokens: what is left of 4,096 holds the tools and an answer
MAX_FAILURES = 2  # of one tool: an argument may be corrected once
NEIGHBOURS = (5, 10)
NEEDED = ("feature_stats", "calculate")  # a text without a placed value or a calculation explains too little

Menu = list[dict[str, Any]]


def gather(bundle: Bundle, row: dict[str, Any], chat: ForkingChat, top: int) -> list[Observation]:
    """Let the chat model call tools on one row until it knows enough.

    Parameters
    ----------
    bundle : Bundle
        What the tools answer from.
    row : dict
        The typed row.
    chat : ForkingChat
        Who chooses the calls.
    top : int
        How many of the largest contributions the text will name.

    Returns
    -------
    list of Observation
        In the order of the calls.

    Raises
    ------
    EngineError
        If the model's engine fails.
    """
    toolbox = Toolbox(bundle, row)
    tools = langchain_tools(toolbox, bundle)
    steering = _Steering(toolbox, bundle, chat, top)
    agent = create_agent(chat, tools, middleware=[steering])
    start: Any = {"messages": prompts.gathering(bundle.schema)}
    agent.invoke(start, {"recursion_limit": 8 * (steering.limit + 4)})
    return toolbox.observations


class _Steering(AgentMiddleware[Any, Any]):
    """Makes the calls that are always needed, narrows the rest to a menu, and ends at a limit."""

    def __init__(self, toolbox: Toolbox, bundle: Bundle, chat: ForkingChat, top: int) -> None:
        super().__init__()
        self._toolbox, self._bundle, self._top = toolbox, bundle, top
        self._by_rule = chat.describe() is None
        self.limit = 3 + top + len(NEIGHBOURS) + MAX_CALCULATIONS

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any] | AIMessage:
        """Answer for the model where there is no choice; otherwise ask it, with the menu as its tools."""
        made = self._toolbox.observations
        if len(made) < len(ALWAYS):
            name = ALWAYS[len(made)]
            args = {"top": self._top} if name == "explain" else {}
            return AIMessage("", tool_calls=[{"name": name, "args": args, "id": f"t{len(made) + 1}"}])
        menu, may_end = self._menu(made, request.messages)
        if not menu:
            return AIMessage(prompts.ENOUGH)
        settings: dict[str, Any] = {"final": prompts.ENOUGH, "described": request.tools}
        choice = "auto" if may_end and not self._by_rule else "any"
        answer = handler(request.override(tools=[*menu], tool_choice=choice, model_settings=settings)).result[-1]
        assert isinstance(answer, AIMessage)  # noqa: S101 - what a chat model answers
        return self._one_call(answer, menu, may_end=may_end)

    def _one_call(self, answer: AIMessage, menu: Menu, *, may_end: bool) -> AIMessage:
        """Keep the first call of a tool on the menu; where one is due and none came, make the rule's."""
        offered = {_name(entry) for entry in menu}
        calls = [call for call in answer.tool_calls if call["name"] in offered]
        if not calls and may_end:
            return AIMessage(prompts.ENOUGH)
        made = self._toolbox.observations
        chosen = calls[0] if calls else _due(menu, {call.tool for call in made})
        return AIMessage("", tool_calls=[{"name": chosen["name"], "args": chosen["args"], "id": f"t{len(made) + 1}"}])

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolMessage | Command[Any]]
    ) -> ToolMessage:
        """Show the model what a call found in few words, without any text from a cell."""
        handler(request)
        seen = self._toolbox.observations[-1]
        content = prompts.gathered(seen, self._bundle.schema)
        return ToolMessage(content, tool_call_id=request.tool_call["id"], name=seen.tool, artifact=seen)

    def _menu(self, made: Sequence[Observation], messages: Sequence[AnyMessage]) -> tuple[Menu, bool]:
        """Return the calls that may come next, in the rule's order, and whether gathering may end instead."""
        room = 0 if self._long(messages) else self.limit - len(made)
        if room <= 0:
            return [], True
        evidence = Evidence(made)
        entries = [
            _entry("feature_stats", "feature", self._unplaced(evidence)[:1]),
            _entry("similar", "k", [] if evidence.find("similar") else self._counts()),
            _entry("calculate", "expression", self._expressions(evidence)),
            _entry("describe", "name", self._undescribed(evidence), topic="feature"),
        ]
        failed = Counter(call.tool for call in made if call.error is not None)
        menu = [entry for entry in entries if entry is not None and failed[_name(entry)] < MAX_FAILURES]
        tried = {call.tool for call in made}
        needed = [entry for entry in menu if entry["function"]["name"] in NEEDED and _name(entry) not in tried]
        return (needed if room <= len(needed) else menu), not needed

    def _long(self, messages: Sequence[AnyMessage]) -> bool:
        said = (str(message.text) + str(getattr(message, "tool_calls", "")) for message in messages)
        return sum(map(len, said)) > MAX_CHARACTERS

    def _unplaced(self, evidence: Evidence) -> list[str]:
        tried = {str(call.args.get("feature")) for call in evidence.observations if call.tool == "feature_stats"}
        named = [claim for claim in named_contributions(evidence, self._top) if claim.value is not None]
        due = [claim for claim in named if claim.rank < PLACED or self._is_new(claim)]
        return [claim.feature for claim in due if claim.feature not in tried]

    def _is_new(self, claim: Contribution) -> bool:
        """Tell whether a value is a category that training has not seen, which a text has to say."""
        known = self._bundle.schema.by_name[claim.feature]
        return bool(known.categories) and str(claim.value) not in known.codes

    def _undescribed(self, evidence: Evidence) -> list[str]:
        asked = [call.args.get("name") for call in evidence.observations if call.tool == "describe"]
        if len(asked) >= MAX_DESCRIPTIONS:
            return []
        known = self._bundle.schema.by_name
        named = [claim.feature for claim in named_contributions(evidence, self._top)]
        return [feature for feature in named if known[feature].description and feature not in asked]

    def _counts(self) -> list[int]:
        return [k for k in NEIGHBOURS if k <= self._bundle.row_count // 4]

    def _expressions(self, evidence: Evidence) -> list[str]:
        """Return calculations that have a meaning and were not made: a share, odds, ratios to a label's mean."""
        made = [call.args.get("expression") for call in evidence.observations if call.tool == "calculate"]
        if len(made) >= MAX_CALCULATIONS:
            return []
        named = named_contributions(evidence, self._top)
        entries = (evidence.explained.result or {})["features"]
        all_named = len(named) == sum(entry["contribution"] != 0 for entry in entries)  # then the share is no news
        estimated = any("standard_error" in entry for entry in entries)
        found = [] if all_named or estimated else [share_expression(evidence, tuple(claim.ref for claim in named))]
        final = evidence.probability_ref
        for other in evidence.find("probability")[-1].result or {}:
            rival = reference(final.split(".", maxsplit=1)[0], other)
            if rival != final and evidence.value(final) >= 2 * evidence.value(rival) > 1e-6:
                found.append(odds_expression(evidence, (final, rival)))
        for call in evidence.find("feature_stats"):
            found += _ratios(call, evidence)
        return [expression for expression in found if expression not in made]


def _ratios(call: Observation, evidence: Evidence) -> list[str]:
    """Return the ratios of a value to the labels' means that are worth a sentence: positive and not near 1."""
    found = []
    value = reference(call.id, "value")
    for label in (call.result or {}).get("by_label", {}):
        mean = reference(call.id, "by_label", label, "mean")
        try:
            ratio = float(evidence.value(value)) / float(evidence.value(mean))
        except (ToolError, TypeError, ValueError, ZeroDivisionError):
            continue
        if evidence.value(value) > 0 and (1.5 <= ratio <= 100 or 0.02 <= ratio <= 0.67):
            found.append(ratio_expression(evidence, (value, mean)))
    return found


def _entry(tool: str, argument: str, values: Sequence[Any], **fixed: str) -> dict[str, Any] | None:
    """Return one call on the menu as a tool in the OpenAI format, or None where nothing is left to ask."""
    if not values:
        return None
    properties = {name: {"enum": [value]} for name, value in fixed.items()} | {argument: {"enum": list(values)}}
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": tool, "description": "", "parameters": parameters}}


def _due(menu: Menu, tried: Collection[str]) -> dict[str, Any]:
    """Return the rule's choice of a call that is needed: the first tool on the menu, its first arguments."""
    entry = next(entry for entry in menu if _name(entry) in NEEDED and _name(entry) not in tried)
    properties = entry["function"]["parameters"]["properties"]
    return {"name": _name(entry), "args": {name: allowed["enum"][0] for name, allowed in properties.items()}}


def _name(entry: dict[str, Any]) -> str:
    return str(entry["function"]["name"])
