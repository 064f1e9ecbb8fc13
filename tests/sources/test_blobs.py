"""A Blob container as a source: listed at each scan, fetched where something changed."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from core.deadline import Deadline
from core.errors import Cancelled, SourceError
from core.indexing.away import MANY, away, forget_away
from core.indexing.job import Indexer
from core.indexing.scan import FETCHERS, scan
from core.model import Away, Scope
from core.pictures import picture_id
from core.sources.remote import fetching
from tests.blob_emulator import SIGNATURE, BlobEmulator, Handler
from tests.conftest import ColourEmbedder, plain
from tests.sources.conftest import Elsewhere


def fill(service: BlobEmulator, count: int) -> None:
    for number in range(count):
        service.put(f"{number:05}.png", plain((200, number % 100, number // 100), width=16))


def pages(handler: Handler) -> None:
    handler.send(200, b"<html>Sign in</html>", {"Content-Type": "text/html"})


def test_the_blobs_of_a_container_are_pictures_below_the_name_of_the_source(
    elsewhere: Elsewhere, service: BlobEmulator
) -> None:
    service.put("boats/red.png", plain("red"))
    service.put("blue.png", plain("blue"))
    elsewhere.set(f"photos={service.container}")
    assert elsewhere.scan().new == 2
    files = elsewhere.store.files()
    assert files["remote/photos/boats/red.png"].picture_id == picture_id(plain("red"))
    assert set(files) == {"remote/photos/blue.png", "remote/photos/boats/red.png"}


def test_a_container_that_did_not_change_is_listed_and_not_fetched(
    elsewhere: Elsewhere, service: BlobEmulator
) -> None:
    fill(service, 5)
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    service.requests.clear()
    assert elsewhere.scan().unchanged == 5
    assert len(service.requests) == service.listings() == 1


@pytest.mark.parametrize("with_hash", [True, False])
def test_only_a_blob_that_changed_is_fetched_again(
    elsewhere: Elsewhere, service: BlobEmulator, with_hash: bool
) -> None:
    service.put("a.png", plain("red"), with_hash=with_hash)
    service.put("b.png", plain("green"), with_hash=with_hash)
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    service.put("b.png", plain("blue"), with_hash=with_hash)
    service.requests.clear()
    assert elsewhere.scan().new == 1
    assert service.fetched() == ["b.png"]
    assert elsewhere.store.files()["remote/photos/b.png"].picture_id == picture_id(plain("blue"))


def test_a_blob_that_was_deleted_is_gone(elsewhere: Elsewhere, service: BlobEmulator) -> None:
    fill(service, 3)
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    del service.blobs["00001.png"]
    assert elsewhere.scan().gone == 1


def test_an_empty_container_is_no_trouble(elsewhere: Elsewhere, service: BlobEmulator) -> None:
    elsewhere.set(f"photos={service.container}")
    assert elsewhere.scan().new == 0
    assert away(elsewhere.store) == []


def test_a_large_container_is_listed_page_by_page_to_its_end(
    elsewhere: Elsewhere, service: BlobEmulator
) -> None:
    for number in range(50_000):
        service.put(f".cache/{number:05}", b"", etag="x", with_hash=False)
    service.put("zebra.png", plain("red"))
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    assert service.listings() == 11
    assert elsewhere.paths() == ["remote/photos/zebra.png"]


def test_a_folder_of_a_container_can_be_a_source(
    elsewhere: Elsewhere, service: BlobEmulator
) -> None:
    service.put("boats/red.png", plain("red"))
    service.put("boats house/blue.png", plain("blue"))
    elsewhere.set(f"boats={service.bare}/boats?{service.sas}")
    elsewhere.scan()
    assert elsewhere.paths() == ["remote/boats/red.png"]


NAMES = [
    "a b.png",
    "50%.png",
    "50%25.png",
    "a+b&c=d;e?f#g.png",
    "Größe 大 🦓.png",
    "line\nbreak\x01.png",
    "..//.../x.png",
    "a/../b.png",
    "back\\slash.png",
    "'quote\"<tag>.png",
    "\ufffe.png",
    "*bold* [link](x).png",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_blob_is_fetched_whatever_its_name(
    elsewhere: Elsewhere, service: BlobEmulator, name: str
) -> None:
    service.put(name, plain("red"))
    elsewhere.set(f"photos={service.container}")
    assert elsewhere.scan().new == 1
    (path,) = elsewhere.paths()
    assert path.isprintable()
    assert elsewhere.sources.read(path, Deadline()) == plain("red")


def test_blobs_that_are_no_pictures_are_named_and_not_fetched(
    elsewhere: Elsewhere, service: BlobEmulator
) -> None:
    service.put("notes.txt", b"notes")
    service.put("@eaDir/thumb.jpg", plain("red"))
    service.put("folder/", b"")
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    assert service.fetched() == []
    assert set(elsewhere.reasons()) == {"remote/photos/notes.txt", "remote/photos/@eaDir/"}


def test_a_blob_without_a_suffix_is_a_picture_by_its_content_type(
    elsewhere: Elsewhere, service: BlobEmulator
) -> None:
    service.put("4711", plain("red"), kind="image/png")
    elsewhere.set(f"photos={service.container}")
    assert elsewhere.scan().new == 1


def test_a_web_page_under_a_pictures_name_is_said(
    elsewhere: Elsewhere, service: BlobEmulator
) -> None:
    service.put("page.jpg", b"<html>Not found</html>", kind="image/jpeg")
    service.put("other.jpg", plain("red"))
    service.instead["other.jpg"] = pages
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    reasons = elsewhere.reasons()
    assert "web page" in reasons["remote/photos/other.jpg"]
    assert "HTML" in reasons["remote/photos/page.jpg"]
    service.requests.clear()
    elsewhere.scan()
    assert service.fetched() == []


def test_at_most_twenty_fetches_are_in_flight(elsewhere: Elsewhere, service: BlobEmulator) -> None:
    fill(service, 60)
    full = threading.Barrier(FETCHERS, timeout=10)

    def all_together(handler: Handler) -> None:
        full.wait()
        handler.send(200, plain("red"))

    service.instead[".png"] = all_together
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    assert service.most_at_once == FETCHERS
    assert len(elsewhere.paths()) == 60


def test_a_busy_service_is_asked_again(
    elsewhere: Elsewhere, service: BlobEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "FIRST_PAUSE", 0.01)
    service.put("a.png", plain("red"))

    def busy_once(handler: Handler) -> None:
        service.instead.clear()
        handler.refuse(503, "ServerBusy")

    service.instead["a.png"] = busy_once
    elsewhere.set(f"photos={service.container}")
    assert elsewhere.scan().new == 1


def test_a_changed_blob_that_cannot_be_fetched_now_stays_as_it_was(
    elsewhere: Elsewhere, service: BlobEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "FIRST_PAUSE", 0.01)
    service.put("a.png", plain("red"))
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    service.put("a.png", plain("blue"))
    service.instead["a.png"] = lambda handler: handler.refuse(500, "InternalError")
    elsewhere.scan()
    assert elsewhere.store.files()["remote/photos/a.png"].picture_id == picture_id(plain("red"))
    service.instead.clear()
    elsewhere.scan()
    assert elsewhere.store.files()["remote/photos/a.png"].picture_id == picture_id(plain("blue"))


def test_a_blob_that_changes_between_listing_and_fetch_is_fetched_at_the_next_scan(
    elsewhere: Elsewhere, service: BlobEmulator
) -> None:
    service.put("a.png", plain("red"))

    def replace(handler: Handler) -> None:
        service.instead.clear()
        data = service.blobs["a.png"].data
        service.put("a.png", plain("blue"))
        handler.send(200, data)

    service.instead["a.png"] = replace
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    elsewhere.scan()
    assert elsewhere.store.files()["remote/photos/a.png"].picture_id == picture_id(plain("blue"))


def test_a_blob_that_is_deleted_between_listing_and_fetch_is_no_trouble(
    elsewhere: Elsewhere, service: BlobEmulator
) -> None:
    service.put("a.png", plain("red"))
    service.instead["a.png"] = lambda handler: handler.refuse(404, "BlobNotFound")
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    assert elsewhere.paths() == [] and elsewhere.reasons() == {}


def test_an_answer_that_drips_is_cut_off(
    elsewhere: Elsewhere, service: BlobEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "ATTEMPTS", 1)
    monkeypatch.setattr(fetching.patiently, "__defaults__", (None, None, 0.3))

    def drip(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        while not service.closing.wait(0.02):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    service.put("a.png", plain("red"))
    service.instead["a.png"] = drip
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    assert "did not answer in time" in elsewhere.reasons()["remote/photos/a.png"]


def test_a_scan_that_is_stopped_does_not_wait_for_a_host_that_hangs(
    elsewhere: Elsewhere, service: BlobEmulator
) -> None:
    service.put("a.png", plain("red"))
    deadline = Deadline()

    def hang(handler: Handler) -> None:
        deadline.cancel.set()
        service.closing.wait(60)

    service.instead["a.png"] = hang
    elsewhere.set(f"photos={service.container}")
    with pytest.raises(Cancelled):
        scan(elsewhere.store, {}, deadline, sources=elsewhere.sources)


def test_a_picture_that_waits_is_fetched_when_it_is_embedded(
    elsewhere: Elsewhere, service: BlobEmulator, tmp_path: Path
) -> None:
    service.put("a.png", plain("red"))
    elsewhere.set(f"photos={service.container}")
    thumbs = tmp_path / "thumbs"
    indexer = Indexer(elsewhere.store, tmp_path / "data", {}, thumbs, sources=elsewhere.sources)
    for embedder in (None, ColourEmbedder()):
        indexer.start(embedder, Scope)
        indexer.join(30)
    assert elsewhere.store.counts(ColourEmbedder.id, Scope()) == (1, 1)
    assert service.fetched() == ["a.png", "a.png"]


def test_a_picture_that_waits_goes_on_waiting_while_its_source_is_away(
    elsewhere: Elsewhere, service: BlobEmulator, tmp_path: Path
) -> None:
    service.put("a.png", plain("red"))
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    service.instead["comp=list"] = lambda handler: handler.refuse(403, "AuthenticationFailed")
    thumbs = tmp_path / "thumbs"
    indexer = Indexer(elsewhere.store, tmp_path / "data", {}, thumbs, sources=elsewhere.sources)
    indexer.start(ColourEmbedder(), Scope)
    indexer.join(30)
    assert elsewhere.store.counts(ColourEmbedder.id, Scope()) == (0, 1)
    assert elsewhere.store.failures(ColourEmbedder.id) == []


# --- a source that is away


def test_a_sas_that_expired_is_said_and_loses_nothing(
    elsewhere: Elsewhere, service: BlobEmulator
) -> None:
    fill(service, 6)
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    service.sas = "another"
    old = f"sv=2023-11-03&sr=c&sp=rl&se=2020-01-01T00%3A00%3A00Z&sig={SIGNATURE}"
    elsewhere.set(f"photos={service.bare}?{old}")
    assert elsewhere.scan().gone == 0
    (place,) = away(elsewhere.store)
    assert (place.path, place.files) == ("remote/photos/", 6)
    assert "expired" in place.reason


CODES = {
    (403, "AuthenticationFailed"): "new SAS",
    (403, "AuthorizationPermissionMismatch"): "sp=rl",
    (403, "AuthorizationFailure"): "other networks",
    (404, "ContainerNotFound"): "deleted",
    (400, "InvalidQueryParameterValue"): "InvalidQueryParameterValue",
}


@pytest.mark.parametrize(("refusal", "said"), CODES.items(), ids=lambda value: str(value))
def test_what_the_service_refuses_is_a_sentence(
    elsewhere: Elsewhere, service: BlobEmulator, refusal: tuple[int, str], said: str
) -> None:
    service.instead["comp=list"] = lambda handler: handler.refuse(*refusal)
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    (place,) = away(elsewhere.store)
    assert said in place.reason and "photos" in place.reason


@pytest.mark.parametrize("answer", [b"<html>", b"", b"\xff\xfe", b"<a>" * 10])
def test_what_is_no_listing_is_a_sentence(
    elsewhere: Elsewhere, service: BlobEmulator, answer: bytes
) -> None:
    service.instead["comp=list"] = lambda handler: handler.send(200, answer)
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    assert "no listing" in away(elsewhere.store)[0].reason


def test_a_listing_that_breaks_off_loses_nothing_that_it_did_not_reach(
    elsewhere: Elsewhere, service: BlobEmulator
) -> None:
    fill(service, 9)
    service.page = 3
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    service.instead["marker="] = lambda handler: handler.refuse(403, "AuthenticationFailed")
    service.put("00000.png", plain("blue"))
    assert elsewhere.scan().new == 1
    assert len(elsewhere.paths()) == 9


def test_a_listing_that_goes_in_a_circle_ends(elsewhere: Elsewhere, service: BlobEmulator) -> None:
    circle = b"<EnumerationResults><Blobs/><NextMarker>again</NextMarker></EnumerationResults>"
    service.instead["comp=list"] = lambda handler: handler.send(200, circle)
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    assert "circle" in away(elsewhere.store)[0].reason


def test_a_source_that_comes_back_is_not_fetched_again(
    elsewhere: Elsewhere, service: BlobEmulator
) -> None:
    fill(service, 6)
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    service.instead["comp=list"] = lambda handler: handler.refuse(403, "AuthenticationFailed")
    elsewhere.scan()
    service.instead.clear()
    service.requests.clear()
    assert elsewhere.scan().unchanged == 6
    assert service.fetched() == [] and away(elsewhere.store) == []


def test_a_container_that_was_emptied_is_taken_for_away_until_it_is_forgotten(
    elsewhere: Elsewhere, service: BlobEmulator
) -> None:
    fill(service, MANY)
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    service.blobs.clear()
    elsewhere.scan()
    assert away(elsewhere.store) == [Away("remote/photos/", MANY)]
    forget_away(elsewhere.store)
    assert elsewhere.paths() == []


def test_a_source_that_the_settings_no_longer_name_loses_nothing(
    elsewhere: Elsewhere, service: BlobEmulator
) -> None:
    fill(service, 2)
    elsewhere.set(f"photos={service.container} other={service.container}")
    elsewhere.scan()
    elsewhere.set(f"other={service.container}")
    assert elsewhere.scan().gone == 0
    (place,) = away(elsewhere.store)
    assert (place.path, place.files) == ("remote/photos/", 2)


def test_a_host_that_gives_nothing_is_not_asked_for_every_file(
    elsewhere: Elsewhere, service: BlobEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "FIRST_PAUSE", 0.001)
    fill(service, 300)
    service.instead[".png"] = lambda handler: handler.refuse(503, "ServerBusy")
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    assert len(service.fetched()) < 150
    assert len(elsewhere.reasons()) == 300


# --- who may


def test_the_sign_in_of_this_machine_opens_a_container_of_the_settings(
    elsewhere: Elsewhere, service: BlobEmulator
) -> None:
    service.token, service.sas = "token-of-this-machine", ""
    service.put("a.png", plain("red"))
    elsewhere.set(f"photos={service.bare}", signs_in=True)
    assert elsewhere.sources._tokens is not None
    elsewhere.sources._tokens.get = lambda: "token-of-this-machine"  # type: ignore[method-assign]
    assert elsewhere.scan().new == 1


def test_the_sign_in_of_this_machine_is_not_used_for_what_a_visitor_adds(
    elsewhere: Elsewhere, service: BlobEmulator
) -> None:
    service.token, service.sas = "token-of-this-machine", ""
    service.put("a.png", plain("red"))
    elsewhere.set("", signs_in=True)
    assert elsewhere.sources._tokens is not None
    elsewhere.sources._tokens.get = lambda: "token-of-this-machine"  # type: ignore[method-assign]
    elsewhere.sources.add("photos", service.bare)
    assert elsewhere.scan().new == 0


def test_this_machine_is_not_asked_unless_a_setting_says_so(
    elsewhere: Elsewhere, service: BlobEmulator
) -> None:
    service.put("a.png", plain("red"))
    elsewhere.set(f"photos={service.container}", loopback=False)
    elsewhere.scan()
    assert service.requests == []
    assert away(elsewhere.store)[0].reason


def test_a_signature_is_in_no_path_no_reason_and_no_log(
    elsewhere: Elsewhere, service: BlobEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service.put("a.png", plain("red"))
    service.put("b.png", b"no picture")
    elsewhere.set(f"photos={service.container}")
    elsewhere.scan()
    service.instead["comp=list"] = lambda handler: handler.refuse(403, "AuthenticationFailed")
    elsewhere.scan()
    said = [
        *elsewhere.paths(),
        *map(str, elsewhere.reasons().items()),
        *map(str, away(elsewhere.store)),
        *map(repr, elsewhere.sources.all()),
        *(spec.shown for spec in elsewhere.sources.all()),
        caplog.text,
    ]
    assert not [text for text in said if SIGNATURE in text or "c2VjcmV0" in text]


def test_an_address_without_a_container_is_refused(elsewhere: Elsewhere) -> None:
    with pytest.raises(SourceError, match="names no container"):
        elsewhere.sources.add("photos", "https://account.blob.core.windows.net/")
