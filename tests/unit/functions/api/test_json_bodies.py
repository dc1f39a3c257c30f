"""The one JSON parser: what it takes, what it refuses, and that it names the place."""

from __future__ import annotations

import json
import random
import time
import tracemalloc

import pytest

from api.json_bodies import InvalidValues, NotJson, parse_json


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        (b'{"a": NaN}', "a", "must be a number that JSON knows"),
        (b'{"a": [1, -Infinity]}', "a.1", "must be a number that JSON knows"),
        (b"Infinity", "", "must be a number that JSON knows"),
        (b'{"a": {"b": ' + b"9" * 400 + b"}}", "a.b", "is a number out of range"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a", "is a number out of range"),
        (b'{"a": 18446744073709551616}', "a", "is a number out of range"),
        (b'{"a": -9223372036854775809}', "a", "is a number out of range"),
        (b'{"a": 1e999}', "a", "is a number out of range"),
        (b'{"a": -1e400}', "a", "is a number out of range"),
        (b'{"a": 1, "b": 2, "a": 1}', "a", "is given more than once"),
        (b'{"x": [{"a": {}, "a": 1}]}', "x.0.a", "is given more than once"),
        (b'{"x": [{"a": NaN, "a": 1}]}', "x.0.a", "is given more than once"),
        (b'{"a": "\\ud800"}', "a", "must not have half of a surrogate pair"),
        (b'{"a": ["\\uDC00\\uD800"]}', "a.0", "must not have half of a surrogate pair"),
        (b'{"a": {"\\udfff": 1}}', "a", "must not have half of a surrogate pair"),
    ],
)
def test_a_value_that_is_not_accepted_is_named(content: bytes, place: str, message: str) -> None:
    with pytest.raises(InvalidValues) as refused:
        parse_json(content)
    assert [problem.field for problem in refused.value.problems] == [place]
    assert refused.value.problems[0].message.startswith(message)


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',  # a surrogate, encoded as no UTF-8 may be
        b'{"a": "\xc0\xaf"}',  # overlong
        b"\xef\xbb\xbf{}",
        '{"a": 1}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 201 + b"]" * 201,
        b'{"a":' * 201 + b"1" + b"}" * 201,
        b"",
        b"{",
        b"{'a': 1}",
        b'{"a": 01}',
        b'{"a": +1}',
        b'{"a": .5}',
        b'{"a": 1.}',
        b'{"a": 0x10}',
        b'{"a": "\n"}',
        b'{"a": "\x00"}',
        b'{"a": 1,}',
        b'{"a": 1} {}',
        b"// a\n{}",
        b"nan",
    ],
)
def test_what_is_not_json_in_utf_8_is_refused(content: bytes) -> None:
    with pytest.raises(NotJson):
        parse_json(content)


def test_bytes_that_a_gateway_replaced_are_noticed() -> None:
    replaced = b'{"a": "\xff"}'.decode("utf-8", "replace").encode()
    with pytest.raises(NotJson, match=r"character 7 is U\+FFFD"):
        parse_json(replaced, was_decoded=True)
    assert parse_json(replaced) == {"a": "\N{REPLACEMENT CHARACTER}"}
    assert parse_json(b'{"a": "\\ufffd"}', was_decoded=True) == {"a": "\N{REPLACEMENT CHARACTER}"}


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": 18446744073709551615, "b": -9223372036854775808, "c": 1e308, "d": 1e-400, "e": -0.0}',
        b'{"a": "\\ud83d\\ude00", "b": "\\u0000", "": {"a": {"a": []}}, "c": "\xf0\x9f\x98\x80"}',
        b" [true, false, null] ",
    ],
)
def test_all_else_is_what_json_says(content: bytes) -> None:
    assert parse_json(content) == json.loads(content)


def test_whatever_comes_is_parsed_or_refused() -> None:
    numbers = random.Random(8)
    seed = b'{"title": "a\\ud83d\\ude00", "n": [1, -2.5e3, {"b": null, "c": true}], "a": "x"}'
    outcomes = set()
    for _ in range(3000):
        content = bytearray(seed)
        for _ in range(numbers.randint(1, 4)):
            content[numbers.randrange(len(content))] = numbers.randrange(256)
        try:
            parse_json(bytes(content))
            outcomes.add("parsed")
        except (NotJson, InvalidValues) as refused:
            outcomes.add(type(refused).__name__)
    assert outcomes == {"parsed", "NotJson", "InvalidValues"}


def test_so_many_invalid_values_are_named_as_an_answer_shows() -> None:
    with pytest.raises(InvalidValues) as refused:
        parse_json(b'{"a": [' + b",".join([b"NaN"] * 21) + b"]}")
    faults = refused.value.problems
    assert [problem.field for problem in faults] == [f"a.{number}" for number in range(20)]
    assert {problem.message for problem in faults[:19]} == {
        "must be a number that JSON knows: NaN and Infinity are none"
    }
    assert faults[19].message.endswith("; further fields are wrong, too")

    with pytest.raises(InvalidValues) as refused:
        parse_json(b'{"a": [' + b",".join([b"NaN"] * 20) + b"]}")
    assert len(refused.value.problems) == 20
    assert not refused.value.problems[19].message.endswith("too")


def test_a_long_name_is_repeated_in_part() -> None:
    with pytest.raises(InvalidValues) as refused:
        parse_json(b'{"' + b"x" * 500_000 + b'": {"b": NaN}}')
    assert [problem.field for problem in refused.value.problems] == ["x" * 199 + "…"]


@pytest.mark.parametrize("bad_value", [b"NaN", b'"\\ud800"', b'{"b":1,"b":1}'])
def test_many_invalid_values_below_a_long_name_take_little_memory(bad_value: bytes) -> None:
    content = b'{"' + b"n" * 5000 + b'":[' + b",".join([bad_value] * 5000) + b"]}"
    tracemalloc.start()
    try:
        with pytest.raises(InvalidValues):
            parse_json(content)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 8_000_000  # 25 MB and more if each value's place is written out


def test_a_name_given_twice_is_found_in_one_pass() -> None:
    names = [b'"%x":1' % number for number in range(100_000)]
    content = b"{" + b",".join([*names, names[-1]]) + b"}"
    begun_s = time.process_time()
    with pytest.raises(InvalidValues) as refused:
        parse_json(content)
    assert time.process_time() - begun_s < 10  # a tenth of a second; minutes if each name is looked for among all
    assert [problem.field for problem in refused.value.problems] == ["1869f"]
