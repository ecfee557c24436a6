"""The address of a published page opens it, whatever the arm is called."""

from __future__ import annotations

import json

from causalcx import service
from causalcx.web import create_app
from tests.conftest import changed

ARMS = ("a", "b", "b+aide")
ROWS = "id,arm,y\n" + "".join(f"{i},{ARMS[i % 3]},{i % 7}\n" for i in range(90))


def test_each_address_opens_its_arm(tmp_path) -> None:
    service.init_workspace(folder=tmp_path)
    folder = tmp_path / "experiments" / "small-trial"
    folder.mkdir()
    (folder / "data.csv").write_text(ROWS)
    (folder / "experiment.yaml").write_text(json.dumps(changed({"design.ratio": None})))
    addresses = service.publish(experiment=folder)
    assert addresses == ["/cases/small-trial?arm=b", "/cases/small-trial?arm=b%2Baide"]
    client = create_app(tmp_path).test_client()
    assert [client.get(address).status_code for address in addresses] == [200, 200]
