"""From rows to the sums of randomised groups; above 5,000 of them the products of their totals are summed in the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from causalcx.core.clusters import EVERYONE, Clusters
from causalcx.core.errors import DataError
from causalcx.core.moments import Array
from causalcx.core.need import ANSWERED_BY, COVARIATE, Need
from causalcx.sources.columns import Variable
from causalcx.sources.engine import Column, Source, ibis, ir

MOST_PULLED = 5_000
"""Clusters up to which each is pulled; beyond, an arm's and stratum's products of totals are."""
SHOWN = 3


def clusters_of(
    source: Source, table: ir.Table, need: Need, variables: list[Variable], shift: Mapping[str, float], strata: tuple[str, ...]
) -> Clusters:  # fmt: skip
    """Sums per cluster of a table with ``arm`` (a position), ``stratum``, ``cluster`` and the shifted variables x0, x1, ...

    Raises DataError where a cluster has two arms or two strata.
    """
    outcomes = [i for i, v in enumerate(variables) if not v.name.startswith(COVARIATE)]
    covariates = [i for i, v in enumerate(variables) if v.name.startswith(COVARIATE) and ANSWERED_BY not in v.name]
    many, k, keys = 1 + len(outcomes), len(covariates), ["arm", "stratum", "cluster"]
    table = table.mutate(everyone=ibis.literal(0.0))
    values = [table.everyone, *(table[f"x{i}"] for i in outcomes)]
    totals = table.group_by(keys).aggregate(**_totals(values, [table[f"x{i}"] for i in covariates]))
    totals = totals.mutate(clusters=ibis.literal(1.0), **(_means(totals, many, k) if need.equal_clusters else {}))
    few = _refuse_crossed(source, totals, need) <= MOST_PULLED
    names = [c for c in totals.columns if c not in keys]
    if not few:
        every = {name: totals[name].sum() for name in names} | _products(totals, many, k)
        totals = totals.group_by(keys[:2]).aggregate(**every)
    return _assembled(
        source.arrow(totals.order_by(keys if few else keys[:2])), strata, few=few,
        level=np.array([0.0, *(shift[variables[i].name] for i in outcomes)]),
        variables=(EVERYONE, *(variables[i].name for i in outcomes)), covariates=tuple(variables[i].name for i in covariates),
    )  # fmt: skip


def _totals(values: list[Column], covariates: list[Column]) -> dict[str, Column]:
    """Numbers, sums and products over those who answered each variable."""
    asked: dict[str, Column] = {}
    for v, y in enumerate(values):
        seen = y.notnull()
        number = seen.sum().cast("float64")
        asked |= {f"a{v}": number, f"n{v}": number, f"y{v}": y.sum().fill_null(0.0)}
        for j, x in enumerate(covariates):
            asked[f"x{v}_{j}"] = x.sum(where=seen).fill_null(0.0)
            asked[f"xy{v}_{j}"] = (x * y).sum().fill_null(0.0)
            for i, other in enumerate(covariates[: j + 1]):
                asked[f"xx{v}_{j}_{i}"] = (x * other).sum(where=seen).fill_null(0.0)
    return asked


def _means(totals: ir.Table, many: int, k: int) -> dict[str, Column]:
    """The same of clusters that count as one each: their means, and the products of these."""
    made: dict[str, Column] = {}
    for v in range(many):
        number = totals[f"n{v}"]
        one = (number > 0).cast("float64")
        y = totals[f"y{v}"] / ibis.greatest(number, 1.0)
        x = [totals[f"x{v}_{j}"] / ibis.greatest(number, 1.0) for j in range(k)]
        made |= (
            {f"n{v}": one, f"y{v}": y}
            | {f"x{v}_{j}": x[j] for j in range(k)}
            | {f"xy{v}_{j}": x[j] * y for j in range(k)}
        )
        made |= {f"xx{v}_{j}_{i}": x[j] * x[i] for j in range(k) for i in range(j + 1)}
    return made


def _linear(many: int, k: int) -> list[str]:
    """Totals in the order of the products' axes."""
    return [name for v in range(many) for name in (f"a{v}", f"n{v}", f"y{v}", *(f"x{v}_{j}" for j in range(k)))]


def _products(totals: ir.Table, many: int, k: int) -> dict[str, Column]:
    names = _linear(many, k)
    return {f"p{i}_{j}": (totals[names[i]] * totals[names[j]]).sum() for i in range(len(names)) for j in range(i + 1)}


def _refuse_crossed(source: Source, totals: ir.Table, need: Need) -> int:
    """The number of clusters. Raises DataError where the column is empty, or a cluster has more than one arm or stratum."""
    label = totals["cluster"]
    empty = label.isnull() | (label.strip() == "") if label.type().is_string() else label.isnull()
    asked = totals.aggregate(empty=totals.a0.sum(where=empty), places=totals.count(), found=label.nunique())
    row = source.rows(asked)[0]
    if row["empty"]:
        raise DataError(
            "Column `{column}` (cluster) is empty in {rows} rows.", column=need.cluster, rows=int(row["empty"])
        )
    if row["places"] > row["found"]:
        by = totals.group_by("cluster").aggregate(arms=totals.arm.nunique(), strata=totals.stratum.nunique())
        for name, sentence in _CROSSED.items():
            shown = source.rows(by.filter(by[name] > 1).order_by("cluster").limit(SHOWN))
            if shown:
                first = ", ".join(str(r["cluster"]) for r in shown)
                raise DataError(sentence, column=need.cluster, first=first, treatment=need.treatment)
    return int(row["found"])


_CROSSED = {
    "arms": "Clusters of column `{column}` have units in two arms of `{treatment}` (first: {first}); a cluster is randomised as a whole.",
    "strata": "Clusters of column `{column}` lie in two strata (first: {first}); clusters are randomised within strata.",
}  # fmt: skip


def _assembled(found: Any, strata: tuple[str, ...], *, few: bool, **own: Any) -> Clusters:
    many, k = len(own["variables"]), len(own["covariates"])

    def column(name: str) -> Array:
        return np.asarray(found.column(name).to_numpy(), float)

    def stacked(prefix: str) -> Array:
        columns = [[column(f"{prefix}{v}_{j}") for j in range(k)] for v in range(many)]
        return np.array(columns).transpose(2, 0, 1) if k else np.zeros((len(found), many, 0))

    xx = np.zeros((len(found), many, k, k))
    for v in range(many):
        for j in range(k):
            for i in range(j + 1):
                xx[:, v, j, i] = xx[:, v, i, j] = column(f"xx{v}_{j}_{i}")
    place = {name: s for s, name in enumerate(strata)}
    return Clusters(
        arm=column("arm").astype(np.int64), stratum=np.array([place[s] for s in found.column("stratum").to_pylist()], np.int64),
        clusters=column("clusters"), answered=np.column_stack([column(f"a{v}") for v in range(many)]),
        count=np.column_stack([column(f"n{v}") for v in range(many)]),
        y=np.column_stack([column(f"y{v}") for v in range(many)]), x=stacked("x"), xy=stacked("xy"), xx=xx,
        square=None if few else _square(column, many * (3 + k)), **own,
    )  # fmt: skip


def _square(column: Any, width: int) -> Array:
    first = column("p0_0")
    square = np.zeros((len(first), width, width))
    for i in range(width):
        for j in range(i + 1):
            square[:, i, j] = square[:, j, i] = column(f"p{i}_{j}")
    return square
