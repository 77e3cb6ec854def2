-- Statements of the code before migration 0009, which may still run during an update: a claim, a flush, an end, a roll-up.

WITH prompt AS (
    INSERT INTO chat_message (owner_id, thread_id, public_id, parent_id, turn, position, role, content, parts, readable)
    VALUES (1001, 1001, 'm-second', 1002, 2, 0, 'user', 'And pears?', false, 'And pears?')
    RETURNING id
), response AS (
    INSERT INTO chat_response (
        owner_id, thread_id, public_id, prompt_id, model, status, jumps_queue, lease_owner, lease_epoch, lease_until, started_at
    )
    SELECT 1001, 1001, 'r-second', prompt.id, 'c1', 'streaming', false, gen_random_uuid(), 1, now() + interval '1 hour', now()
    FROM prompt
    RETURNING id, prompt_id
), reply AS (
    INSERT INTO chat_message (owner_id, thread_id, public_id, parent_id, response_id, turn, position, role, content)
    SELECT 1001, 1001, 'm-second-reply', prompt_id, id, 2, 1, 'assistant', '' FROM response
    RETURNING id
), placed AS (
    UPDATE chat_thread SET turns = 2, leaf_id = reply.id, model = 'c1', updated_at = now()
    FROM reply WHERE chat_thread.id = 1001
), spending AS (
    INSERT INTO chat_spending (owner_id, guest, response, tokens) SELECT 1001, false, response.id, 2000 FROM response
)
SELECT id, prompt_id FROM response;

WITH moved AS (
    UPDATE chat_response r SET log_length = 4, first_token_at = COALESCE(r.first_token_at, now())
    WHERE r.public_id = 'r-second' AND r.lease_epoch = 1 AND r.log_length = 0 AND r.status = 'streaming'
    RETURNING r.id
)
INSERT INTO chat_chunk (response_id, start, stop, data, marks, ephemeral)
SELECT moved.id, 0, 4, 'Some', '\x0a00000004000000', false FROM moved;

WITH mine AS (
    SELECT id, thread_id FROM chat_response WHERE public_id = 'r-second' AND status IN ('queued', 'streaming') FOR NO KEY UPDATE
), log AS (
    INSERT INTO chat_chunk (response_id, start, stop, data, marks, ephemeral)
    SELECT mine.id, 0, 4, 'Some', '\x0a00000004000000', false FROM mine
    ON CONFLICT (response_id, start) DO UPDATE
    SET stop = excluded.stop, data = excluded.data, marks = excluded.marks, ephemeral = excluded.ephemeral
), reply AS (
    UPDATE chat_message m SET content = 'Some', readable = 'Some'
    FROM mine WHERE m.response_id = mine.id AND role = 'assistant' AND NOT hidden
), spending AS (
    UPDATE chat_spending s SET tokens = 8, settled = true FROM mine WHERE s.response = mine.id
)
UPDATE chat_response r SET status = 'done', finish_reason = 'stop', prompt_tokens = 5, completion_tokens = 3,
    usage_source = 'estimated', kept_offset = 4, text_length = 4, lease_until = NULL, finished_at = now()
FROM mine WHERE r.id = mine.id;

INSERT INTO chat_told (digest, text) VALUES ('d-second', 'Answer at length.') ON CONFLICT DO NOTHING;
UPDATE chat_thread SET title = 'Fruit', titled_by_person = true WHERE id = 1001;
UPDATE chat_thread SET withdrawn_at = now() WHERE id = 1002;
UPDATE chat_upstreamcall SET recipe = '{"messages": [1001, 1002]}' WHERE response = 1001;
INSERT INTO chat_accessrecord (username, action, kind, shown) VALUES ('staff', 'listed', 'thread', '{1001}');
INSERT INTO chat_attempt (about) VALUES ('digest');
INSERT INTO chat_usagehour (hour, model, trouble, currency, responses, calls, prompt_tokens, completion_tokens, cost)
SELECT date_trunc('hour', started_at, 'UTC'), model, '', '', 1, 1, prompt_tokens, completion_tokens, 0 FROM chat_upstreamcall;
INSERT INTO chat_firsttokens (daily, start, model, calls, p50, p95) VALUES (false, now(), '', 1, 0.5, 0.5);
UPDATE chat_addedup SET until = now(), prices = 'none';
