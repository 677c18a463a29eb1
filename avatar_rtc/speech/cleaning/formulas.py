"""A formula of LaTeX in words and signs that a voice can read."""

import re

_SIGNS = {
    "times": "×", "cdot": "·", "div": "÷", "pm": "±", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠",
    "neq": "≠", "approx": "≈", "to": "→", "rightarrow": "→", "infty": "infinity", "sqrt": "√", "ldots": "…",
    "dots": "…", "cdots": "…", "left": "", "right": "", "text": "", "mathrm": "", "mathbf": "", "mathit": "",
    "displaystyle": "", "quad": " ", "qquad": " ", "begin": "", "end": "", "boxed": "", "operatorname": "",
}  # fmt: skip
_FRACTION = re.compile(r"\\[dt]?frac\s{0,3}\{([^{}]*)\}\s{0,3}\{([^{}]*)\}")
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_SPACING = re.compile(r"\\[,;:!\\ ]|[{}&]")


def words_of_formula(formula: str) -> str:
    r"""
    >>> words_of_formula(r"\frac{a}{b} \times \alpha")
    'a / b × alpha'
    """
    flat = _FRACTION.sub(r" \1 / \2 ", formula)
    flat = _COMMAND.sub(lambda command: f" {_SIGNS.get(command[1], command[1])} ", flat)
    return " ".join(_SPACING.sub(" ", flat).split())
