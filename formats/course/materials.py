"""Read materials from the lists of a week, a session, a lecture or the course."""

from typing import Final

from formats.choices import Examinable, MaterialKind
from formats.course import course_fields
from formats.course.course_content import AttachmentRow, MaterialRow
from formats.course.course_fields import Context
from formats.course.plain_fields import read_plain, yaml_names
from formats.yaml_document import Section

MATERIAL: Final = yaml_names(MaterialRow, "key", "kind", "…", "attachments")
RECORDING: Final = tuple(
    name for name in MATERIAL if name not in {"kind", "session", "lecture"}
)
ATTACHMENT: Final = yaml_names(AttachmentRow, "label")


class MaterialReader:
    """The materials and attachments that were read from all the lists."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.materials: list[MaterialRow] = []
        self.attachments: list[AttachmentRow] = []

    def read(
        self,
        sections: list[Section],
        *,
        week: int | None = None,
        session: str = "",
        recording_of: str = "",
    ) -> None:
        """Read one list of materials, in its order."""
        for position, section in enumerate(sections):
            material = self._material(section, week, session, recording_of, position)
            self.materials.append(material)
            attachments = section.sections("attachments", ATTACHMENT)
            for place, inner in enumerate(attachments):
                self.attachments.append(self._attachment(inner, material, place))
            self._check_material(section, material)

    def _material(
        self,
        section: Section,
        week: int | None,
        session: str,
        recording_of: str,
        position: int,
    ) -> MaterialRow:
        context = self._context
        section.require("key", "title", *([] if recording_of else ["kind"]))
        key = course_fields.slug(section, "key")
        context.claim_key(section, "material", key, "key")
        release = course_fields.release(section, context.calendar)
        return MaterialRow(
            key=key,
            line=section.line,
            kind=MaterialKind.RECORDING
            if recording_of
            else section.choice("kind", MaterialKind.values, MaterialKind.NOTES),
            week=week,
            session=session
            or course_fields.known(
                section, "session", context.sessions, where="sessions"
            ),
            lecture=recording_of
            or course_fields.known(
                section, "lecture", context.lectures, where="lectures"
            ),
            also_in=self._also_in(section, week),
            file=course_fields.file_of(section, context),
            examinable=read_examinable(section),
            position=position,
            release_at=release.at,
            has_own_release=release.is_given,
            **read_plain(MaterialRow, section, context),
        )

    def _also_in(self, section: Section, week: int | None) -> tuple[int, ...]:
        numbers = sorted(set(section.wholes("also_in")))
        for number in numbers:
            if number not in self._context.weeks:
                section.fault(f"There is no week {number} in this file.", "also_in")
            elif number == week:
                section.fault(
                    f"The material is in week {number} already.",
                    "also_in",
                    hint="Name other weeks only.",
                )
        return tuple(n for n in numbers if n in self._context.weeks)

    def _attachment(
        self, section: Section, material: MaterialRow, position: int
    ) -> AttachmentRow:
        context = self._context
        section.require("label")
        label = course_fields.words(section, "label", longest=100)
        key = f"{material.key}/{label}"
        if label:
            context.claim_key(section, "attachment", key, "label")
        release = course_fields.release(section, context.calendar)
        row = AttachmentRow(
            key=key,
            line=section.line,
            material=material.key,
            label=label,
            file=course_fields.file_of(section, context),
            position=position,
            release_at=release.at,
            has_own_release=release.is_given,
            **read_plain(AttachmentRow, section, context),
        )
        if "url" in section and "file" in section:
            section.fault(
                "It has a link and a file.", "file", hint="Leave one of them out."
            )
        elif not row.url and "file" not in section:
            context.warn(
                section, f"“{label}” of {material_label(material)} has nothing to open."
            )
        return row

    def _check_material(self, section: Section, material: MaterialRow) -> None:
        """Warn if a material has nothing to open.

        The source may have lost a link, which staff can find again.
        """
        if not (material.url or material.body or "file" in section):
            self._context.warn(
                section,
                f"{material_label(material)} has nothing to open yet: students see its name.",
            )


def read_examinable(section: Section) -> str:
    """Return whether it is part of the exam; without the key that is unknown."""
    if "examinable" not in section:
        return Examinable.UNKNOWN
    choices = [value for value in Examinable.values if value]
    return section.choice("examinable", choices, Examinable.UNKNOWN)


def material_label(material: MaterialRow) -> str:
    """Return the name of the material, for a sentence about it."""
    return f"“{f'{material.code} {material.title}'.strip()}” ({material.key})"
