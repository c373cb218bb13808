"""initial tables"""

from alembic import op
import sqlalchemy as sa

revision = '0001'
down_revision = None


def upgrade():
    op.create_table('audit_head',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_head'))
    )
    op.create_table('round',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=20), nullable=False),
    sa.Column('rules_toml', sa.Text(), nullable=False),
    sa.Column('defence_settings', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('rules_frozen_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('results_released_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_round')),
    sa.UniqueConstraint('code', name=op.f('uq_round_code'))
    )
    op.create_table('application',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=50), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('unit', sa.String(length=200), nullable=False),
    sa.Column('series', sa.String(length=100), nullable=False),
    sa.Column('specialty', sa.String(length=100), nullable=False),
    sa.Column('level', sa.String(length=20), nullable=False),
    sa.Column('record_json', sa.JSON(), nullable=False),
    sa.Column('assessment_json', sa.JSON(), nullable=False),
    sa.Column('valid', sa.Boolean(), nullable=False),
    sa.Column('requirement', sa.String(length=20), nullable=False),
    sa.Column('fee_paid', sa.Boolean(), nullable=False),
    sa.Column('ruled_valid', sa.Boolean(), nullable=True),
    sa.Column('ruled_requirement', sa.String(length=20), nullable=True),
    sa.Column('fee_override', sa.Boolean(), nullable=False),
    sa.Column('imported_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_application_round_id_round')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_application')),
    sa.UniqueConstraint('round_id', 'number', name=op.f('uq_application_round_id_number'))
    )
    with op.batch_alter_table('application', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_application_round_id'), ['round_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_application_series'), ['series'], unique=False)

    op.create_table('expert',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=50), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('unit', sa.String(length=200), nullable=False),
    sa.Column('level', sa.String(length=20), nullable=False),
    sa.Column('series', sa.JSON(), nullable=False),
    sa.Column('specialties', sa.JSON(), nullable=False),
    sa.Column('phone', sa.String(length=50), nullable=False),
    sa.Column('email', sa.String(length=200), nullable=False),
    sa.Column('unavailable_json', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_expert_round_id_round')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_expert')),
    sa.UniqueConstraint('round_id', 'number', name=op.f('uq_expert_round_id_number'))
    )
    with op.batch_alter_table('expert', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_expert_round_id'), ['round_id'], unique=False)

    op.create_table('account',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('role', sa.String(length=20), nullable=False),
    sa.Column('display_name', sa.String(length=100), nullable=False),
    sa.Column('username', sa.String(length=100), nullable=True),
    sa.Column('password_hash', sa.String(length=200), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('expert_id', sa.Integer(), nullable=True),
    sa.Column('application_id', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['application_id'], ['application.id'], name=op.f('fk_account_application_id_application')),
    sa.ForeignKeyConstraint(['expert_id'], ['expert.id'], name=op.f('fk_account_expert_id_expert')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sa.UniqueConstraint('application_id', name=op.f('uq_account_application_id')),
    sa.UniqueConstraint('expert_id', name=op.f('uq_account_expert_id')),
    sa.UniqueConstraint('username', name=op.f('uq_account_username'))
    )
    with op.batch_alter_table('account', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_account_role'), ['role'], unique=False)

    op.create_table('audit_entry',
    sa.Column('seq', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('action', sa.String(length=50), nullable=False),
    sa.Column('subject', sa.String(length=100), nullable=False),
    sa.Column('detail', sa.JSON(), nullable=False),
    sa.Column('previous_digest', sa.String(length=64), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_audit_entry_account_id_account')),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_audit_entry'))
    )
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_entry_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_entry_action'), ['action'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_entry_subject'), ['subject'], unique=False)

    op.create_table('declared_recusal',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('application_id', sa.Integer(), nullable=False),
    sa.Column('expert_id', sa.Integer(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('declared_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_declared_recusal_account_id_account')),
    sa.ForeignKeyConstraint(['application_id'], ['application.id'], name=op.f('fk_declared_recusal_application_id_application')),
    sa.ForeignKeyConstraint(['expert_id'], ['expert.id'], name=op.f('fk_declared_recusal_expert_id_expert')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_declared_recusal')),
    sa.UniqueConstraint('application_id', 'expert_id', name=op.f('uq_declared_recusal_application_id_expert_id'))
    )
    with op.batch_alter_table('declared_recusal', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_declared_recusal_application_id'), ['application_id'], unique=False)

    op.create_table('import_batch',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('filename', sa.String(length=255), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.Column('report', sa.JSON(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('uploaded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('applied_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_import_batch_account_id_account')),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_import_batch_round_id_round')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_import_batch'))
    )
    with op.batch_alter_table('import_batch', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_import_batch_round_id'), ['round_id'], unique=False)

    op.create_table('panel',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('series', sa.JSON(), nullable=False),
    sa.Column('levels', sa.JSON(), nullable=False),
    sa.Column('specialties', sa.JSON(), nullable=False),
    sa.Column('secretary_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_panel_round_id_round')),
    sa.ForeignKeyConstraint(['secretary_id'], ['account.id'], name=op.f('fk_panel_secretary_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_panel')),
    sa.UniqueConstraint('round_id', 'name', name=op.f('uq_panel_round_id_name'))
    )
    with op.batch_alter_table('panel', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_panel_round_id'), ['round_id'], unique=False)

    op.create_table('ruling',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('application_id', sa.Integer(), nullable=False),
    sa.Column('subject', sa.String(length=20), nullable=False),
    sa.Column('decision', sa.String(length=20), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_ruling_account_id_account')),
    sa.ForeignKeyConstraint(['application_id'], ['application.id'], name=op.f('fk_ruling_application_id_application')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ruling'))
    )
    with op.batch_alter_table('ruling', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_ruling_application_id'), ['application_id'], unique=False)

    op.create_table('schedule',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('source', sa.String(length=20), nullable=False),
    sa.Column('base_id', sa.Integer(), nullable=True),
    sa.Column('instance_json', sa.JSON(), nullable=False),
    sa.Column('solver_json', sa.JSON(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_schedule_account_id_account')),
    sa.ForeignKeyConstraint(['base_id'], ['schedule.id'], name=op.f('fk_schedule_base_id_schedule')),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_schedule_round_id_round')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_schedule'))
    )
    with op.batch_alter_table('schedule', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_schedule_round_id'), ['round_id'], unique=False)

    op.create_table('panel_half_day',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('panel_id', sa.Integer(), nullable=False),
    sa.Column('start_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('end_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['panel_id'], ['panel.id'], name=op.f('fk_panel_half_day_panel_id_panel')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_panel_half_day')),
    sa.UniqueConstraint('panel_id', 'start_at', name=op.f('uq_panel_half_day_panel_id_start_at'))
    )
    with op.batch_alter_table('panel_half_day', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_panel_half_day_panel_id'), ['panel_id'], unique=False)

    op.create_table('panel_member',
    sa.Column('panel_id', sa.Integer(), nullable=False),
    sa.Column('expert_id', sa.Integer(), nullable=False),
    sa.Column('is_head', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['expert_id'], ['expert.id'], name=op.f('fk_panel_member_expert_id_expert')),
    sa.ForeignKeyConstraint(['panel_id'], ['panel.id'], name=op.f('fk_panel_member_panel_id_panel')),
    sa.PrimaryKeyConstraint('panel_id', 'expert_id', name=op.f('pk_panel_member'))
    )
    with op.batch_alter_table('panel_member', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_panel_member_expert_id'), ['expert_id'], unique=False)

    op.create_table('solve_run',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('progress', sa.JSON(), nullable=False),
    sa.Column('error', sa.JSON(), nullable=True),
    sa.Column('cancel_requested', sa.Boolean(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('heard_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('schedule_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_solve_run_account_id_account')),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_solve_run_round_id_round')),
    sa.ForeignKeyConstraint(['schedule_id'], ['schedule.id'], name=op.f('fk_solve_run_schedule_id_schedule')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_solve_run'))
    )
    with op.batch_alter_table('solve_run', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_solve_run_round_id'), ['round_id'], unique=False)

    op.create_table('unplaced_candidate',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('schedule_id', sa.Integer(), nullable=False),
    sa.Column('application_id', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=50), nullable=False),
    sa.Column('reason', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['application_id'], ['application.id'], name=op.f('fk_unplaced_candidate_application_id_application')),
    sa.ForeignKeyConstraint(['schedule_id'], ['schedule.id'], name=op.f('fk_unplaced_candidate_schedule_id_schedule')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_unplaced_candidate')),
    sa.UniqueConstraint('schedule_id', 'application_id', name=op.f('uq_unplaced_candidate_schedule_id_application_id'))
    )
    with op.batch_alter_table('unplaced_candidate', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_unplaced_candidate_schedule_id'), ['schedule_id'], unique=False)

    op.create_table('scheduled_slot',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('schedule_id', sa.Integer(), nullable=False),
    sa.Column('application_id', sa.Integer(), nullable=False),
    sa.Column('half_day_id', sa.Integer(), nullable=False),
    sa.Column('start_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('end_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['application_id'], ['application.id'], name=op.f('fk_scheduled_slot_application_id_application')),
    sa.ForeignKeyConstraint(['half_day_id'], ['panel_half_day.id'], name=op.f('fk_scheduled_slot_half_day_id_panel_half_day')),
    sa.ForeignKeyConstraint(['schedule_id'], ['schedule.id'], name=op.f('fk_scheduled_slot_schedule_id_schedule')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_scheduled_slot')),
    sa.UniqueConstraint('schedule_id', 'application_id', name=op.f('uq_scheduled_slot_schedule_id_application_id'))
    )
    with op.batch_alter_table('scheduled_slot', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_scheduled_slot_application_id'), ['application_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_scheduled_slot_schedule_id'), ['schedule_id'], unique=False)

    op.create_table('sitting',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('panel_id', sa.Integer(), nullable=False),
    sa.Column('half_day_id', sa.Integer(), nullable=False),
    sa.Column('start_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('end_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('cancelled', sa.Boolean(), nullable=False),
    sa.Column('meeting_key', sa.String(length=32), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['half_day_id'], ['panel_half_day.id'], name=op.f('fk_sitting_half_day_id_panel_half_day')),
    sa.ForeignKeyConstraint(['panel_id'], ['panel.id'], name=op.f('fk_sitting_panel_id_panel')),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_sitting_round_id_round')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sitting')),
    sa.UniqueConstraint('half_day_id', name=op.f('uq_sitting_half_day_id'))
    )
    with op.batch_alter_table('sitting', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sitting_panel_id'), ['panel_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_sitting_round_id'), ['round_id'], unique=False)

    op.create_table('defence',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('application_id', sa.Integer(), nullable=False),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('sitting_id', sa.Integer(), nullable=False),
    sa.Column('start_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('end_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('outcome', sa.String(length=20), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['application_id'], ['application.id'], name=op.f('fk_defence_application_id_application')),
    sa.ForeignKeyConstraint(['sitting_id'], ['sitting.id'], name=op.f('fk_defence_sitting_id_sitting')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_defence')),
    sa.UniqueConstraint('application_id', 'attempt', name=op.f('uq_defence_application_id_attempt'))
    )
    with op.batch_alter_table('defence', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_defence_application_id'), ['application_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_defence_sitting_id'), ['sitting_id'], unique=False)

    op.create_table('sitting_member',
    sa.Column('sitting_id', sa.Integer(), nullable=False),
    sa.Column('expert_id', sa.Integer(), nullable=False),
    sa.Column('is_head', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['expert_id'], ['expert.id'], name=op.f('fk_sitting_member_expert_id_expert')),
    sa.ForeignKeyConstraint(['sitting_id'], ['sitting.id'], name=op.f('fk_sitting_member_sitting_id_sitting')),
    sa.PrimaryKeyConstraint('sitting_id', 'expert_id', name=op.f('pk_sitting_member'))
    )
    with op.batch_alter_table('sitting_member', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sitting_member_expert_id'), ['expert_id'], unique=False)

    op.create_table('ballot_round',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('defence_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('rule', sa.String(length=30), nullable=False),
    sa.Column('rule_version', sa.Integer(), nullable=False),
    sa.Column('effect', sa.String(length=20), nullable=False),
    sa.Column('quorum', sa.Integer(), nullable=False),
    sa.Column('secret', sa.Boolean(), nullable=False),
    sa.Column('veto_reasons', sa.JSON(), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('opened_by_id', sa.Integer(), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_by_id', sa.Integer(), nullable=True),
    sa.Column('tally', sa.JSON(), nullable=True),
    sa.ForeignKeyConstraint(['closed_by_id'], ['account.id'], name=op.f('fk_ballot_round_closed_by_id_account')),
    sa.ForeignKeyConstraint(['defence_id'], ['defence.id'], name=op.f('fk_ballot_round_defence_id_defence')),
    sa.ForeignKeyConstraint(['opened_by_id'], ['account.id'], name=op.f('fk_ballot_round_opened_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ballot_round')),
    sa.UniqueConstraint('defence_id', 'number', name=op.f('uq_ballot_round_defence_id_number'))
    )
    with op.batch_alter_table('ballot_round', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_ballot_round_defence_id'), ['defence_id'], unique=False)

    op.create_table('invite',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('defence_id', sa.Integer(), nullable=True),
    sa.Column('sitting_id', sa.Integer(), nullable=True),
    sa.Column('uid', sa.String(length=100), nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('cancelled', sa.Boolean(), nullable=False),
    sa.Column('content_digest', sa.String(length=64), nullable=False),
    sa.Column('stamped_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('start_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('end_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_invite_account_id_account')),
    sa.ForeignKeyConstraint(['defence_id'], ['defence.id'], name=op.f('fk_invite_defence_id_defence')),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_invite_round_id_round')),
    sa.ForeignKeyConstraint(['sitting_id'], ['sitting.id'], name=op.f('fk_invite_sitting_id_sitting')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invite')),
    sa.UniqueConstraint('account_id', 'defence_id', name=op.f('uq_invite_account_id_defence_id')),
    sa.UniqueConstraint('account_id', 'sitting_id', name=op.f('uq_invite_account_id_sitting_id')),
    sa.UniqueConstraint('uid', name=op.f('uq_invite_uid'))
    )
    with op.batch_alter_table('invite', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_invite_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_invite_round_id'), ['round_id'], unique=False)

    op.create_table('access_link',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('invite_id', sa.Integer(), nullable=True),
    sa.Column('token_digest', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_access_link_account_id_account')),
    sa.ForeignKeyConstraint(['invite_id'], ['invite.id'], name=op.f('fk_access_link_invite_id_invite')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_access_link')),
    sa.UniqueConstraint('token_digest', name=op.f('uq_access_link_token_digest'))
    )
    with op.batch_alter_table('access_link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_access_link_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_access_link_invite_id'), ['invite_id'], unique=False)

    op.create_table('ballot',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('ballot_round_id', sa.String(length=32), nullable=False),
    sa.Column('choice', sa.String(length=10), nullable=False),
    sa.Column('veto_reason', sa.String(length=50), nullable=True),
    sa.Column('comment', sa.Text(), nullable=True),
    sa.Column('expert_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['ballot_round_id'], ['ballot_round.id'], name=op.f('fk_ballot_ballot_round_id_ballot_round')),
    sa.ForeignKeyConstraint(['expert_id'], ['expert.id'], name=op.f('fk_ballot_expert_id_expert')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ballot')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('ballot', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_ballot_ballot_round_id'), ['ballot_round_id'], unique=False)

    op.create_table('outbox_message',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('invite_id', sa.Integer(), nullable=False),
    sa.Column('to_address', sa.String(length=200), nullable=False),
    sa.Column('message_id', sa.String(length=200), nullable=False),
    sa.Column('method', sa.String(length=10), nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('next_attempt_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('claimed_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_answer', sa.Text(), nullable=True),
    sa.Column('queued_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['invite_id'], ['invite.id'], name=op.f('fk_outbox_message_invite_id_invite')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox_message')),
    sa.UniqueConstraint('message_id', name=op.f('uq_outbox_message_message_id'))
    )
    with op.batch_alter_table('outbox_message', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_outbox_message_invite_id'), ['invite_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_outbox_message_state'), ['state'], unique=False)

    op.create_table('voter',
    sa.Column('ballot_round_id', sa.String(length=32), nullable=False),
    sa.Column('expert_id', sa.Integer(), nullable=False),
    sa.Column('receipt', sa.String(length=64), nullable=True),
    sa.ForeignKeyConstraint(['ballot_round_id'], ['ballot_round.id'], name=op.f('fk_voter_ballot_round_id_ballot_round')),
    sa.ForeignKeyConstraint(['expert_id'], ['expert.id'], name=op.f('fk_voter_expert_id_expert')),
    sa.PrimaryKeyConstraint('ballot_round_id', 'expert_id', name=op.f('pk_voter'))
    )
    op.create_table('sign_in',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('link_id', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_sign_in_account_id_account')),
    sa.ForeignKeyConstraint(['link_id'], ['access_link.id'], name=op.f('fk_sign_in_link_id_access_link')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_in'))
    )
    with op.batch_alter_table('sign_in', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sign_in_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_sign_in_link_id'), ['link_id'], unique=False)



def downgrade():
    with op.batch_alter_table('sign_in', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sign_in_link_id'))
        batch_op.drop_index(batch_op.f('ix_sign_in_account_id'))

    op.drop_table('sign_in')
    op.drop_table('voter')
    with op.batch_alter_table('outbox_message', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_outbox_message_state'))
        batch_op.drop_index(batch_op.f('ix_outbox_message_invite_id'))

    op.drop_table('outbox_message')
    with op.batch_alter_table('ballot', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_ballot_ballot_round_id'))

    op.drop_table('ballot')
    with op.batch_alter_table('access_link', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_access_link_invite_id'))
        batch_op.drop_index(batch_op.f('ix_access_link_account_id'))

    op.drop_table('access_link')
    with op.batch_alter_table('invite', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_invite_round_id'))
        batch_op.drop_index(batch_op.f('ix_invite_account_id'))

    op.drop_table('invite')
    with op.batch_alter_table('ballot_round', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_ballot_round_defence_id'))

    op.drop_table('ballot_round')
    with op.batch_alter_table('sitting_member', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sitting_member_expert_id'))

    op.drop_table('sitting_member')
    with op.batch_alter_table('defence', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_defence_sitting_id'))
        batch_op.drop_index(batch_op.f('ix_defence_application_id'))

    op.drop_table('defence')
    with op.batch_alter_table('sitting', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sitting_round_id'))
        batch_op.drop_index(batch_op.f('ix_sitting_panel_id'))

    op.drop_table('sitting')
    with op.batch_alter_table('scheduled_slot', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_scheduled_slot_schedule_id'))
        batch_op.drop_index(batch_op.f('ix_scheduled_slot_application_id'))

    op.drop_table('scheduled_slot')
    with op.batch_alter_table('unplaced_candidate', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_unplaced_candidate_schedule_id'))

    op.drop_table('unplaced_candidate')
    with op.batch_alter_table('solve_run', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_solve_run_round_id'))

    op.drop_table('solve_run')
    with op.batch_alter_table('panel_member', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_panel_member_expert_id'))

    op.drop_table('panel_member')
    with op.batch_alter_table('panel_half_day', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_panel_half_day_panel_id'))

    op.drop_table('panel_half_day')
    with op.batch_alter_table('schedule', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_schedule_round_id'))

    op.drop_table('schedule')
    with op.batch_alter_table('ruling', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_ruling_application_id'))

    op.drop_table('ruling')
    with op.batch_alter_table('panel', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_panel_round_id'))

    op.drop_table('panel')
    with op.batch_alter_table('import_batch', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_import_batch_round_id'))

    op.drop_table('import_batch')
    with op.batch_alter_table('declared_recusal', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_declared_recusal_application_id'))

    op.drop_table('declared_recusal')
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_audit_entry_subject'))
        batch_op.drop_index(batch_op.f('ix_audit_entry_action'))
        batch_op.drop_index(batch_op.f('ix_audit_entry_account_id'))

    op.drop_table('audit_entry')
    with op.batch_alter_table('account', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_account_role'))

    op.drop_table('account')
    with op.batch_alter_table('expert', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_expert_round_id'))

    op.drop_table('expert')
    with op.batch_alter_table('application', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_application_series'))
        batch_op.drop_index(batch_op.f('ix_application_round_id'))

    op.drop_table('application')
    op.drop_table('round')
    op.drop_table('audit_head')
