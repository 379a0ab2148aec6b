"""Forms of a page, as a browser without script would fill them in."""

from html.parser import HTMLParser


class Form(HTMLParser):
    """The first form of a page: where it goes and what it carries."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self._forms = 0
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "form":
            self._forms += 1
            self.action = self.action or values["action"]
        if tag == "input" and values.get("type") == "hidden" and self._forms == 1:
            self.fields[values["name"]] = values["value"]
