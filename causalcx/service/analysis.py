"""Check, fit and value: the chain from an experiment file to money. Clock, seed and session enter here."""

from __future__ import annotations

import datetime as dt
import platform
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from causalcx.core.case import Valuation
from causalcx.core.check import Check, Notice
from causalcx.core.design_keys.randomised import Randomised
from causalcx.core.errors import DataError, RegistryError
from causalcx.core.experiment import Experiment
from causalcx.core.need import Profile
from causalcx.core.readout import DataFacts, Provenance, Readout
from causalcx.core.seal import plan_hash, sealed_days_before_data
from causalcx.core.sizes import DRAWS
from causalcx.grade import grade, registration
from causalcx.registry import Registry
from causalcx.service.experiments import (
    Source,
    changes_since_seal,
    existing_registry_of,
    known_journeys,
    load,
    registry_of,
    sealed_plan,
)
from causalcx.service.kinds import Design, design_of
from causalcx.service.looking import at, kept_looks, with_history
from causalcx.service.parts import (
    CONTROLS,
    as_checks,
    control_check,
    failures_of,
    with_parts,
    without,
    without_failing,
)
from causalcx.value import value_case

SEED = 1
ASSIGNMENT = "assignment.csv"
"""Name under which an assignment beside the experiment file is found."""


def check(
    *,
    experiment: Source,
    data: Any = None,
    seed: int = SEED,
    today: dt.date | None = None,
    as_of: dt.date | None = None,
) -> tuple[Check, ...]:
    """Everything that can be said of design and data before an effect is seen; ``as_of`` replaces the file's."""
    loaded = at(load(experiment), as_of=as_of)
    design, source = design_of(loaded), _open(loaded, data)

    def checked(part: Experiment) -> tuple[Check, ...]:
        return design.check(_dated(part, today), _reduce(part, design, source, today), seed=seed)

    checks, failures = without_failing(loaded, checked)
    return (*checks, *as_checks(failures), *_controls(loaded, source, seed, today))


def fit(
    *,
    experiment: Source,
    data: Any = None,
    seed: int = SEED,
    today: dt.date | None = None,
    look: int | None = None,
    as_of: dt.date | None = None,
) -> Readout:
    """Effects on all outcomes with checks and grade.

    ``data`` (pandas, Polars, Arrow or Ibis) replaces the file's data; then nothing is written. Otherwise the run is kept
    in the registry, and a run that fails is kept as failed, with its sentence. ``look`` names the planned look that this is,
    where the data do not tell; ``as_of`` replaces the file's date of the data.
    """
    loaded = at(load(experiment), look, as_of)
    design = design_of(loaded)
    registry, unkept = _registry_if_any(loaded) if data is None else (None, ())
    if registry is None:
        readout, _ = _fitted(loaded, design, _open(loaded, data), seed, today=today)
        readout = with_history(readout, ())
        return readout.model_copy(update={"fallbacks": (*readout.fallbacks, *unkept)})
    source = _open(loaded, None)
    identity = {"key": loaded.key, "plan_hash": plan_hash(loaded), "fingerprint": source.fingerprint, "seed": seed}
    with registry.run(**identity, versions=_versions(design), now=dt.datetime.now(dt.UTC)) as run:
        readout, reduced = _fitted(loaded, design, source, seed, run=str(run.id), today=today)
        readout = with_history(readout, kept_looks(registry, loaded.key, run.id) if loaded.looks else ())
        run.finish(readout, reduced.to_json() if design.DATA == "moments" else None)
    return readout


def _registry_if_any(experiment: Experiment) -> tuple[Registry | None, tuple[Notice, ...]]:
    """The registry, or why the run cannot be kept; a folder that cannot be written does not stop a fit.

    A registry that is there but cannot be read does: nobody knows then whether the plan was sealed.
    """
    known = existing_registry_of(experiment)
    if known is not None:
        return (known, ()) if known.writable else (None, (_not_kept("read-only"),))
    try:
        return registry_of(experiment), ()
    except RegistryError as error:
        return None, (_not_kept(str(error)),)


def _not_kept(reason: str) -> Notice:
    return Notice(code="not-kept", facts={"reason": reason})


def value(
    *,
    experiment: Source,
    readout: Readout | None = None,
    seed: int = SEED,
    today: dt.date | None = None,
    as_of: dt.date | None = None,
) -> Valuation:
    """What each arm is worth; fits first when no stored run matches plan and data. ``as_of`` replaces the file's."""
    loaded = at(load(experiment), as_of=as_of)
    given = readout is not None
    readout = readout or stored_fit(experiment=loaded, seed=seed) or fit(experiment=loaded, seed=seed, today=today)
    valuation = value_case(loaded, readout, seed=seed, draws=DRAWS)
    facts = readout.provenance.model_dump(mode="json") if readout.provenance else {}
    valuation = valuation.model_copy(update={"provenance": facts | {"value_seed": seed}})
    registry = None if given else existing_registry_of(loaded)
    if registry and registry.writable and readout.provenance and readout.provenance.run:
        registry.save_valuation(readout.provenance.run, valuation)
    return valuation


def stored_fit(*, experiment: Experiment, seed: int = SEED) -> Readout | None:
    """The stored readout of this plan on these data, graded anew since the seal may have changed; None if there is none."""
    registry = existing_registry_of(experiment)
    if registry is None:
        return None
    found = registry.find_run(plan_hash(experiment), _open(experiment, None).fingerprint, seed)
    if found is None or not found.readout.provenance:
        return None
    if found.readout.provenance.versions.get("causalcx") != version("causalcx"):
        return None
    return _graded(experiment, found.readout.model_copy(update={"warnings": _lasting(found.readout)}))


def refit(*, experiment: Source, seed: int = SEED) -> Readout | None:
    """Fit again from stored moments, without the data, as on the day of the first fit; identical to the bit. None when no run has moments."""
    from causalcx.core.need import Reduced

    loaded = load(experiment)
    registry = existing_registry_of(loaded)
    found = registry.find_run(plan_hash(loaded), None, seed) if registry else None
    if found is None or found.moments is None:
        return None
    if loaded.looks and loaded.looks.at and found.readout.looks:
        loaded = at(loaded, found.readout.looks.number)
    design, reduced = design_of(loaded), Reduced.from_json(found.moments)
    readout = design.fit(_dated(without(loaded, found.readout.failures), found.day), reduced, seed=seed)
    controls = tuple(c for c in found.readout.checks if c.name == CONTROLS)
    readout = with_parts(readout, failures_of(found.readout), controls)
    readout = _described(loaded, design, readout, reduced.profile, seed, run=str(found.id))
    return with_history(readout, kept_looks(registry, loaded.key, found.id) if loaded.looks else ())


def _open(experiment: Experiment, data: Any) -> Any:
    """The data; a file of neighbours belongs to them, so that its change is a change of the data."""
    from causalcx.sources.fingerprint import fingerprint_file, fingerprint_words

    source, pairs = _opened(experiment, data), experiment.neighbours_file
    if pairs is None or not pairs.is_file():
        return source
    return replace(source, fingerprint=fingerprint_words(source.fingerprint, fingerprint_file(pairs)))


def _opened(experiment: Experiment, data: Any) -> Any:
    from causalcx.sources import engine

    if data is not None:
        return engine.open_frame(data)
    if experiment.data.connection is not None:
        return engine.open_connection(experiment.data.connection, str(experiment.data.table), experiment.folder)
    if experiment.folder is None:
        raise DataError("The experiment came from no file, so its data file cannot be found; give `data`.")
    name = str(experiment.data.source)
    if "://" in name:
        raise DataError("{source} is an address; download the file and name its path in `data.source`.", source=name)
    return engine.open_file(experiment.folder / name)


def _reduce(experiment: Experiment, design: Design, source: Any, today: dt.date | None) -> Any:
    need = design.needs(_dated(experiment, today), today or dt.date.today())
    need = replace(need, assignment=assignment_file(experiment))
    if design.DATA == "moments":
        from causalcx.sources.reduce import reduce

        return reduce(source, need)
    from causalcx.sources.cohorts import rows_or_sums

    return rows_or_sums(source, need)


def assignment_file(experiment: Experiment) -> Path | None:
    """The assignment beside the experiment file, where arms were drawn with `plan --assign`."""
    file = experiment.folder / ASSIGNMENT if experiment.folder else None
    drawn = isinstance(experiment.design, Randomised)
    return file if file and drawn and file.is_file() and experiment.data.source != ASSIGNMENT else None


def _dated(experiment: Experiment, today: dt.date | None) -> Experiment:
    """No data are of a later day than today, whatever `period` and `as_of` say; a simulated story has its own clock."""
    today, origin = today or dt.date.today(), experiment.data.origin
    story = origin is not None and origin.kind != "real"
    past = (experiment.as_of or experiment.period.end) <= today
    return experiment if story or past else experiment.model_copy(update={"as_of": today})


def _fitted(
    experiment: Experiment, design: Design, source: Any, seed: int, run: str | None = None, today: dt.date | None = None
) -> tuple[Readout, Any]:
    """The readout, and the reduced data that it was made of."""

    def fitted(part: Experiment) -> tuple[Readout, Any]:
        reduced = _reduce(part, design, source, today)
        return design.fit(_dated(part, today), reduced, seed=seed), reduced

    (readout, reduced), failures = without_failing(experiment, fitted)
    readout = with_parts(readout, failures, _controls(experiment, source, seed, today))
    return _described(experiment, design, readout, reduced.profile, seed, run), reduced


def _controls(experiment: Experiment, source: Any, seed: int, today: dt.date | None) -> tuple[Check, ...]:
    """Whether outcomes that cannot move stood still, by the same design."""

    def fitted(part: Experiment) -> Readout:
        own = design_of(part)
        return own.fit(_dated(part, today), _reduce(part, own, source, today), seed=seed)

    return control_check(experiment, fitted)


def _described(
    experiment: Experiment, design: Design, readout: Readout, profile: Profile, seed: int, run: str | None
) -> Readout:
    """With what its numbers are made of, and its level."""
    facts = DataFacts(
        fingerprint=profile.fingerprint, rows=profile.rows, source=profile.source,
        excluded=sum(profile.excluded.values()), immature=profile.immature, memory_gb=profile.memory_gb,
    )  # fmt: skip
    provenance = Provenance(seed=seed, data=facts, plan=plan_hash(experiment), versions=_versions(design), run=run)
    return _graded(
        experiment,
        readout.model_copy(update={"provenance": provenance, "warnings": (*profile.notices, *readout.warnings)}),
    )


def _graded(experiment: Experiment, readout: Readout) -> Readout:
    """With the evidence level and what the registry has to say of the plan."""
    changed = [change["field"] for change in changes_since_seal(experiment)]
    days, seen_on = (None, None) if changed else _sealed_before(experiment, readout)
    unregistered = registration(days, changed, seen_on)
    notices = [unregistered] if unregistered else []
    journeys = known_journeys(experiment)
    if experiment.journey and journeys and experiment.journey not in journeys:
        notices.append(Notice(code="unknown-journey", facts={"journey": experiment.journey}))
    graded = grade(experiment, readout.checks, days, changed, seen_on)
    return readout.model_copy(update={"grade": graded, "warnings": (*notices, *readout.warnings)})


def _sealed_before(experiment: Experiment, readout: Readout) -> tuple[int | None, dt.date | None]:
    """Days from seal to data, and the day on which effects had been seen before a seal that the period would honour."""
    registry, sealed = existing_registry_of(experiment), sealed_plan(experiment)
    if registry is None or sealed is None:
        return None, None
    days, facts = sealed_days_before_data(sealed.sealed_on, experiment), readout.provenance
    seen = registry.seen_before_seal(experiment.key, facts.data.fingerprint) if facts and days >= 0 else None
    if seen is None:
        return days, None
    seen_on = seen.astimezone().date()  # as a seal, which bears the day of this machine's calendar
    return sealed_days_before_data(sealed.sealed_on, experiment, seen_on), seen_on


_OF_THE_SEAL = ("not-registered", "plan-changed", "sealed-after-data", "sealed-after-fit", "unknown-journey")


def _lasting(readout: Readout) -> tuple[Notice, ...]:
    return tuple(n for n in readout.warnings if n.code not in _OF_THE_SEAL)


def _versions(design: Design) -> dict[str, str]:
    packages = ("causalcx", "numpy", "scipy", "ibis-framework", "duckdb", *getattr(design, "PACKAGES", ()))
    return {"python": platform.python_version()} | {name: version(name) for name in packages}
