"""The session engine: keys change in one statement, and what was ended stays ended."""

from __future__ import annotations

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.sessions import SessionStore

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ACC-4")]


@pytest.fixture
def kept() -> SessionStore:
    store = SessionStore()
    store["cart"] = "apples"
    store.save()
    return SessionStore(store.session_key)


@pytest.mark.threat("S15")
def test_the_data_move_to_the_new_key_and_the_old_one_opens_nothing(kept):
    old = kept.session_key

    with CaptureQueriesContext(connection) as queries:
        kept.cycle_key()
        kept["more"] = "pears"
        kept.cycle_key()
        kept.save()

    assert len(queries) == 2  # read, and written once for two changes of the key
    assert dict(SessionStore(kept.session_key).items()) == {"cart": "apples", "more": "pears"}
    assert not SessionStore(old).exists(old)
    assert Session.objects.count() == 1


def test_a_key_that_nobody_writes_is_no_session(kept):
    old = kept.session_key
    kept.cycle_key()

    assert Session.objects.get().session_key == old


def test_a_new_session_has_its_key_before_it_is_written():
    store = SessionStore()
    store.cycle_key()
    store["cart"] = "apples"
    key = store.session_key
    store.save()

    assert Session.objects.get().session_key == key


def test_a_session_is_made_without_a_question():
    store = SessionStore()

    with CaptureQueriesContext(connection) as queries:
        store.create()

    assert len(queries) == 1
    assert Session.objects.get().session_key == store.session_key


def test_a_session_past_its_end_opens_nothing(kept):
    Session.objects.update(expire_date=timezone.now())
    late = SessionStore(kept.session_key)

    assert dict(late.items()) == {}
    assert late.session_key is None


def test_the_same_form_sent_twice_gives_each_answer_a_session_that_opens(kept):
    first, second = SessionStore(kept.session_key), SessionStore(kept.session_key)
    for store in (first, second):
        store.cycle_key()
    first.save()
    second.save()

    for store in (first, second):
        assert dict(SessionStore(store.session_key).items()) == {"cart": "apples"}


def test_a_session_that_was_ended_is_not_brought_back_by_a_request_under_way(kept):
    kept["more"] = "pears"
    Session.objects.all().delete()

    with pytest.raises(UpdateError):
        kept.save()
    assert not Session.objects.exists()


def test_signing_out_right_after_a_change_of_the_key_leaves_nothing(kept):
    kept.cycle_key()
    kept.flush()

    assert not Session.objects.exists()
    assert kept.session_key is None
