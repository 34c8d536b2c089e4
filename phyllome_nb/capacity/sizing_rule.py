"""Rule: how a VM's right size follows from what it was seen to use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from phyllome_nb.size import Size

__all__ = ["Rule"]

STEP = Size("256 MiB")


@dataclass(frozen=True, slots=True)
class Rule:
    """How much of what was seen a VM is to have, and how much must have been seen to say so.

    Start from a preset and change what differs:

    Examples
    --------
    >>> from dataclasses import replace
    >>> krr = Rule.preset("krr")
    >>> krr.cpu_quantile, krr.sources["cpu"]
    (0.95, 'krr, strategy simple: the 95th percentile of 14 days')
    >>> replace(krr, name="ours", memory_margin=0.25).memory_margin
    0.25
    """

    name: str = "own"
    cpu_quantile: float = 0.95
    """The share of the time in which the CPUs are to suffice."""
    cpu_margin: float = 0.0
    """What is added to that: 0.15 for 15 %."""
    memory_quantile: float = 1.0
    """The share of the time in which the memory is to suffice; 1 for the maximum."""
    memory_margin: float = 0.15
    memory_peaks: timedelta | None = None
    """Take the highest of each such time first, and the quantile of these; None takes it of all samples."""
    half_life: timedelta | None = None
    """After how long a sample counts half; None counts all alike."""
    vcpus_least: int = 1
    memory_least: Size = STEP
    memory_step: Size = STEP
    """Memory is rounded up to a multiple of it."""
    window: timedelta = timedelta(days=14)
    """How far back it looks."""
    min_samples: int = 100
    """Fewer say nothing."""
    min_coverage: float = 0.9
    """The share of the window that must be recorded."""
    max_steal: float = 0.05
    """A VM that waited for the host's CPUs for more than this share of the time it wanted them keeps its vCPUs."""
    busy_share: float = 0.0
    """More vCPUs only where it used more than this share of those it has ..."""
    busy_hours: float = 0.0
    """... for so many hours of the window."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where the numbers come from: those of the CPU, of the memory, of what must have been seen, and of steal."""

    def __post_init__(self) -> None:
        for name in ("cpu_quantile", "memory_quantile"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"Rule {self.name}: {name}={getattr(self, name)} is no share: give 0.95 for 95 %.")
        for name in ("cpu_margin", "memory_margin", "min_samples", "min_coverage", "max_steal", "vcpus_least"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"Rule {self.name}: {name}={getattr(self, name)} is below zero: give 0 or more.")
        for name in ("window", "half_life", "memory_peaks"):
            if (value := getattr(self, name)) is not None and value <= timedelta(0):
                raise ValueError(f"Rule {self.name}: {name}={value} is no time: give timedelta(days=14), or the like.")
        if self.memory_step <= 0:
            raise ValueError(f"Rule {self.name}: memory_step is {self.memory_step}: give Size('256 MiB'), or the like.")

    @property
    def source(self) -> str:
        """Where its numbers come from, in one line."""
        return "; ".join(self.sources.values())

    @classmethod
    def preset(cls, name: str) -> "Rule":
        """The defaults of a tool that people know: one of `presets`.

        Raises
        ------
        ValueError
            If there is none of that name.
        """
        if name not in PRESETS:
            raise ValueError(f"There is no rule {name!r}: choose one of {', '.join(PRESETS)}.")
        return PRESETS[name]

    @classmethod
    def presets(cls) -> tuple[str, ...]:
        """The names of the presets.

        Examples
        --------
        >>> Rule.presets()
        ('krr', 'vpa', 'rvtools_analyzer')
        """
        return tuple(PRESETS)

    @classmethod
    def named(cls, rule: "Rule | str") -> "Rule":
        """A rule as people give it: itself, or the name of a preset."""
        return rule if isinstance(rule, cls) else cls.preset(str(rule))


STEAL = "5 % of steal as rvtools-analyzer takes CPU ready for high"
ENOUGH = "90 % of the window as rvtools-analyzer asks, {} has no such gate"

PRESETS = {
    rule.name: rule
    for rule in (
        Rule(
            "krr",
            memory_least=Size("100 MB"),
            sources={
                "cpu": "krr, strategy simple: the 95th percentile of 14 days",
                "memory": "krr, strategy simple: the maximum + 15 %, at least 100 MB",
                "enough": f"krr points_required 100; {ENOUGH.format('krr')}",
                "steal": STEAL,
            },
        ),
        Rule(
            "vpa",
            cpu_quantile=0.9,
            cpu_margin=0.15,
            memory_quantile=0.9,
            memory_peaks=timedelta(days=1),
            half_life=timedelta(days=1),
            memory_least=Size("250 MB"),
            window=timedelta(days=8),
            sources={
                "cpu": "VPA recommender: the 90th percentile (target-cpu-percentile) + 15 %, half-life 24 h",
                "memory": "VPA recommender: the 90th percentile of daily peaks + 15 %, half-life 24 h, at least 250 MB",
                "enough": f"100 samples as krr; {ENOUGH.format('VPA')}",
                "steal": STEAL,
            },
        ),
        Rule(
            "rvtools_analyzer",
            cpu_margin=1 / 0.65 - 1,
            vcpus_least=2,
            window=timedelta(days=28),
            min_samples=96,
            busy_share=0.75,
            busy_hours=24,
            sources={
                "cpu": "spiral023/rvtools-analyzer, balanced: the 95th percentile is to be 65 %, at least 2 vCPUs, "
                "more only after 24 h above 75 %; without its rules for peaks and even numbers",
                "memory": "the maximum + 15 %, as krr",
                "enough": "spiral023/rvtools-analyzer: 96 samples and 90 % of the window",
                "steal": STEAL,
            },
        ),
    )
}
