"""Keys of `kind: randomised`: A/B, several arms, clusters, strata."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from causalcx.core.design_keys.base import Columns, DesignKeys
from causalcx.core.outcomes import Label


class Randomised(DesignKeys):
    """Chance decided who got which arm."""

    kind: Literal["randomised"]
    unit: str = Field(description="Column that names the unit; one row per unit.")
    treatment: str | None = Field(None, description="Column with the arm.")
    control: Label | None = Field(None, description="The arm compared against.")
    ratio: dict[Label, Annotated[float, Field(gt=0)]] | None = Field(None, description="Planned split, {arm: weight}.")
    factors: dict[str, str] | None = Field(
        None, description="Factorial arms {factor: column}; replaces treatment and control."
    )
    strata: Columns = Field(default_factory=list, description="Columns within which units were randomised.")
    cluster: str | None = Field(
        None, description="Column of the randomised group, where units were not randomised singly."
    )
    covariates: Columns = Field(default_factory=list, description="Columns known before, for precision.")
    adjustment: Literal["interacted", "cuped", "none"] = Field("interacted", description="How covariates are used.")
    weight: Literal["unit", "cluster"] = Field("unit", description="What counts equally in clustered designs.")
    received: str | None = Field(
        None, description="Column that says whether the offer was taken, 0 or 1 for every unit."
    )

    @model_validator(mode="after")
    def _arms(self) -> Self:
        if self.factors is None and (self.treatment is None or self.control is None):
            missing = "treatment" if self.treatment is None else "control"
            raise ValueError(f"a randomised design needs `{missing}`")
        if self.factors is not None and (self.treatment or self.control):
            raise ValueError("`factors` replaces `treatment` and `control`")
        if self.factors is not None and len(self.factors) < 2:
            raise ValueError("`factors` names two or more, {factor: column}; with one use `treatment` and `control`")
        if self.factors is not None and self.received is not None:
            raise ValueError("`received` belongs to one offer; it cannot be told apart among `factors`")
        if self.weight == "cluster" and self.cluster is None:
            raise ValueError("`weight: cluster` needs `cluster`, the column of the randomised group")
        if self.ratio is not None and self.control is not None and self.control not in self.ratio:
            raise ValueError(f"`ratio` names the planned arms; the control `{self.control}` is not among them")
        if self.ratio is not None and len(self.ratio) < 2:
            raise ValueError("`ratio` names the control alone; name every planned arm")
        if self.adjustment == "cuped" and len(self.covariates) != 1:
            raise ValueError("`adjustment: cuped` takes exactly one covariate; use interacted for more")
        return self
