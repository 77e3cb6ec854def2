"""The chat server: relay, log, history, inspection. The rooms, from the roof down; imports only go downward.

doors   `views`, `consumers`, `admin`, `management`   HTTP, WebSocket, inspection, commands
        `account_pages`, `shared_page`, `pages`       what people see: server-rendered
        `service`, `identity`, `exporter`             the verbs for outsiders; who is asking; what a user takes along
work    `runner`, `leases`, `watchers`                owns this process's responses: start, stop, lease, reaper, drain
        `tidying`                                     what goes by age, and what is being erased, a bit at a time
        `engine`, `meter`, `titles`                   one response, start to end: model, tools, model again; what it used
        `tools`, `model_clients`                      what a model may call; how a model is called
state   `log`, `doorbell`                             the text log and its readers; who wakes them across processes
        `store`, `history`                            every other read and write, one transaction each
        `models`, `sql`                               the tables and their constraints; statements by hand
ground  `conf`, `errors`, `payloads`, `text`, `sse`,  pure: no ORM, no I/O
        `accumulator`, `oasst_prompt`, `calibration`, `pictures`

Beside them: `wire`, the frames that the doors send; `demo`, the model that answers without a key, `testing`, a model server
with every fault, and `bench`, which measures: servers and tools of their own, reached over HTTP alone.
"""
