"""answers: the half-days that would suit somebody who asks for another time"""

from alembic import op
import sqlalchemy as sa

revision = "0008"
down_revision = "0007"


def upgrade():
    op.add_column("invite_reply", sa.Column("suits_json", sa.JSON(), nullable=True))


def downgrade():
    op.drop_column("invite_reply", "suits_json")
