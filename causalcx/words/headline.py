"""The sentence that a finance director reads: what was changed, what happened in the customers' own numbers, what it is
worth with its span, how often it would pay, what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from causalcx.core.case import Case
from causalcx.core.check import Check
from causalcx.core.design_keys.discontinuity import Discontinuity
from causalcx.core.effect import Effect
from causalcx.core.experiment import Experiment
from causalcx.core.outcomes import Outcome
from causalcx.core.readout import Readout
from causalcx.core.text import text_in
from causalcx.words import formats
from causalcx.words.effects import SHARE, amount_text, change_text, span_with_unit, unit_of
from causalcx.words.hiding import blocking_check, hidden_money, hidden_outcomes
from causalcx.words.names import Names, names_of
from causalcx.words.sentences import check_in_brief, check_sentence, notice_sentence, sentence

NPV_LEVEL = 0.9
"""The span of money runs from its 5 % to its 95 % quantile."""
OF_WHOM = {"instrument": "compliers", "discontinuity": "at-threshold"}
"""Designs whose effect is that of some only."""


def headline(
    experiment: Experiment, readout: Readout, case: Case | None, language: str = "en", *, comparison: str | None = None
) -> str:
    """The headline of one arm (of ``case``, else of ``comparison``, else of the first); honest in every variant:

    a failed check in place of the effect; no price in the file; money lost; never paid back; no decision possible;
    exploratory because the plan was not registered before the data, or was changed since.
    """
    return Teller(experiment, readout, case, language, comparison).headline()


def exploratory(readout: Readout) -> Literal["never", "changed"] | None:
    """Why a result is exploratory: its plan was never sealed, or changed since; None where it was sealed, or not graded."""
    grade = readout.grade
    if grade is None or grade.sealed_days_before_data is not None:
        return None
    return "changed" if any(n.code == "plan-changed" for n in grade.because) else "never"


def _asked(told: str) -> str:
    """A title that asks is answered in a new sentence: no colon after its question mark."""
    for mark, gap in (("?: ", "? "), ("？：", "？")):
        title, asked, answer = told.partition(mark)
        if asked:
            return title + gap + answer[:1].upper() + answer[1:]
    return told


@dataclass(frozen=True)
class Teller:
    """Tells the headline of one arm."""

    experiment: Experiment
    readout: Readout
    case: Case | None
    language: str
    comparison: str | None = None

    @property
    def names(self) -> Names:
        """Readers' names."""
        return names_of(self.experiment, self.language)

    def say(self, code: str, **facts: object) -> str:
        """A clause of the headline."""
        return sentence(f"headline.{code}", facts, self.language, names=self.names)

    def headline(self) -> str:
        """The whole of it."""
        check = blocking_check(self.readout) or self._hiding_all()
        if check:
            shown = check_in_brief(check, self.language, names=self.names)
            return _asked(self.say("blocked", title=text_in(self.experiment.title, self.language), check=shown))
        told = _asked(self._told())
        why = exploratory(self.readout)
        return self.say(f"exploratory.{why}", headline=told) if why else told

    def _told(self) -> str:
        what, happened = self._what(), self.happened()
        if self.case is None:
            return self.say("effect-only", what=what, happened=happened)
        failed = next(iter(hidden_money(self.readout, self.case)), None)
        if failed:
            shown = check_sentence(failed, self.language, names=self.names)
            return self.say("money-hidden", what=what, happened=happened, check=shown)
        if self.case.decision.verdict == "cannot decide":
            return self.say(
                "undecided", what=what, happened=happened, reason=self._reason(self.case), **self._money(self.case)
            )
        return self._with_worth(what, happened, self.case)

    def _with_worth(self, what: str, happened: str, case: Case) -> str:
        money = self._money(case)
        gains = (case.npv.mean or 0) >= 0
        figure = money["figure"] if gains else money["loss"]
        worth = self.say(
            "worth.gain" if gains else "worth.loss", figure=figure, level=money["level"], span=money["span"]
        )
        return self.say(
            "whole", what=what, happened=happened, horizon=money["horizon"], worth=worth,
            payback=self._payback(case), chance=self._chance(case), ask=self.say(f"ask.{case.decision.advice}"),
        )  # fmt: skip

    def _money(self, case: Case) -> dict[str, str]:
        scale = formats.money_scale([case.npv.mean, case.npv.p5, case.npv.p95], self.language)
        return {
            "horizon": formats.horizon(case.horizon_months, self.language),
            "figure": formats.money(case.npv.mean, case.currency, self.language, scale=scale),
            "loss": formats.money(abs(case.npv.mean or 0), case.currency, self.language, scale=scale),
            "level": formats.level_of(NPV_LEVEL, self.language),
            "span": formats.money_span(case.npv.p5, case.npv.p95, case.currency, self.language, scale=scale),
        }

    def _reason(self, case: Case) -> str:
        reasons = [notice_sentence(n, self.language, names=self.names) for n in case.decision.because]
        return ("" if self.language == "zh" else " ").join(reasons)

    def _payback(self, case: Case) -> str:
        if not any(cost.present_value.mean for cost in case.costs if not cost.sunk):
            return self.say("payback.free")
        months = case.payback_months.p50
        return self.say("payback.never") if months is None else self.say("payback", months=months)

    def _chance(self, case: Case) -> str:
        frequency = formats.share_of(case.probability_pays, self.language)
        few = 0.005 <= case.probability_pays < 0.5
        return self.say("chance.few" if few else "chance.most", frequency=frequency)

    def _what(self) -> str:
        title = text_in(self.experiment.title, self.language)
        comparisons = {e.comparison for e in self.readout.headlines}
        if len(comparisons) < 2:
            return title
        return self.say("arm", title=title, arm=self.names.arm(self.names.sides(self._comparison())[0]))

    def _comparison(self) -> str:
        if self.case is not None:
            return self.case.comparison
        return self.comparison or self.readout.headlines[0].comparison

    def _shown(self) -> list[Effect]:
        hidden = hidden_outcomes(self.readout)
        return [e for e in self.readout.headlines if e.comparison == self._comparison() and e.outcome not in hidden]

    def _hiding_all(self) -> Check | None:
        hidden = hidden_outcomes(self.readout)
        primaries = [o.key for o in self.experiment.primaries]
        return hidden[primaries[0]] if all(p in hidden for p in primaries) else None

    def happened(self) -> str:
        """What moved: the outcome that carries the money first, then the first other primary."""
        told = self.leading_effects()
        happened = self._both(*told) if len(told) > 1 else self.clause(told[0])
        if self.experiment.design.kind in OF_WHOM:
            return self.say(OF_WHOM[self.experiment.design.kind], happened=happened, **self._threshold())
        if self.experiment.felt:
            return self.say("with-neighbours", happened=happened)
        return self.say("as-recorded", happened=happened) if self._observed else happened

    def _threshold(self) -> dict[str, object]:
        """What decided, where a threshold did."""
        design = self.experiment.design
        return {"column": design.running, "cutoff": design.cutoff} if isinstance(design, Discontinuity) else {}

    @property
    def _observed(self) -> bool:
        return self.experiment.design.kind == "observational"

    def _both(self, first: Effect, second: Effect) -> str:
        if first.clear or second.clear:
            joint = "and" if first.clear == second.clear else "while"
            return self.say(joint, one=self.clause(first), other=self.clause(second))
        one, other = (self.names.outcome(e.outcome) for e in (first, second))
        return self.say("unclear.both", one=one, other=other, span=self._span(first), span_other=self._span(second))

    def leading_effects(self) -> list[Effect]:
        """One or two effects: the outcome that earns most, if it is a primary, then the first other primary."""
        shown = self._shown()
        earned = {s.outcome: abs(s.present_value.mean or 0) for s in (self.case.streams if self.case else ()) if s.cash}
        primaries = [e for e in shown if e.role == "primary"] or shown
        first = max(primaries, key=lambda e: earned.get(e.outcome, -1.0))
        return [first, *(e for e in primaries if e is not first)][:2]

    def clause(self, effect: Effect) -> str:
        """What happened to one outcome, in its own numbers; of a duration, by when."""
        outcome = self.experiment.outcome(effect.outcome)
        told = self._plain_clause(effect, outcome)
        if outcome.kind != "duration":
            return told
        horizon = formats.length(outcome.length, self.experiment.time_unit(outcome), self.language)
        return self.say("by.left" if outcome.tells_leaving else "by.stayed", happened=told, horizon=horizon)

    def _plain_clause(self, effect: Effect, outcome: Outcome) -> str:
        unit, name = unit_of(effect, outcome), self.names.outcome(effect.outcome)
        if not effect.clear:
            return self.say("unclear", name=name, span=self._span(effect))
        up, down = ("higher", "lower") if self._observed else ("rose", "fell")
        direction = up if effect.estimate > 0 else down
        told_each = outcome.kind in ("amount", "count") and not self.names.whole
        shape = "share" if unit == SHARE else "each" if told_each else "level"
        code = f"{shape}.{direction}" + (".no-base" if effect.baseline is None else "")
        return self.say(code, name=name, unit=self.names.each, **self._levels(effect, unit))

    def _span(self, effect: Effect) -> str:
        unit = unit_of(effect, self.experiment.outcome(effect.outcome))
        return span_with_unit(effect.low, effect.high, unit, self.names)

    def _levels(self, effect: Effect, unit: str) -> dict[str, object]:
        size = change_text(abs(effect.estimate), unit, self.names)
        if effect.baseline is None:
            return {"size": size}
        now = effect.baseline + effect.estimate
        if unit == SHARE and self.language == "en":
            every = (
                100 if max(effect.baseline, now) >= 0.02 else 1_000 if max(effect.baseline, now) >= 0.002 else 10_000
            )
            told = [formats.number(every * x, decimals=1) for x in (effect.baseline, now)]
            return {"size": size, "base": told[0], "now": told[1], "every": f"{every:,}"}
        if unit == SHARE:
            places = 1 if max(effect.baseline, now) >= 0.02 else 2
            told = [formats.percent(x, decimals=places) for x in (effect.baseline, now)]
        else:
            told = [amount_text(x, unit, self.names) for x in (effect.baseline, now)]
        return {"size": size, "base": told[0], "now": told[1]}
