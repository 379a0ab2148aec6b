"""A queued mail goes out once, however many workers send."""

import pytest
from post_office import mail
from post_office.models import STATUS, Email

from accounts.tasks import send_mail
from tests.production.smtp import running_mail_server


@pytest.fixture
def mail_server(settings):
    with running_mail_server() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address[:2]
        smtp = "django.core.mail.backends.smtp.EmailBackend"
        settings.POST_OFFICE = {**settings.POST_OFFICE, "BACKENDS": {"default": smtp}}
        yield server


@pytest.mark.requirement("ACC-5")
@pytest.mark.threat("A8")
def test_workers_that_send_at_the_same_moment_send_each_mail_once(mail_server, run_threads):
    subjects = [f"mail {number}" for number in range(8)]
    for subject in subjects:
        mail.send("ann@acme.example", subject=subject, message="text")

    run_threads(4, lambda _number: send_mail())

    assert sorted(arrived["Subject"] for arrived in mail_server.mails) == subjects
    assert set(Email.objects.values_list("status", flat=True)) == {STATUS.sent}


def test_the_next_one_sends_when_the_last_one_failed(mail_server, monkeypatch, run_threads):
    def fail(**_: object) -> None:
        raise ConnectionError("the mail server hung up")

    with monkeypatch.context() as patch:
        patch.setattr("post_office.mail.send_queued", fail)
        with pytest.raises(ConnectionError):
            send_mail()
    mail.send("ann@acme.example", subject="later", message="text")

    # From another thread, which has a connection of its own.
    run_threads(1, lambda _number: send_mail())

    assert [arrived["Subject"] for arrived in mail_server.mails] == ["later"]
