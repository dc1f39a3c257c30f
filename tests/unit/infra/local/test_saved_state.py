"""Every file of saved state cut short, emptied, deleted, or of a later version: recovered whole, or refused by name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from infra.cli import main as cli
from infra.local import saved_state, state_repair
from infra.local.failures import StateDamaged, StateTooNew, StateTooOld
from infra.local.home import Home
from infra.local.journal import MARK, Journal, empty_journal, journal_name, read_mark
from infra.local.object_files import ObjectFiles
from infra.local.replay import replay
from infra.local.saved_state import OBJECTS, TABLES, Manifest

KEYS = [f"orgs/acme/recordings/rec-{number}/source" for number in range(9)]


class Environment:
    """What an engine writes, without the engine: objects in a bucket, and a service the journal knows nothing of."""

    def __init__(self, home: Home) -> None:
        self.home = home
        for folder in (home.state, home.objects):
            folder.mkdir(parents=True)
        self._files = ObjectFiles(home.objects)
        self._objects: dict[str, Any] = {}
        self._manifest = Manifest(0, {})
        self.journal = Journal(home.state, number=1, first=1, generation=0)

    def upload(self, key: str) -> None:
        stored = self._files.write(key.encode() * 9)
        description = {"current": {}, "history": {}, "files": {"v1": stored.as_json()}}
        self._objects[key] = description
        self.journal.append(["object", "0", "bucket", key, description])
        self.journal.wait_written()

    def save(self, sqs: str, *, whole: bool) -> None:
        changed = {"sqs": (_encoded({"queue": sqs}), 0)}
        if whole:
            journal = self.journal.rotate()
            changed[OBJECTS] = (_encoded({"objects": {"0": {"bucket": dict(self._objects)}}}), journal)
            changed[TABLES] = (_encoded({"tables": {}}), journal)
        self._manifest = saved_state.commit(self.home.state, self._manifest, changed)
        self.journal.note_generation(self._manifest.generation)
        saved_state.forget_superseded(self.home.state, self._manifest)


def _encoded(payload: Any) -> bytes:
    return json.dumps({"__ministack_format__": 2, "payload": payload}).encode()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after nine uploads and three saves, killed."""
    home = Home(tmp_path_factory.mktemp("written") / "home")
    made = Environment(home)
    for number, key in enumerate(KEYS):
        made.upload(key)
        if number in {2, 5}:
            made.save(f"after {number}", whole=True)
        if number == 7:
            made.save("after 7", whole=False)
    made.journal.close()
    return home.root


@pytest.fixture
def home(written: Path, tmp_path: Path) -> Home:
    shutil.copytree(written, tmp_path / "home")
    return Home(tmp_path / "home")


def state_files(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "state").iterdir())


def loaded(home: Home) -> tuple[list[str], str, list[str]]:
    """Keys of the objects, the queue's content, and the notes."""
    saved = saved_state.read(home.state, objects_kept=bool(ObjectFiles(home.objects).sizes()))
    state = json.loads(saved.contents[OBJECTS])["payload"]
    replay({OBJECTS: state}, saved.changes, saved.replay_from)
    queue = json.loads(saved.contents["sqs"])["payload"]["queue"]
    return sorted(state["objects"]["0"]["bucket"]), queue, list(saved.notes)


def outcome_of(home: Home) -> tuple[str, str]:
    """Whether it is refused or recovered whole, and what a person is told of it."""
    try:
        keys, queue, notes = loaded(home)
    except StateDamaged as failure:
        return "refused", str(failure)
    return ("recovered" if (keys, queue) == (KEYS, "after 7") else "lost"), " ".join(notes)


def everything(home: Home) -> dict[str, bytes]:
    return {str(path.relative_to(home.root)): path.read_bytes() for path in home.root.rglob("*") if path.is_file()}


def test_what_was_written_is_read(home: Home) -> None:
    assert loaded(home) == (KEYS, "after 7", [])
    kinds = {name.split(".")[0] for name in state_files(home.root)}
    assert kinds == {"manifest", "journal", "sqs", OBJECTS, TABLES}
    assert len([name for name in state_files(home.root) if name.startswith("journal.0")]) == 2


DAMAGES: dict[str, Any] = {
    **{
        f"cut at {tenths}0%": lambda content, tenths=tenths: content[: len(content) * tenths // 10]
        for tenths in range(10)
    },
    "cut by a byte": lambda content: content[:-1],
    "deleted": None,
    "a byte changed": lambda content: content[: len(content) // 2] + b"\xff" + content[len(content) // 2 + 1 :],
    "zeros": lambda content: bytes(len(content)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_recovered_from_or_named_and_nothing_is_overwritten(
    damage: str, written: Path, tmp_path: Path
) -> None:
    outcomes = set()
    for name in state_files(written):
        home = Home(tmp_path / name)
        shutil.copytree(written, home.root)
        path = home.state / name
        if DAMAGES[damage] is None:
            path.unlink()
        else:
            path.write_bytes(DAMAGES[damage](path.read_bytes()))
        before = everything(home)
        outcome, told = outcome_of(home)
        if outcome == "refused":
            assert name.split(".")[0] in told, (name, told)
            assert "auricle state restore" in told
        else:
            older = ("sqs.00000002", "journal.00000002", f"{OBJECTS}.00000001", f"{TABLES}.00000001")
            assert told or name.startswith(older), f"{name} was damaged and nobody is told"
        outcomes.add(outcome)
        assert everything(home) == before, "a damaged file is evidence"
    assert outcomes == {"refused", "recovered"}


def test_everything_but_the_objects_is_gone(home: Home) -> None:
    shutil.rmtree(home.state)
    home.state.mkdir()
    with pytest.raises(StateDamaged, match=r"manifest\.json is missing"):
        loaded(home)


def test_a_new_home_and_one_whose_first_start_was_cut_off_are_empty(tmp_path: Path) -> None:
    assert saved_state.read(tmp_path, objects_kept=False).manifest.generation == 0
    journal = Journal(tmp_path, number=1, first=1, generation=0)
    journal.append(["object", "0", "assets", "zip", None])
    journal.close()
    (tmp_path / "lambda.00000001.00000000.abc.json.writing").write_bytes(b"half")
    assert saved_state.read(tmp_path, objects_kept=True).manifest.generation == 0
    saved_state.forget(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_save_that_was_cut_off_leaves_the_one_before(home: Home) -> None:
    manifest = saved_state.read(home.state, objects_kept=True).manifest
    before = {name: (home.state / name).read_bytes() for name in saved_state.MANIFESTS}
    saved_state.commit(home.state, manifest, {"sqs": (_encoded({"queue": "half"}), 0)})
    for name, content in before.items():  # everything but the manifests was written
        (home.state / name).write_bytes(content)
    assert loaded(home) == (KEYS, "after 7", [])


def test_a_kill_in_the_middle_of_a_write_loses_only_what_was_not_acknowledged(home: Home) -> None:
    mark = read_mark(home.state)
    assert mark is not None
    with (home.state / journal_name(mark.number)).open("ab") as file:
        file.write(b"\x00\x00\x01\x00half of a frame")
    assert loaded(home) == (KEYS, "after 7", [])


@pytest.mark.parametrize("name", ["manifest.json", "journal", MARK])
def test_a_later_version_is_refused_with_what_to_do(name: str, home: Home) -> None:
    if name == "manifest.json":
        for manifest in saved_state.MANIFESTS:
            content = json.loads((home.state / manifest).read_bytes())
            (home.state / manifest).write_text(json.dumps({**content, "format": 2}))
    else:
        path = home.state / (journal_name(3) if name == "journal" else MARK)
        content = bytearray(path.read_bytes())
        content[7] = 2
        if name == MARK:
            import zlib

            content[-4:] = zlib.crc32(content[:-4]).to_bytes(4, "big")
        path.write_bytes(content)
    before = everything(home)
    with pytest.raises(StateTooNew, match=r"written by a later version .* use that version of Auricle again"):
        loaded(home)
    assert everything(home) == before


# --- auricle state ---------------------------------------------------------------------------------------------


def test_restoring_a_cut_journal_says_what_is_lost_and_does_nothing_unasked(home: Home) -> None:
    path = home.state / journal_name(3)
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    before = everything(home)
    asked = state_repair.restore(home, accept_loss=False)
    assert asked.lost == ["the changes from number 9 on, which journal.00000003.log ended with"]
    assert everything(home) == before

    done = state_repair.restore(home, accept_loss=True)
    assert done.moved_to is not None
    assert (done.moved_to / path.name).read_bytes() == whole[:-10]
    keys, queue, notes = loaded(home)
    assert (keys, queue, notes) == (KEYS[:8], "after 7", [])
    kept = [found.read_bytes() for found in (done.moved_to / "objects").iterdir()]
    assert kept == [KEYS[8].encode() * 9], "the audio of a lost description is kept"


def test_restoring_without_a_loss_needs_no_consent(home: Home) -> None:
    for name in saved_state.MANIFESTS:
        (home.state / name).write_bytes(b"")
    done = state_repair.restore(home, accept_loss=True)
    assert done.lost == [
        "possibly what changed in queues, rules and functions last: no manifest says what was the newest"
    ]
    assert loaded(home) == (KEYS, "after 7", [])
    assert state_repair.restore(home, accept_loss=False).moved_to is None, "nothing is left to do"


def test_restoring_a_queue_goes_back_to_its_last_save(home: Home) -> None:
    newest = max(name for name in state_files(home.root) if name.startswith("sqs."))
    (home.state / newest).unlink()
    assert state_repair.restore(home, accept_loss=True).lost == ["what changed in sqs after generation 2"]
    assert loaded(home) == (KEYS, "after 5", [])


def test_restoring_an_unreadable_journal_file_goes_on_without_it(home: Home) -> None:
    (home.state / journal_name(3)).write_bytes(b"no journal")
    lost = state_repair.restore(home, accept_loss=True).lost
    assert lost == ["the changes in journal.00000003.log: it cannot be read, or does not follow the one before"]
    assert loaded(home)[0] == KEYS[:6]


def test_nothing_is_restored_where_nothing_is_left(home: Home) -> None:
    for path in home.state.glob(f"{TABLES}.*"):
        path.unlink()
    with pytest.raises(state_repair.CannotRestore, match="Nothing whole is left of dynamodb"):
        state_repair.restore(home, accept_loss=True)


def test_checking_reads_the_bytes_of_every_object(home: Home) -> None:
    found = state_repair.examine(home)
    assert (found.generation, found.objects, list(found.damages)) == (3, 9, [])
    damaged = next(path for path in home.objects.rglob("*") if path.is_file())
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    (damage,) = state_repair.examine(home).damages
    assert "has another checksum than when it was written" in damage


def auricle(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Home, *words: str
) -> tuple[int, str]:
    monkeypatch.setenv("AURICLE_HOME", str(home.root))
    monkeypatch.setattr("sys.argv", ["auricle", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0), " ".join(capsys.readouterr().out.split())


def test_the_commands_say_it(home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    status, told = auricle(monkeypatch, capsys, home, "state", "check")
    assert (status, "9 stored objects, all whole" in told) == (0, True)
    assert auricle(monkeypatch, capsys, home, "state", "restore")[0] == 0
    path = home.state / journal_name(3)
    path.write_bytes(path.read_bytes()[:-10])
    status, told = auricle(monkeypatch, capsys, home, "state", "check")
    assert (status, "journal.00000003.log is cut short" in told) == (1, True)
    status, told = auricle(monkeypatch, capsys, home, "state", "restore")
    assert (status, "To be lost: the changes from number 9 on" in told) == (1, True)
    status, told = auricle(monkeypatch, capsys, home, "state", "restore", "--accept-loss")
    assert (status, "The damaged files are in" in told) == (0, True)
    status, told = auricle(monkeypatch, capsys, home, "state", "check")
    assert (status, "8 stored objects, all whole" in told) == (0, True)


def test_an_empty_journal_is_one() -> None:
    assert len(empty_journal(1, 1)) == 24


def test_state_of_a_version_before_the_journal_is_refused_as_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "dynamodb.json").write_text('{"__ministack_format__": 2, "payload": {"tables": {}}}')
    with pytest.raises(StateTooOld, match=r"written by an earlier version, .* begin anew with another AURICLE_HOME"):
        saved_state.read(tmp_path, objects_kept=True)
    assert [path.name for path in tmp_path.iterdir()] == ["dynamodb.json"]
