"""RFC 7396, by its own examples, and what Marquee makes of it: the difference of two states is the patch between them."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.patch import Doc, difference, merge

# RFC 7396 Appendix A, as far as both sides are objects: states are.
APPENDIX_A: list[tuple[Doc, Doc, Doc]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]

plain = st.sampled_from([True, False, 0, 1, "", "a", [], [1]])
leaves = st.dictionaries(st.sampled_from("abc"), plain, max_size=2)
inner = st.dictionaries(st.sampled_from("abc"), plain | leaves, max_size=2)
states = st.dictionaries(st.sampled_from("abc"), plain | leaves | inner, max_size=3)


@pytest.mark.parametrize(("doc", "patch", "result"), APPENDIX_A)
def test_a_patch_does_what_the_rfc_shows(doc: Doc, patch: Doc, result: Doc) -> None:
    merge(doc := copy.deepcopy(doc), patch)
    assert doc == result


@given(states, states)
def test_the_difference_makes_the_old_state_into_the_new(old: Doc, new: Doc) -> None:
    changed = copy.deepcopy(old)
    merge(changed, difference(old, new))
    assert changed == new


@given(states)
def test_nothing_differs_from_itself(state: Doc) -> None:
    assert difference(state, copy.deepcopy(state)) == {}


@given(states, states)
def test_a_patch_is_not_changed_by_being_applied_nor_shared_with_the_state(old: Doc, new: Doc) -> None:
    patch = difference(old, new)
    before = copy.deepcopy(patch)
    state = copy.deepcopy(old)
    merge(state, patch)
    merge(state, dict.fromkeys(state))
    assert patch == before
