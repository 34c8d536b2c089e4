"""Problem: how many of which shapes are to go into which bins; Plan: where they went."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bools", "Floats", "Ints", "Plan", "Problem"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SLACK = 1e-9
"""What a sum may exceed its limit by, as a share of the largest bin: sums of floats are not exact."""


@dataclass(frozen=True)
class Plan:
    """Which bins hold how many of which shapes: three arrays of one length."""

    shape: Ints
    bin: Ints
    number: Ints

    @classmethod
    def of(cls, rows: list[tuple[int, int, int]]) -> Self:
        """From rows of shape, bin and number."""
        table = np.array(rows, np.int64).reshape(-1, 3)
        return cls(table[:, 0], table[:, 1], table[:, 2])

    def __add__(self, other: "Plan") -> "Plan":
        pairs = ((self.shape, other.shape), (self.bin, other.bin), (self.number, other.number))
        return Plan(*(np.concatenate(pair) for pair in pairs))

    def placed(self, shapes: int) -> Ints:
        """How many of each shape have a place."""
        return np.bincount(self.shape, self.number, shapes).astype(np.int64)

    def load(self, problem: "Problem") -> Floats:
        """What the bins hold, B × D."""
        load = np.zeros_like(problem.capacities)
        np.add.at(load, self.bin, problem.sizes[self.shape] * self.number[:, None])
        return load


@dataclass(frozen=True)
class Problem:
    """S shapes, B bins, D dimensions.

    Identical items are one shape with a count, so that the work grows with the shapes. What lies in a bin already and
    stays there is taken off its capacity before.

    Examples
    --------
    >>> two = Problem.of([[2.0], [3.0]], [2, 1], [[4.0], [4.0]])
    >>> two.kind
    array([0, 0])
    """

    sizes: Floats
    """S × D."""
    counts: Ints
    """S."""
    capacities: Floats
    """B × D: what is free in a bin."""
    allowed: Bools
    """R × B: the bins that shapes of a rule may go to."""
    rule: Ints
    """S: the row of `allowed` that holds for a shape."""
    taken: Bools
    """B: the bins that are in use whatever is done, and cost nothing more."""
    spread: tuple[tuple[int, ...], ...] = ()
    """Groups of shapes: of each group a bin may hold one item at most."""

    @classmethod
    def of(  # noqa: PLR0917  (as the fields are)
        cls,
        sizes: object,
        counts: object,
        capacities: object,
        allowed: object = None,
        rule: object = None,
        taken: object = None,
        spread: tuple[tuple[int, ...], ...] = (),
    ) -> Self:
        """A problem from nested lists or arrays; what is left out restricts nothing."""
        made = np.atleast_2d(np.asarray(sizes, float))
        room = np.atleast_2d(np.asarray(capacities, float))
        shapes, bins = len(made), len(room)
        return cls(
            made,
            np.asarray(counts, np.int64),
            room,
            np.ones((1, bins), bool) if allowed is None else np.atleast_2d(np.asarray(allowed, bool)),
            np.zeros(shapes, np.int64) if rule is None else np.asarray(rule, np.int64),
            np.zeros(bins, bool) if taken is None else np.asarray(taken, bool),
            spread,
        )

    @cached_property
    def kind(self) -> Ints:
        """B: the class of each bin; bins of one class are alike in all that matters here."""
        key = np.column_stack([self.capacities, self.taken, self.allowed.T])
        return np.unique(key, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)

    @cached_property
    def slack(self) -> Floats:
        """D: by how much a sum may seem to exceed its limit."""
        slack: Floats = SLACK * np.maximum(self.capacities.max(axis=0, initial=0), 1e-9)
        return slack

    @cached_property
    def unit(self) -> Floats:
        """D: the mean bin, by which dimensions are compared."""
        unit: Floats = np.maximum(self.capacities.clip(0).mean(axis=0), 1e-12)
        return unit

    @cached_property
    def conflicts(self) -> dict[int, Ints]:
        """By shape: those that cannot be where one of it is, itself included."""
        found: dict[int, set[int]] = {}
        for group in self.spread:
            for shape in group:
                found.setdefault(shape, set()).update(group)
        return {shape: np.array(sorted(others), np.int64) for shape, others in found.items()}

    def room(self, shape: int, free: Floats) -> Ints:
        """B: how many of a shape each bin would take, going by `free` (B × D), the rule and conflicts with itself."""
        size = self.sizes[shape]
        asks = size > 0
        with np.errstate(invalid="ignore"):
            fit = np.floor((free[:, asks] + self.slack[asks]) / size[asks]).min(axis=1, initial=float(2**31))
        fit = np.where(self.allowed[self.rule[shape]], fit, 0).clip(0)
        return (np.minimum(fit, 1) if shape in self.conflicts else fit).astype(np.int64)

    def after(self, plan: Plan) -> Self:
        """What is left to do once a plan is carried out; conflicts with what it placed become rules."""
        left = self.counts - plan.placed(len(self.counts))
        taken = self.taken.copy()
        taken[plan.bin] = True
        done = replace(self, counts=left, capacities=self.capacities - plan.load(self), taken=taken)
        return done.barred(plan) if self.spread else done

    def barred(self, plan: Plan) -> Self:
        """With a rule of its own for each shape that cannot be where the plan has put one it conflicts with."""
        allowed, rule = [*self.allowed], self.rule.copy()
        for group in self.spread:
            bins = plan.bin[np.isin(plan.shape, group)]
            for shape in group if len(bins) else ():
                row = allowed[rule[shape]].copy()
                row[bins] = False
                rule[shape] = len(allowed)
                allowed.append(row)
        rows, inverse = np.unique(np.array(allowed), axis=0, return_inverse=True)
        return replace(self, allowed=rows, rule=inverse.reshape(-1)[rule])

    def hosts_used(self, plan: Plan) -> int:
        """The bins in use with a plan carried out."""
        used = self.taken.copy()
        used[plan.bin] = True
        return int(used.sum())
