"""A formula of LaTeX in words and signs that a voice can read."""

import re

_SIGNS = {
    "times": "×", "cdot": "·", "div": "÷", "pm": "±", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠",
    "neq": "≠", "approx": "≈", "to": "→", "rightarrow": "→", "infty": "infinity", "sqrt": "√", "ldots": "…",
    "dots": "…", "cdots": "…", "left": "", "right": "", "text": "", "mathrm": "", "mathbf": "", "mathit": "",
    "displaystyle": "", "quad": " ", "qquad": " ", "begin": "", "end": "", "boxed": "", "operatorname": "",
    "mathbb": "",
}  # fmt: skip
_WORDS = {
    "int": "integral",
    "sum": "sum",
    "prod": "product",
    "forall": "for all",
    "exists": "there exists",
    "in": "in",
}
_FRACTION = re.compile(r"\\[dt]?frac\s{0,3}\{([^{}]*)\}\s{0,3}\{([^{}]*)\}")
_GROUP = re.compile(
    r"(\\(?:sqrt|text|mathrm|mathbf|mathit|operatorname|boxed|mathbb|vec|hat|bar|overline))\s{0,3}\{([^{}]*)\}"
)
_BOUND = re.compile(r"[_^]\{([^{}\\]*)\}")
_RANGE = re.compile(r"\\(?P<what>int|sum|prod)_(?P<low>[^\s^]+) ?\^(?P<high>[^\s{}\\])")
_BRACE = re.compile(r"\\[{}]")
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_SPACING = re.compile(r"\\[,;:!\\ ]|[{}&]")
_DEEPEST = 6


def words_of_formula(formula: str) -> str:
    r"""
    >>> words_of_formula(r"x = \frac{-b \pm \sqrt{b^{2}-4ac}}{2a} \times \alpha")
    'x = -b ± √ b^2 -4ac / 2a × alpha'
    >>> words_of_formula(r"\sum_{i=1}^{n} i")
    'sum from i=1 to n of i'
    """
    flat = _BRACE.sub(" ", formula)
    for _ in range(_DEEPEST):
        inner = flat
        flat = _BOUND.sub(lambda bound: f"{bound[0][0]}{bound[1]} ", flat)
        flat = _FRACTION.sub(r" \1 / \2 ", _GROUP.sub(r"\1 \2 ", flat))
        if flat == inner:
            break
    flat = _RANGE.sub(r"\\\g<what> from \g<low> to \g<high> of ", flat)
    flat = _COMMAND.sub(
        lambda command: f" {_SIGNS.get(command[1], _WORDS.get(command[1], command[1]))} ", flat
    )
    return " ".join(_SPACING.sub(" ", flat).split())
