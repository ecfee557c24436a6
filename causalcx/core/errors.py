"""The exception tree; each leaf carries the exit code that the command line returns.

    CausalcxError (1: a fault of ours)
    ├── RegistryError   (1: the registry cannot be opened or written)
    ├── UsageError      (2: the command line is wrong)
    ├── ExperimentError (3: the experiment file is wrong; all its problems at once)
    ├── DataError       (4: the data are wrong or missing)
    │   └── Unanswered  (4: an outcome has no value in an arm)
    └── CannotAnswer    (5: file and data are sound, the design cannot answer, or not yet)
        └── NotBuilt    (5: known to the contract, not built in this version)

A message is an English template plus facts. ``str(error)`` fills the template; ``words.say`` looks the template up in
the reader's catalogue first, so a Chinese reader gets the same facts in Chinese.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Message:
    """An English sentence with named gaps, and the facts that fill them."""

    template: str
    facts: dict[str, Any] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return self.template.format(**self.facts) if self.facts else self.template


class CausalcxError(Exception):
    """Base of every error that causalcx raises on purpose."""

    exit_code = 1

    def __init__(self, template: str, **facts: Any) -> None:
        self.message = Message(template, facts)
        super().__init__(str(self.message))

    @property
    def messages(self) -> tuple[Message, ...]:
        """Every sentence this error has to say; one for most errors."""
        return (self.message,)


class RegistryError(CausalcxError):
    """The registry cannot be opened or written."""


class UsageError(CausalcxError):
    """The command asks for something that does not exist."""

    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One mistake in an experiment file: where it is, what was expected, the nearest known key."""

    key: str
    message: Message
    line: int | None = None
    nearest: str | None = None


class ExperimentError(CausalcxError):
    """The experiment file is wrong; carries every problem found, not just the first."""

    exit_code = 3

    def __init__(self, problems: tuple[Problem, ...], file: Path | str | None = None) -> None:
        self.problems = problems
        self.file = str(file) if file else None
        super().__init__("{problems}", problems="\n".join(str(m) for m in self.messages))

    @property
    def messages(self) -> tuple[Message, ...]:
        """One sentence per problem."""
        return tuple(self._sentence(p) for p in self.problems)

    def _sentence(self, problem: Problem) -> Message:
        facts = {"where": self._where(problem.line), "key": problem.key, "problem": problem.message}
        if problem.nearest:
            return Message(
                "{where}: `{key}`: {problem} Did you mean `{nearest}`?", facts | {"nearest": problem.nearest}
            )
        return Message("{where}: `{key}`: {problem}", facts)

    def _where(self, line: int | None) -> Message | str:
        if line is None:
            return self.file or Message("experiment")
        return (
            Message("{file}, line {line}", {"file": self.file, "line": line})
            if self.file
            else Message("line {line}", {"line": line})
        )


class DataError(CausalcxError):
    """The data are wrong or missing: a column, an arm, a value, a file."""

    exit_code = 4


class Unanswered(DataError):
    """An outcome has no value in an arm; of a secondary outcome the others do without it."""


class CannotAnswer(CausalcxError):
    """File and data are sound, but the design cannot answer the question, or not yet."""

    exit_code = 5


class NotBuilt(CannotAnswer):
    """Part of the contract that this version has not built."""

    def __init__(self, what: Message | str) -> None:
        super().__init__("{what} is part of the causalcx file format but is not built in this version.", what=what)
