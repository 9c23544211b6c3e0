"""The columns of a late rule, which courses and assignments both have."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from courses.late_rules import LateRule, rule_of
from formats.choices import LateUnit
from formats.late_rule_checks import late_rule_problems

_PERCENT = [MinValueValidator(0), MaxValueValidator(100)]


class LateRuleFields(models.Model):
    """A late rule as columns. The model that has them adds `late_mode`."""

    late_mode: str
    late_unit = models.CharField(
        max_length=4,
        choices=LateUnit.choices,
        default=LateUnit.DAY.value,
        help_text="A unit that has begun counts whole.",
    )
    late_step = models.DecimalField(
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=(
            "What each unit costs: points, or a percentage. If points are multiplied: "
            "the percentage that is left."
        ),
    )
    late_floor = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=_PERCENT,
        help_text=(
            "Late work does not fall below this share of the possible points, in %. "
            "Work that earned less loses nothing."
        ),
    )
    late_maximum = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=_PERCENT,
        help_text="Late work loses at most this share of the possible points, in %.",
    )
    late_zero_after = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Work that is late by more than so many units gets no points.",
    )
    late_days_limit = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=(
            "How many of their late days students may use for one piece of coursework. "
            "If it is empty, they may use none."
        ),
    )

    class Meta:
        abstract = True

    @property
    def own_late_rule(self) -> LateRule:
        """The rule in this row's own columns."""
        return rule_of(self)

    def check_late_rule(self) -> None:
        """Raise ValidationError if the columns of the rule do not fit together."""
        found: dict[str, list[str]] = {}
        for name, words in late_rule_problems(self):
            found.setdefault(name, []).append(words)
        if found:
            raise ValidationError(found)


def late_rule_constraints(noun: str) -> list[models.CheckConstraint]:
    """Return the constraints of the rule's columns, named after the model."""
    percent = models.Q()
    for name in ("late_floor", "late_maximum", "pass_mark"):
        percent &= models.Q(**{f"{name}__isnull": True}) | models.Q(
            **{f"{name}__gte": 0, f"{name}__lte": 100}
        )
    return [
        models.CheckConstraint(
            condition=models.Q(late_unit__in=LateUnit.values),
            name=f"{noun}_late_unit_known",
        ),
        models.CheckConstraint(condition=percent, name=f"{noun}_late_shares_percent"),
        models.CheckConstraint(
            condition=models.Q(late_step__isnull=True) | models.Q(late_step__gte=0),
            name=f"{noun}_late_step_not_negative",
        ),
        models.CheckConstraint(
            condition=~models.Q(late_zero_after=0) & ~models.Q(late_days_limit=0),
            name=f"{noun}_late_limits_not_zero",
        ),
    ]
