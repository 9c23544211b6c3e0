"""The addresses of the gradebook's pages."""

from django.urls import path

from gradebook.views import (
    assignment_statistics,
    at_risk,
    board,
    course_statistics,
    formula,
    gradebook,
    marks,
)

app_name = "gradebook"
urlpatterns = [
    path("courses/<slug:slug>/marks/", marks.marks, name="marks"),
    path("courses/<slug:slug>/gradebook/", gradebook.gradebook, name="gradebook"),
    path(
        "courses/<slug:slug>/gradebook/file/",
        gradebook.gradebook_file,
        name="gradebook-file",
    ),
    path("courses/<slug:slug>/gradebook/at-risk/", at_risk.at_risk, name="at-risk"),
    path(
        "courses/<slug:slug>/gradebook/at-risk/file/",
        at_risk.at_risk_file,
        name="at-risk-file",
    ),
    path("courses/<slug:slug>/gradebook/board/", board.board, name="board"),
    path(
        "courses/<slug:slug>/gradebook/board/<int:pk>/",
        board.board_answer,
        name="board-answer",
    ),
    path(
        "courses/<slug:slug>/gradebook/statistics/",
        course_statistics.course_statistics,
        name="course-statistics",
    ),
    path(
        "courses/<slug:slug>/gradebook/statistics/<slug:aslug>/",
        assignment_statistics.assignment_statistics,
        name="assignment-statistics",
    ),
    path(
        "courses/<slug:slug>/gradebook/cell/",
        gradebook.gradebook_cell,
        name="gradebook-cell",
    ),
    path("courses/<slug:slug>/manage/total/", formula.formula, name="formula"),
]
