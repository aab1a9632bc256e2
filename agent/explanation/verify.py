"""Verification without any language model: recompute every observation, then match every word to a fact.

`verify` takes a receipt apart in this order: its observations (recomputed from the bundle), its decision, its sentences
(each makes claims that the plan offers there, each claim true, each template one of the grammar's wordings, each text
what the template shows), the whole text, and the seal (form, recorded outcome, digest). What cannot be recomputed is
taken as recorded: who asked (`row_id`, `notes`, options), where the bundle lay, and what a language model did (`llm`,
`usage`, its own probabilities and their weight, as far as they agree with the decision).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from agent.conversation.answer import Answer
from agent.conversation.checking import AnswerChecks
from agent.decision import decide
from agent.explanation import plan
from agent.explanation.checks import NOTHING, Checks, same
from agent.explanation.claims import Claim, Contribution, holds, is_claim
from agent.explanation.evidence import Evidence
from agent.explanation.parsing import read as read_words
from agent.explanation.prose import cited, findings
from agent.explanation.receipt import canonical, parse, read, same_number
from agent.explanation.result import Decision, Explanation, Failure, Step, Verification, writer_of
from agent.explanation.template import assemble, citations, render
from agent.explanation.wording import wordings
from tools.bundle import Bundle
from tools.errors import BundleError, ReceiptError, TallystickError, ToolError
from tools.observation import Observation
from tools.toolbox import Toolbox

__all__ = ["verify"]

_MALFORMED = (ToolError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def verify(
    receipt: Mapping[str, Any] | Explanation | Answer | str | Path,
    bundle: Bundle | str | Path | None = None,
    *,
    text_only: bool = False,
    data: pd.DataFrame | None = None,
) -> Verification:
    """Check a receipt: recompute its observations and match its text to them.

    Parameters
    ----------
    receipt : dict, Explanation, Answer or path
        What to check.
    bundle : Bundle or path, optional
        Where to recompute. By default the path the receipt records, opened only if its fingerprint is the recorded one.
    text_only : bool
        Check the text against the observations the receipt carries, without a bundle.
    data : DataFrame, optional
        The table that a question was asked about, where it was not the bundle's own. By default the file that the
        receipt records, if it is there and its digest is the recorded one; the answer is not `complete` otherwise.

    Returns
    -------
    Verification
        `complete` only where the observations were recomputed.

    Raises
    ------
    ReceiptError
        If the receipt cannot be read, or a bundle is needed and not at hand.
    """
    raw = _raw(receipt)
    made = parse(raw)
    opened = None if text_only else _open(bundle, made)
    check: AnswerChecks | _ExplanationChecks
    check = AnswerChecks(made, opened, data) if isinstance(made, Answer) else _ExplanationChecks(made, opened)
    try:
        check.content()
        if not isinstance(receipt, Explanation | Answer) or receipt.digest is not None:
            check.seal(raw)
    except _MALFORMED as error:
        check.failures.append(Failure(where="observations", expected="facts for every statement", found=str(error)))
    return Verification(ok=not check.failures, complete=check.complete, checked=check.count, failures=check.failures)


def _raw(receipt: Mapping[str, Any] | Explanation | Answer | str | Path) -> Mapping[str, Any]:
    if isinstance(receipt, Explanation | Answer):
        return receipt.model_dump(mode="json")
    return receipt if isinstance(receipt, Mapping) else read(Path(receipt))


def _open(bundle: Bundle | str | Path | None, explanation: Explanation | Answer) -> Bundle:
    if isinstance(bundle, Bundle):
        return bundle
    if bundle is not None:
        return Bundle.load(bundle)
    recorded = explanation.bundle
    if recorded is None:
        raise ReceiptError("The receipt was made without a bundle.", hint="Check it with text_only (--text-only).")
    if "path" not in recorded:
        raise ReceiptError("The receipt does not record where its bundle is.", hint="Give the bundle (--bundle).")
    try:
        return Bundle.load(str(recorded["path"]), sha256=str(recorded.get("sha256")))
    except BundleError as error:
        raise ReceiptError(
            f"The bundle the receipt records cannot be used: {error.message}",
            hint="Give the bundle (--bundle), or check the text alone (--text-only).",
        ) from error


class _ExplanationChecks(Checks):
    """Checks of an explanation."""

    def __init__(self, explanation: Explanation, bundle: Bundle | None) -> None:
        super().__init__()
        self._explanation, self._bundle = explanation, bundle

    def content(self) -> None:
        """Check the observations, then what is told about them."""
        explanation, bundle = self._explanation, self._bundle
        self.complete = bundle is not None
        if bundle is None:
            self.carried(explanation)
        else:
            self.recomputed(explanation, bundle)
        self.told(explanation)

    def seal(self, raw: Mapping[str, Any]) -> None:
        """Check form, recorded outcome and digest."""
        self.sealed(raw, self._explanation, complete=self._explanation.bundle is not None)

    # -- the observations --------------------------------------------------------------------------------------------

    def recomputed(self, explanation: Explanation, bundle: Bundle) -> None:
        """Run every call again on the bundle."""
        self.equal("bundle.sha256", bundle.sha256, (explanation.bundle or {}).get("sha256"))
        try:
            row = bundle.schema.check_row(explanation.row)
        except TallystickError as error:
            self.failures.append(Failure(where="row", expected=str(error), found=explanation.row))
            return
        self.expect("row", canonical(row) == canonical(explanation.row), row, explanation.row)
        toolbox = Toolbox(bundle, row)
        for number, seen in enumerate(explanation.observations, start=1):
            self.equal(f"observations.{number - 1}.id", f"t{number}", seen.id)
            self.rerun(toolbox, seen)

    def carried(self, explanation: Explanation) -> None:
        """Check what can be checked without the bundle: identifiers, sums, and the calculations."""
        toolbox = Toolbox(None, explanation.row)
        for number, seen in enumerate(explanation.observations, start=1):
            self.equal(f"observations.{number - 1}.id", f"t{number}", seen.id)
            if seen.tool == "calculate":
                self.rerun(toolbox, seen)
            else:
                toolbox.observations.append(seen)
            if seen.tool == "explain" and seen.result is not None:
                self._explained(seen, explanation.row)
            if seen.tool == "feature_stats" and seen.result is not None and "value" not in seen.args:
                self._placed(seen, explanation.row)
            if seen.tool == "probability":
                within = all(0 <= p <= 1 for p in (seen.result or {}).values())
                self.expect(f"{seen.id} (range)", within, "probabilities from 0 to 1", seen.result)

    def _explained(self, seen: Observation, row: Mapping[str, Any]) -> None:
        """Check order, sum and values of contributions against each other and the row."""
        result, features = seen.result or {}, (seen.result or {}).get("features", [])
        absolute = float(result["absolute"]) or 1.0
        ranked = sorted(
            range(len(features)), key=lambda i: (-abs(round(features[i]["contribution"] / absolute, 12)), i)
        )
        self.equal(f"{seen.id}.features", ranked, [entry["rank"] for entry in features])
        listed = sum(abs(entry["contribution"]) for entry in features)
        self.expect(f"{seen.id}.absolute", listed <= absolute * (1 + 1e-6), f"at least {listed}", result["absolute"])
        for entry in features:
            name = entry["feature"]
            self.expect(f"{seen.id}.{name}", same(row.get(name), entry["value"], 0.0), row.get(name), entry["value"])

    def _placed(self, seen: Observation, row: Mapping[str, Any]) -> None:
        """Check that the value placed is the row's, and its distance from the mean."""
        result = seen.result or {}
        name, value, overall = result.get("feature"), result.get("value"), result.get("overall", {})
        self.expect(f"{seen.id}.value", same(row.get(str(name)), value, 0.0), row.get(str(name)), value)
        if result.get("z_score") is not None:
            z_score = (float(result["value"]) - overall["mean"]) / overall["std"]
            self.expect(f"{seen.id}.z_score", same_number(z_score, result["z_score"], 1e-3), z_score, result["z_score"])

    # -- the decision and the text -----------------------------------------------------------------------------------

    def told(self, explanation: Explanation) -> None:
        """Check the decision and the text against the observations."""
        evidence = Evidence(explanation.observations, explanation.decision.model_dump())
        self._decision(explanation, evidence)
        said: list[list[Claim]] = []
        top, listed = int(evidence.explained.args["top"]), len((evidence.explained.result or {})["features"])
        fewer = (evidence.explained.result or {}).get("estimated", False)  # what its error hides is not listed
        self.expect("explain.top", top <= listed or fewer, f"at most {listed}", top)
        for number, step in enumerate(explanation.steps):
            offers = plan.choices(said, evidence, top)
            kinds = " or ".join(map(_kinds, offers)) or "no further step"
            claims = [claim for claim in step.claims if is_claim(claim)]
            if step.style == "prose":
                cores = [plan.core(offer) for offer in offers]
                self.expect(f"steps.{number}.claims", claims in cores and bool(claims), kinds, _kinds(claims))
                self._prose(f"steps.{number}", step, claims, evidence)
            else:
                self.expect(f"steps.{number}.claims", step.claims in offers, kinds, _kinds(claims))
                self._step(f"steps.{number}", step, claims, said[-1] if said else (), evidence)
            said.append(claims)
        missing = plan.choices(said, evidence, top)
        self.expect(f"steps.{len(said)}", not missing, " or ".join(map(_kinds, missing)), NOTHING)
        self.equal("text", assemble([step.text for step in explanation.steps]), explanation.text)
        self.equal("writer", writer_of(explanation.steps), explanation.writer)

    def _decision(self, explanation: Explanation, evidence: Evidence) -> None:
        probabilities = evidence.find("probability")[-1].result or {}
        self.equal("probabilities", probabilities, explanation.probabilities)
        said = explanation.decision
        mode = said.counted if said.llm is not None else "predictor"
        label, decision = decide(
            probabilities, said.llm_probabilities, said.weight, mode, said.abstain_below_probability
        )
        if explanation.bundle is not None:
            self.equal("probabilities (sum)", 1.0, round(sum(explanation.probabilities.values()), 6))
            self.equal("decision", decision.model_dump(), said.model_dump())
            self.equal("label", label, explanation.label)
        else:
            self.equal("decision", Decision(predictor=explanation.label).model_dump(), said.model_dump())
        if said.llm_probabilities is not None:
            own = said.llm_probabilities
            fits = set(own) == set(probabilities) and all(0 <= p <= 1 for p in own.values())
            self.expect("decision.llm_probabilities", fits, f"one for each of {list(probabilities)}", own)
            self.equal("decision.llm_probabilities (sum)", 1.0, round(sum(own.values()), 6))
        if explanation.llm is None:
            self.equal("decision.llm", None, said.llm)
            self.equal("writer", "rule", explanation.writer)
        self.equal("label (explained)", evidence.label, explanation.label)
        for call in evidence.find("predict"):
            self.equal("decision.predictor", (call.result or {}).get("label"), said.predictor)

    def _prose(self, where: str, step: Step, claims: Sequence[Claim], evidence: Evidence) -> None:
        """Read a sentence in free words again: all of it understood, all of it true, nothing left out."""
        for number, claim in enumerate(claims):
            self.expect(f"{where}.claims.{number}", holds(claim, evidence), "a true claim", claim.model_dump())
        reading = read_words(step.text, evidence)
        self.equal(
            f"{where}.claims",
            [assertion.model_dump(mode="json") for assertion in reading.assertions],
            [claim.model_dump(mode="json") for claim in step.claims[len(claims) :]],
        )
        wrong = findings(step.template, claims, reading, evidence)
        self.expect(f"{where}.text (read)", not wrong, "a true sentence", wrong or step.text)
        cites = cited(step.template, reading)
        self.equal(f"{where}.text", render(step.template, evidence, cites), step.text)
        self.equal(f"{where}.citations", cites, step.citations)

    def _step(
        self, where: str, step: Step, claims: Sequence[Claim], previous: Sequence[Claim], evidence: Evidence
    ) -> None:
        for number, claim in enumerate(claims):
            self.expect(f"{where}.claims.{number}", holds(claim, evidence), "a true claim", claim.model_dump())
        said = wordings(claims, evidence, previous)
        self.expect(f"{where}.template", step.template in said, "one of the wordings of its claims", step.template)
        self.equal(f"{where}.text", render(step.template, evidence), step.text)
        self.equal(f"{where}.citations", citations(step.template), step.citations)


def _kinds(claims: Sequence[Claim]) -> str:
    """Name claims for a message: their kinds, and the features they are about."""
    named = (f"{claim.kind} ({claim.feature})" if isinstance(claim, Contribution) else claim.kind for claim in claims)
    return " + ".join(named) or NOTHING
