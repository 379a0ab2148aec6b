"""`{% load i18n %}`: a text without variables is translated once a language."""

from __future__ import annotations

from django.template import Library
from django.template.base import Node, Parser, Token, TokenType
from django.template.context import Context
from django.templatetags import i18n
from django.utils.translation import get_language

from orgsecurity.tags.literal import is_literal

register = Library()
register.tags.update(i18n.register.tags)
register.filters.update(i18n.register.filters)


class KeptWords(Node):
    """A translation that depends on the language alone.

    :param node: Django's node; it is rendered once a language.
    """

    child_nodelists = ()

    def __init__(self, node: i18n.TranslateNode | i18n.BlockTranslateNode) -> None:
        self.node = node
        self.asvar = node.asvar
        self.kept: dict[str | None, str] = {}

    def render(self, context: Context) -> str:
        """Give the words of the current language, or put them where the tag says."""
        language = get_language()
        words = self.kept.get(language)
        if words is None:
            words = self.node.render(context)
            self.kept[language] = context[self.asvar] if self.asvar else words
            return words
        if self.asvar:
            context[self.asvar] = words
            return ""
        return words


@register.tag("translate")
@register.tag("trans")
def translate(parser: Parser, token: Token) -> Node:
    """Django's ``{% translate %}``."""
    node = i18n.do_translate(parser, token)
    return KeptWords(node) if is_literal(node.filter_expression, node.message_context) else node


@register.tag("blocktranslate")
@register.tag("blocktrans")
def blocktranslate(parser: Parser, token: Token) -> Node:
    """Django's ``{% blocktranslate %}``."""
    node = i18n.do_block_translate(parser, token)
    is_text = all(each.token_type is TokenType.TEXT for each in node.singular)
    if is_text and not (node.plural or node.extra_context) and is_literal(node.message_context):
        return KeptWords(node)
    return node
