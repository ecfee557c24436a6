"""what was run before a seal, facts of a failure, where a case came from"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

EARLIER_RUN = """
UPDATE plans SET after_run = COALESCE((SELECT max(id) FROM runs WHERE date(runs.started_at) < plans.sealed_on), 0)
WHERE clock = 'wall'
"""
"""Seals of the first schema tell their day only: what was run on an earlier day was run before."""


def upgrade() -> None:
    """Plain ``ALTER TABLE``: to rebuild a table would delete the rows of others that point to it."""
    op.add_column("plans", sa.Column("after_run", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("runs", sa.Column("failure_facts", sa.JSON(), nullable=True))
    op.add_column("cases", sa.Column("file", sqltypes.AutoString(), nullable=True))
    op.execute(EARLIER_RUN)


def downgrade() -> None:
    for table, column in (("cases", "file"), ("runs", "failure_facts"), ("plans", "after_run")):
        op.drop_column(table, column)
