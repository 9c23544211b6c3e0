"""What is wrong with a bundle: where, what, and what to do about it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong. Lines and cells count from 1."""

    message: str
    file: str = ""
    line: int | None = None
    cell: int | None = None
    hint: str = ""

    def __str__(self) -> str:
        place = [self.file] if self.file else []
        if self.cell is not None:
            place.append(f"cell {self.cell}")
        if self.line is not None:
            place.append(f"line {self.line}")
        text = f"{', '.join(place)}: {self.message}" if place else self.message
        return f"{text} {self.hint}" if self.hint else text


class BundleError(Exception):
    """The folder is no bundle that can be imported. `faults` lists every reason."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class FaultList:
    """Collects faults, so that one look at a bundle finds all of them."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def __len__(self) -> int:
        return len(self._faults)

    def add(
        self,
        message: str,
        *,
        file: str = "",
        line: int | None = None,
        cell: int | None = None,
        hint: str = "",
    ) -> None:
        """Note one fault."""
        self._faults.append(
            Fault(message=message, file=file, line=line, cell=cell, hint=hint)
        )

    def error(self) -> BundleError:
        """Return an error with everything noted so far, in reading order."""
        faults = dict.fromkeys(self._faults)
        return BundleError(
            tuple(sorted(faults, key=lambda f: (f.file, f.cell or 0, f.line or 0)))
        )

    def raise_if_any(self) -> None:
        """Raise the error if anything was noted."""
        if self._faults:
            raise self.error()
