"""A finished case as a page: HTML that needs no network, with static charts. Nothing is computed here."""

from causalcx.reports.charts import charts
from causalcx.reports.render import case_css, render_case
from causalcx.reports.trust import trust_page
from causalcx.reports.view import page

__all__ = ["case_css", "charts", "page", "render_case", "trust_page"]
