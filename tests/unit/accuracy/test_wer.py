from __future__ import annotations

import pytest

from auricle.accuracy.wer import WordError, word_error


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("please call me back", "please call me back", WordError(0, 0, 0, 4)),
        ("Please, call me BACK!", "please call me back", WordError(0, 0, 0, 4)),
        ("it costs two hundred dollars", "It costs $200.", WordError(0, 0, 0, 3)),
        ("I don't; the colour is grey", "i do not the color is gray", WordError(0, 0, 0, 7)),
        ("please call me back", "please fall me back", WordError(1, 0, 0, 4)),
        ("please call me back", "please me back", WordError(0, 1, 0, 4)),
        ("please call me back", "please do call me back", WordError(0, 0, 1, 4)),
        ("please call me back", "", WordError(0, 4, 0, 4)),
        ("", "well hello", WordError(0, 0, 2, 0)),
        ("[laughter]", "", WordError()),
    ],
)
def test_edits_after_normalising(reference: str, hypothesis: str, expected: WordError) -> None:
    assert word_error(reference, hypothesis) == expected


def test_a_corpus_counts_words_and_not_recordings() -> None:
    long = "a much longer text without an error"
    total = word_error("one word", "two words") + word_error(long, long)
    assert total == WordError(2, 0, 0, 9)
    assert total.rate == 2 / 9


def test_rates_without_reference_words() -> None:
    assert WordError().rate == 0.0
    assert WordError(insertions=3).rate == 1.0
    assert WordError(insertions=6, reference_words=3).rate == 2.0, "more can be wrong than was said"
