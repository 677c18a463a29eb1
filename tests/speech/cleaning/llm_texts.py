"""Texts as language models write them, made of a grammar that knows which of their words are to be heard."""

import re
from dataclasses import dataclass

from hypothesis import strategies as st

WORD = re.compile(r"(?:heard|hidden)[a-p]{4}")
"""Every word of such a text is another one, so that it can be counted."""


@dataclass(frozen=True)
class Written:
    """A text, and its words that are to be heard, in order."""

    text: str
    heard: tuple[str, ...]


_SENTENCES = (
    "Well, W W.",
    "Is W a W?",
    "W costs $5, W costs $10.50.",
    "At 10:30 W and W_x, C# and 5*3.",
    "W < W, W > W.",
    "I <W> you.",
    "<W> says W.",
    "See [1] and W.",
    "2 * 3 * W is W.",
    "x<y and W>z.",
    "Mail W@example.com now!",
    "W & W... W.",
    "W (W, that is) W.",
    "W – W; W: W.",
    "#1 is W.",
    "W*",
    "W ` W.",
    "W _ W.",
    "W * W.",
    "W ~ W.",
)
_INLINE = (
    "It is **W** and *W* W.",
    "It is __W__, _W_ W.",
    "~~W~~ `W` W.",
    "***W*** W!",
    "[W W](https://x.example/H) W.",
    "See [W. W](https://x.example/H?a=b_c) W.",
    "![W](H.png) W.",
    "W[^1] W.",
    "W&nbsp;W &amp; &#39;W&#39;.",
    "<b>W</b> <i>W</i><br>W <span style='color: H'>W</span>.",
    '<a href="https://H.example">W</a> W.',
    "<p>W</p><p>W.</p>",
    "W $W + 3$ W.",
    "W \\(W = 2\\) W.",
    "<!-- H H --> W.",
    "<kbd>W</kbd> W<sub>2</sub>.",
    "I *W* W.",
    "W, *W W* W.",
    "*W*, W.",
    "[joy] W.",
    "W [sad:0.5, 3s] W.",
    '<emotion name="joy">W</emotion>.',
    "`<think>` W.",
    "W `</b>` W.",
    "\\*W\\* W.",
    "<mstts:express-as style='H'>W</mstts:express-as> <prosody rate='H'>W</prosody> W.",
    "[W][2] W.",
    'W <|ACT:{"emotion": "happy"}|> W.',
)
_HIDDEN = (
    "<think>H. H</think>",
    "<think>\nH < H *H* `H`\n\nH.\n</think>\n\n",
    "<thinking>H</thinking>",
    "<reasoning>H {H} [H]</reasoning>",
    "<seed:think>H</seed:think>",
    "[THINK]H[/THINK]",
    "◁think▷H. H◁/think▷",
    "<|channel|>analysis<|message|>H H<|end|><|start|>assistant<|channel|>final<|message|>",
    '<|channel|>commentary to=functions.H <|constrain|>json<|message|>{"H": 1}<|call|>',
    '<tool_call>\n{"name": "H", "arguments": {"a": "H"}}\n</tool_call>',
    '<function=H>{"H": 2}</function>',
    '<function_calls><invoke name="H"><parameter name="H">H</parameter></invoke></function_calls>',
    '[TOOL_CALLS][{"name": "H", "arguments": {"H": "]}"}}]',
    '[TOOL_CALLS]get_H[ARGS]{"H": 1}',
    '<|tool_call|>[{"name": "H"}]',
    "<tool_response>H</tool_response>",
    "<｜tool▁calls▁begin｜>H<｜tool▁calls▁end｜>",
    "<|tool_calls_section_begin|>H<|tool_calls_section_end|>",
    "<|im_start|>user\nH H<|im_end|>\n<|im_start|>assistant\n",
    "<script>H < 'H'</script>",
    "<style>.H { H }</style>",
    "<s>",
    "</s>",
    "<pad>",
    "<unk>",
    "<|im_end|>",
    "<|eot_id|>",
    "<end_of_turn>",
    "<｜end▁of▁sentence｜>",
    "[INST]",
    "<|start_header_id|>assistant<|end_header_id|>\n\n",
    "<start_of_turn>model\n",
    "<|assistant|>\n",
    "<|START_THINKING|>H<|END_THINKING|>",
    '<details type="reasoning">H</details>',
    "<plan>H</plan>",
    "<action>H H</action>",
    "<break time='1s'/>",
    "【3†H】",
    "[citation:3]",
    "<laughs>",
    "\ue200cite\ue202H\ue201",
)
_LINES = (
    "```python\nH = H\n```",
    "~~~\nH\n~~~",
    "```\nH\n\n# H\n```",
    "````md\n```\nH\n```\n````",
    "| H | H |\n|---|:-:|\n| H | 3 |",
    "---",
    "***",
    "* * *",
    "# W W",
    "### *W* W",
    "- W W",
    "* W",
    "1. W",
    "> W W.",
    "- [ ] W",
    "[^1]: W W.",
    "[2]: https://H.example/a",
    '{"name": "H", "arguments": {"H": [1, "}"]}}',
    "*waves H slowly*",
    "*She smiles at H.* W!",
    "*H is a H and goes.*",
    "（笑）W。",
    "＊H＊ W",
    "(sighs H) W.",
    "*nods* W, W.",
    "W! *laughs H* W.",
    "[clears H] W.",
    "W.\n<speak>W <mark name='H'/>W.</speak>",
    "*sighs. H. looks away.* W.",
    "***waves H*** W.",
    "~giggles H~ W.",
    "W -bows to H- W.",
    "H | H\n:-|-:\nH | 2.5\nH | H",
    "H H | 2\n-|-\nW.",
    "Thought: H. H\nAction: H\nAction Input: H\nFinal Answer: W.",
    "### User: H\n### Assistant: W.",
    "(lacht H) W.",
    "W (laughing W) W (singing W).",
    "W | W",
    "&lt;think&gt; W &lt;speak&gt;W&lt;/speak&gt; &#42;W&#42;",
    "W <speak>W W</speak> W.",
    "W: W - W",
)
_HALVES = st.sampled_from(
    [
        *"<think <br < </ ` `` * ** _ ~~ [ ]( ) ( $ & &am | { [TOOL_ <| <｜ <|im_ ◁ ! ＊ 【".split(),
        *"<!-- <speak> Thought: Action: ### :".split(),
        "Final Answer:",
        "W |",
        "\\",
    ]
)
_HIDE = st.sampled_from(_HIDDEN)
_inline = st.lists(st.sampled_from(_SENTENCES) | st.sampled_from(_INLINE) | _HIDE, min_size=1, max_size=4)
_blocks = _inline.map(" ".join) | st.sampled_from(_LINES)
_ENDS = st.sampled_from(("", "", "\n```python\nH", "\n<think>H", ' <tool_call>{"H"', "\n| H | H |"))


def written_of(template: str) -> Written:
    """The text of a template: each W a word to be heard, each H one that is not."""
    heard: list[str] = []
    count = 0

    def fill(mark: re.Match[str]) -> str:
        nonlocal count
        count += 1
        word = ("heard" if mark[0] == "W" else "hidden") + "".join(
            chr(ord("a") + (count >> shift & 15)) for shift in (12, 8, 4, 0)
        )
        if mark[0] == "W":
            heard.append(word)
        return word

    return Written(re.sub(r"(?<![A-Z])[WH](?![A-Z])", fill, template), tuple(heard))


written = (
    st.tuples(st.lists(_blocks, min_size=1, max_size=6).map("\n\n".join), _ENDS).map("".join).map(written_of)
)
"""Whole texts, as a model would write them; the last part may be cut off."""
anything = st.lists(
    st.sampled_from(_SENTENCES)
    | st.sampled_from(_INLINE)
    | _HIDE
    | st.sampled_from(_LINES)
    | _HALVES
    | st.sampled_from((" ", "\n", "\n\n", "")),
    max_size=12,
).map("".join)
"""The same in any order, with marks that are never closed."""
