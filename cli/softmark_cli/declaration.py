"""What a student declares when they hand in: a statement, and answers to questions."""

from collections.abc import Sequence

import typer

from softmark_cli.command_errors import CommandError, ExitCode, Finding, wrong_use
from softmark_cli.portal_rows import Assignment, DeclarationQuestion
from softmark_cli.terminal_output import Output, plain


def given_answers(
    given: Sequence[str], questions: Sequence[DeclarationQuestion]
) -> dict[str, str]:
    """Return the answers of NUMBER=TEXT or KEY=TEXT, by the keys of the questions.

    Questions are numbered from 1. Raises CommandError.
    """
    keys = {str(number): each.key for number, each in enumerate(questions, start=1)}
    keys |= {each.key: each.key for each in questions}
    answers: dict[str, str] = {}
    for words in given:
        name, equals, text = words.partition("=")
        if not equals or name.strip() not in keys:
            raise wrong_use(
                f"“{words}” answers no question of this assignment.",
                "Write --answer 1=TEXT for the first question."
                if questions
                else "This assignment has no questions.",
                code="answer_unknown",
            )
        answers[keys[name.strip()]] = text
    return answers


def ask_declaration(
    assignment: Assignment, given: Sequence[str], output: Output, *, yes: bool
) -> dict[str, str]:
    """Ask the questions and for the statement, and return the answers.

    With `yes`, nothing is asked. Raises CommandError if the student does not confirm
    it, or if a question is not answered and nobody can be asked.
    """
    answers = given_answers(given, assignment.questions)
    missing = [each for each in assignment.questions if each.key not in answers]
    if yes or not output.asks:
        _refuse_unanswered(assignment, [each for each in missing if each.is_required])
    else:
        answers |= {each.key: _asked(each) for each in missing}
    question = f"Hand in, and confirm: “{assignment.declaration}”"
    if not yes and not output.confirm(question, otherwise=_ADD_YES):
        raise CommandError(
            "Nothing was handed in.", exit_code=ExitCode.STOPPED, code="not_confirmed"
        )
    return {key: text for key, text in answers.items() if text}


_ADD_YES = "There is nobody to ask. Add --yes, which also confirms the statement."


def _asked(question: DeclarationQuestion) -> str:
    """Return the person's answer; an optional question may be left empty."""
    while True:
        words = question.text if question.is_required else f"{question.text} (optional)"
        text = str(typer.prompt(plain(words), default="", show_default=False, err=True))
        if text.strip() or not question.is_required:
            return text.strip()


def _refuse_unanswered(
    assignment: Assignment, missing: Sequence[DeclarationQuestion]
) -> None:
    if not missing:
        return
    numbers = {each.key: n for n, each in enumerate(assignment.questions, start=1)}
    raise CommandError(
        "This assignment asks questions that you have not answered.",
        exit_code=ExitCode.WRONG_USE,
        code="answer_missing",
        findings=[
            Finding(
                code="answer_missing",
                message=f"{numbers[each.key]}: {each.text}",
                hint=f"Add --answer {numbers[each.key]}="
                + ("NUMBER" if each.is_number else "TEXT"),
            )
            for each in missing
        ],
    )
