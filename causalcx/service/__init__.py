"""The use cases, one keyword function each; the session and the clock live here and nowhere below."""

from causalcx.service.advising import advise
from causalcx.service.analysis import check, fit, refit, stored_fit, value
from causalcx.service.assigning import assign
from causalcx.service.experiments import changes_since_seal, list_experiments, load, register, sealed_plan, show
from causalcx.service.gallery import demo, simulate
from causalcx.service.machine import doctor
from causalcx.service.planning import plan
from causalcx.service.publishing import publish, render_pages, report, results
from causalcx.service.scheduling import write_schedule
from causalcx.service.starting import init_experiment, init_workspace, schema

__all__ = [
    "advise", "assign", "changes_since_seal", "check", "demo", "doctor", "fit", "init_experiment", "init_workspace", "list_experiments",
    "load", "plan", "publish", "refit", "register", "render_pages", "report", "results", "schema", "sealed_plan", "show", "simulate",
    "stored_fit", "value", "write_schedule",
]  # fmt: skip
