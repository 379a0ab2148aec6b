"""How forms look: the product's components instead of Django's own templates."""

from __future__ import annotations

from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    """Renders `{{ form }}` and `{{ form.x.as_field_group }}` from templates/components."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"
