"""The people of the demo course. Every name is made up."""

from dataclasses import dataclass
from typing import Final

from formats.choices import Role

DOMAIN: Final = "demo.example"


@dataclass(frozen=True, kw_only=True)
class Person:
    """An account. `hands_in` names example submissions in the order of attempts.

    `hands_in_late` names those that are handed in to the warm-up after its deadline,
    `sends_by_mail` those that the lecturer hands in there for the person, and `checks`
    those that are checked and not handed in.
    """

    email: str
    first_name: str
    last_name: str
    role: Role | None = Role.STUDENT
    hands_in: tuple[str, ...] = ()
    hands_in_late: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    sends_by_mail: tuple[str, ...] = ()

    @property
    def login(self) -> str:
        """A college login made from the name, such as am1226."""
        return f"{self.first_name[0]}{self.last_name[0]}1226".lower()


def _student(first_name: str, last_name: str, *hands_in: str) -> Person:
    return Person(
        email=f"{first_name}.{last_name}@{DOMAIN}".lower(),
        first_name=first_name,
        last_name=last_name,
        hands_in=hands_in,
    )


MAIN: Final = (
    Person(
        email=f"student@{DOMAIN}",
        first_name="Sam",
        last_name="Okafor",
        hands_in=("unfinished",),
        hands_in_late=("unfinished", "good"),
        checks=("middling",),
    ),
    Person(
        email=f"lecturer@{DOMAIN}",
        first_name="Ada",
        last_name="Lindqvist",
        role=Role.LECTURER,
    ),
    Person(
        email=f"assistant@{DOMAIN}",
        first_name="Theo",
        last_name="Marchetti",
        role=Role.ASSISTANT,
    ),
    Person(
        email=f"office@{DOMAIN}",
        first_name="Mina",
        last_name="Castell",
        role=Role.ADMINISTRATOR,
    ),
    Person(
        email=f"examiner@{DOMAIN}",
        first_name="Jonas",
        last_name="Ferrier",
        role=Role.EXAMINER,
    ),
    Person(email=f"admin@{DOMAIN}", first_name="Robin", last_name="Vale", role=None),
)
CLASS: Final = (
    _student("Amira", "Haddad", "good"),
    _student("Ben", "Whitlock", "middling"),
    _student("Chiara", "Fontana", "middling", "good"),
    Person(
        email=f"daniel.osei@{DOMAIN}",
        first_name="Daniel",
        last_name="Osei",
        sends_by_mail=("good",),
    ),
    _student("Elena", "Petrova", "good"),
    _student("Finn", "Gallagher", "unfinished"),
    _student("Grace", "Adeyemi", "middling"),
    _student("Hiro", "Tanabe", "middling"),
    _student("Irene", "Carvalho"),
    _student("Jakub", "Nowicki", "middling"),
    _student("Keira", "Munro"),
    _student("Leon", "Baumann"),
    _student("Maya", "Raghavan", "good"),
    _student("Noah", "Sinclair"),
    _student("Olivia", "Trent"),
    _student("Priya", "Venkatesan"),
    _student("Quentin", "Moreau", "unfinished"),
    _student("Rosa", "Delgado"),
    _student("Sefa", "Tuala"),
    _student("Tariq", "Mansour"),
    _student("Una", "Byrne"),
    _student("Victor", "Hallberg"),
    _student("Wen", "Jiang"),
    _student("Yusuf", "Demir"),
)
EVERYBODY: Final = (*MAIN, *CLASS)
