"""The metrics by name: what each says, in which group it stands, and whether more of it is better.

Each is defined where it is computed: `tools.metrics` and `summary` (decision, cost), `faithfulness`, `citing`,
`failures`, `usefulness`.
"""

__all__ = ["ABOUT", "BETTER", "GROUPS", "METRICS"]

_PARTS = {"rank": "rank", "sign": "direction", "value": "value"}
_FORMS = {
    "published": "of the first {k} features named, those with the right {part}; what is not said does not count",
    "strict": "of the {k} largest contributions, those told with the right {part}; too many are wrong, too",
}
GROUPS: dict[str, dict[str, str]] = {
    "decision": {
        "accuracy": "share of rows with the right label",
        "auc": "area under the ROC curve of the method's own probabilities",
        "log_loss": "mean negative log-probability of the true label, nats",
        "brier": "mean squared distance of the probabilities to the true label",
        "ece": "expected calibration error, ten bins",
        "agreement": "share of rows with the predictor's label",
        "selective_accuracy": "accuracy on the 80% of rows with the highest probability",
    },
    "faithfulness": {
        **{
            f"{part}_accuracy_{form}_k{k}": about.format(k=k, part=name)
            for form, about in _FORMS.items()
            for k in (4, 8)
            for part, name in _PARTS.items()
        },
        "value_coverage": "of the 4 largest contributions, those told with a value, right or wrong",
        "fully_faithful": "texts with rank, direction and value right (strict, 4) and nothing false or invented",
    },
    "citations": {
        "citation_recall": "share of sentences that are supported by what they cite",
        "citation_precision": "share of citations that their sentence needs",
    },
    "failures": {
        "label_only": "share of texts that say no more than the label",
        "echo": "share of texts of which at least half stands in the question",
        "invented_numbers": "share of texts with a number that is no fact of what it is said of",
        "false_comparisons": "share of texts with a comparison that is not true",
        "contradiction": "share of texts that say another answer than the one they explain",
    },
    "usefulness": {
        "completeness": "share of all contributions, by size, that are named with the right direction",
        "conciseness": "true ranks, directions and values per 100 words",
        "readability": "Flesch reading ease",
        "repetition": "share of a text's runs of four words that stand in other rows' texts, numbers left blank",
        "simulatability": "mean of the two that follow",
        "simulated_label": "share of answers that a reader guesses from the reasons alone, by a fixed rule",
        "simulated_change": "share of effects of a change of one of the 4 largest that such a reader foresees",
        "simulated_by_model": "share of answers that the language model guesses from the reasons alone",
        "simulated_change_by_model": "share of changes of the strongest feature that the language model foresees",
    },
    "style": {
        "words": "words of a text",
        "sentence_words": "words of a sentence",
        "variety": "different words among 50 in a row",
        "openings": "share of sentences that begin like no other",
        "connectives": "words such as because, but, also per sentence",
    },
    "cost": {
        "tokens": "tokens that the model read anew or chose, per row",
        "forward_passes": "tokens that the model chose, each a pass of its own, per row",
        "seconds": "time of a row",
        "memory": "memory of the program and its model, MiB",
    },
}
ABOUT: dict[str, str] = {name: about for group in GROUPS.values() for name, about in group.items()}
METRICS = list(ABOUT)
_LESS = {*GROUPS["failures"], *GROUPS["cost"], "log_loss", "brier", "ece", "repetition"}
# +1 where more is better, -1 where less is, 0 where it is a matter of taste.
BETTER = {name: -1 if name in _LESS else 0 if name in {"words", "sentence_words"} else 1 for name in METRICS}
