"""Words for labels, probabilities, how sure the predictor is, and how many."""

import re
from typing import Any

from agent.explanation.parsing.words.inflect import verbs

__all__ = ["LABELS", "chooses"]

_MODEL = "((the|our|this) )?(calibrated )?(model|classifier|predictor|algorithm|system)"
_SAYS = (
    verbs(
        "predict assign choose select pick favour favor classify label conclude decide return output report identify flag"
    )
    + "|chose|chosen|gives?|gave|given|arrives? at|settles? on|lands? on|opts? for|comes? down on|says|goes (for|with)"
)
_GIVES = re.compile(r"giv|gave|assigns?$")


def chooses(said: str) -> bool:
    """Tell whether words for an answer choose a label; *gives it* a probability is no choice."""
    return not _GIVES.search(said) or "label" in said


_VERY = "(almost|nearly|virtually|practically|absolutely|extremely|dead|quite|as good as|all but|completely|near|very nearly)"

LABELS: list[tuple[str, Any, str]] = [
    # -- probability
    ("prob", None, "((predicted|calibrated|estimated|model|model.s|associated|corresponding|resulting|class|combined) )*(probability|probabilities|likelihood|chances?|certainty|confidence level)"),
    ("prob", None, f"{_MODEL} (puts|estimates|sets|places) (the )?(probability|chance|likelihood)"),
    # -- the answer
    ("predict", None, f"(({_MODEL}|it) )?((has|have) )?({_SAYS})( (a |the )?(label|class|species|prediction|verdict)( of)?)?( to| as)?"),
    ("predict", None, f"(the )?(predicted |final |assigned |chosen |resulting |model.s )?(label|class|species|outcome) (is|was|of|comes out as|reads)( therefore| thus| clearly| simply)?( label| class)?|(({_MODEL}|it) )?(is|was|gets?|be|been|being) (therefore |thus |clearly )?(classified|labell?ed|predicted|identified|assigned|categori[sz]ed|recogni[sz]ed|deemed|judged|given)( as| to be| to| into| in)?( the)?( label| class)?|(classified|predicted|classif(ies|y|ying)|labell?ing|identif(ies|y|ying))( (this|the) (row|case|sample|example|person|penguin|customer|employee|patient|instance|observation|one)| it)?( as| to be)?( label| class)?"),
    ("predict", None, "(belongs?|belonging) (to|in|under) (the )?((class|category|group|label|species)( of)?)?|(has|have|having|carries|bears) (the|a) (final |predicted )?(label|classification)( of)?"),
    ("model", None, _MODEL),
    ("sure", "almost certain", f"({_VERY} )+(certain|sure|confident|certainty|convinced)|certain|very (sure|confident|certain)|no doubt|near[ -]certainty|(hardly|scarcely|barely) any (room for )?doubt|(highly|extremely|overwhelmingly|exceedingly) (certain|confident|sure)|little (room for )?doubt|beyond doubt|extremely confident|virtual certainty|(very|extremely) (high|great) (confidence|certainty)|overwhelming confidence"),
    ("sure", "confident", "(so |quite |pretty |really )?(confident|sure|clear|clear-cut|convinced|decisive)(?! about what)|(high|strong|great) (confidence|certainty)|confidence|certainty|clear(ly)? (prediction|case|decision)|confidently|with confidence|a comfortable (margin|lead)"),
    ("sure", "fairly confident", "(fairly|moderately|reasonably|rather|somewhat) (confident|sure|certain)|(moderate|reasonable|fair) (confidence|certainty)|leans clearly one way"),
    ("sure", "not sure", "only leans one way|unsure|uncertain|far from (certain|sure|clear-cut)|some doubt|in doubt|tentative|((is|was) )?not (entirely|fully|completely|very|too|particularly|so) (certain|sure|confident)|considerable uncertainty|low (confidence|certainty)|uncertainty"),
    ("sure", "close", "(a )?(close|tight) (call|race|decision)|toss-?up|coin flip|on the fence|borderline|close|a near thing|knife edge"),
    ("likely", 0, "(by far |easily |clearly )?(the )?(most likely|most probable|likeliest)( label| class| species| outcome)?"),
    ("likely", 1, "(the )?((second|next)[ -](most likely|most probable|likeliest|best)|second-most-likely)( label| class| species| alternative| candidate| option| choice)?|runner-?up|second (choice|place)"),
    ("likely", -1, "(the )?(least likely|least probable|most unlikely)( label| class| species)?"),
    ("percent", None, "per ?cent|percent|percentage points?|%"),
    ("points", None, "(percentage )?points?(?= (higher|lower|more|less|above|below|ahead))"),
    ("aslikely", None, "as (likely|probable) as"),
    ("likelier", "above", "(more (likely|probable)|likelier) than"),
    ("likelier", "below", "less (likely|probable) than"),
    ("leaves", None, "leav(es?|ing)"),
    ("agrees", 1, "(agree|concur|tally|accord)(s|ing)? with|(is|are) (in agreement|in line|in accordance|consistent) with|in (agreement|line|accordance) with|consistent with|match(es|ing)?|fit(s|ting)?|tall(y|ies) with"),
    ("agrees", -1, "(disagree|clash|conflict)(s|es|ing)? with|at odds with|inconsistent with"),
    # -- how many
    ("quant", (100, "is"), "all|every|each|every one|every single( one)?|any|both|everything|all of|anything|every one of|each of|any of|every value|any value|all values|either|everyone|all but none|without exception,? all|any other|every other|all other|any single|each and every( one)?"),
    ("quant", (0, "is"), "no|none|none of|not one|not one of|not a single( one)?|zero|not any|nobody|nothing"),
    ("quant", (50, "over"), "(the )?(clear |large |great |vast |overwhelming |solid )?majority|most|most of|a majority|more than half|the bulk|the greater part|over half"),
    ("quant", (90, "least"), "(almost|nearly|practically|virtually|just about) (all|every|everyone|everything)|(the )?(vast|overwhelming|great) majority|nearly everyone"),
    ("quant", (10, "most"), "hardly any|very few|almost no(ne)?|only a few|a small minority|a tiny (fraction|minority|share)|only a handful|scarcely any|barely any|practically no(ne)?|a small fraction"),
    ("quant", (50, "under"), "(a |the )?(clear )?minority|less than half|fewer than half|under half"),
    ("quant", (0, "over"), "some of"),
    ("fraction", (50, 1), "half|one half|a half"),
    ("fraction", (33.333, 1), "(a|one|1)[ -]third"),
    ("fraction", (66.667, 1), "two[ -]thirds"),
    ("fraction", (25, 1), "(a|one)[ -]quarter|(a|one)[ -]fourth"),
    ("fraction", (75, 1), "three[ -](quarters|fourths)"),
    ("fraction", (20, 1), "(a|one)[ -]fifth|one in five"),
    ("fraction", (40, 1), "two[ -]fifths"),
    ("fraction", (60, 1), "three[ -]fifths"),
    ("fraction", (80, 1), "four[ -]fifths"),
    ("fraction", (16.667, 1), "(a|one)[ -]sixth"),
    ("fraction", (14.286, 1), "(a|one)[ -]seventh"),
    ("fraction", (12.5, 1), "(an|one)[ -]eighth"),
    ("fraction", (10, 1), "(a|one)[ -]tenth|one in ten"),
    ("fraction", (30, 1), "three[ -]tenths"),
    ("fraction", (70, 1), "seven[ -]tenths"),
    ("fraction", (90, 1), "nine[ -]tenths"),
    ("fraction", (1, 0.1), "one in a hundred|a hundredth"),
    ("fraction", (0.1, 0.01), "one in a thousand|a thousandth"),
    ("fraction", (5, 0.5), "one in twenty|a twentieth"),
    ("more", "above", "(is |are |was |were )?(more|likelier) (common|frequent|likely|widespread|usual|typical|prevalent|often|probable)( (seen|found))?|likelier|more often|more frequently|overrepresented|commoner"),
    ("more", "below", "(is |are |was |were )?(less) (common|frequent|likely|widespread|usual|typical|prevalent|often|probable)( (seen|found))?|rarer|less often|less frequently|underrepresented"),
    ("ascommon", None, "as (common|frequent|likely|widespread|prevalent|often)( as)?"),
    ("same", "same", "(exactly )?(identical|equal|the same)|equally (strong|large|important)"),
    ("same", "equal", "(nearly|almost|practically|virtually|about|roughly) (identical|equal|the same)|similar|neck and neck|on a par|evenly matched"),
    ("only", None, "the (only|sole|one|lone|single)( one)?"),
    ("other", None, "(and )?(the )?(remaining|others?|rest)"),
    ("unanimous", None, "unanimous(ly)?"),
]  # fmt: skip
