"""Answers kept for requests that are sent again, and how many requests a credential has sent: both expire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pynamodb.attributes import BinaryAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from auricle.adapters.dynamodb import items
from auricle.adapters.dynamodb.items import Item
from auricle.adapters.dynamodb.translate import ConditionFailed, repeated
from auricle.ports import CLAIMED, KEPT, KeptAnswer

ANSWER_KEY = "ANSWER"
METER_KEPT = timedelta(minutes=10)


class AnswerItem(Item, discriminator="answer"):
    owner = UnicodeAttribute()
    fingerprint = UnicodeAttribute()
    claimed_until = NumberAttribute()
    content = BinaryAttribute(legacy_encoding=False, null=True)
    expires_at = TTLAttribute()


class RateLimitItem(Item, discriminator="meter"):
    taken = NumberAttribute()
    expires_at = TTLAttribute()


class DynamoIdempotencyStore:
    """AnswerStore on the table."""

    def __init__(self, table: str) -> None:
        items.use_table(table)

    def claim(self, org: str, name: str, owner: str, fingerprint: str, *, now: datetime) -> KeptAnswer | None:
        item = AnswerItem(
            _answer_key(org, name),
            ANSWER_KEY,
            owner=owner,
            fingerprint=fingerprint,
            claimed_until=(now + CLAIMED).timestamp(),
            expires_at=now + KEPT,
        )
        # The table removes what has expired when it gets to it, so whether it has is asked here.
        gone = AnswerItem.content.does_not_exist() & (AnswerItem.claimed_until < now.timestamp())
        # A claim that was written, and its answer lost on the way, is written again: it is still the same claim.
        mine = AnswerItem.owner == owner
        free = Item.pk.does_not_exist() | gone | (AnswerItem.expires_at < now) | mine
        try:
            repeated(lambda: item.save(condition=free))
        except ConditionFailed:
            return self._kept(org, name, fingerprint)
        return None

    def keep(self, org: str, name: str, owner: str, content: bytes, *, now: datetime) -> None:
        item = AnswerItem(_answer_key(org, name), ANSWER_KEY)
        kept: list[Action] = [AnswerItem.content.set(content), AnswerItem.expires_at.set(now + KEPT)]
        try:
            repeated(lambda: item.update(kept, condition=AnswerItem.owner == owner))
        except ConditionFailed:
            return

    def release(self, org: str, name: str, owner: str) -> None:
        item = AnswerItem(_answer_key(org, name), ANSWER_KEY)
        try:
            repeated(lambda: item.delete(condition=AnswerItem.owner == owner))
        except ConditionFailed:
            return

    def _kept(self, org: str, name: str, fingerprint: str) -> KeptAnswer:
        try:
            key = _answer_key(org, name)
            item = repeated(lambda: AnswerItem.get(key, ANSWER_KEY, consistent_read=True))
        except AnswerItem.DoesNotExist:  # let go of between the two: whoever asks next may have it
            return KeptAnswer(fingerprint, None)
        return KeptAnswer(item.fingerprint, item.content)


class DynamoRateLimitStore:
    """Meter on the table."""

    def __init__(self, table: str) -> None:
        items.use_table(table)

    def take(self, org: str, credential: str, window: int, amount: int) -> int:
        item = RateLimitItem(f"{items.tenant_key(org)}#METER#{credential}", f"{window:012d}")
        end = datetime.fromtimestamp((window + 1) * 60, tz=UTC)
        taking: list[Action] = [
            Item.kind.set(RateLimitItem),
            RateLimitItem.taken.add(amount),
            RateLimitItem.expires_at.set(end + METER_KEPT),
        ]
        repeated(lambda: item.update(taking))
        return int(item.taken)


def _answer_key(org: str, name: str) -> str:
    return f"{items.tenant_key(org)}#ANSWER#{name}"
