"""The edge where files become values: pydantic's verdict on a document, told with lines and nearest spellings."""

from __future__ import annotations

import types
import typing
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from auditor.baseline.document import Path, Problems, nearest

__all__ = ["validated"]

Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], data: Any, problems: Problems, at: Path = ()) -> tuple[Model | None, bool]:
    """Read data into a model, noting every error; the flag tells whether the whole of it was right.

    What is wrong is left out and the rest is read again, so that later checks can find their errors in it as well.
    """
    whole = True
    left_out: list[Path] = []
    for _ in range(4):
        try:
            return model.model_validate(data), whole
        except ValidationError as exc:
            whole = False
            for error in exc.errors(include_url=False, include_input=True):
                loc: Path = tuple(error["loc"])
                if not any(path[: len(loc)] == loc for path in left_out):  # what only the leaving out made wrong
                    _note(model, error, problems, at)
            wrong: list[Path] = [tuple(error["loc"]) for error in exc.errors(include_url=False)]
            left_out += wrong
            data = _without(data, wrong)
            if data is None:
                return None, False
    return None, False


def _note(model: type[BaseModel], error: Any, problems: Problems, at: Path) -> None:
    loc: Path = tuple(error["loc"])
    path = (*at, *loc)
    kind = error["type"]
    if kind == "st_audit":
        problems.add(path, error["ctx"]["message"], error["ctx"]["hint"])
    elif kind == "missing":
        problems.add(path[:-1], f"the key {loc[-1]} is missing here", f"write {loc[-1]}: ...")
    elif kind == "extra_forbidden":
        known = _keys(_model_at(model, loc[:-1]))
        problems.add(path, f"the key {loc[-1]} is not known here", nearest(str(loc[-1]), known))
    elif kind in {"model_type", "model_attributes_type", "dict_type"}:
        problems.add(path, f"{_shown(error['input'])} stands where a mapping is needed", "write key: value")
    elif kind in {"list_type", "tuple_type"}:
        problems.add(path, f"{_shown(error['input'])} stands where a list is needed", "write [a, b]")
    else:
        problems.add(path, str(error["msg"]))


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else str(value)


def _keys(model: type[BaseModel] | None) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _model_at(model: type[BaseModel], loc: Path) -> type[BaseModel] | None:
    current: Any = model
    for part in loc:
        current = _inside(current, part)
    return _as_model(current)


def _inside(annotation: Any, part: str | int) -> Any:
    model = _as_model(annotation)
    if model is not None:
        fields = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
        return fields.get(str(part))
    for candidate in _choices(annotation):
        if typing.get_origin(candidate) is dict:
            return typing.get_args(candidate)[1]
        if typing.get_origin(candidate) in {list, tuple}:
            return typing.get_args(candidate)[0]
    return None


def _choices(annotation: Any) -> list[Any]:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _choices(typing.get_args(annotation)[0])
    if origin in {typing.Union, types.UnionType}:
        return [found for item in typing.get_args(annotation) for found in _choices(item)]
    return [annotation]


def _as_model(annotation: Any) -> type[BaseModel] | None:
    for candidate in _choices(annotation):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _without(data: Any, paths: list[Path]) -> Any:
    """Copy data without the values at some paths."""
    if () in paths:
        return None
    if isinstance(data, dict):
        inner: Any = {
            key: _without(value, [path[1:] for path in paths if path[0] == key and len(path) > 1])
            for key, value in data.items()
            if (key,) not in paths
        }
        return inner
    if isinstance(data, list):
        return [
            _without(value, [path[1:] for path in paths if path[0] == index and len(path) > 1])
            for index, value in enumerate(data)
            if (index,) not in paths
        ]
    return data
