"""What beat wakes."""

from celery import shared_task

from scim import journal, tokens
from scim.models import Directory


@shared_task(ignore_result=True)
def clean_up() -> None:
    """Forget old lines of the log; describe members that joined while a first token was made."""
    journal.forget_old()
    for directory in Directory.objects.select_related("organization").iterator():
        tokens.describe_members(directory.organization)
