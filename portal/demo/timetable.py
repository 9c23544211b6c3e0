"""What the demo course teaches: weeks 2 to 10 of a real deep-learning course."""

from dataclasses import dataclass
from typing import Final

from courses.models import Examinable, Material

Kind = Material.Kind
_D2L: Final = "https://d2l.ai/"


@dataclass(frozen=True, kw_only=True)
class Item:
    """Something to read or work through. Without a `url` it gets a file."""

    kind: Kind
    title: str
    code: str = ""
    url: str = ""
    examinable: Examinable = Examinable.UNKNOWN


@dataclass(frozen=True, kw_only=True)
class TeachingWeek:
    """A week: its lectures, when and where they are, and what goes with them."""

    number: int
    title: str
    summary: str
    items: tuple[Item, ...] = ()


def _notes(code: str, title: str) -> Item:
    return Item(kind=Kind.NOTES, code=code, title=title, examinable=Examinable.PARTS)


def _slides(code: str, title: str, examinable: Examinable = Examinable.UNKNOWN) -> Item:
    return Item(kind=Kind.SLIDES, code=code, title=title, examinable=examinable)


def _sheet(code: str, title: str) -> Item:
    return Item(kind=Kind.TUTORIAL, code=code, title=title)


def _chapter(path: str, title: str) -> Item:
    return Item(
        kind=Kind.LINK, title=f"Dive into Deep Learning: {title}", url=_D2L + path
    )


SUMMARY: Final = """\
Pre-recorded lectures, weekly lectures with recap and Q&A, tutorials in class and on \
Teams, and individual coding projects.

Two hours a week: **Fridays 09:00 to 11:00**, Huxley 308 and on MS Teams. Not every \
hour is used every week, so please look at the week below.

The exam counts 50 %. There are **two practical coursework tasks**, 25 % each, done \
individually: you hand in a Jupyter notebook and the weights of your model.
"""

COURSE_ITEMS: Final = (
    Item(kind=Kind.NOTES, title="Revision notes on essential machine learning"),
    Item(kind=Kind.LINK, title="Book: Dive into Deep Learning", url=_D2L),
)

_LECTURE: Final = "**Friday 9 to 10**, Huxley 308 and online"
_TUTORIAL: Final = "**Friday 10 to 11**, Huxley 308 and online, with the lab queue"

WEEKS: Final = (
    TeachingWeek(
        number=2,
        title="Logistics, and why convolutions",
        summary=f"""\
* **Lecture**
  * 01 Logistics and setup
  * 02 Motivation, the curse of dimensionality and basic CNN building blocks
* {_TUTORIAL}: Introduction to PyTorch I and II

Watch 02 before the lecture please, we will spend a lot of time on logistics.""",
        items=(
            Item(
                kind=Kind.NOTES,
                code="N01",
                title="Admin Notes",
                examinable=Examinable.NO,
            ),
            _notes("N02", "Lecture Notes"),
            _slides("N02a", "Lecture slides", Examinable.PARTS),
            Item(kind=Kind.NOTEBOOK, title="Introduction to PyTorch I"),
            Item(kind=Kind.NOTEBOOK, title="Introduction to PyTorch II"),
            _chapter("chapter_preliminaries/index.html", "Preliminaries"),
        ),
    ),
    TeachingWeek(
        number=3,
        title="Basic CNN building blocks",
        summary=f"""\
* {_LECTURE}: 02 Motivation, the curse of dimensionality and basic CNN building blocks
* {_TUTORIAL}: T01 and T02

Watch 02 before the lecture please.""",
        items=(
            _sheet("T01", "Signals"),
            _sheet("T02", "Padding and strides"),
            _chapter(
                "chapter_convolutional-neural-networks/padding-and-strides.html",
                "Padding and stride",
            ),
        ),
    ),
    TeachingWeek(
        number=4,
        title="Activations, losses and architectures",
        summary=f"""\
* {_LECTURE}
  * 03 Activation functions and Loss functions
  * 04 Popular Network architectures (and BatchNorm), start
* {_TUTORIAL}: T03""",
        items=(
            _notes("N03", "Lecture Notes"),
            _slides("N03a", "Lecture Slides", Examinable.PARTS),
            _sheet("T03", "CNNs"),
            _chapter(
                "chapter_convolutional-modern/batch-norm.html", "Batch normalisation"
            ),
            Item(kind=Kind.QUIZ, title="Test your knowledge"),
        ),
    ),
    TeachingWeek(
        number=5,
        title="Architectures, segmentation and augmentation",
        summary=f"""\
* {_LECTURE}
  * 04 Popular Network architectures (and BatchNorm)
  * 05 The U-Net architecture for image segmentation
  * 06 Data Augmentation and case study
* **Friday 10 to 11**, online only: tutorial with the teaching assistants

Loose ends and research outlook.""",
        items=(
            Item(
                kind=Kind.PAPER,
                title="LeNet",
                url="http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf",
            ),
            _notes("N04", "Lecture Notes"),
            _slides("N04a", "Lecture Slides", Examinable.PARTS),
            _slides("N05", "Lecture Slides", Examinable.PARTS),
        ),
    ),
    TeachingWeek(
        number=6,
        title="Generative models",
        summary="""\
* **Friday 9 to 10**, Huxley 308 and online
  * 07 Generative models
  * 08 VAEs
  * 09 GANs
  * 10 Generative Models: Advances
* **Friday 10 to 11**, **Huxley 311** this week, and online: T05""",
        items=(
            Item(kind=Kind.PAPER, title="VAEs", url="https://arxiv.org/abs/1312.6114"),
            _slides("N07", "intro", Examinable.PARTS),
            _slides("N08", "VAEs", Examinable.ALL),
            _slides("N09", "GANs", Examinable.ALL),
            _slides("N10", "GANs advances", Examinable.ALL),
            _sheet("T05", "VAEs, GANs"),
        ),
    ),
    TeachingWeek(
        number=7,
        title="Diffusion, recurrence and attention",
        summary=f"""\
* {_LECTURE}
  * 11 Diffusion models
  * 12 RNN basics
  * 13 RNN applications
  * 14 Attention & Transformer basics
  * 15 Transformer applications & advanced
* **Tuesday 14 to 15**, Huxley 308 and online: lab queue
* {_TUTORIAL}: T06""",
        items=(
            _slides("N11", "RNNs", Examinable.ALL),
            _slides("N12", "RNN applications", Examinable.ALL),
            _slides("N13", "Transformer & Attention", Examinable.ALL),
            _slides("N14", "Attention advanced", Examinable.ALL),
            _sheet("T06", "recurrent networks"),
        ),
    ),
    TeachingWeek(
        number=8,
        title="Advanced attention and Transformers",
        summary="""\
* **Friday 9 to 10**, online only: 16 Advanced attention and Transformers
* **Friday 10 to 11**: T07, and the lab queue on MS Teams""",
        items=(
            _sheet("T07", "attention"),
            Item(kind=Kind.QUIZ, title="Quiz"),
        ),
    ),
    TeachingWeek(
        number=9,
        title="Foundation models",
        summary="""\
* **Friday 9 to 10**: 17 Foundation models: tokenisation, evaluation and scaling
* **Friday 10 to 11**, online only: lab queue""",
    ),
    TeachingWeek(
        number=10,
        title="Exam revision",
        summary="* **Friday 9 to 10**: exam revision, with all lecturers",
    ),
)
