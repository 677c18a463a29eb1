"""As tests/speech/cleaning/test_cleaner.py, thousands instead of tens."""

import pytest
from hypothesis import settings

from tests.speech.cleaning import test_cleaner

pytestmark = pytest.mark.soak


@pytest.mark.parametrize(
    "law",
    [
        test_cleaner.test_the_pieces_a_text_comes_in_change_nothing,
        test_cleaner.test_it_may_be_cut_in_two_anywhere,
        test_cleaner.test_signs_in_any_order_may_come_one_by_one,
        test_cleaner.test_what_is_to_be_heard_is_heard_and_shown_and_nothing_else,
    ],
)
def test_thousands_of_texts(law) -> None:
    settings(max_examples=5_000)(law)()
