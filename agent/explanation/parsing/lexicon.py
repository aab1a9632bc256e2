"""The words the claim parser knows, each with its kind and what it stands for. A word that is not here is not understood.

An entry is a regular expression over lower-case text. Kinds are what the grammar's rules are written in; ``filler`` is the
kind of words that change nothing in what a sentence asserts.
"""

import re
from typing import Any

__all__ = ["LEXICON", "NUMBER_WORDS", "ORDINALS"]

NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    )
}
ORDINALS = {
    word: rank
    for rank, words in enumerate(
        [
            ("first", "1st"), ("second", "2nd"), ("third", "3rd"), ("fourth", "4th"), ("fifth", "5th"),
            ("sixth", "6th"), ("seventh", "7th"), ("eighth", "8th"), ("ninth", "9th"), ("tenth", "10th"),
        ]
    )
    for word in words
}  # fmt: skip

_MODEL = "(the )?(model|classifier|predictor|algorithm)"
_RESULT = (
    "((the|this|its|model.s|final|overall|predicted|classifier.s) )*"
    "(prediction|classification|score|result|outcome|decision|verdict|scales?|needle|answer|log-odds|margin)"
)
_MORE = "(pushe?|push|move|pull|shift|nudge|tip|lean|drive|steer|sway|swing|point|tilt|bring|lead)(s|es|ing|ed)?"
_WHO = "people|person|patient|customer|client|employee|applicant|individual|tumou?r|animal|item|object|loan|house|card ?holder|persons|patients|customers|clients|employees|applicants|individuals|tumou?rs|animals|items|objects|loans|houses|card ?holders"
_HOW = "(strongly |clearly |slightly |firmly |mildly |heavily |further |also |strong |clear |a little |somewhat )*"

# kind, value, patterns
_ENTRIES: list[tuple[str, Any, str]] = [
    # -- statistics and groups of rows
    ("stat", "mean", "mean|average|mean value|average value|means|averages|mean level"),
    ("stat", "median", "medians?|median value|middle value"),
    ("stat", "min", "minimum( value)?|min|(smallest|lowest) value( seen| recorded| observed| found)?"),
    ("stat", "max", "maximum( value)?|max|(largest|highest) value( seen| recorded| observed| found)?"),
    ("stat", "q1", "first quartile|lower quartile|25th percentile|q1"),
    ("stat", "q3", "third quartile|upper quartile|75th percentile|q3"),
    ("stat", "std", "standard deviation"),
    ("range", "range", "(whole |observed |entire |full )?range( observed| seen| of values)?|interval"),
    ("iqr", "iqr", "inter-?quartile range|middle half|middle fifty per ?cent"),
    ("rows", None, f"training [a-z]+s|training row|(training )?({_WHO}|rows|cases|samples|examples|observations|records|instances|data points)"),
    ("rows", None, "training (set|data|table|sample)|(data ?set|data|population|table)"),
    ("row1", None, "(this|the) (row|case|sample|example|observation|record|instance|data point)"),
    ("labels", None, "labels|classes|species|groups|label"),
    ("overall", None, "overall|whole|entire|full|general"),
    ("labelled", None, "labell?ed( as)?|with (the |a )?(true )?label|of (the )?class"),
    ("neighbours", None, f"((most similar|nearest|closest|similar) )+(training )?(neighbou?rs|rows|cases|examples|{_WHO})|neighbou?rs|nearest neighbou?rs"),
    # -- comparing
    ("rel", "above", "above|higher than|greater than|larger than|bigger than|exceed(s|ing|ed)?|surpass(es|ing)?|tops|longer than|deeper than|heavier than|older than|beyond"),
    ("rel", "below", "below|lower than|smaller than|beneath|shorter than|shallower than|lighter than|younger than|falls? short of|short of"),
    ("amount", "above", "more than|over|upwards of|in excess of"),
    ("amount", "below", "less than|fewer than|under"),
    ("amount", "least", "at least|no less than|not less than"),
    ("amount", "most", "at most|no more than|not more than|up to"),
    ("rel", "equal", "close to|near|(about |roughly |approximately |nearly |almost |practically )?(the same as|equal to|identical to|level with)|in line with|similar to|comparable to|around|on a par with|right at|almost exactly"),
    ("deg", "well", "well|far|much|way|considerably|substantially|significantly|markedly|comfortably|clearly|a lot|greatly|notably|distinctly|noticeably"),
    ("deg", "slightly", "(only |just )?(slightly|marginally|a little|a bit|a touch|narrowly|a whisker|a shade|barely|somewhat|a fraction)|just|only just"),
    ("approx", "about", "about|around|roughly|approximately|some|circa|~|≈|close to|approx"),
    ("approx", "nearly", "nearly|almost|just under|just below|not quite|close on|a little under|just short of"),
    ("approx", "just over", "just over|a little over|just above|a good"),
    ("approx", "exactly", "exactly|precisely"),
    ("approx", "is", "only|just|fully|a full|no more than just|a mere|merely"),
    ("times", 2.0, "twice|double|doubles|two times"),
    ("times", 3.0, "triple|thrice|three times"),
    ("times", 0.5, "half|half of"),
    ("multiple", None, "times|fold"),
    ("than", None, "than|compared (to|with)|versus|vs\\.?|relative to"),
    ("as", None, "as (much|large|high|big|strongly|far|strong|long|heavy|deep|many) as"),
    ("closer", None, "(closer|nearer) to"),
    ("percentile", None, "percentile"),
    ("z", None, "standard deviations?|std(ev)?s?|sds?|sigmas?"),
    ("zscore", None, "z-?score|z"),
    # -- level of a value
    ("level", "very high", "(very|extremely|unusually|exceptionally|remarkably|particularly) (high|large|big)"),
    ("level", "very low", "(very|extremely|unusually|exceptionally|remarkably|particularly) (low|small)|tiny|minuscule"),
    ("level", "high", "high|large|elevated|on the high side|fairly (high|large)|quite (high|large)|relatively (high|large)"),
    ("level", "low", "low|small|on the low side|fairly (low|small)|quite (low|small)|relatively (low|small)"),
    ("level", "typical", "typical|normal|ordinary|unremarkable|nothing special|nothing unusual|common|average-looking|middling|in the middle"),
    ("level", "unusual", "unusual|extreme|rare|exceptional|atypical|unheard of"),
    # -- effects
    ("effect", 1, f"{_HOW}(support|favou?r|back|promote|endorse)(s|ing|ed)?( for)?|{_HOW}(argu|speak|count|work|act)(s|es|ing|e|ed)? {_HOW}(in favou?r of|for|towards?)"),
    ("effect", 1, "helps?( the case for| towards)?"),
    ("effect", 1, "(lend|give|provide|offer|add)(s|ing)? (modest |strong |some |clear |weak |further |additional )*(support|weight|evidence) (to|for)"),
    ("effect", 1, f"{_HOW}{_MORE} ({_RESULT} )?({_HOW})(towards?|to|in favou?r of)|(is|are|as|being) {_HOW}(evidence|reason|argument|support|indication) (for|of)|in favou?r of|towards?|in support of|{_HOW}(rais|increas|boost|lift)(es|ing|ed|e) {_RESULT} (of|for)"),
    ("effect", 1, f"{_HOW}(increas|rais|lift|boost|rais|add|strengthen)(es|s|ing|e|ed)?( to)? ({_RESULT} |(the )?(probability|chance|likelihood|odds|case) )*(of|for|towards?)"),
    ("effect", -1, "off"),
    ("mostfor", 1, "(speak|count|argue|weigh|do|work)e?s?( the)? most (for|in favou?r of|towards?)"),
    ("mostfor", -1, "(speak|count|argue|weigh|do|work)e?s?( the)? most against"),
    ("effect", -1, f"{_HOW}(argu|speak|count|work|weigh|act|go|push|pull|point)(s|es|ing|e|ed)? {_HOW}against|{_HOW}(oppose|contradict)(s|ing|ed)?|against"),
    ("effect", -1, f"{_HOW}{_MORE} ({_RESULT} )?({_HOW})away from|(is|are|as|being) {_HOW}(evidence|reason|argument) against|away from"),
    ("effect", -1, f"{_HOW}(decreas|lower|reduc|weaken|drag|diminish)(es|s|ing|e|ed)?( down)? ({_RESULT} |(the )?(probability|chance|likelihood|odds|case) )*(of|for|from|away from)"),
    ("result", None, f"{_RESULT}( itself)?|(that|this|the predicted|the final|the assigned) (label|class|prediction|outcome|result|species)|it being"),
    ("sameway", None, "in the same direction|(pull|point|push|go|work)(s|es)? (in )?the same (way|direction)"),
    # -- contributions
    ("contrib", None, "(absolute )?(contribution|influence|effect|impact|weight|pull|push|role|say)"),
    ("contributes", None, "contribut(es|ing|ed|e)|add(s|ing|ed)?|matters?|weighs?|counts?|chip(s|ping) in|takes?|count(s|ing)?|worth"),
    ("makes", None, "makes?|making|has|have|having|had|carr(y|ies)|gives?|provid(es|ing|e)|shows?|accounts? for|is responsible for|makes? up|bear|holds?|with"),
    ("drivers", None, "features|factors|reasons|drivers|arguments|predictors|variables|contributors|contributions|measurements"),
    ("driver", None, "(single )?(feature|factor|driver|influence|predictor|variable|contributor|signal|measurement)"),
    ("driver", "for", "(single )?(reason|argument|support|evidence|piece of evidence)"),
    ("sup", 0, "(most|single most) (influential|important|decisive|relevant|powerful)|largest|biggest|strongest|greatest|highest|top|main|leading|dominant|primary|heaviest|number one|most|highest-ranked|(single )?(largest|strongest|biggest)|by far the (largest|strongest|biggest|most important|most influential)|most strongly"),
    ("sup", -1, "least (influential|important|relevant)|smallest|weakest|lowest|least"),
    ("rank", None, "ranks?|ranked|in rank|ranking|place"),
    ("outweighs", "above", "outweigh(s|ing|ed)?|edges? out|beats?|(narrowly |just |well |clearly )?ahead of|(dominat|overshadow)(es|e|s|ed)?|(matters?|contributes?|counts?|weighs?) more than|(is|are) (more|stronger|bigger|larger) (important|influential|relevant)? ?than|(has|have|makes?|with) (a )?(slightly |much |far |somewhat )?(larger|bigger|greater|stronger) (contribution|influence|effect|impact|say)( on| in| for)?( the| this)?( prediction| result)? than|(matters?|counts?|weighs?|contributes?) more (for|to|in) (this|the) (prediction|result) than"),
    ("outweighs", "below", "(matters?|contributes?|counts?|weighs?) less than|(is|are) (less|weaker) (important|influential|relevant) than|(has|have|makes?|with) (a )?(slightly |much |far |somewhat )?(smaller|weaker|lesser) (contribution|influence|effect|impact|say)( on| in| for)?( the| this)?( prediction| result)? than|(matters?|counts?|weighs?|contributes?) less (for|to|in) (this|the) (prediction|result) than"),
    ("side", "for", "positive|supporting|favourable"),
    ("side", "against", "negative|opposing|counter"),
    ("start", None, "starting from|from a base of|added to a base of"),
    ("leads", None, "(bring|lead|take|move)s?( the| its)? (score|log-odds|margin) (of|for)"),
    ("aslikely", None, "as (likely|probable) as"),
    ("base", None, "base( value)?|baseline|starting value"),
    ("total", None, "total|sum|total score|overall score"),
    ("absolute", None, "(the )?(sum of (all )?(the )?absolute contributions|total (absolute )?contribution|absolute total|all (the )?contributions|sum of contributions)"),
    ("together", None, "together|combined|taken together|jointly"),
    # -- labels, probabilities, certainty
    ("prob", None, "(predicted |calibrated |estimated )?(probability|probabilities|likelihood|chances?)"),
    ("prob", None, f"{_MODEL} puts the probability"),
    ("predict", None, f"({_MODEL} )?(predict(s|ed|ing)?|assign(s|ed)?|choos(es)?|arriv(es)? at|settl(es)? on|give[sn]?)( a label of| the label| label)?"),
    ("predict", None, f"(the )?(predicted (label|class)|final (label|class)) (is|was|of)|({_MODEL} )?(is|was|gets?|be) (classified|labell?ed|predicted)( as| to be)?|(classified|predicted)( as| to be)"),
    ("model", None, _MODEL),
    ("sure", "almost certain", "(almost|nearly|virtually|practically|absolutely|extremely|dead|quite|as good as) (certain|sure)|certain|very (sure|confident|certain)|no doubt|near certainty|hardly any (room for )?doubt|highly (certain|confident)|extremely confident"),
    ("sure", "confident", "(so |quite |pretty )?(confident|sure)|confidence|clear(ly)? (prediction|case)"),
    ("sure", "fairly confident", "(fairly|moderately|reasonably|rather) (confident|sure|certain)|leans clearly one way"),
    ("sure", "not sure", "unsure|uncertain|far from (certain|sure)|some doubt|in doubt|tentative"),
    ("sure", "close", "(a )?close call|toss-?up|coin flip|on the fence|borderline"),
    ("likely", 0, "(the )?(most likely|most probable|likeliest)( label| class| species)?"),
    ("likely", 1, "(the )?(second|next)[ -](most likely|most probable|likeliest|best)( label| class| alternative)?|runner-?up"),
    ("likely", -1, "(the )?(least likely|least probable)( label| class)?"),
    ("percent", None, "per ?cent|percent|percentage points?"),
    # -- how many
    ("quant", (100, "is"), "all|every|each|every one|every single|any|both|everything|all of|anything|every one of|each of|any of|every value|any value|all values|either"),
    ("quant", (0, "is"), "no|none|none of|not one|not one of|not a single"),
    ("quant", (50, "over"), "most|most of|the majority|a majority|majority|more than half|the bulk"),
    ("quant", (90, "least"), "(almost|nearly|practically|virtually) (all|every)|the vast majority|nearly everyone"),
    ("quant", (10, "most"), "hardly any|very few|almost no(ne)?|few|only a few|a small minority"),
    ("fraction", (50, 1), "half|one half"),
    ("fraction", (33.333, 1), "a third|one third"),
    ("fraction", (66.667, 1), "two thirds"),
    ("fraction", (25, 1), "a quarter|one quarter"),
    ("fraction", (75, 1), "three quarters"),
    ("fraction", (20, 1), "a fifth|one fifth"),
    ("fraction", (10, 1), "a tenth|one tenth|one in ten"),
    ("fraction", (1, 0.1), "one in a hundred"),
    ("fraction", (0.1, 0.01), "one in a thousand"),
    ("fraction", (20, 1), "one in five"),
    ("fraction", (90, 1), "nine in ten|nine out of ten"),
    ("fraction", (5, 0.5), "one in twenty"),
    ("more", "above", "(is |are )?(more|likelier) (common|frequent|likely|widespread|usual)|likelier"),
    ("more", "below", "(is |are )?(less) (common|frequent|likely|widespread|usual)|rarer"),
    ("ascommon", None, "as (common|frequent|likely|widespread)( as)?"),
    ("cmp", "above", "larger|higher|bigger|longer|greater|more|deeper|heavier|older"),
    ("cmp", "below", "smaller|lower|shorter|fewer|lesser|lighter|younger"),
    ("same", None, "(nearly |almost |practically |virtually |about |roughly |exactly )?(identical|equal|the same|similar|neck and neck|on a par)"),
    ("only", None, "the (only|sole|one)( one)?"),
    ("other", None, "(and )?(the )?(remaining|others?|rest)"),
    ("between", None, "(lies |falls |sits )?(in )?between"),
    ("unanimous", None, "unanimous"),
    # -- glue
    ("not", None, "not|n't|never|doesn't|does not|do not|don't|isn't|is not|are not|aren't|cannot be said to|didn't|wasn't|was not|far from|nowhere near|fails? to|rather than|instead of|no longer"),
    ("neither", None, "neither"),
    ("be", None, "is|are|was|were|be|being|lies?|sits?|stands?|comes?|falls?|remains?|reads?|amounts? to|lying|sitting|falling|standing|stays?|landed|lands?|="),
    ("value", None, "(a )?(value|values|measurement|reading|level)s?"),
    ("of", None, "of|at|with|from|by|on|to|with an?"),
    ("for", None, "for|among|amongst|in|within|across|over|seen (in|among|for)|found (in|among)|recorded (for|in|among)|observed (for|in|among)"),
    ("whose", None, "whose|with its|and its"),
    ("and", None, "and|as well as|plus|along with|both"),
    ("or", None, "or|nor"),
    ("but", None, "but|while|whereas|although|though|even though|despite|however|yet|even if|whilst|albeit|on the other hand|in contrast|by contrast|nevertheless|still|nonetheless"),
    ("so", None, "so|as|therefore|thus|hence|because|since|which means( that)?|meaning( that)?|as a result|consequently|indicating( that)?|suggesting( that)?|thereby"),
    ("which", None, "which|what|that|who|it|this|and it|where it|where|why|they|them|as (it|they) (is|are)|the remaining|each of them|both of them"),
    ("comma", None, "[,;:]|–|—|(?<= )--?(?= )"),
    ("open", None, "[(]"),
    ("close", None, "[)]"),
    ("filler", None, "-|first,|next,|in the same direction,|(this|the) (row|case|sample|example|observation|record|instance)(?! of)|on this evidence|against that,|by these probabilities|in odds,|weighing all of this,|in which it is known|on balance|the|a|an|its|his|her|their|also|too|itself|here|very|indeed|overall,|then|there|in turn|in fact|of course|likewise|similarly|moreover|furthermore|additionally|in addition|finally|firstly|first of all|in conclusion|to sum up|in total|in this (row|case|sample)|for this (row|case|sample)|in the training (set|data)|especially|even|already|this row.s|the row.s|row|again|such|rather|simply|own|actual|clearly,|value of the feature|feature called|called|has a|have a|true|respectively|of the model|for the model|by the model|of the classifier|(of|by) (this|the) feature|(this|the) feature|attribute|((this|the) )?[a-z]+'s(?= )|(for|of) (this|the) (person|patient|customer|employee|individual|client|applicant|object|item|animal)|(this|the) (person|patient|customer|employee|individual|client|applicant|object|item|animal)|unit|single|overall conclusion|step|alone|by itself"),
]  # fmt: skip


def _alternatives(pattern: str) -> list[str]:
    """Split a pattern at the bars that are in no group, so that the longest alternative can be found."""
    depth, parts = 0, [""]
    for letter in pattern:
        depth += (letter == "(") - (letter == ")")
        if letter == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern + r"(?!\w)" if re.search(r"\w", pattern) else pattern)


LEXICON: list[tuple[str, Any, re.Pattern[str]]] = [
    (kind, value, _compiled(part)) for kind, value, pattern in _ENTRIES for part in _alternatives(pattern)
]
