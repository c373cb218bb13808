"""The tables, one file per aggregate. Importing this package registers them all."""

from defense.models.account import AccessLink, Account, SignIn
from defense.models.application import Application, DeclaredRecusal, Ruling
from defense.models.audit import AuditEntry, AuditHead
from defense.models.ballot import Ballot, BallotEnvelope, BallotRound, Voter
from defense.models.candidate_needs import CandidateWish, NamedAttendee
from defense.models.document_template import DocumentTemplate
from defense.models.expert import Expert, ExpertAbsence, Panel, PanelHalfDay, PanelMember
from defense.models.feed import CalendarObject, Feed
from defense.models.finding import ApplicationFinding
from defense.models.importing import ImportBatch
from defense.models.invite import Invite, InviteReply, MailDomain, OutboxMessage, ReceivedMail
from defense.models.meeting import Meeting
from defense.models.presence import Disconnection, Presence, RoomProcess
from defense.models.retention import RetentionExport, RoundErasure
from defense.models.round import Round
from defense.models.schedule import Schedule, ScheduledSlot, SolveRun, UnplacedCandidate
from defense.models.sitting import Defence, Reopening, Seal, Sitting, SittingMember
from defense.models.upstream_delivery import UpstreamDelivery
from defense.models.upstream_feed import UpstreamDifference, UpstreamFault, UpstreamFeed
from defense.models.upstream_hold import UpstreamHold
from defense.models.wording import NoticeWording

__all__ = [
    "AccessLink",
    "Account",
    "Application",
    "ApplicationFinding",
    "AuditEntry",
    "AuditHead",
    "Ballot",
    "BallotEnvelope",
    "BallotRound",
    "CalendarObject",
    "CandidateWish",
    "DeclaredRecusal",
    "Defence",
    "Disconnection",
    "DocumentTemplate",
    "Expert",
    "ExpertAbsence",
    "Feed",
    "ImportBatch",
    "Invite",
    "InviteReply",
    "MailDomain",
    "Meeting",
    "NamedAttendee",
    "NoticeWording",
    "OutboxMessage",
    "Panel",
    "PanelHalfDay",
    "PanelMember",
    "Presence",
    "ReceivedMail",
    "Reopening",
    "RetentionExport",
    "RoomProcess",
    "Round",
    "RoundErasure",
    "Ruling",
    "Schedule",
    "ScheduledSlot",
    "Seal",
    "SignIn",
    "Sitting",
    "SittingMember",
    "SolveRun",
    "UnplacedCandidate",
    "UpstreamDelivery",
    "UpstreamDifference",
    "UpstreamFault",
    "UpstreamFeed",
    "UpstreamHold",
    "Voter",
]
