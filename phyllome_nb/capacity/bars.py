"""Bars: what was promised before and after, of what there is and of what may be promised; and the same in words."""

from phyllome_nb.capacity.effect import Pair
from phyllome_nb.capacity.policy import Policy
from phyllome_nb.capacity.tables.balance import Line
from phyllome_nb.html import Html, el

__all__ = ["amount", "bar", "cell", "legend", "limited", "measured", "number", "outcome"]


def cell(drawn: Html | None, *said: str) -> Html:
    """A bar, and lines of words under it."""
    parts = [drawn] if drawn else []
    return el("div", *parts, *(el("span", each) for each in said if each), class_="phy-cell")


def measured(pair: Pair, policy: Policy | None) -> Html:
    """The bar of a row of the balance; where a policy is given, its limit as a second mark and in words."""
    now, then = pair
    return cell(outcome(pair, policy), _sum(now, then, policy), _rule(then, policy))


def outcome(pair: Pair, policy: Policy | None) -> Html | None:
    """The bar alone; nothing where the host does not tell what it has."""
    now, then = pair
    if then.total is None:
        return None
    if policy is None or then.limit is None or then.free is None:
        return bar(now.taken, then.taken, then.total, over=then.taken > then.total)
    # What is dedicated lies beside the limit, and in the bar.
    return bar(now.taken, then.taken, then.total, then.limit + (then.dedicated or 0), over=then.free < 0)


def bar(before: float, after: float, total: float, limit: float | None = None, *, over: bool = False) -> Html:
    """A bar as long as the largest of the numbers; a line marks what there is, a notch what may be promised."""
    whole = max(total, after, before, limit or 0) or 1
    parts = [el("i", class_="phy-before", style=_width(min(before, after) / whole))]
    if after > before:
        parts.append(el("i", class_="phy-added", style=_width((after - before) / whole)))
    parts.append(_mark("phy-mark", total / whole))
    if limit is not None:
        parts.append(_mark("phy-limit", max(limit, 0) / whole))
    return el("span", *parts, class_=f"phy-bar{' phy-over' if over else ''}", aria_hidden="true")


def limited(then: Line, policy: Policy | None) -> str:
    """What a policy allows of a row and what is left, as short as can be; else only what is over what there is."""
    if then.total is None:
        return "not told"
    if policy is None or then.limit is None or then.free is None:
        over = then.taken - then.total
        return f"{number(over)} over" if over > 0 else ""
    return f"limit {number(then.limit)} · {_left(then.free)}"


def legend(policy: Policy) -> Html:
    """What the two marks mean."""
    sample = [
        el("span", el("b", class_=mark, style="left:50%"), class_="phy-bar phy-sample", aria_hidden="true")
        for mark in ("phy-mark", "phy-limit")
    ]
    return el("p", sample[0], " what there is ", sample[1], f" what {_whose(policy)} allows", class_="phy-quiet")


def amount(before: float, after: float) -> str:
    """Both, or the one that they are.

    Examples
    --------
    >>> amount(48.5, 52.5), amount(4, 4)
    ('48.5 → 52.5', '4')
    """
    return number(after) if before == after else f"{number(before)} → {number(after)}"


def number(value: float) -> str:
    """With as many decimals as matter, at most two."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _sum(now: Line, then: Line, policy: Policy | None) -> str:
    cores = policy is not None and policy.cpus == "cores"
    unit, each = {
        "vcpus": ("cores", "vCPUs for each core") if cores else ("CPUs", "vCPUs for each CPU"),
        "memory": ("GiB", "GiB for each GiB"),
    }.get(then.resource, ("GiB", ""))
    changed = amount(now.taken, then.taken)
    if then.total is None:
        return f"{changed} {unit} · how much there is, the host does not tell"
    said = [f"{changed} of {number(then.total)} {unit}"]
    if policy is None or then.limit is None:
        said.append(_left(then.total - then.taken))
    if each and then.total:
        said.append(f"{then.taken / then.total:.2f} {each}")
    return " · ".join(said)


def _rule(then: Line, policy: Policy | None) -> str:
    """What a policy allows, why, and what is left of it."""
    if policy is None or then.total is None:
        return ""
    if then.limit is None or then.free is None:
        return f"{_whose(policy)} sets no limit"
    ratio = {"vcpus": policy.cpu_ratio, "memory": policy.memory_ratio}.get(then.resource)
    why = f" by {_whose(policy)}'s ratio {ratio:g}" if ratio else ", as pages are promised once"
    apart = "dedicated" if then.resource == "vcpus" else "in huge pages"
    apart = f", beside {number(then.dedicated)} {apart}" if then.dedicated else ""
    kept = f" · {number(then.reserved)} kept for the host" if then.reserved else ""
    return f"limit {number(then.limit)}{why}{apart}{kept} · {_left(then.free)}"


def _whose(policy: Policy) -> str:
    return "your policy" if policy.name == "own" else policy.name


def _left(free: float) -> str:
    return f"{number(free)} left" if free >= 0 else f"{number(-free)} over"


def _mark(kind: str, share: float) -> Html:
    return el("b", class_=kind, style=f"left:{100 * share:.2f}%")


def _width(share: float) -> str:
    return f"width:{100 * share:.2f}%"
