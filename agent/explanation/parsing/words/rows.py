"""Words for values, statistics, groups of rows, and comparisons of values with them."""

from typing import Any

from agent.explanation.parsing.words.inflect import verbs

__all__ = ["ROWS"]

_WHO = "|".join(
    f"{one}s?"
    for one in ["person", "patient", "customer", "client", "employee", "worker", "applicant", "individual", "animal", "item", "object", "loan", "house", "card ?-?holder", "borrower", "passenger", "subject", "participant", "staff member", "member", "peer", "specimen", "record", "instance", "data ?point", "case", "sample", "example", "observation", "row", "entr(y", "ie)"]
) + "|people"  # fmt: skip
_TABLE = "(training[ -])?(set|data|data ?set|table|sample|population|corpus)"
_HARD = "(really |very |extremely |unusually |exceptionally |remarkably |particularly |strikingly |extraordinarily |exceedingly )"
_SOFT = "(fairly |quite |relatively |rather |comparatively |somewhat |pretty |a bit |moderately |on the )?"
_HIGH = "(high|large|big|long|heavy|deep|elevated|great|sizeable|hefty)"
_LOW = "(low|small|short|light|shallow|modest|reduced)"
_BIGGER = "larger|higher|bigger|longer|greater|deeper|heavier|older|taller|wider"
_SMALLER = "smaller|lower|shorter|lesser|lighter|younger|shallower|narrower"
_BIGGEST = "largest|highest|longest|heaviest|deepest|greatest|biggest|top"
_SMALLEST = "smallest|lowest|shortest|lightest|shallowest"
_SEEN = "(seen|observed|found|recorded|registered|measured|encountered|occurring|present)( (at all|anywhere))?"

ROWS: list[tuple[str, Any, str]] = [
    # -- statistics
    ("stat", "mean", "(arithmetic )?(mean|average)( value| level| figure| one| case)?|means|averages|mean values"),
    ("stat", "median", "medians?|median (value|level|figure)|middle value|midpoint value"),
    ("stat", "min", "minim(um|a)( value)?|min|floor of the observed range"),
    ("stat", "min", f"({_SMALLEST}) ((value|measurement|reading|figure|level|one)s?( that (is|was))?( {_SEEN})?|{_SEEN})"),
    ("stat", "max", "maxim(um|a)( value)?|max|ceiling of the observed range"),
    ("stat", "max", f"({_BIGGEST}) ((value|measurement|reading|figure|level|one)s?( that (is|was))?( {_SEEN})?|{_SEEN})"),
    ("extreme", "max", "longest|heaviest|deepest|oldest|tallest|widest"),
    ("extreme", "min", "shortest|lightest|shallowest|youngest|narrowest"),
    ("stat", "q1", "(first|lower|bottom) quartile( (value|boundary|mark|cut-?off|border))?|25th percentile|q1|first quartiles|lower quartiles"),
    ("stat", "q3", "(third|upper) quartile( (value|boundary|mark|cut-?off|border))?|75th percentile|q3|third quartiles|upper quartiles"),
    ("stat", "std", "standard deviation"),
    ("range", None, f"(whole |observed |entire |full |usual |overall )*(range|span|spread|interval|bounds|limits)( of (the )?(observed )?values)?( {_SEEN})?"),
    ("iqr", None, "inter-?quartile (range|interval)|iqr|middle half|middle (fifty|50) ?(per ?cent|%)|central half|quartiles|(middle|central) (50%|half) of the values"),
    # -- groups of rows
    ("rows", None, f"(training |known |similar-labelled )*({_WHO})"),
    ("rows", None, f"{_TABLE}|rest of the {_TABLE}|training"),
    ("those", None, "those|ones|group|class members|(the )?(members|group|cohort|class|subset|camp|distribution|population|side) of|group of|groups of"),
    ("row1", None, "(this|the|our|present|given|current)( (particular|present|given|current))? (row|case|sample|example|observation|record|instance|data ?point|specimen)"),
    ("row1", None, "(this|the) (row|case|sample|observation|record|instance).s( own)? (value|figure|reading|measurement)|this one( here)?|(this|that|its) (value|figure|reading|level|amount|measurement)|(the )?value (here|seen here|of this row|found here|in question)|the one (here|seen here|at hand)"),
    ("labels", None, "labels|classes|species|groups|categories of the target|label"),
    ("otherlabel", None, "(the )?(other|opposite|opposing|alternative|competing|remaining) (label|class|species|group|category|one|outcome)|(the )?alternative"),
    ("plabel", None, "(the |its |their |that )?(predicted|assigned|chosen|winning|final|resulting|inferred) (label|class|species|group|category|outcome)"),
    ("overall", None, "overall|whole|entire|full|general|complete|total(?= training)"),
    ("labelled", None, "(that |which |who )?((is|are|was|were|being) )?(labell?ed|classed|tagged|marked|categori[sz]ed|annotated)( as| with)?( (label|class))?|(with|carrying|bearing|having|that carry|that have|which have|which carry|whose) (the |a |true )*(true |actual )?(label|class)( is)?|of (the )?class|belonging to|(that )?belongs? to|drawn from|from (the )?class"),
    ("neighbours", None, f"((most similar|nearest|closest|similar|lookalike|comparable|neighbou?ring) )+(training |known )*(neighbou?rs?|matches|lookalikes|counterparts|{_WHO})|(nearest |closest |neighbou?ring )?(neighbou?rs?|lookalikes)|(training )?rows (that are )?(most similar|most like it|closest|nearest)( to (this|the) (one|row|case))?|nearest ones|closest ones"),
    # -- comparing
    ("rel", "above", f"above|({_BIGGER}) than|{verbs('exceed surpass top beat outstrip')}|beyond|in excess of|on top of|upwards? of|overtakes|higher up than|{verbs('outweigh')}(?= (every|all|any|the (mean|average|median)))"),
    ("rel", "below", f"below|({_SMALLER}) than|beneath|underneath|(falls?|falling|fell|comes?|coming|stays?|remains?) short of|short of|{verbs('trail undercut')}|inferior to"),
    ("amount", "above", "more than|over|north of"),
    ("amount", "below", "less than|fewer than|under|south of"),
    ("amount", "least", "at least|no less than|not less than|no fewer than|not fewer than|a minimum of"),
    ("amount", "most", "at most|no more than|not more than|up to|a maximum of"),
    ("rel", "least", "no lower than|no smaller than|not (lower|smaller|less) than"),
    ("rel", "most", "no higher than|no larger than|no greater than|not (higher|larger|greater) than"),
    ("rel", "same", "(exactly )?(the same as|equal to|identical to|equals?)"),
    ("rel", "equal", "(almost|nearly) exactly(?= the)|(very |quite |fairly |really |pretty )*(close|near|similar|comparable) to|near|(about |roughly |approximately |nearly |almost |practically |virtually |essentially |basically )(the same as|equal to|identical to|level with|equals?|on a par with|indistinguishable from|at)(?= the| its| both| label| class| rows)|in line with|around(?= the)|on a par with|right at|(almost )?exactly at|matches|(just )?about(?= the)|nearly(?= the)|almost(?= the (mean|average|median))|in the (vicinity|neighbou?rhood|region) of(?= the)|hardly differs from|barely differs from"),
    ("deg", "well", "well|far|much|way|considerably|substantially|significantly|markedly|comfortably|clearly|a lot|greatly|notably|distinctly|noticeably|decidedly|vastly|by far|quite a bit|a good deal|a great deal|appreciably|hugely|dramatically|easily|a long way|massively|many times"),
    ("deg", "slightly", "(only |just |but )?(slightly|marginally|a little|a bit|a touch|narrowly|a whisker|a shade|barely|somewhat|a fraction|a hair|a tad|fractionally|minimally|a smidgen|a trifle|ever so slightly|a little bit|a notch|by a whisker|by a hair|not much|not far|hardly)|just|only just"),
    ("approx", "about", "about|around|roughly|approximately|some|circa|~|≈|close to|approx\\.?|or so|in the region of|on the order of|something like|in the neighbou?rhood of|practically|virtually"),
    ("approx", "nearly", "(very )?nearly|almost|just under|just below|not quite|close on|a little under|just short of|a little less than|slightly less than|(slightly under|slightly below|a bit under|a shade under|a touch under|a little below)(?= [-+$€£]?\\d)"),
    ("approx", "just over", "just over|a little over|just above|a good|a little more than|slightly more than|(slightly over|slightly above|a bit over|a shade over|a touch over|a little above)(?= [-+$€£]?\\d)"),
    ("approx", "over", "well over|(far more than|well above|considerably more than)(?= [-+$€£]?\\d)"),
    ("approx", "under", "well under|(far less than|far fewer than|well below)(?= [-+$€£]?\\d)"),
    ("approx", "exactly", "exactly|precisely"),
    ("approx", "is", "only|just|fully|a full|no more than just|a mere|merely|a tiny|a small|a whopping|a hefty|an? (impressive|overwhelming|remarkable|meagre|meager|modest|negligible|minuscule|scant|paltry|robust|solid|substantial|considerable|significant)"),
    ("times", 2.0, "twice|double|doubles|two times|twofold"),
    ("times", 3.0, "triple|thrice|three times|threefold"),
    ("times", 4.0, "quadruple|fourfold"),
    ("times", 0.5, "half|half of"),
    ("multiple", None, "times|fold|-fold|x(?= (the|as|that))|×"),
    ("than", None, "than|compared (to|with)|versus|vs\\.?|relative to|in comparison (to|with)|as opposed to|as against|as compared (to|with)|set against"),
    ("as", None, "as (much|large|high|big|strongly|far|strong|long|heavy|deep|many|great|important|influential) as"),
    ("closer", None, "((closer|nearer) to|(more similar to|more like|resembles more|better matches))"),
    ("percentile", None, "percentiles?|percentile rank"),
    ("z", None, "standard deviations?|std(ev)?s?\\.?|sds?|sigmas?"),
    ("zscore", None, "z-?scores?|z|z score|standardi[sz]ed (value|score)"),
    *(
        ("topend", (side, part), f"(in|within|among|inside|belongs to|part of) the ({words}){part_words}")
        for side, words in (("above", "top|upper|highest"), ("below", "bottom|lower|lowest"))
        for part, part_words in (
            (None, r"(?= (\d|one|two|five|ten))"), (25, " (quarter|quartile|fourth)"), (10, " (decile|tenth)"),
            (20, " (fifth|quintile)"), (33.3, " (third|tercile)"), (50, " half"),
        )
    ),
    # -- level of a value
    ("level", "very high", f"{_HARD}{_HIGH}|huge|enormous|gigantic|way up|sky-?high|among the (highest|largest|biggest)"),
    ("level", "very low", f"{_HARD}{_LOW}|tiny|minuscule|among the (lowest|smallest)"),
    ("level", "high", f"(on|at|to|towards) the (high(er)?|large(r)?|long|heavy|upper|big) (side|end)|{_SOFT}{_HIGH}|above-average(?! by)"),
    ("level", "low", f"(on|at|to|towards) the (low(er)?|small(er)?|short|light|bottom) (side|end)|{_SOFT}{_LOW}"),
    ("level", "typical", "(fairly |quite |rather |perfectly |entirely |pretty |completely |very )?(typical|normal|ordinary|unremarkable|usual|average|common)|nothing (special|unusual|out of the ordinary|remarkable)|average-looking|middling|in the middle|middle of the (road|pack)|mid-range|unexceptional|run-of-the-mill|not unusual|not out of the ordinary"),
    ("level", "unusual", "(very |quite |highly |rather |extremely |really |most )?(unusual|extreme|rare|exceptional|atypical|uncommon|abnormal)|unheard of|out of the ordinary|an outlier|outlying"),
    ("cmp", "above", f"{_BIGGER}|more|bigger ones|larger ones"),
    ("cmp", "below", f"{_SMALLER}|fewer|less|smaller ones"),
    ("between", None, "(lies |falls |sits )?(somewhere )?(in )?between"),
    ("differs", None, "differs?|apart|differ(ed|ing)"),
    ("value", None, "(a |the |own |actual |measured |recorded |observed )*(value|measurement|reading|level|figure|amount)s?"),
]  # fmt: skip
