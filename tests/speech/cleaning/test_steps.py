"""What an agent writes between its turns is not heard, its answer is; and turns of others."""

import pytest

from avatar_rtc.speech.cleaning.cleaner import clean

STEPS = (
    'Thought: HIDDEN. HIDDEN?\nAction: HIDDEN\nAction Input: {"a": "HIDDEN"}\nObservation: HIDDEN\n\nHIDDEN\n'
)


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        (f"{STEPS}Thought: HIDDEN\nFinal Answer: Yes. It is.", "Yes. It is."),
        (f"{STEPS}{STEPS}**Final Answer:** Yes.\n\nPlan: tea.", "Yes. Plan: tea."),
        ("Thought: HIDDEN.\n\nYes.", "Yes."),
        ("**Thought 1:** HIDDEN\n**Action 1:** HIDDEN[a]\n**Answer:** Yes.", "Yes."),
        ("Reasoning: HIDDEN.\nResponse: Yes.", "Yes."),
        ("Hello.\nThought: HIDDEN\nAction: HIDDEN", "Hello."),
        ("Thought for 12 seconds\n\nYes.", "Yes."),
        ("analysisThe HIDDEN asks.assistantfinalYes.", "Yes."),
        ("### Instruction:\nHIDDEN\n\n### Response:\nYes.", "Yes."),
        ("USER: HIDDEN?\nASSISTANT: Yes.", "Yes."),
        ("Yes.\n### Human: HIDDEN\n### Assistant: No.", "Yes. No."),
        ("Final Answer: Yes.", "Yes."),
        ("Food for thought: tea. Action: no.", "Food for thought: tea. Action: no."),
        ("Plan: tea.\nObservation: it is hot.", "Plan: tea. Observation: it is hot."),
        ("My reasoning: tea.\nReasoning: heat.", "My reasoning: tea. Reasoning: heat."),
        ("Thought: HIDDEN\n\nSure.\nPlan: tea.", "Sure. Plan: tea."),
        ("analysisThe HIDDEN.assistantfinalYes.\nAction: tea.", "Yes. Action: tea."),
        ("Thinking: fast and slow.\n\nAnswer me.", "Thinking: fast and slow. Answer me."),
        ("### Input: file\n## Question: why?", "### Input: file ## Question: why?"),
        ("Humans: we.\nUsers: they.", "Humans: we. Users: they."),
        ("Analysis is fun. Thought for food", "Analysis is fun. Thought for food"),
    ],
)
def test_the_answer_is_heard_and_nothing_of_its_making(text: str, heard: str) -> None:
    assert " ".join(clean(text).split()) == heard
