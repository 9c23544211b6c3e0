"""The page that describes the API: the OpenAPI description, written as HTML.

It is made here and not by Swagger UI: axe reports dozens of faults in that page, and it
needs a script to show a text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from portal.api_description import description

METHODS: Final = ("get", "post", "put", "patch", "delete")
_REF: Final = "#/components/schemas/"
_KINDS: Final = {
    "date-time": "time",
    "date": "date",
    "uuid": "UUID",
    "uri": "address",
    "email": "email address",
    "binary": "file",
    "decimal": "number, as text",
    "integer": "whole number",
    "string": "text",
    "boolean": "true or false",
    "object": "object",
    "number": "number",
}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """The type of a value: words, and the document type with which they end."""

    words: str
    document: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Value:
    """A parameter or a field. `where` is empty for a field of a document."""

    name: str
    kind: Kind
    help: str = ""
    where: str = ""
    is_required: bool = False
    may_be_null: bool = False


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The response with one status."""

    status: str
    kind: Kind


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one address."""

    id: str
    method: str
    path: str
    summary: str
    help: str
    parameters: tuple[Value, ...]
    form: tuple[Value, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, kw_only=True)
class Document:
    """A JSON document that responses contain."""

    name: str
    help: str
    fields: tuple[Value, ...]
    choices: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Group:
    """The operations on one kind of rows."""

    name: str
    operations: tuple[Operation, ...]


@cache
def operation_groups() -> tuple[Group, ...]:
    """Return the operations of the API, grouped by the kind of rows."""
    found: dict[str, list[Operation]] = {}
    for path, methods in description()["paths"].items():
        for method in filter(methods.__contains__, METHODS):
            asked = methods[method]
            group = asked["tags"][0]
            found.setdefault(group, []).append(_operation(group, path, method, asked))
    return tuple(Group(name=k, operations=tuple(v)) for k, v in found.items())


@cache
def documents() -> tuple[Document, ...]:
    """Return the documents that the API sends and takes."""
    schemas = description()["components"]["schemas"]
    return tuple(
        Document(
            name=name,
            help=schema.get("description", ""),
            fields=tuple(_fields(schema)),
            choices=tuple(map(str, schema.get("enum", []))),
        )
        for name, schema in schemas.items()
    )


def _operation(group: str, path: str, method: str, asked: Any) -> Operation:
    forms = asked.get("requestBody", {}).get("content", {})
    form = forms.get("multipart/form-data", {}).get("schema", {})
    return Operation(
        id=f"operations-{group}-{asked['operationId']}",
        method=method.upper(),
        path=path,
        summary=asked.get("summary", path),
        help=asked.get("description", ""),
        parameters=tuple(map(_parameter, asked.get("parameters", []))),
        form=tuple(_fields(form)),
        answers=tuple(_answers(asked["responses"])),
    )


def _parameter(given: Any) -> Value:
    return Value(
        name=given["name"],
        kind=_kind(given["schema"]),
        help=given.get("description", ""),
        where=given["in"],
        is_required=given.get("required", False),
    )


def _fields(schema: Any) -> Iterator[Value]:
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        yield Value(
            name=name,
            kind=_kind(field),
            help=field.get("description", ""),
            is_required=name in required,
            may_be_null=field.get("nullable", False),
        )
    more = schema.get("additionalProperties")
    if isinstance(more, dict) and more.get("description"):
        yield Value(name="…", kind=_kind(more), help=more["description"])


def _answers(responses: Any) -> Iterator[Answer]:
    for status, answer in sorted(responses.items()):
        content = answer.get("content", {})
        first: Any = next(iter(content.values()), {})
        schema = first.get("schema", {})
        words = "anything" if status == "default" else status
        yield Answer(status=words, kind=_kind(schema))


def _kind(schema: Any) -> Kind:
    """Return a schema's type in words."""
    if _REF in (ref := schema.get("$ref", "")):
        return Kind(words="", document=ref.removeprefix(_REF))
    parts = schema.get("allOf") or schema.get("oneOf") or []
    if parts:
        return _kind(parts[0])
    if schema.get("type") == "array":
        inner = _kind(schema.get("items", {}))
        words = f"list of {inner.words}".rstrip()
        return Kind(words=words, document=inner.document, choices=inner.choices)
    kind = schema.get("format") or schema.get("type") or "object"
    choices = tuple(map(str, schema.get("enum", [])))
    return Kind(words=_KINDS.get(kind, str(kind)), choices=choices)
