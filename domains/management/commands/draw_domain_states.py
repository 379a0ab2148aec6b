"""Draw docs/domain-states.md from the table of states."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from domains.drawing import document


class Command(BaseCommand):
    """draw_domain_states."""

    help = "Draws docs/domain-states.md from the table of states."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Write it."""
        page = Path(settings.PROJECT_DIR) / "docs" / "domain-states.md"
        page.parent.mkdir(exist_ok=True)
        page.write_text(document())
        self.stdout.write(f"{page.relative_to(settings.PROJECT_DIR)} is drawn.")
