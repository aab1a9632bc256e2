"""Walking JSON Schemas."""
# ruff: noqa: S311 - chance in tests is no secret

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.llm.calling import CONSTANTS, MAX_ITEMS, Form, numbers_in
from tools.errors import ToolError

NUMBERS = [17.99, 4, -2, 250]
names = st.sampled_from(["a", "mean radius", 'quo"te', "é", "k1"])
leaves = st.one_of(
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.just({"type": "string", "maxLength": 5}),
    st.builds(lambda low: {"type": "integer", "minimum": low}, st.integers(-5, 300)),
    st.builds(lambda top: {"type": "number", "maximum": top}, st.integers(-5, 300)),
    st.builds(lambda v: {"enum": v}, st.lists(names | st.integers(0, 12), min_size=1, max_size=4, unique=True)),
    st.builds(lambda v: {"const": v}, names),
)


def bigger(inner):
    """Return arrays, objects and alternatives of schemas."""
    arrays = st.builds(
        lambda items, least, most: {"type": "array", "items": items, "minItems": least, "maxItems": least + most},
        inner,
        st.integers(0, 2),
        st.integers(0, 3),
    )
    tuples = st.builds(
        lambda parts: {"type": "array", "prefixItems": parts, "items": False, "minItems": len(parts)},
        st.lists(inner, min_size=1, max_size=3),
    )
    objects = st.dictionaries(names, inner, max_size=4).flatmap(
        lambda properties: st.lists(st.sampled_from(sorted(properties) or ["-"]), unique=True).map(
            lambda required: {
                "type": "object",
                "properties": properties,
                "required": [name for name in required if name in properties],
            }
        )
    )
    return st.one_of(
        arrays, tuples, objects, st.builds(lambda parts: {"anyOf": parts}, st.lists(inner, min_size=1, max_size=3))
    )


schemas = st.recursive(leaves, bigger, max_leaves=8)


def form(choose=lambda text, options: 0, numbers=NUMBERS, written="abc"):
    """Return a form with simple answers."""
    return Form("", choose, lambda text, schema: written, numbers)


def fits(value, schema):
    """Return whether a value is valid, for the schemas generated here."""
    if "anyOf" in schema:
        return any(fits(value, part) for part in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return value in schema.get("enum", [schema.get("const")])
    kind = schema["type"]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "object":
        known, required = schema["properties"], schema["required"]
        inside = isinstance(value, dict) and set(required) <= set(value) <= set(known)
        return inside and all(fits(part, known[name]) for name, part in value.items())
    if kind == "array" and not isinstance(value, list):
        return False
    if kind == "array":
        fixed = schema.get("prefixItems", [])
        parts = fixed or [schema["items"]] * len(value)
        bounds = (len(fixed), len(fixed)) if fixed else (schema["minItems"], schema["maxItems"])
        return bounds[0] <= len(value) <= bounds[1] and all(map(fits, value, parts))
    return {
        "boolean": isinstance(value, bool),
        "null": value is None,
        "string": isinstance(value, str) and len(value) <= schema.get("maxLength", 9),
        "integer": number and isinstance(value, int) and value >= schema.get("minimum", 0),
        "number": number and value <= schema.get("maximum", 0),
    }[kind]


@given(schemas, st.integers(0, 1000))
def test_every_value_fits_its_schema(schema, seed):
    """Whatever is chosen, the value fits the schema and the text written is its JSON."""
    source = random.Random(seed)

    def choose(text, options):
        assert len(set(options)) == len(options) > 1
        return source.randrange(len(options))

    made = form(choose)
    value = made.fill(schema)

    assert fits(value, schema)
    assert json.loads(made.text) == value


@given(schemas)
def test_the_first_choice_always_ends(schema):
    """The rule, which takes the first option, gets a valid value too."""
    assert fits(form().fill(schema), schema)


def test_numbers_come_from_the_list_or_the_constants():
    """Nothing else is on offer for a number."""
    seen = []

    def choose(text, options):
        seen.extend(options)
        return 0

    form(choose).fill({"type": "number"})

    assert seen == [str(number) for number in dict.fromkeys([*NUMBERS, *CONSTANTS])]


def test_numbers_keep_to_type_and_bounds():
    """An integer between bounds offers the numbers at hand that are integers between them."""
    seen = []

    def choose(text, options):
        seen.extend(options)
        return 0

    form(choose).fill({"type": "integer", "minimum": 1, "exclusiveMaximum": 10, "default": 7})

    assert seen == ["7", "4", "1", "2", "3", "5"]


def test_a_number_shows_where_it_ends():
    """1 and 10 are told apart by what follows them, which is not part of the value."""
    schema = {"type": "object", "properties": {"k": {"enum": [1, 10]}}, "required": ["k"]}
    seen = []

    def choose(text, options):
        seen.append(list(options))
        return len(options) - 1

    made = form(choose)

    assert made.fill(schema) == {"k": 10}
    assert seen[-1] == [" 1}", " 10}"]
    assert made.text == '{"k": 10}'


def test_no_number_fits():
    """A bound that nothing at hand meets is said, with the schema."""
    with pytest.raises(ToolError, match=r'No number at hand fits .*"exclusiveMinimum": 1000'):
        form().fill({"type": "number", "exclusiveMinimum": 1000})


def test_optional_arguments_can_be_left_out():
    """Leaving out is the first option, each optional name that may come next is another."""
    schema = {
        "type": "object",
        "properties": {"a": {"const": 1}, "b": {"const": 2}, "c": {"const": 3}},
        "required": ["b"],
    }
    seen = []

    def choose(text, options):
        seen.append((text, list(options)))
        return 0

    assert form(choose).fill(schema) == {"b": 2}
    assert seen[0] == ("{", ['"b":', '"a":'])
    assert ('{"b": 2', ["}", ', "c":']) in seen


def test_references_and_alternatives():
    """References are followed; alternatives that open differently are told apart."""
    condition = {
        "type": "array",
        "prefixItems": [{"enum": ["x", "y"]}, {"const": ">"}, {"type": "number"}],
        "minItems": 3,
        "maxItems": 3,
    }
    schema = {
        "$defs": {"Condition": condition},
        "anyOf": [
            {"type": "null"},
            {"$ref": "#/$defs/Condition"},
            {
                "type": "object",
                "properties": {"any": {"type": "array", "items": {"$ref": "#/$defs/Condition"}}},
                "required": ["any"],
            },
        ],
    }
    asked = []

    def choose(text, options):
        asked.append(list(options))
        return len(options) - 1 if len(asked) == 1 else 0

    assert form(choose).fill(schema)["any"] is not None
    assert asked[0] == ["null", "[", '{"any": [']
    with pytest.raises(ToolError, match="does not define"):
        form().fill({"$ref": "#/$defs/Nothing"})


def test_arrays_are_bounded():
    """Without a bound of its own an array ends after MAX_ITEMS; unique items are not offered twice."""
    last = form(lambda text, options: len(options) - 1)
    assert len(last.fill({"type": "array", "items": {"enum": ["a", "b"]}})) == MAX_ITEMS

    unique = form(lambda text, options: len(options) - 1)
    assert sorted(unique.fill({"type": "array", "items": {"enum": ["a", "b"]}, "uniqueItems": True})) == ["a", "b"]


def test_strings_are_bounded():
    """A free string is written under the schema, with a length of our own where it has none."""
    asked = []

    def write(text, schema):
        asked.append((text, schema))
        return 'say "x"'

    made = Form("", lambda text, options: 0, write, [])

    assert made.fill({"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}) == {"q": 'say "x"'}
    assert made.text == r'{"q": "say \"x\""}'
    assert asked[0][0] == '{"q": '
    assert asked[0][1]["maxLength"] > 0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("t1.value and t12", []),
        ("x1 is 3", [3]),
        ("17.99, -4 and 1e-3.", [17.99, -4, 0.001]),
        ("1,234,567 rows", [1234567]),
        ("88th, 12%", [12]),
        ("1" + "0" * 400 + " 1e999", []),
        ("2 2.0 2", [2]),
    ],
)
def test_numbers_in_text(text, found):
    """Numbers are whole words; ids, ordinals and what JSON cannot hold are none."""
    assert numbers_in([text]) == found
