"""What griffe has to be told to read this package: attrs constructors, and examples without a heading."""

from __future__ import annotations

import re
from typing import Any

import griffe

# A prompt, and all lines up to the next empty one.
_EXAMPLE = re.compile(r"^( *)>>> .*(?:\n(?! *$).*)*", re.MULTILINE)


class AttrsAndPrompts(griffe.Extension):
    """Changes what is shown; the source stays as it is."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Put a fence around every paragraph that starts with a prompt."""
        if obj.docstring is not None:
            obj.docstring.value = _EXAMPLE.sub(r"\1```pycon\n\g<0>\n\1```", obj.docstring.value)

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Give an attrs class that documents its arguments the constructor that attrs writes."""
        decorator = next((str(one.value) for one in cls.decorators if str(one.value).startswith("attrs.")), None)
        if decorator is None or cls.docstring is None or "Args:" not in cls.docstring.value:
            return
        kind = (
            griffe.ParameterKind.keyword_only if "kw_only" in decorator else griffe.ParameterKind.positional_or_keyword
        )
        fields = [
            griffe.Parameter(name, annotation=one.annotation, kind=kind, default=_default(one.value))
            for name, one in cls.attributes.items()
            if "instance-attribute" in one.labels and "ClassVar" not in str(one.annotation)
        ]
        parameters = griffe.Parameters(griffe.Parameter("self"), *fields)
        cls.set_member("__init__", griffe.Function("__init__", parameters=parameters))


def _default(value: Any) -> Any:
    """The default of a field: what stands there, or what `attrs.field` was told."""
    if not isinstance(value, griffe.ExprCall):
        return value
    told = {part.name: part.value for part in value.arguments if isinstance(part, griffe.ExprKeyword)}
    return f"{told['factory']}()" if "factory" in told else told.get("default")
