"""Words for contributions: their direction, their size, their rank."""

from typing import Any

from agent.explanation.parsing.words.inflect import verbs

__all__ = ["EFFECTS", "RESULT"]

RESULT = (
    "((the|this|its|our|his|her|their|model.s|final|overall|predicted|classifier.s|predictor.s|margin|total) )*"
    "(prediction|classification|score|result|outcome|decision|verdict|scales?|needle|answer|log-odds|log odds|margin"
    "|odds|balance of evidence|conclusion|estimate|logit|assessment|output|call|choice|diagnosis)"
)
_CHANCE = "(the )?(predicted |estimated |model.s )?(probability|chances?|likelihood|odds|case)"
_HELP = "(support|evidence|weight|backing|ammunition|credence|strength|a boost|a push|a lift|a nudge|momentum)"
_FACT = "(feature|factor|driver|influence|predictor|variable|contributor|signal|characteristic|attribute|input|clue|cue|determinant|contribution|effect|impact|push|consideration|component|element)"

EFFECTS: list[tuple[str, Any, str]] = [
    # -- direction
    ("moves", None, verbs("push move pull shift nudge tip lean drive steer sway swing point tilt bring drag draw incline bias direct edge tug weigh skew tend") + "(?! (alone|rank))|driven|drawn|leads?|led|swung|brought"),
    ("to", None, "toward|towards|in favou?r of|in the direction of|into|in support of|to the side of|over to|on the side of"),
    ("away", None, "away from|against|off|away"),
    ("raises", 1, verbs("increase raise boost lift strengthen bolster reinforce enhance heighten elevate improve")+"(?! (label|class))|adds? to|adding to|added to"),
    ("raises", -1, verbs("decrease lower reduce weaken diminish depress undermine dampen cut shrink erode")+"|(subtract|detract|take|takes|subtracts|detracts|taking|subtracting|detracting)( something)? from|brings? down|drags? down|pulls? down|pushes down"),
    ("up", 1, "up|upwards?|higher"),
    ("up", -1, "down|downwards?|lower"),
    ("effect", 1, verbs("support favour favor back promote endorse corroborate confirm underpin buttress") + "( for)?"),
    ("effect", 1, f"({verbs('argue speak count work act tell testify vote plead')}|spoke|go|goes|going|stand|stands|is|are|being|was) (in favou?r of|for|towards?|in support of)"),
    ("effect", 1, "helps?( the case for| towards)?|helping( the case for)?|contribut(es|ed|ing|e) (positively )?(to|towards)(?= (label|class|the prediction of|a prediction of|[\"“']))|makes? (the |a )?case for"),
    ("effect", 1, f"({verbs('lend give provide offer add supply deliver constitute')}|gave|lent) ((some|further|additional|extra) )*{_HELP} (to|for|towards|in favou?r of)"),
    ("effect", 1, "((is|are|as|being|was|provides?|offers?|gives?|constitutes?) )?((some|further|additional) )*(evidence|reason|argument|support|indication|indicator|sign|point|factor) (for|of|in favou?r of|towards?|supporting|favou?ring)(?! (this|the) (row|feature|case))"),
    ("effect", -1, f"({verbs('argue speak count work weigh act go push pull point tell testify vote militate')}|spoke|is|are|being|was|stands?) against|{verbs('oppose contradict counteract counter disfavour disfavor')}|runs? counter to|goes? in the opposite direction (to|of|from)"),
    ("effect", -1, "((is|are|as|being|was|provides?|offers?|gives?|constitutes?) )?((some|further|additional) )*(evidence|reason|argument|point|factor|counterargument|counter-evidence) against"),
    ("mostfor", 1, "(speak|count|argue|weigh|do|work|pull|push)e?s?( the)? (most|hardest|most strongly) (for|in favou?r of|towards?)"),
    ("mostfor", -1, "(speak|count|argue|weigh|do|work|pull|push)e?s?( the)? (most|hardest|most strongly) (against|away from)"),
    ("result", None, f"{RESULT}( itself)?|this (prediction|outcome|result)|it being"),
    ("thatlabel", None, "(that|this) (label|class|species|group)"),
    ("sameway", None, "in the same direction|(pull|point|push|go|work|lean)(s|es|ing)? (in )?the same (way|direction)"),
    ("signed", 1, "positive(ly)?|supporting|supportive|favou?rable|favou?rably"),
    ("signed", -1, "negative(ly)?|opposing|adverse(ly)?|contrary|unfavou?rable"),
    # -- how much
    ("force", "strong", "(very |quite |rather |pretty )*(strongly|heavily|firmly|powerfully|considerably|substantially|hard|decisively|forcefully|strong|powerful|significant|substantial|considerable|major|sizeable|big|large|key|important|decisive|heavy|hefty|prominent|massive|huge)"),
    ("force", "moderate", "(a )?(moderate|moderately|medium-sized)"),
    ("force", "weak", "(only |just |but |very |quite |rather )*(slightly|mildly|weakly|a little|a bit|somewhat|marginally|gently|modestly|feebly|weak|small|slight|minor|modest|mild|little|limited|moderately weak)"),
    ("force", "negligible", "(only |just |but |very |almost )*(negligibl[ey]|barely|hardly|tiny|minimal(ly)?|minuscule|marginal|insignificant|trivial|minute|next to nothing|infinitesimal)"),
    # -- contributions
    ("contrib", None, "((absolute|individual|combined|single|overall|total|net) )*(contributions?|influence|effect|impact|weight|pull|push|role|say|shift|nudge|attribution|part|weighting|importance|share)"),
    ("contributes", None, verbs("affect influence impact contribute add matter weigh count supply deliver") + "( (in|up))?|(chip|chips|chipping|chipped|throws?|puts?) in"),
    ("makes", None, "makes?|making|made|has|have|having|had|" + verbs("carry provide show bear exert play display possess yield exhibit wield") + "|gives?|giving|gave|given|is responsible for|holds?|holding|held|comes with|came with|gets?|gained|brings with it|with"),
    ("amounts", None, "accounts? for|accounting for|accounted for|makes? up|making up|made up|represents?|representing|constitutes?|constituting|comprises?|comprising|covers?|covering|is responsible for|are responsible for|responsible for|corresponds? to|forms?|amounts? to|amounting to|provides?"),
    ("drivers", "for", "reasons|arguments|supporters"),
    ("drivers", None, f"{_FACT}s|contributors|contributions|measurements|features listed|listed features|forces|pieces of evidence|inputs"),
    ("driver", None, f"(single |individual |contributing |influencing |driving )*({_FACT}|measurement)"),
    ("driver", "for", "(single |supporting )?(reason|argument|support|evidence|piece of evidence|supporter)"),
    ("driver", "against", "(single )?(counterargument|opponent|counterweight|opposing feature)"),
    ("sup", 0, "(by far |easily |clearly |far and away )?(the )?((single )?most (influential|important|decisive|relevant|powerful|impactful|significant|substantial|prominent|weighty)|(single )?(largest|biggest|strongest|greatest|highest|heaviest|weightiest)|top|main|leading|dominant|primary|principal|foremost|chief|number one|key|most strongly|most heavily|first-ranked)|most(?! similar)|(the )?(highest-ranked|top-ranked|highest-ranking)"),
    ("sup", -1, "least (influential|important|relevant|powerful|significant|impactful)|smallest|weakest|lowest|least|lowest-ranked|slightest"),
    ("rank", None, "ranks?|ranked|in rank|ranking|place|position|spot|placed|in (the )?ranking|slot|takes|comes in|rank number|number|no\\."),
    ("outweighs", "above", "outweigh(s|ing|ed)?|edges? out|beats?|(narrowly |just |well |clearly )?ahead of|(dominat|overshadow|eclips|dwarf|outrank|surpass|exceed)(es|e|s|ed|ing)?|(matters?|contributes?|counts?|weighs?) more( strongly| heavily)? than|(is|are) (far |much |slightly )?more (important|influential|relevant|decisive|powerful|significant) than|(has|have|makes?|with|having|exerts?) (a )?(slightly |much |far |somewhat |considerably )?(larger|bigger|greater|stronger|more important|heavier) (contribution|influence|effect|impact|say|weight|pull)( on| in| for)?( the| this)?( prediction| result| score| outcome)? than|(matters?|counts?|weighs?|contributes?) more (for|to|in) (this|the) (prediction|result) than|(pulls?|pushes|pushing|push|pull) (harder|more strongly) than|ranks? (above|higher than|ahead of)"),
    ("outweighs", "below", "(matters?|contributes?|counts?|weighs?) less( strongly| heavily)? than|(is|are) (far |much |slightly )?less (important|influential|relevant|decisive|powerful|significant) than|(has|have|makes?|with|having|exerts?) (a )?(slightly |much |far |somewhat |considerably )?(smaller|weaker|lesser|less important|lighter) (contribution|influence|effect|impact|say|weight|pull)( on| in| for)?( the| this)?( prediction| result| score| outcome)? than|(matters?|counts?|weighs?|contributes?) less (for|to|in) (this|the) (prediction|result) than|ranks? (below|lower than|behind)|(narrowly |just |well |clearly )?behind|trails?|trailing"),
    ("followed", None, "(closely |immediately |directly )*followed( closely| immediately| directly)? by|(and )?then (comes|come)|(and )?next (comes|come|is|in line is)"),
    ("takes", None, "takes?"),
    ("start", None, "starting (from|at|with)|beginning (from|at|with)|starting from|from a base of|added to a base of"),
    ("leads", None, "(bring|lead|take|move)s?( the| its)? (score|log-odds|margin) (of|for)"),
    ("base", None, "(model.s )?(base|baseline|starting|intercept) (value|score|margin|log-odds|level|point)|base|baseline|intercept|starting (value|point)"),
    ("total", None, "(final |overall |resulting |model.s )*(total|sum|total score|overall score|final score|total (margin|log-odds)|score|margin|log-odds)( of all contributions)?(?= (of|is|comes|adds|amounts|for|at|reaches))"),
    ("absolute", None, "(the )?(sum of (all )?(the )?absolute contributions|(total|overall|summed|combined|entire|whole) (absolute )?(contributions?|attribution|influence|effect|impact|weight)|absolute total|absolute sum|all (of )?(the )?(absolute )?(contributions|influence)|sum of (all )?(the )?contributions|total of all (absolute )?contributions|(the )?(sum|total)( of)? (the )?absolute (values of (all )?(the )?)?contributions|what all (the )?features contribute|explanation.s total weight)"),
    ("together", None, "(taken |put |added |when )*(together|combined|jointly|collectively|in combination|in total|in sum|between them)|the two (of them )?together|the combined contributions? of|the (sum|total) of"),
]  # fmt: skip
