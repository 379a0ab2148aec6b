"""`extends`, `include` and `url`, in every template."""

from __future__ import annotations

from typing import Any

from django.template import Library, Template, defaulttags, loader_tags
from django.template.base import Node, Parser, TextNode, Token
from django.template.context import Context
from django.urls import NoReverseMatch
from django.utils.html import conditional_escape

from accounts.links import link
from orgsecurity.tags.literal import is_literal

register = Library()


class Extends(loader_tags.ExtendsNode):
    """``{% extends "a literal" %}``, whose parent and its blocks are looked up once."""

    kept: tuple[Any, dict[str, loader_tags.BlockNode]] | None = None

    def render(self, context: Context) -> Any:
        """Render the parent with the blocks of this template, as Django's node does."""
        if self.kept is None:
            parent: Any = self.get_parent(context)
            self.kept = parent, blocks_of(parent)
        parent, blocks = self.kept
        state: Any = context.render_context
        chain = state.setdefault(loader_tags.BLOCK_CONTEXT_KEY, loader_tags.BlockContext())
        chain.add_blocks(self.blocks)
        chain.add_blocks(blocks)
        with state.push_state(parent, isolated_context=False):
            return parent._render(context)  # noqa: SLF001  # as Django's node


def blocks_of(parent: Template) -> dict[str, loader_tags.BlockNode]:
    """Return the blocks of a template that extends none; one that does adds its own."""
    first = next((node for node in parent.nodelist if not isinstance(node, TextNode)), None)
    if first is None or isinstance(first, loader_tags.ExtendsNode):
        return {}
    blocks: list[Any] = parent.nodelist.get_nodes_by_type(loader_tags.BlockNode)
    return {block.name: block for block in blocks}


@register.tag
def extends(parser: Parser, token: Token) -> Node:
    """Django's ``{% extends %}``."""
    node = loader_tags.do_extends(parser, token)
    name: Any = node.parent_name
    own = parser.origin.template_name if parser.origin else None
    # One that extends what it replaces, by its own name, is found by Django.
    if is_literal(name) and name.resolve(Context()) != own:
        node.__class__ = Extends
    return node


class Include(loader_tags.IncludeNode):
    """``{% include "a literal" %}``, whose template is looked up once."""

    kept: Any = None

    def render(self, context: Context) -> Any:
        """Render the template with what the tag gives it, as Django's node does."""
        if self.kept is None:
            engine = context.template.engine  # type: ignore[union-attr]  # one renders
            self.kept = engine.get_template(self.template.resolve(context))
        template = self.kept
        values = {name: value.resolve(context) for name, value in self.extra_context.items()}
        if self.isolated_context:
            return template.render(context.new(values))
        with context.push(**values):
            return template.render(context)


@register.tag
def include(parser: Parser, token: Token) -> Node:
    """Django's ``{% include %}``."""
    node = loader_tags.do_include(parser, token)
    if is_literal(node.template):
        node.__class__ = Include
    return node


class Url(defaulttags.URLNode):
    """``{% url … %}`` with arguments by position."""

    def render(self, context: Context) -> Any:
        """Give the address, or put it where the tag says, as Django's node does."""
        try:
            address = link(
                self.view_name.resolve(context),
                *[each.resolve(context) for each in self.args],
                current_app=_current_app(context),
            )
        except NoReverseMatch:
            if self.asvar is None:
                raise
            address = ""
        if self.asvar:
            context[self.asvar] = address
            return ""
        return conditional_escape(address) if context.autoescape else address


def _current_app(context: Context) -> str | None:
    """Return what Django's tag takes for the current application."""
    request = getattr(context, "request", None)
    match = getattr(request, "resolver_match", None)
    return getattr(request, "current_app", getattr(match, "namespace", None))


@register.tag
def url(parser: Parser, token: Token) -> Node:
    """Django's ``{% url %}``."""
    node = defaulttags.url(parser, token)
    if not node.kwargs:
        node.__class__ = Url
    return node
