"""What the effect rests on: DoWhy finds the covariates that close every back door, from the plan's covariates or its graph."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from causalcx.core.check import Notice
from causalcx.core.design_keys.observational import Observational
from causalcx.core.errors import CannotAnswer
from causalcx.core.experiment import Experiment
from causalcx.core.outcomes import Outcome
from causalcx.designs.unconfounded.graph import Edges, read_graph, wrong_graph


@dataclass(frozen=True)
class Identified:
    """The adjustment set of one outcome."""

    outcome: Outcome
    adjusts_for: tuple[str, ...]
    unobserved: tuple[str, ...] = ()
    """Nodes of the graph that the data do not have."""

    @property
    def notice(self) -> Notice:
        """What it rests on, in facts."""
        facts = {
            "outcome": self.outcome.key,
            "method": "backdoor",
            "adjusts_for": list(self.adjusts_for),
            "unobserved": list(self.unobserved),
        }
        return Notice(code="identified", facts=facts | {"assumption": "unconfoundedness"})


def candidates(experiment: Experiment, design: Observational) -> tuple[str, ...]:
    """Nodes of the graph that may be covariates; which of them the data have is not known yet."""
    if design.graph is None:
        return ()
    nodes, _ = read_graph(design.graph, experiment.file)
    taken = {design.unit, design.treatment, *(n for o in experiment.outcomes for n in (o.key, str(o.column)))}
    return tuple(sorted(nodes - taken))


def identify(experiment: Experiment, design: Observational, observed: tuple[str, ...]) -> tuple[Identified, ...]:
    """Per outcome, a set of observed covariates that closes every back door; with a graph the one of least variance.

    Without a graph every covariate is taken as a common cause of treatment and outcome. With one, the optimal adjustment
    set (Henckel, Perković & Maathuis 2022, JRSS B 84: 579-599, definition 3.4) is taken where it is observed and DoWhy
    finds it valid, else the smallest set that DoWhy finds; a column declared ``known: after`` is not in it.
    Raises CannotAnswer where no observed set closes the back doors.
    """
    if design.graph is None:
        return tuple(_from_covariates(design, o) for o in experiment.outcomes)
    nodes, edges = read_graph(design.graph, experiment.file)
    before = tuple(c for c in observed if c not in experiment.columns or experiment.columns[c].known != "after")
    return tuple(_from_graph(experiment, design, o, nodes, edges, before) for o in experiment.outcomes)


def _from_covariates(design: Observational, outcome: Outcome) -> Identified:
    treatment, effect = design.treatment, str(outcome.column)
    edges = [(c, node) for c in design.covariates for node in (treatment, effect)]
    found = _closing(
        _graph((*edges, (treatment, effect))), treatment, effect, list(design.covariates), "maximal-adjustment"
    )
    assert set(found or ()) == set(design.covariates)
    return Identified(outcome, tuple(design.covariates))


def _from_graph(
    experiment: Experiment,
    design: Observational,
    outcome: Outcome,
    nodes: frozenset[str],
    edges: Edges,
    observed: tuple[str, ...],
) -> Identified:
    effect = str(outcome.column) if str(outcome.column) in nodes else outcome.key
    for name in (design.treatment, effect):
        if name not in nodes:
            raise wrong_graph(
                "has no node `{node}`; it has {nodes}.", experiment.file, node=name, nodes=", ".join(sorted(nodes))
            )
    graph = _graph(edges, nodes)
    _refuse_cycle(graph, experiment.file)
    unobserved = tuple(sorted(nodes - {*observed, design.treatment, effect} - {o for o in nodes if o == design.unit}))
    found = _by_variance(graph, design.treatment, effect, [o for o in observed if o in nodes])
    if found is None:
        raise CannotAnswer(
            "By `design.graph` the effect of `{treatment}` on `{outcome}` cannot be told from what causes both: no set of "
            "observed columns closes every path between them (not in the data: {unobserved}).",
            treatment=design.treatment, outcome=outcome.key, unobserved=", ".join(unobserved) or "-",
        )  # fmt: skip
    return Identified(outcome, tuple(c for c in observed if c in found), unobserved)


def _graph(edges: Edges | list[tuple[str, str]], nodes: frozenset[str] = frozenset()) -> Any:
    import networkx

    graph = networkx.DiGraph(list(edges))
    graph.add_nodes_from(sorted(nodes))
    return graph


def _refuse_cycle(graph: Any, file: Path | None) -> None:
    import networkx

    if not networkx.is_directed_acyclic_graph(graph):
        cycle = " -> ".join(a for a, _ in networkx.find_cycle(graph))
        raise wrong_graph("has a cycle: {cycle}; a cause cannot be its own effect.", file, cycle=cycle)


def _by_variance(graph: Any, treatment: str, outcome: str, observed: list[str]) -> tuple[str, ...] | None:
    """The parents of what lies on the causal paths, where they are observed and close the back doors; else the smallest set."""
    import networkx
    from dowhy.graph import check_valid_backdoor_set

    caused = (networkx.descendants(graph, treatment) & networkx.ancestors(graph, outcome)) | {outcome}
    after = networkx.descendants(graph, treatment) | {treatment}
    found = {parent for node in caused for parent in graph.predecessors(node)} - after
    if (
        found <= set(observed)
        and check_valid_backdoor_set(graph, [treatment], [outcome], sorted(found))["is_dseparated"]
    ):
        return tuple(sorted(found))
    return _closing(graph, treatment, outcome, observed, "minimal-adjustment")


def _closing(graph: Any, treatment: str, outcome: str, observed: list[str], which: str) -> tuple[str, ...] | None:
    from dowhy.causal_identifier import AutoIdentifier, BackdoorAdjustment, EstimandType

    identifier = AutoIdentifier(EstimandType.NONPARAMETRIC_ATE, BackdoorAdjustment(which))
    sets = identifier.identify_backdoor(graph, [treatment], [outcome], [*observed, treatment, outcome])
    return tuple(sets[0].get_adjustment_variables()) if sets else None
