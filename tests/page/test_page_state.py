"""The rules of the page's state, in Node and without a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.page.bundles import bundled, evaluated

MODULES = [
    "state/draft",
    "state/messageList",
    "state/promptContent",
    "state/requests",
    "state/upload",
    "state/userMessage",
    "parts/formFields",
]
Run = Callable[[str], Any]


@pytest.fixture(scope="module")
def run(built_page: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a function that runs a script with the page's modules."""
    bundle = bundled(built_page, MODULES, tmp_path_factory.mktemp("page") / "state.mjs")
    return lambda script: evaluated(built_page, bundle, script)


REQUESTS = """
const asked = (requestId, callId, tool = "pay") => ({ requestId, callId, tool, kind: "approve", deadline: "" });
const requests = new page.Requests({}, "r", [], () => undefined);
"""


def test_a_card_stands_for_its_own_call_and_for_no_other_of_the_same_tool(run: Run) -> None:
    script = (
        REQUESTS
        + """
    requests.add(asked("q1", "c1"));
    const calls = [["c1", "started"], ["c2", "started"], ["c1", "failed"], ["c2", "failed"]];
    const covered = () => calls.map(([id, state]) => requests.covers({ id, name: "pay", state }));
    const open = covered();
    requests.close("q1", "rejected");
    return [open, covered()];
    """
    )
    assert run(script) == [[True, False, False, False], [False, False, True, False]]


def test_of_requests_that_ended_the_state_of_the_server_wins_and_none_is_lost(run: Run) -> None:
    script = (
        REQUESTS
        + """
    for (const name of ["q1", "q2", "q3"]) requests.add(asked(name, `call-${name}`));
    requests.close("q1", "approved");
    requests.end();
    requests.update([
      { ...asked("q0", "c0"), outcome: "answered" },
      { ...asked("q2", "call-q2"), outcome: "expired", answeredAt: "2027-01-02" },
    ]);
    return requests.ended.map(({ requestId, outcome }) => `${requestId} ${outcome}`);
    """
    )
    assert run(script) == ["q0 answered", "q2 expired", "q1 approved", "q3 cancelled"]


def test_a_required_choice_is_never_sent_empty(run: Run) -> None:
    script = """
    const property = (more) => ({ properties: { size: { ...more } }, required: ["size"] });
    const forms = [
      property({ type: "string", enum: ["S", "M"], minLength: 0 }),
      property({ type: "array", items: { enum: ["S", "M"] } }),
      property({ type: "array", items: { enum: ["S", "M"] }, minItems: 0 }),
      property({ type: "string", minLength: 0 }),
    ].map(page.fieldsOf);
    return forms.map((fields) => [fields[0].required, page.contentOf(fields, { size: "" })]);
    """
    assert run(script) == [[True, {}], [True, {"size": []}], [False, {"size": []}], [False, {"size": ""}]]


LIST = """
const message = (id) => ({ id, role: "user", content: id, versions: [id] });
const answers = [];
const api = { messages: () => new Promise((resolve, reject) => answers.push({ resolve, reject })) };
let changes = 0;
const list = new page.MessageList({ api, replyHost: () => ({}), changed: () => (changes += 1) });
const first = list.load("t");
answers[0].resolve({ messages: [message("b")], hasMore: true });
await first;
const ids = () => list.items.map(({ id }) => id);
"""


@pytest.mark.parametrize(
    "end", ["resolve({ messages: [message('a')], hasMore: false })", "reject(new Error('lost'))"]
)
def test_earlier_messages_of_a_thread_that_was_left_change_nothing(run: Run, end: str) -> None:
    script = (
        LIST
        + f"""
    const older = list.older("t");
    list.clear();
    const before = changes;
    const load = list.load("u");
    answers[2].resolve({{ messages: [message("x")], hasMore: true }});
    await load;
    const next = list.older("u");
    answers[1].{end};
    await older;
    answers[3].resolve({{ messages: [message("w")], hasMore: false }});
    await next;
    return [ids(), changes - before, list.hasMore];
    """
    )
    assert run(script) == [["w", "x"], 2, False]


def test_two_clicks_on_earlier_messages_share_one_request(run: Run) -> None:
    script = (
        LIST
        + """
    const both = [list.older("t"), list.older("t")];
    answers[1].resolve({ messages: [message("a")], hasMore: false });
    await Promise.all(both);
    return [ids(), answers.length];
    """
    )
    assert run(script) == [["a", "b"], 2]


READING = """
globalThis.setTimeout = (act) => queueMicrotask(act);
const contentType = "application/pdf";
const attachment = (state, more = {}) => ({ attachmentId: "f", name: "a.pdf", contentType, state, detail: null, ...more });
const draft = new page.Draft();
draft.switchTo("t");
draft.add({ key: "k", name: "a.pdf", contentType, progress: 1, attachment: attachment("reading"), problem: "" });
const reading = async (...answers) => {
  const reloaded = new page.Draft();
  reloaded.switchTo("t");
  const uploading = reloaded.uploading;
  const api = {
    attachment: async () => {
      const next = answers.shift();
      if (next instanceof Error) throw next;
      return next;
    },
  };
  page.awaitReading({ api, draft: reloaded, describe: ({ message }) => message });
  while (reloaded.uploading) await new Promise((resolve) => setImmediate(resolve));
  const [{ attachment, problem }] = reloaded.files;
  return [uploading, attachment.state, problem, answers.length];
};
"""


def test_a_file_that_is_being_read_outlives_a_reload_and_a_lost_connection(run: Run) -> None:
    script = (
        READING
        + 'return reading(new Error("lost"), attachment("reading"), new Error("lost"), attachment("ready"));'
    )
    assert run(script) == [True, "ready", "", 0]


@pytest.mark.parametrize(
    "refusal",
    [
        'attachment("failed", { detail: "It is locked." })',
        'new page.ProblemError(404, { detail: "It is locked." }, null)',
    ],
)
def test_a_file_that_cannot_be_read_says_why(run: Run, refusal: str) -> None:
    uploading, _, problem, left = run(READING + f"return reading({refusal});")
    assert (uploading, problem, left) == (True, "It is locked.", 0)


def test_a_picture_is_known_by_its_content_type_alone(run: Run) -> None:
    script = """
    const of = (contentType) => ({ attachmentId: "f", name: "a", url: "/api/attachments/f", contentType });
    const kinds = ["image/png", "image/svg+xml", "application/pdf"];
    const drafts = [["", "image/png"], ["image/png", "application/pdf"], ["image/webp", null]];
    return [
      page.promptContent("x", "m", null, kinds.map(of)).slice(1).map(({ type }) => type),
      drafts.map(([contentType, stored]) => page.isPictureFile({ contentType, attachment: stored && of(stored) })),
    ];
    """
    assert run(script) == [["image_url", "file", "file"], [True, False, True]]


def test_a_tool_s_state_belongs_to_the_call_and_not_to_its_name(run: Run) -> None:
    script = """
    const events = [["a", "started"], ["b", "started"], ["b", "failed"], ["a", "done"]];
    return events.reduce((tools, [callId, state]) => page.toolsAfter(tools, { callId, name: "look", state }), []);
    """
    states = [(tool["id"], tool["state"]) for tool in run(script)]
    assert states == [("a", "done"), ("b", "failed")]
