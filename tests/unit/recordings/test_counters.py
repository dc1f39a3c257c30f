"""What people do with a recording, counted."""

from __future__ import annotations

from auricle.recordings.counters import Counters, CountersChange, by_user, counted

BEFORE = Counters(
    1, 2, 3, 4, 5, 6, {"ann": frozenset({"c1"})}, {"ann": frozenset({"p1"}), "bob": frozenset({"p1", "p2"})}
)


def test_every_count_is_added_to() -> None:
    after = counted(BEFORE, CountersChange(10, 20, 30, 40, 50, 60))
    assert after == Counters(11, 22, 33, 44, 55, 66, BEFORE.unread, BEFORE.unread_private)


def test_counts_go_down_too() -> None:
    assert counted(BEFORE, CountersChange(comments=-1, stars=-6)).stars == 0
    assert counted(BEFORE, CountersChange(comments=-1)).comments == 4


def test_comments_become_unread_and_read_by_user() -> None:
    more = counted(BEFORE, CountersChange(unread=frozenset({("ann", "c2"), ("bob", "c2")})))
    assert more.unread == {"ann": frozenset({"c1", "c2"}), "bob": frozenset({"c2"})}
    assert more.unread_private == BEFORE.unread_private
    fewer = counted(more, CountersChange(read=frozenset({("ann", "c1"), ("bob", "c2"), ("cid", "c9")})))
    assert fewer.unread == {"ann": frozenset({"c2"})}


def test_private_comments_are_kept_apart() -> None:
    more = counted(BEFORE, CountersChange(unread=frozenset({("cid", "p3")}), private=True))
    assert more.unread == BEFORE.unread
    assert more.unread_private == {**BEFORE.unread_private, "cid": frozenset({"p3"})}
    fewer = counted(BEFORE, CountersChange(read=frozenset({("bob", "p1")}), private=True))
    assert fewer.unread_private == {"ann": frozenset({"p1"}), "bob": frozenset({"p2"})}


def test_a_user_is_shown_their_own_private_comments_among_the_others() -> None:
    seen = BEFORE.as_seen_by(frozenset({"ann", "ann-2"}))
    assert (seen.unread, seen.unread_private) == ({"ann": frozenset({"c1", "p1"})}, {})
    seen = BEFORE.as_seen_by(frozenset({"bob"}))
    assert seen.unread == {"ann": frozenset({"c1"}), "bob": frozenset({"p1", "p2"})}
    assert list(seen.unread) == ["ann", "bob"]
    assert BEFORE.as_seen_by(frozenset({"cid"})).unread == BEFORE.unread
    assert (seen.views, seen.stars) == (1, 6)


def test_all_marks_are_counted() -> None:
    assert BEFORE.all_unread == 4
    assert Counters().all_unread == 0


def test_pairs_are_gathered_by_user_in_order() -> None:
    found = by_user([("bob", "c1"), ("ann", "c1"), ("bob", "c2")])
    assert found == {"ann": frozenset({"c1"}), "bob": frozenset({"c1", "c2"})}
    assert list(found) == ["ann", "bob"]
