"""Words that hold phrases together, and ``filler``: words that change nothing in what a sentence asserts."""

from typing import Any

from agent.explanation.parsing.words.inflect import verbs

__all__ = ["GLUE"]

_THIS = "(this|the|our)( (particular|given|present|same))?"
_WHO = "(row|case|sample|example|observation|record|instance|specimen|person|patient|customer|employee|individual|client|applicant|object|item|animal|card ?holder|passenger|data ?point)"
_TRULY = "indeed|clearly|notably|interestingly|importantly|remarkably|unsurprisingly|surprisingly|evidently|obviously|of course|in fact|actually|admittedly|strikingly|tellingly|in particular|specifically|in detail|effectively|ultimately|essentially|basically|broadly speaking|generally|crucially|curiously|ironically|funnily enough|to be fair|in other words|put differently|put simply|simply put|that said|having said that|by the way|needless to say|as expected|as it happens|no wonder|sure enough|in short|in brief|in summary|in sum|in all|all in all|taken as a whole|on the whole|by comparison|at the same time|meanwhile|besides|what is more|what's more|for comparison|for reference|for context|for its part|for instance|first and foremost|above all(?! (other|the|training|rows))|most importantly|in terms of size|by size|in absolute terms|in absolute value|by absolute value|in magnitude|by magnitude|numerically|statistically"

GLUE: list[tuple[str, Any, str]] = [
    ("not", None, "not|n't|never|doesn't|does not|do not|don't|isn't|is not|are not|aren't|cannot be said to|didn't|did not|wasn't|was not|weren't|were not|fails? to|failed to|failing to|rather than|instead of|cannot|can't|hasn't|has not|haven't|have not|without|neither is it|by no means"),
    ("neither", None, "neither"),
    ("be", None, "is|are|was|were|be|being|been|" + verbs("lie sit stand fall remain stay rest read amount equal land measure register clock") + "( at)?|(amount|read|come)(s|ing)? to|comes?( out| in| to)?( at)?|came( out| in)?( at)?|lying|lay|fell|stood|sat|=|(has|have) been|turns? out( to be)?|works? out( at| to)?|happens? to be|placed|located|positioned|situated|(puts|places|putting|placing) (it|this value|" + f"{_THIS} {_WHO}" + ")|occurs?|occurring|found|appl(y|ies)( to)?|(is|are) the case|appears( to be)?|seems( to be)?|totals|totalling"),
    ("of", None, "of|at|with|from|on|to|with an?|equal to|as"),
    ("do", None, "do|does|did"),
    ("onavg", None, "on average|typically|as a rule|tends? to( have)?"),
    ("respectively", None, "respectively"),
    ("alone", None, "alone|by itself|on its own|all by itself"),
    ("by", None, "by|by as much as|by a margin of|by some"),
    ("for", None, "for|among|amongst|amid|in|within|across|over|inside|throughout|when it comes to|in the case of|((typically |usually |commonly )?(seen|found|recorded|observed|reported|measured) (in|among|for|across|within|with|by))|shared by|held by|from among|out of"),
    ("whose", None, "whose|with its|and its"),
    ("and", None, "and|as well as|plus|along with|together with|both|and also|and likewise|&"),
    ("or", None, "or|nor"),
    ("but", None, "but|while|whereas|although|though|even though|despite|in spite of|however|yet|even if|whilst|albeit|on the other hand|on the one hand|in contrast|by contrast|nevertheless|still|nonetheless|but also|notwithstanding|even so|conversely|regardless"),
    ("so", None, "so|therefore|thus|hence|because|since|which means( that)?|meaning( that)?|which (suggests|indicates|shows|implies|reflects)( that)?|as a result|consequently|accordingly|indicating( that)?|suggesting( that)?|implying( that)?|showing( that)?|reflecting( that)?|thereby|given that|so that|due to|thanks to|owing to|because of|based on|on the basis of|as(?= (it|its|the|they|this|their))"),
    ("which", None, "which|what|that|who|it|this|and it|where it|where|why|they|them|as (it|they) (is|are)|the remaining|each of them|both of them|these|the former and the latter|each|it all|this (feature|value|variable|measurement|factor)|these (two )?(features|values)|both features|the two features|whom|of which|doing so|one that"),
    ("stop", None, ";"),
    ("comma", None, "[,:]|[–—](?! ?[-+.0-9])|(?<= )--?(?= )(?! [-+.0-9])"),
    ("open", None, "[(\\[]"),
    ("close", None, "[)\\]]"),
    ("filler", None, f"-(?! ?[.0-9])|({_TRULY})(,|(?= ))|{_THIS} {_WHO}('s)?(?! of)|((for|of|in|with) {_THIS} {_WHO})"),
    ("filler", None, "first,|next,|on this evidence|against that,|by these probabilities|in odds,|weighing all of this,|in which it is known|on balance|overall,|overall conclusion|clearly,"),
    ("filler", None, "only(?= with a prob)|((based on|given) the (given|provided|available) (features|data|values|information)|for the given (data|row))|the|further|a|an|its|his|her|their|our|we see that|we can see that|one can see that|note that|it (is|should be) (worth noting|noted|clear|evident) that|the fact that|the data show that|also|itself|himself|here|very|indeed|then|there|in turn|likewise,|moreover|furthermore|additionally|in addition|finally|firstly|lastly|secondly|first of all|in conclusion|to conclude|to sum up|in this (row|case|sample|instance|prediction)|in the training (set|data)|on the training data|especially|row|such|rather|simply|quite|really|therefore,|thus,|value of the feature|feature called|feature named|variable called|called|namely|has a|have a|i\\.e\\.|that is,|single|unit|units|step|listed|each with|of its own"),
    ("filler", None, "(of|for|by|in|according to) the (model|classifier|predictor)|(of|by) (this|the) feature|(this|the) feature(?= [\"“'a-z])|attribute|variable|{_THIS} {_WHO}'s(?= )"),
    ("filler", None, "(units?)(?= (above|below|longer|shorter|heavier|lighter|more|less|higher|lower))"),
]  # fmt: skip
