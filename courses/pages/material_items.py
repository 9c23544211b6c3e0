"""Materials for one viewer: open or announced, new or ticked, and grouped by use."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, cast

from django.db.models import Prefetch
from django_stubs_ext import WithAnnotations

from courses.annotations import ViewedMaterial
from courses.models import Attachment, Lecture, Material
from courses.pages.due_assignments import is_newer
from courses.pages.viewer import CourseViewer
from formats.choices import Examinable, MaterialKind

# Files that the portal shows on a page.
PAGES: Final = (".pdf", ".ipynb")
EXAMINABLE: Final = (Examinable.ALL, Examinable.PARTS)
# How a student uses each kind of material, in the order in which a week is studied.
USES: Final[dict[str, tuple[MaterialKind, ...]]] = {
    "Watch": (MaterialKind.RECORDING,),
    "Read": (MaterialKind.NOTES, MaterialKind.SLIDES, MaterialKind.PAPER),
    "Practise": (MaterialKind.TUTORIAL, MaterialKind.NOTEBOOK),
    "Check yourself": (MaterialKind.QUIZ,),
    "Links": (MaterialKind.LINK,),
}


@dataclass(frozen=True, kw_only=True)
class MaterialItem:
    """A material for one viewer. Unless `is_open`, its content is not shown."""

    material: Material
    attachments: Sequence[Attachment]
    is_open: bool
    is_new: bool
    is_done: bool

    @property
    def is_examinable(self) -> bool:
        """Whether all or parts of it may come up in the exam."""
        return self.material.examinable in EXAMINABLE

    @property
    def can_be_ticked(self) -> bool:
        """Whether the viewer can tick it: it is open, and more than a link."""
        return self.is_open and self.material.kind != MaterialKind.LINK

    @cached_property
    def is_page(self) -> bool:
        """Whether the portal shows its content on a page of its own."""
        name = str(self.material.file.name or "").lower()
        return bool(self.material.body) or name.endswith(PAGES)

    def words(self) -> str:
        """Return the text that a search looks through."""
        material = self.material
        labels = " ".join(each.label for each in self.attachments)
        return (
            f"{material.code} {material.title} {material.description} "
            f"{material.get_kind_display()} {material.attribution} {labels}"
        )


@dataclass(frozen=True, kw_only=True)
class MaterialGroup:
    """Materials with the same use."""

    title: str
    items: Sequence[MaterialItem]


def attachments_for(viewer: CourseViewer) -> "Prefetch[str]":
    """Return the prefetch of the attachments that the viewer may have."""
    return Prefetch("attachments", Attachment.objects.shown_to(viewer))


def material_item(
    material: Material, viewer: CourseViewer, now: dt.datetime
) -> MaterialItem:
    """Return the material for its viewer. No query.

    It was loaded by `for_viewer` with `attachments_for`. It is new if it was released,
    opened or replaced after the viewer's last visit. For staff it is open before
    `opens_at`.
    """
    row = cast("WithAnnotations[Material, ViewedMaterial]", material)
    is_locked = not viewer.is_staff and material.is_locked(now)
    attachments = [] if is_locked else list(material.attachments.all())
    moments = [material.release_at, material.replaced_at]
    if material.opens_at is not None and material.opens_at <= now:
        moments.append(material.opens_at)
    return MaterialItem(
        material=material,
        attachments=attachments,
        is_open=not is_locked and (material.has_content or bool(attachments)),
        is_new=any(is_newer(moment, viewer.since) for moment in moments),
        is_done=row.is_done,
    )


def group_by_use(items: Iterable[MaterialItem]) -> list[MaterialGroup]:
    """Return the items grouped by use, without empty groups."""
    items = list(items)
    groups = (
        MaterialGroup(title=title, items=[i for i in items if i.material.kind in kinds])
        for title, kinds in USES.items()
    )
    return [group for group in groups if group.items]


def is_examinable(lecture: Lecture) -> bool:
    """Return whether all or parts of the lecture may come up in the exam."""
    return lecture.examinable in EXAMINABLE
