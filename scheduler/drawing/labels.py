"""Short names for people of what results hold: terms, statuses, minutes of the axis."""

from scheduler.instance import DAY_MIN, SchedulingInstance
from scheduler.objective import PLACED_PREFIX, TermName
from scheduler.result import SolveStatus
from scheduler.schedule import Message

TERM_LABELS = {
    TermName.MOVED: Message("改动人数", "moved"),
    TermName.OPENED: Message("开设场次", "sittings opened"),
    TermName.IDLE: Message("空档分钟", "idle minutes"),
    TermName.SWITCHES: Message("类别切换", "category switches"),
    TermName.LOAD: Message("最重负荷", "heaviest load"),
    TermName.REGION_DAYS: Message("地州·天数", "region-days"),
    TermName.WISHES: Message("未遂意愿", "broken wishes"),
    TermName.CONFLICTS: Message("须回避人次", "recusals in the room"),
    TermName.LATENESS: Message("靠后程度", "lateness"),
}

STATUS_LABELS = {
    SolveStatus.OPTIMAL: Message("已证明最优", "proven optimal"),
    SolveStatus.FEASIBLE: Message("可行，尚未全部证明最优", "feasible, not every term proven"),
    SolveStatus.INFEASIBLE: Message(
        "已证明：锁定时段无法全部保留", "proven: not all pinned slots can be kept"
    ),
    SolveStatus.UNKNOWN: Message("时限内没有结论", "no answer within the limit"),
    SolveStatus.STOPPED: Message("已停止，保留当前最好结果", "stopped, the best so far is kept"),
}


_PHASES = {
    "build": Message("建模", "building"),
    "greedy": Message("初排", "first schedule"),
    "plan": Message("选场次", "choosing sittings"),
    "improve": Message("改进", "improving"),
    "done": Message("完成", "done"),
}


def label_phase(name: str) -> Message:
    """Return the label of a phase of the solve; a phase that works on one tier is named after it."""
    if name in _PHASES:
        return _PHASES[name]
    try:
        return label_term(name)
    except ValueError:
        return Message(name, name)


def label_term(name: str) -> Message:
    """Return the label of a term as results name it, such as ``placed_priority_2`` or ``2*idle+switches``."""
    if name.startswith(PLACED_PREFIX):
        priority = name.removeprefix(PLACED_PREFIX)
        if priority == "0":
            return Message("已安排", "placed")
        return Message(f"已安排（优先级 {priority}）", f"placed (priority {priority})")
    parts = [_label_goal(goal) for goal in name.split("+")]
    return Message(" + ".join(part.zh for part in parts), " + ".join(part.en for part in parts))


def _label_goal(goal: str) -> Message:
    weight, _, name = goal.rpartition("*")
    label = TERM_LABELS[TermName(name)]
    times = f"{weight}×" if weight else ""
    return Message(times + label.zh, times + label.en)


def label_minute(instance: SchedulingInstance, minute: int) -> Message:
    """Return the day of the axis and the time of day, such as ``day 12 10:05``."""
    day, clock = instance.day_of(minute), label_clock(instance, minute)
    return Message(f"第 {day} 天 {clock}", f"day {day} {clock}")


def label_clock(instance: SchedulingInstance, minute: int) -> str:
    """Return the time of day, such as ``10:05``."""
    hour, rest = divmod((minute - instance.midnight_min) % DAY_MIN, 60)
    return f"{hour:02d}:{rest:02d}"
