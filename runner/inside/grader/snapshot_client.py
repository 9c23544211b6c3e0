"""The notebook as a test sees it: names whose values are data or handles."""

import builtins
import sys
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, Final

from runner.inside.grader import (
    empty_values,
    named_classes,
    own_values,
    refusals,
    replayed_output,
)
from runner.inside.grader.begun_loops import Loops
from runner.inside.grader.call_settings import CallSettings
from runner.inside.grader.changed_arguments import Arguments
from runner.inside.grader.error_classes import StudentBaseError
from runner.inside.grader.exports import Exports, Outgoing
from runner.inside.grader.fixed_seeds import FixedSeeds
from runner.inside.grader.given_folders import Folders
from runner.inside.grader.handle_classes import HandleClasses
from runner.inside.grader.handle_hashes import learn_equality
from runner.inside.grader.handles import (
    Handle,
    NotDataError,
    constructor_of,
    is_handle,
    known_class,
    number_of,
    observations_of,
)
from runner.inside.grader.known_handles import KnownHandles
from runner.inside.grader.members import Members
from runner.inside.grader.read_values import ReadValues
from runner.inside.grader.received_values import decode
from runner.inside.grader.served_functions import ServedFunctions
from runner.inside.grader.student_errors import (
    ErrorClasses,
    NotDefinedError,
    no_exception,
    raised,
)
from runner.inside.values.codec import CodecError, Encoder
from runner.wire.endpoint import Endpoint, Message
from runner.wire.grader_requests import CALLING, OF_ITEMS, RUNNING
from runner.wire.link import Buffer, Header, Link, LinkClosedError, LinkError

__all__ = ["NotDefinedError", "SnapshotClient", "StudentBaseError", "raised"]

_LABEL: Final = 80


class SnapshotClient:
    """One question's conversation with a snapshot of the student's process.

    The snapshot receives the names that tests ask for, and the operands of the calls,
    attributes and indices that they write, and nothing else of a test.

    `classes` and `functions` are the names that the staff's own notebook defines as such,
    `methods` those that its classes and objects have. `lost` says that the conversation
    has ended: after that no check may pass, whatever a test makes of the exception.
    """

    def __init__(
        self,
        link: Link,
        classes: Collection[str] = (),
        folders: Folders | None = None,
        *,
        seeds: FixedSeeds | None = None,
        methods: Collection[str] = (),
        functions: Collection[str] = (),
    ) -> None:
        self._folders = folders
        self._seeds = seeds
        # Whether a doctest takes what the student's code prints as its output.
        self.hearing = replayed_output.Hearing()
        self._classes = frozenset(classes)
        self._functions = frozenset(functions)
        self.methods = frozenset(methods)
        self._exports = Exports(lambda: () if seeds is None else seeds.written)
        self._given = ServedFunctions(self._exports, self._encoder, self._resolve)
        self._endpoint = Endpoint(link, self._serve)
        self._known = KnownHandles()
        self._settings = CallSettings()
        self._kinds = HandleClasses()
        self._members = Members()
        self.loops = Loops()
        self.arguments = Arguments(self.ask)
        # Handles that make objects, by number: classes of the staff's notebook.
        self._constructors: dict[int, Handle] = {}
        # The snapshot's descriptions of those that are exception classes.
        self._described: dict[int, object] = {}
        self._errors = ErrorClasses()
        self.stand_ins = self._given.stand_ins
        # How often the student's code was called, and how often it has run in any way.
        self.epoch = self.steps = 0
        self.read_values = ReadValues()
        self.lost = False

    @property
    def is_abandoned(self) -> bool:
        """Whether a test with its own time limit no longer waits for an answer."""
        return self._endpoint.is_abandoned

    def begin_check(self) -> None:
        """Forget what the previous check has learned of the notebook's objects."""
        self._known.begin_check(self._constructors.values())
        self.read_values.forget()
        self._constructors.clear()
        self._exports.forget()
        self._kinds.forget()
        self._members.forget()
        self._described.clear()
        self._errors.forget()
        empty_values.forget()
        self.hearing = replayed_output.Hearing()
        self._given.begin_check()

    def name(self, name: str) -> Any:
        """Return the value of a name of the notebook. Raises NotDefinedError."""
        try:
            value = self.ask("name", name)
        except StudentBaseError:
            raise NotDefinedError(name) from None
        if is_handle(value):
            observations_of(value).note_name(
                is_function=name in self._functions,
                is_container=f"{name}.__contains__" in self.methods,
            )
        if name in self._classes and named_classes.is_object(name, value):
            value = self._constructor(value)
            description = self._described.get(number_of(value))
            if description is not None:
                return self._errors.named(description, value)
        return value

    def _constructor(self, value: Handle) -> Handle:
        """Return the handle to the named class by which a test makes objects.

        SECURITY: only the name gives this right. The same class in another answer is a
        handle like any other: otherwise a class could also stand in the place of a
        function, and of the function's result.
        """
        number = number_of(value)
        if number not in self._constructors:
            self._constructors[number] = constructor_of(value)
        return self._constructors[number]

    def ask(self, operation: str, *arguments: object) -> Any:
        """Return the answer of the student's process, or raise what its code raised.

        Raises LinkError, LinkClosedError or CodecError if the process is gone or its
        answer is invalid.
        """
        if self.arguments.is_comparing:
            raise self.arguments.refuse_asking()
        with self._endpoint.turn:
            return self._ask(operation, arguments)

    def _ask(self, operation: str, arguments: tuple[object, ...]) -> Any:
        if self.lost:
            raise LinkClosedError
        if operation in RUNNING:
            self._prepare(operation)
        with self._exports.lifetime():
            handles, self._exports.handles = self._exports.handles, []
            encoder = self.arguments.watching(self._encoder())
            try:
                node = encoder.encode(list(arguments))
            except Exception as error:
                # A test that expects a ValueError would otherwise accept this one.
                refusals.note(error)
                raise
            given, self._exports.handles = self._exports.handles, handles
            told = self.arguments.sent(encoder, operation, is_call=operation in CALLING)
            told |= self._known.told(self._endpoint)
            question = self._settings.added_to({"op": operation, "a": node, **told})
            header: Header = {"ran": True}
            try:
                header, buffers = self._endpoint.ask(question, encoder.buffers)
                replayed_output.replay(operation, header, self.hearing)
                result = self._result(header, buffers, operation)
            except (LinkError, LinkClosedError, CodecError) as error:
                self.lost = True
                refusals.note_end(error)
                raise
            finally:
                self._learn(operation, arguments, given, header)
        if is_handle(result):
            self._note_origin(result, operation, arguments)
        return result

    def _prepare(self, operation: str) -> None:
        """Send the snapshot what the test has set for its next call: seeds, `input`."""
        if operation in CALLING:
            self.loops.finish()
        for name, is_lent in self._given.newly_lent():
            self.ask("lend", name, is_lent)
        if self._seeds is not None:
            for library, seed in self._seeds.unused():
                self.ask("seed", library, seed)

    def _encoder(self) -> Encoder:
        return Outgoing(self._exports.refer, self._folders, self._exports.written)

    def _learn(
        self,
        operation: str,
        arguments: tuple[object, ...],
        given: list[Handle],
        header: Header,
    ) -> None:
        """Forget what the student's code may have changed just now.

        An attribute that it computes is like a call of a method.
        """
        is_data = operation == "attr" and header.get("ran") is not True
        if operation not in RUNNING or is_data:
            return
        before, self.steps = self.steps, self.steps + 1
        is_look = operation == "operate" and arguments[0] == "getitem"
        if operation in CALLING and not is_look:
            self.epoch += 1
            self.read_values.forget()
            for handle in given:
                observations_of(handle).forget_with_owners()
            return
        for handle in given:
            seen = observations_of(handle)
            if operation == "attr":
                seen.forget_answers_with_owners()
            else:
                seen.note_look(before if operation in OF_ITEMS else None)

    def _note_origin(
        self, result: Handle, operation: str, arguments: tuple[object, ...]
    ) -> None:
        """Note by which operation the test has got the object."""
        subject = arguments[0] if arguments else None
        place: list[object] = [operation]
        for argument in arguments[:2]:
            if is_handle(argument):
                place.append(number_of(argument))
            elif isinstance(argument, str):
                place.append(argument)
        owner = None
        if operation == "attr" and is_handle(subject):
            owner = observations_of(subject)
        observations_of(result).note_origin(tuple(place), self.epoch, owner)

    def _result(self, header: Header, buffers: list[Buffer], operation: str) -> Any:
        self.read_values.learn(header, buffers)
        self.arguments.learn(header)
        self._exports.positions.learn(header)
        if "ok" in header:
            resolve = partial(self._resolve, operation=operation, buffers=buffers)
            note = partial(self.arguments.given_back.note, header.get("mine"))
            return empty_values.note_empty(decode(header["ok"], buffers, resolve, note))
        error = header.get("error")
        if not isinstance(error, dict):
            raise LinkError("the student's process gave no answer")
        raise self._errors.raised(
            error, lambda node: decode(node, buffers, self._resolve)
        )

    def _serve(self, header: Header, buffers: list[Buffer]) -> Message:
        """Answer the student's process, which may call what a test has passed to it."""
        return self._given.serve(header, buffers, self.hearing)

    # --- What is not data ----------------------------------------------------------

    def _resolve(
        self,
        node: Mapping[str, Any],
        operation: str = "",
        buffers: Sequence[Buffer] = (),
    ) -> object:
        value = node.get("v")
        match node["k"]:
            case "handle" if type(value) is int and 0 <= value < sys.maxsize:
                return self._handle(value, node, operation)
            case "member":
                resolve = partial(self._resolve, operation=operation)
                return self._members.find(node, self._classes, resolve)
            case "made" if operation == "make":
                return own_values.made(node, buffers, self._resolve)
            case "type" if isinstance(value, str):
                found = getattr(builtins, value, None)
                if isinstance(found, type):
                    return no_exception(found)
            case "module":
                raise NotDataError("this is a module: import it in the test")
        raise CodecError("the student's process sent an invalid value")

    def _handle(self, number: int, node: Mapping[str, Any], operation: str) -> Handle:
        """Return the handle with this number. It keeps the label it got first."""
        told, is_name = node.get("equality"), operation == "name"
        handle = self._known.given(number, is_name=is_name)
        if handle is not None:
            learn_equality(handle, told, is_new=False)
            observations_of(handle).note_again(is_name=is_name)
            return handle
        bases = node.get("bases")
        if not isinstance(bases, list) or not all(isinstance(b, str) for b in bases):
            raise CodecError("the student's process sent an invalid handle")
        label = str(node.get("kind"))
        is_collection = node.get("collection") is True
        if is_collection and operation != "make":
            raise CodecError("the student's process sent an invalid collection")
        kind = self._kinds.find(
            node.get("methods"),
            node.get("more"),
            is_callable=node.get("callable") is True,
            is_collection=is_collection,
            classes=node.get("classes"),
            bases=bases,
            label=label[:_LABEL],
            place=node.get("type"),
        )
        if "exception" in node:
            self._described[number] = node["exception"]
        handle = kind(
            self,
            number,
            known=known_class(bases),
            is_class=node.get("class") is True,
            label=label[:_LABEL],
        )
        self._known.add(handle)
        learn_equality(handle, told, is_new=True)
        observations_of(handle).was_answered = not is_name
        return handle
