"""Turn the published tables of Ctrip's experiment into data.parquet: ``python experiments/agents-at-home/make_data.py FOLDER [OUT]``.

FOLDER holds the tables as CSV; other tables are refused by their SHA-256.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pandas as pd

SHA256 = {
    "employeestatus": "0f7b135d4b34e365e7114dfa65082477792bdd80b99344618b68d4d96b6fb35e",
    "quits": "e3ceb4bc690166981f67cb2fe6dcbcc6b265d9ca5f657bb70b7f6443c0d221f2",
    "performance_panel": "ff1f6122d45f2e675959faa4fb671214a3746d598797bd3a6ccf2bbcfd6f8b6e",
    "attitudes": "dfb183a260abf4128419f4191486fa7160845513ee9ffe2f328d24e333ae355f",
    "employeecharacteristics": "c9838672faf039dbc473bdcd08227194d7614bb48f7b93332b19e5c6f037c361",
}
MONTHS = 9
"""December 2010 to August 2011."""


def published(folder: Path, name: str) -> pd.DataFrame:
    """A table as published."""
    file = folder / f"{name}.csv"
    if hashlib.sha256(file.read_bytes()).hexdigest() != SHA256[name]:
        raise SystemExit(f"{file} is not the published file: its SHA-256 differs")
    return pd.read_csv(file)


def agents(folder: Path) -> pd.DataFrame:
    """One row per agent. Calls are means per month: before, over all nine months (none after leaving), and of the last month of those who stayed."""
    panel = published(folder, "performance_panel")
    sound = panel[panel["total_monthly_calls"] >= 0]
    after = sound[sound["post"] == 1]
    last = after[(after["year"] == 2011) & (after["month"] == 8)]
    answers = published(folder, "attitudes").query("post == 1")
    found = published(folder, "employeestatus").set_index("personid").rename(columns={"treatment": "home"})
    found["quit"] = published(folder, "quits").set_index("personid")["quitjob"].astype("int8")
    found["calls_before"] = sound[sound["post"] == 0].groupby("personid")["total_monthly_calls"].mean()
    found["calls"] = (
        after.groupby("personid")["total_monthly_calls"].sum().div(MONTHS).reindex(found.index, fill_value=0)
    )
    found["calls_as_published"] = panel[panel["post"] == 1].groupby("personid")["total_monthly_calls"].sum().div(MONTHS)
    found["calls_last_month"] = last[last["personid"].isin(found.index[found["quit"] == 0])].set_index("personid")[
        "total_monthly_calls"
    ]
    found["satisfaction"] = answers.groupby("personid")["satisfaction"].mean()
    known = published(folder, "employeecharacteristics").set_index("personid")
    return found.join(known[["married"]].astype("int16")).reset_index(names="agent")


if __name__ == "__main__":
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_name("data.parquet")
    agents(Path(sys.argv[1])).to_parquet(out, index=False, compression="zstd")
    print(out)
