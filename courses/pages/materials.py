"""Materials as one person sees them: open or announced, new, ticked, and where."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, cast

from django.db.models import Prefetch
from django_stubs_ext import WithAnnotations

from courses.annotations import ViewedMaterial
from courses.models import Attachment, Examinable, Lecture, Material
from courses.pages.coursework import is_newer
from courses.pages.viewer import CourseViewer

Kind = Material.Kind
# Files that are shown on a page of ours.
PAGES: Final = (".pdf", ".ipynb")
EXAMINABLE: Final = (Examinable.ALL, Examinable.PARTS)
# How a student uses each kind of material, in the order in which a week is worked.
USES: Final[dict[str, tuple[Kind, ...]]] = {
    "Watch": (Kind.RECORDING,),
    "Read": (Kind.NOTES, Kind.SLIDES, Kind.PAPER),
    "Practise": (Kind.TUTORIAL, Kind.NOTEBOOK),
    "Check yourself": (Kind.QUIZ,),
    "Links": (Kind.LINK,),
}


@dataclass(frozen=True, kw_only=True)
class MaterialItem:
    """A material for one viewer. Without `is_open` its content is not shown."""

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
        """Whether one can be done with it: it is open, and no mere link."""
        return self.is_open and self.material.kind != Kind.LINK

    @cached_property
    def is_page(self) -> bool:
        """Whether it is read here, on a page of its own."""
        name = str(self.material.file.name or "").lower()
        return bool(self.material.body) or name.endswith(PAGES)

    def words(self) -> str:
        """What a search looks at."""
        material = self.material
        labels = " ".join(each.label for each in self.attachments)
        return (
            f"{material.code} {material.title} {material.description} "
            f"{material.get_kind_display()} {material.attribution} {labels}"
        )


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Materials that are used alike."""

    title: str
    items: Sequence[MaterialItem]


def attachments_for(viewer: CourseViewer) -> "Prefetch[str]":
    """Return the prefetch that brings the attachments that the viewer may have."""
    return Prefetch("attachments", Attachment.objects.shown_to(viewer))


def material_item(
    material: Material, viewer: CourseViewer, now: dt.datetime
) -> MaterialItem:
    """Return the material as its viewer sees it. No query.

    It comes from `for_viewer` with `attachments_for`. What came out, opened or was
    replaced after the viewer's last visit is new. Staff see what is announced only.
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


def shelve(items: Iterable[MaterialItem]) -> list[Shelf]:
    """Return the items by use, without empty shelves."""
    items = list(items)
    shelves = (
        Shelf(title=title, items=[i for i in items if i.material.kind in kinds])
        for title, kinds in USES.items()
    )
    return [shelf for shelf in shelves if shelf.items]


def is_examinable(lecture: Lecture) -> bool:
    """Whether all or parts of the lecture may come up in the exam."""
    return lecture.examinable in EXAMINABLE
