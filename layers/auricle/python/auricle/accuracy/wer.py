"""Word error rate, as the speech recognition leaderboards count it.

Both texts are normalised first (Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022,
appendix C): case, punctuation, spelled-out numbers and British spelling do not count as errors.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True)
class WordError:
    """The edits that turn a transcript into its reference. Adding up recordings gives the corpus's."""

    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    reference_words: int = 0

    @property
    def rate(self) -> float:
        """Edits per reference word. Without any, 0 if nothing was heard either, else 1."""
        edits = self.substitutions + self.deletions + self.insertions
        if not self.reference_words:
            return 1.0 if edits else 0.0
        return edits / self.reference_words

    def __add__(self, other: WordError) -> WordError:
        return WordError(
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
            self.reference_words + other.reference_words,
        )


def word_error(reference: str, hypothesis: str) -> WordError:
    """Compare English texts. Needs jiwer and whisper-normalizer, which only the laptop's installation has."""
    import jiwer

    said, heard = _normalizer()(reference), _normalizer()(hypothesis)
    if not said:  # jiwer refuses an empty reference
        return WordError(insertions=len(heard.split()))
    compared = jiwer.process_words(said, heard)
    return WordError(compared.substitutions, compared.deletions, compared.insertions, reference_words=len(said.split()))


@cache
def _normalizer() -> Any:
    with warnings.catch_warnings():
        # Its docstrings hold invalid escapes, which Python says when it compiles them.
        warnings.simplefilter("ignore")
        from whisper_normalizer.english import EnglishTextNormalizer

    return EnglishTextNormalizer()
