"""What is written out in a template."""

from __future__ import annotations

from django.template.base import FilterExpression, Variable


def is_literal(*expressions: FilterExpression | None) -> bool:
    """Whether these are written out in the template, without a variable or a filter."""
    return all(
        expression is None
        or (
            not expression.filters
            and not (isinstance(expression.var, Variable) and expression.var.lookups is not None)
        )
        for expression in expressions
    )
