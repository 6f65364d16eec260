"""The page of least privileged accounts names every line that a recipe sends, and no account needs more."""

from __future__ import annotations

from pathlib import Path

import pytest

from parsers.contract import Channel, Recipe
from parsers.registry import ids, platform

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "accounts.md").read_text("utf-8")


def _collected(channel: Channel) -> list[str]:
    return [name for name in ids() if (recipe := platform(name).recipe) and recipe.channel is channel]


def _recipe(name: str) -> Recipe:
    recipe = platform(name).recipe
    assert recipe is not None
    return recipe


@pytest.mark.parametrize("name", _collected(Channel.SHELL))
def test_every_line_of_a_shell_is_listed(name: str) -> None:
    """Commands, preparation, rights and moves between contexts stand in the platform's row."""
    recipe = _recipe(name)
    row = next((line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |")), "").replace("\\|", "|")
    lines = [*recipe.preparation, *(command.text for command in recipe.commands)]
    lines += [right.command for right in recipe.rights] + (["enable"] if recipe.enable else [])
    if recipe.contexts is not None:
        lines += [recipe.contexts.leave, recipe.contexts.enter.replace("{name}", "NAME")]
    assert row, f"{name} has no row"
    assert [line for line in lines if f"`{line}`" not in row] == []


@pytest.mark.parametrize("name", _collected(Channel.EXEC))
def test_every_command_of_an_exec_channel_is_listed(name: str) -> None:
    """The wrapper knows each command as it is sent."""
    assert [command.text for command in _recipe(name).commands if command.text not in PAGE] == []
