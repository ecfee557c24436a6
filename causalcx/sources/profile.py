"""From the first look's answers to a profile: which arms there are, who answered, how skewed the values are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from causalcx.core.check import Notice
from causalcx.core.errors import DataError, Unanswered
from causalcx.core.labels import canonical
from causalcx.core.need import COVARIATE, EVERYONE, TAKEN, Need, Profile
from causalcx.sources.engine import Source

MOST_ARMS = 50


def arms_in(need: Need, source: Source, groups: list[dict[str, Any]]) -> dict[Any, str]:
    """Raw values of the treatment column with their labels; raises DataError unless they are the planned arms."""
    if not groups:
        raise DataError("{source} has no rows that count.", source=source.name)
    if need.treatment == EVERYONE:
        return {g["arm"]: EVERYONE for g in groups}
    unassigned = [g for g in groups if _is_missing(g["arm"])]
    if unassigned:
        raise DataError(
            "Column `{column}` ({role}) is empty in {rows} rows; leave them out of the data, or give them a value.",
            column=need.treatment_columns, rows=sum(g["n"] for g in unassigned),
            role="running" if need.threshold else "treatment",
        )  # fmt: skip
    if need.threshold and len(groups) == 1:
        raise DataError(
            "Column `{column}` holds no value on one side of the cutoff {cutoff}; there is nothing to compare.",
            column=need.threshold[0], cutoff=f"{need.threshold[1]:g}",
        )  # fmt: skip
    if len(groups) > MOST_ARMS:
        raise DataError(
            "Column `{column}` (treatment) has {found} different values; arms can be {most} at most.",
            column=need.treatment, found=len(groups), most=MOST_ARMS,
        )  # fmt: skip
    arms = {g["arm"]: canonical(g["arm"]) for g in groups}
    found = set(arms.values())
    if need.control not in found:
        raise DataError(
            "The control `{control}` does not occur in column `{column}`; it holds {found}.",
            control=need.control, column=need.treatment, found=", ".join(sorted(found)),
        )  # fmt: skip
    if len(found) == 1:
        raise DataError(
            "Column `{column}` holds only the control `{control}`; there is nothing to compare.",
            column=need.treatment,
            control=need.control,
        )
    _refuse_unplanned(need, found)
    return arms


def _is_missing(label: Any) -> bool:
    return label is None or label != label or str(label).strip() == ""


def _refuse_unplanned(need: Need, found: set[str]) -> None:
    if need.planned is None:
        return
    absent, extra = sorted(set(need.planned) - found), sorted(found - set(need.planned))
    if absent:
        raise DataError(
            "The planned arm {absent} does not occur in column `{column}`; it holds {found}.",
            absent=", ".join(absent), column=need.treatment, found=", ".join(sorted(found)),
        )  # fmt: skip
    if extra:
        raise DataError(
            "Column `{column}` holds {extra}, which `ratio` does not plan; add it to `ratio` or `exclude` it.",
            extra=", ".join(extra), column=need.treatment,
        )  # fmt: skip


def profile_of(
    source: Source, need: Need, groups: list[dict[str, Any]], raw_arms: Mapping[Any, str], names: list[str],
    excluded: dict[str, int], immature: int, notices: list[Notice],
) -> Profile:  # fmt: skip
    """The profile behind the answers of the first look; raises DataError where an outcome has no value in an arm."""
    arms = _ordered_arms(need, set(raw_arms.values()))
    of_arm = {arm: [g for g in groups if raw_arms[g["arm"]] == arm] for arm in arms}
    position = {name: i for i, name in enumerate(names)}
    answered = {o.key: {arm: sum(g[f"v{position[o.key]}"] for g in of_arm[arm]) for arm in arms} for o in need.outcomes}
    for name, counts in answered.items():
        empty = [arm for arm, n in counts.items() if n == 0]
        if empty:
            raise _unanswered(need, name, empty)
    return Profile(
        fingerprint=source.fingerprint,
        source=source.name,
        rows=sum(g["n"] for g in groups),
        arms={arm: sum(g["n"] for g in of_arm[arm]) for arm in arms},
        answered=answered,
        range={o.key: _range(groups, position[o.key]) for o in need.outcomes},
        skewness={
            o.key: _skewness(groups, position[o.key]) for o in need.outcomes if f"ddd{position[o.key]}" in groups[0]
        },
        excluded=excluded,
        immature=immature,
        notices=(*notices, *_covariate_notices(need.covariates, groups, names)),
    )


def _unanswered(need: Need, name: str, empty: list[str]) -> DataError:
    if name == TAKEN:
        column = next(o.column for o in need.outcomes if o.key == TAKEN)
        return DataError(
            "Column `{column}` (received) has no value in arm {arm}; say for every unit whether it was taken.",
            column=column, arm=", ".join(empty),
        )  # fmt: skip
    if need.treatment == EVERYONE:
        return Unanswered("Outcome {outcome} has no value at all.", outcome=name)
    return Unanswered("Outcome {outcome} has no value in arm {arm}.", outcome=name, arm=", ".join(empty))


def _ordered_arms(need: Need, found: set[str]) -> list[str]:
    planned = [a for a in need.planned or () if a != need.control]
    return [need.control, *planned, *sorted(found - {need.control, *planned})]


def _range(groups: list[dict[str, Any]], i: int) -> tuple[float, float]:
    lows, highs = ([g[f"{side}{i}"] for g in groups if g[f"{side}{i}"] is not None] for side in ("low", "high"))
    return min(lows), max(highs)


def _skewness(groups: list[dict[str, Any]], i: int) -> float:
    """Largest absolute skewness over arms."""
    return max((_skewness_of(g, i) for g in groups), key=abs)


def _skewness_of(group: dict[str, Any], i: int) -> float:
    n = group[f"v{i}"]
    if not n:
        return 0.0
    first, second, third = (group[f"{'d' * power}{i}"] / n for power in (1, 2, 3))
    variance = second - first**2
    if variance <= 1e-12 * max(second, 1e-300):
        return 0.0
    return (third - 3 * first * second + 2 * first**3) / variance**1.5


def _covariate_notices(covariates: tuple[str, ...], groups: list[dict[str, Any]], names: list[str]) -> list[Notice]:
    rows, notices = sum(g["n"] for g in groups), []
    for column in covariates:
        name = COVARIATE + column
        own = [i for i, n in enumerate(names) if n == name or n.startswith(name + "=")]
        missing = rows - sum(g[f"v{own[0]}"] for g in groups) if own else 0
        if missing:
            facts = {"column": column, "share": missing / rows, "filled": "average"}
            notices.append(Notice(code="covariate-missing", facts=facts))
        if not own or (missing < rows and names[own[0]] == name and len(set(_range(groups, own[0]))) == 1):
            notices.append(Notice(code="constant-covariate", facts={"column": column}))
    return notices
