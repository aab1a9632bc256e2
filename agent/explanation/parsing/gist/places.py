"""The gist of comparisons: where the row's values lie among others."""

from typing import Any

from agent.explanation.parsing.assertions import Number
from agent.explanation.parsing.gist.state import State
from agent.explanation.parsing.grammar import Statistic
from agent.explanation.parsing.said import STATISTICS, Said, reached

__all__ = ["Places"]


class Places(State):
    """Takes up what is above or below statistics, numbers and other rows."""

    def _at_rel(self, at: int, relation: str) -> None:
        if relation not in {"above", "below", "equal", "same"} or self._denied(at):
            return
        relation = "equal" if relation == "same" else relation
        every = False
        for n, word in enumerate(self._words[at + 1 : at + 7], start=at + 1):
            every |= word.kind == "quantity" and word.value.value == 100
            if word.kind == "statq" and word.value.name in STATISTICS:
                self._placed(n, relation, word.value)
                return
            if every and word.kind in {"group", "label", "rows"} and relation != "equal":
                self._lying(relation, {"above": "max", "below": "min"}[relation], self._group_at(n))
                return
            if word.kind == "num":
                groups = [at for at in range(n + 1, min(n + 4, len(self._words))) if self._words[at].kind == "group"]
                over = reached(relation, word.value) if word.value.percent or groups else "number"
                self._lying(relation, over, self._group_at(groups[0]) if groups else "")
                return
            if word.kind not in {"of", "for", "be", "quantity", "which", "value", "unknown", "num"}:
                return
        if every and relation != "equal":  # *longer than any*
            self._lying(relation, {"above": "max", "below": "min"}[relation], "")

    def _at_be(self, at: int, _: Any) -> None:
        """Take *is higher than 84.5%* as where the value lies, and *than all 285 rows labelled ill* too."""
        number = self._words[at + 1].value if self._kind(at + 1) == "num" else None
        if not isinstance(number, Number) or number.bound not in {"over", "under"} or self._denied(at):
            return
        relation = "above" if number.bound == "over" else "below"
        group = self._kind(at + 2) in {"group", "rows"}
        over = "rows" if group or number.percent else "number"
        self._lying(relation, over, self._group_at(at + 2) if group else "")

    def _at_statq(self, at: int, statistic: Statistic) -> None:
        """Take *, which is the maximum* as where the value lies."""
        before = [word.kind for word in self._words[max(0, at - 2) : at]]
        if before == ["which", "be"] and statistic.name in {"min", "max"} and self._topic:
            self._found.append(Said("order", self._topic[-1], "equal", statistic.name))

    def _at_amount(self, at: int, relation: str) -> None:
        """Take *under the lower quartile* as below it."""
        if self._kind(at + 1) == "statq":
            self._at_rel(at, relation)

    def _at_factor(self, at: int, factor: Number) -> None:
        """Take *three times the mean* as above it, and *half the mean* as below."""
        for n, word in enumerate(self._words[at + 1 : at + 4], start=at + 1):
            if word.kind == "statq" and word.value.name in STATISTICS and factor.value != 1:
                self._placed(n, "above" if factor.value > 1 else "below", word.value)
                return
            if word.kind not in {"of", "be"}:
                return

    def _at_quantity(self, at: int, share: Number) -> None:
        """Take *less than half the mean* as below it."""
        if share.percent and 0 < share.value < 100 and [w.kind for w in self._words[at + 1 : at + 2]] == ["statq"]:
            self._placed(at + 1, "below", self._words[at + 1].value)

    def _at_zscore(self, at: int, _: Any) -> None:
        number = self._after(at, {"num"}, {"of", "be"})
        if isinstance(number, Number) and number.value:
            after = self._words[at + 1 : at + 6]
            groups = [w.value for w in after if w.kind == "label"]
            self._lying("above" if number.value > 0 else "below", "mean", groups[0] if groups else "")

    def _at_cmp(self, at: int, relation: str) -> None:
        """Take *hardly any row has a lower one* as where the row's own value lies."""
        before = self._words[max(0, at - 6) : at]
        shares = [w.value for w in before if w.kind in {"num", "quantity"} and getattr(w.value, "percent", False)]
        groups = [n for n in range(max(0, at - 6), at) if self._words[n].kind in {"group", "rows"}]
        if shares and groups and relation in {"above", "below"}:
            other = {"above": "below", "below": "above"}[relation]
            feature = next((w.value for w in self._words[at + 1 : at + 4] if w.kind == "subj"), None)
            self._topic = feature.features if feature is not None else self._topic
            self._lying(other if shares[-1].value >= 50 else relation, "rows", self._group_at(groups[-1]))

    def _group_at(self, at: int) -> str:
        word = self._words[at]
        return str(word.value[0] or "") if word.kind == "group" else str(word.value) if word.kind == "label" else ""

    def _lying(self, relation: str, over: str, group: str) -> None:
        self._found += [Said("order", feature, relation, over, group) for feature in self._topic]

    def _placed(self, at: int, relation: str, statistic: Statistic) -> None:
        """Say where values lie; not where the rows that are meant are not understood: *the mean of the leavers*."""
        following = self._words[at + 1 : at + 5]
        if following[1:2] and following[1].kind == "subj":  # *the mean value for age for ill ones*
            following = following[2:]
        kinds = [word.kind for word in following[:2]]
        if not statistic.labels and kinds in (["of", "unknown"], ["for", "unknown"]):
            return
        meant = (str(following[1].value),) if kinds in (["of", "label"], ["for", "label"]) else ("",)
        groups = statistic.labels or meant
        for feature in self._topic:
            self._found += [Said("order", feature, relation, statistic.name, group or "") for group in groups]
