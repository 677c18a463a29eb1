"""Accept headers: the most exact name counts, in any order, and nothing a stranger writes breaks it."""

from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.server.http.preferences import weight_of

WEIGHTS = st.floats(0, 1).map(lambda weight: round(weight, 3))
TYPE = ("*/*", "text/*", "text/html")


@given(st.lists(WEIGHTS, min_size=3, max_size=3), st.permutations(range(3)))
def test_the_most_exact_name_counts_in_any_order(weights, order):
    header = " , ".join(f"{TYPE[each].upper()} ; level=1; q={weights[each]}" for each in order)
    for exact in (3, 2, 1):
        assert weight_of(header, *TYPE[:exact]) == weights[exact - 1]


@given(st.text(max_size=60) | st.from_regex(r"text/html;q=.{0,6}", fullmatch=True))
def test_any_header_has_a_weight(header):
    assert 0 <= weight_of(header, *TYPE) <= 1
