"""The words of questions that decide how names and numbers are meant: denial, supposition, reference, comparison.

Regular expressions over a question in which shorthand is written out (`spelling.py`) and numbers are digits.
"""

import re

__all__ = [
    "ABOUT_DATA",
    "AGAIN",
    "AGAINST",
    "AGED",
    "ALL",
    "ALTERNATIVES",
    "AMONG",
    "ARE",
    "ASKED",
    "CHANGES",
    "CLAUSE",
    "COMPARES",
    "COUNTED",
    "COUNTED_BEFORE",
    "DENIED",
    "DENIED_HERE",
    "DOES",
    "EITHER",
    "ENOUGH",
    "FILLERS",
    "FLIPS",
    "FOR_AFTER",
    "GLUE",
    "GLUE_AFTER",
    "HAVING",
    "ID_WORD",
    "JOINED",
    "LIMIT",
    "LISTED",
    "LISTING",
    "METRICS",
    "MORE_OF",
    "NEGATIVE",
    "NONE_OF",
    "ORDINARY",
    "OTHERS",
    "OWNS",
    "POSITIVE",
    "PREDICTED",
    "SAID",
    "SAYING",
    "SEPARATELY",
    "SINGLE",
    "SUMMARY",
    "SUPPOSED",
    "THESE",
    "THOSE",
    "TOWARDS",
    "TO_COME",
    "TRULY",
    "TURNS",
]

ANY = re.IGNORECASE


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# -- denial ------------------------------------------------------------------------------------------------------------
_NOT = (
    r"not|non|no|except|excluding|leaving out|leave out|ignoring|without|other than|besides|apart from|"
    r"\w+n['’]t|dont|doesnt|isnt|arent|wasnt|werent|didnt|cannot|never|neither|nor|outside"
)
DENIED = re.compile(rf"\b(?:{_NOT}|but)\b|non-", ANY)  # anywhere
DENIED_HERE = re.compile(rf"\b(?:{_NOT}|anything but|all but)\b[\w\s-]{{0,14}}$|non-?$", ANY)  # what follows next
NONE_OF = re.compile(
    r"\b(?:no|non|without|zero|never(?: been| had| got)?|not any|(?:has|have|had)(?:n['’]t| not) (?:any|got any|"
    r"had any)|free of|"
    r"not (?:a|one) single)[\s-]+(?:any\s+|a\s+)?(?:\w+\s+)?$", ANY,
)  # fmt: skip
# a number is 0

# -- what stands between a column and its number -----------------------------------------------------------------------
GLUE = _words(
    "a about above an and are around at be been below between by count cut drops dropped equal equals exactly "
    "exceeding exceeds fewer from goes greater had has have heavier higher in increase increased is its just "
    "larger least less level lighter longer lower lowered maximum minimum mm more most bigger no not of older "
    "only or over put raised reading reduced score set shorter smaller than that the then to under up value was "
    "went were which whose with year years younger"
)
GLUE_AFTER = _words("a extra in more less fewer higher lower of or points")

# -- what a number is --------------------------------------------------------------------------------------------------
ID_WORD = re.compile(
    r"(?:\b(?:row|rows|id|ids|case|cases|record|sample|instance|entry|number|no\.?|nr\.?|num)|#)\s*(?:id|number|no\.?|nr\.?|#)?\s*$",
    ANY,
)
OWNS = re.compile(r"['’]s?\s+[a-z]|s\s+[a-z]", ANY)
AGED = re.compile(r"\b(?:are|aged?|turn(?:s|ed)?)\s+$", ANY)
DOES = re.compile(r"\s+(?:made|had|has|have|were|was|is|did|does|got|gets|became|lost|went|grew|\w{3,}ed)\b", ANY)
COUNTED = re.compile(
    r"[\s-]*(?!the\b|my\b|your\b|this\b)(?:[a-z-]+\s+){0,2}?(?:rows?|people|patients?|features?|reasons?|factors?|examples?|columns?|"
    r"attributes?|drivers?|pairs?|things?|interactions?|mistakes?|errors?|neighbou?rs?|variables?|predictors?|inputs?|causes?|"
    r"contributors?|contributions?|of them|combos?|combinations?|closest|nearest|most|similar|lookalikes?|twins?|"
    r"cases?|entries|"
    r"records|look-?alikes)\b", ANY,
)  # fmt: skip
COUNTED_BEFORE = re.compile(
    r"\b(?:top|first|best|print|fetch|output|strongest|biggest|largest|main|closest|nearest|any|just|show me|show|"
    r"list|give me|"
    r"display|see|find|"
    r"find me|list of|sample of)\s*(?:the\s*)?$", ANY,
)  # fmt: skip
ENOUGH = re.compile(  # "10 of them", "5 max", "three's enough", "2 is fine"
    r"(?:\s+of\s+(?:them|those|these))?\s*(?:['’]s|is|are|will|would)?\s*"
    r"(?:max(?:imum)?|tops|enough|fine|suffice|will do)\b",
    ANY,
)
LIMIT = re.compile(r"\b(?:max(?:imum)?(?: of)?|up to|at most|no more than|not more than)\s*$", ANY)
LISTING = re.compile(r"\b(?:show|list|give|display|print|find|see|pull|fetch|name|similar|closest|nearest|like)\b", ANY)
_CHIEF = (
    r"(?:single|main|chief|key|biggest|strongest|largest|top|best|decisive|most (?:important|decisive|influential))"
)
_ONE = r"(?:reason|factor|driver|cause|feature|column|variable|interaction|pair|partner|combination|argument)\b"
SINGLE = re.compile(rf"\b(?:{_CHIEF}\s+)+(?:\w+\s+)?{_ONE}", ANY)
SUMMARY = re.compile(
    r"\b(?:average|mean|median|range|spread|distribution|typical|minimum|maximum|std|highest|lowest)\b", ANY
)
MORE_OF = re.compile(r"\s+(?:more|fewer|less|extra|additional|times|points|percent|degrees)\b", ANY)
FLIPS = re.compile(
    r"\b(?:flip\w*|turn\w*|chang\w*|differ\w*|instead|mak(?:e|es|ing)|keep|avoid|prevent|become|tweak\w*|needs?|needed|"
    r"takes?|get|switch\w*|alter\w*|counterfactuals?)\b", ANY,
)  # fmt: skip
FOR_AFTER = re.compile(  # a 4 after one of these is short for "for"
    r"\b(?:pred\w*|prob\w*|chances?|risks?|odds|likel\w*|accura\w*|average|mean|median|scores?|auc|recall|precision|f1|reasons?|"
    r"importan\w*|range|labels?|certain|sure|same|count)\s*$", ANY,
)  # fmt: skip

# -- what a column's values are, without a number ---------------------------------------------------------------------
NEGATIVE = re.compile(r"\b(?:negative|below zero)\b", ANY)
POSITIVE = re.compile(r"\b(?:positive|non-?zero|above zero)\b", ANY)
AMONG = re.compile(r"\b(?:among|amongst)\s+(?:the\s+)?$", ANY)
ARE = re.compile(r"\s+ones?\b|(?:\s+and\s+\w+)?\s*(?:\b(?:is|are|was|were)\b|=)", ANY)
HAVING = re.compile(
    r"\b(?:with|have|has|having|had|any|some|contain\w*|mention\w*)\s+(?:a\s+|an\s+|any\s+|some\s+)?(?:\w+\s+)?$", ANY
)

# -- what is supposed, and of whom ------------------------------------------------------------------------------------
CHANGES = re.compile(
    r"\b(?:if|but|suppose|supposing|imagine|assum\w+|say|were|had|instead|would|change\w*|increas\w*|decreas\w*|reduc\w*|rais\w*|lower\w*|"
    r"drop\w*|cut\w*|add\w*|gain\w*|los[et]\w*|set|bump\w*|became|becomes?|older|younger|heavier|lighter|longer|shorter|"
    r"faster|slower|bigger|smaller|warmer|cooler|more|less|went|goes|(?:up|down) by|"
    r"switch\w*|mov\w+|got|get|put|take|give|gave|with)\b|^\W*(?:and |or )?at\b", ANY,
)  # fmt: skip
SUPPOSED = re.compile(
    r"\b(?:if|suppose|supposing|had (?:he|she|it|they)|had been|imagine|assum\w+|were to|instead|^say)\b", ANY
)
TRULY = re.compile(r"\b(?:really|actual\w*|truly|true|real|in fact|in reality|labell?ed|known)\b", ANY)
TO_COME = re.compile(r"\b(?:will|going to|would|could|might|expect\w*|chances?|risks?|likel\w*|odds)\b", ANY)
SAID = re.compile(r"\b(?:predict\w*|you|model|classif\w*|labell?ed)\b", ANY)
PREDICTED = re.compile(
    r"\b(?:predicted|classified|flagged|you (?:say|said|think|thought|call\w*)|model (?:says|thinks|calls)|"
    r"(?:that|which|whom|who|ones) you (?:predict|expect|take|judge|consider|rate|mark))\b",
    ANY,
)
SEPARATELY = re.compile(  # two groups that may be looked at one by one
    r"\b(?:each|both|respectively|separately|whether|which|who|more|less|better|worse|higher|lower|bigger|smaller|[a-z]{2,}ier)\b",
    ANY,
)
ABOUT_DATA = re.compile(r"\s+(?:tables?|data\w*|sets?|columns?|status|labels?|outcomes?|rates?|model)\b", ANY)
TURNS = re.compile(
    r"\b(?:but|although|though|yet|while|whereas|however|nonetheless|and (?:they|it|were|are|went))\b", ANY
)
TOWARDS = re.compile(r"\b(?:speaks?|favou?rs?|towards?|against|argues?)\b", ANY)
SAYING = re.compile(  # right before a label: it is what is said of rows
    r"\b(?:predict\w*|classified|flag\w*|says?|said|call\w*|think\w*|thought|consider\w*|judged?|deem\w*|regard(?:s|ed)?(?=\s+(?:\w+\s+)?as\b)|mistook|mistaken|"
    r"mistak(?:e|ing)(?=\s+(?:\w+\s+)?(?:for|as)\b)|"
    r"(?:you|model|classifier)(?=\s+(?:\w+\s+)?$))\b", ANY,
)  # fmt: skip
THOSE = re.compile(
    r"\b(?:those|them|these|they|their|theirs|that (?:group|one|row|lot)|(?<!do )it|its|he|she|him|her|his|hers|"
    r"there chance)\b",
    ANY,
)
THESE = re.compile(r"\b(?:these|those)\s+$", ANY)  # "those three": the rows of the answer before
OTHERS = re.compile(r"\b(?:others?|rest|everyone else|everybody else|remaining|opposite|all the rest)\b", ANY)
ALL = re.compile(
    r"\bhow many (?!of\b|are\b)\w+ (?:are|were) there\b|"
    r"\b(?:overall|altogether|in total|in general|generally|total|everyone|everybody|whole|all (?:rows|data|"
    r"of you|people|patients))\b",
    ANY,
)
AGAIN = re.compile(
    r"^\W*(?:(?:and|ok|okay|now|so|but|then|also|same|again|what|how|do|does|repeat|redo|it|that|this|the|thing|about|if|only|"
    r"just|too|for|4|with|please)\b\W*)+", ANY,
)  # fmt: skip
FILLERS = _words(
    "again all at aged about do for from group guys her him his in it instead is me not number of ok on one ones "
    "others people please rest row rows same than that the them then there thing this those together too us with "
    "who whole without women men you"
)

# Words of any question that carry no condition.
ORDINARY = _words(
    "anybody anyone arrive asked based before begin case cases certain class classes classification classified "
    "classifier classify come considered decision decisions different effect either general having here hold "
    "holds interact interactions know known label labels lies like making median nonetheless reach reached somebody "
    "someone still table thousand total totally tweak typical used using whether"
)

# -- how many things are asked -----------------------------------------------------------------------------------------
_ASKS = r"(?:what|how|why|which|where|is|are|does|do|did|show|list|tell|give|explain|predict|count)"
CLAUSE = re.compile(
    rf"(?:;|\?|,\s*and\b|\band\b|&|\balso\b|\bthen\b|\bplus\b)\s*(?:and |also |then |tell me |say |on |for |"
    rf"in )*{_ASKS}\b",
    ANY,
)
ASKED = re.compile(
    rf"\b(?:{_ASKS}|predic\w*|prob\w*|chances?|risks?|likel\w*|odds|average|mean|median|accura\w*|number|reasons?|share|percent\w*|f1)\b",
    ANY,
)
COMPARES = re.compile(r"\b(?:versus|compar\w+|than|or|and|against|between|&)(?!\w)", ANY)
AGAINST = re.compile(r"\b(?:versus|compar\w+|against|differ\w*|than)\b", ANY)
JOINED = re.compile(r"[,;&]|\?(?=.*\w)|\b(?:and|or|also|then|plus|versus|than|against|both|each|with|but)\b", ANY)
LISTED = re.compile(r"[\s,/&\"'’-]*(?:\b(?:or|and|a|an|the|either|s)\b[\s,\"'’]*)*")  # between two names of one list
EITHER = re.compile(r"\beither\b.*\bor\b", ANY)
ALTERNATIVES = re.compile(r"\b(?:or|either)\b", ANY)
METRICS = {
    metric: re.compile(rf"\b(?:{pattern})\b", ANY)
    for metric, pattern in {
        "accuracy": r"accura\w*|error rate", "precision": r"precis\w*|prec", "recall": r"recall|sensitiv\w*|rec",
        "specificity": r"specific\w*", "f1": r"f1|f-1|f score|f-score", "roc_auc": r"roc|auc",
        "log_loss": r"log[ -]?loss|cross[ -]?entropy", "brier": r"brier", "ece": r"ece|calibrat\w*",
    }.items()
}  # fmt: skip
