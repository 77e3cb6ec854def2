-- One row at least of each table, as the code before migration 0009 wrote them.

INSERT INTO chat_user (id, username, password, is_superuser, first_name, last_name, email, is_staff, is_active, date_joined)
VALUES (1001, 'owner', '!', false, '', '', '', false, true, now()), (1002, 'staff', '!', false, '', '', '', true, true, now());

INSERT INTO chat_apitoken (user_id, name, digest) VALUES (1001, 'laptop', encode(sha256('chat_former_token'), 'hex'));

INSERT INTO auth_group (id, name) VALUES (1001, 'auditors');
INSERT INTO chat_user_groups (user_id, group_id) VALUES (1002, 1001);
INSERT INTO auth_group_permissions (group_id, permission_id)
SELECT 1001, id FROM auth_permission WHERE codename IN ('view_accessrecord', 'view_thread', 'read_content');
INSERT INTO chat_user_user_permissions (user_id, permission_id)
SELECT 1002, id FROM auth_permission WHERE codename = 'view_dashboard';

INSERT INTO django_admin_log (action_time, user_id, content_type_id, object_id, object_repr, action_flag, change_message)
SELECT now(), 1002, id, '1001', 'laptop', 3, '' FROM django_content_type WHERE app_label = 'chat' AND model = 'accessrecord';

INSERT INTO chat_thread (id, owner_id, public_id, title, titled_by_person, model, turns)
VALUES (1001, 1001, 't-former', 'Apples', true, 'c1', 1), (1002, 1001, 't-withdrawn', 'Pears', false, 'c1', 0);
UPDATE chat_thread SET withdrawn_at = now() WHERE id = 1002;

INSERT INTO chat_message (id, owner_id, thread_id, public_id, turn, position, role, content, readable, revision)
VALUES (1001, 1001, 1001, 'm-prompt', 1, 0, 'user', 'Are apples red?', 'Are apples red?', 1);
INSERT INTO chat_response (
    id, owner_id, thread_id, public_id, prompt_id, model, status, finish_reason, prompt_tokens, completion_tokens, usage_source,
    log_length, kept_offset, text_length, started_at, first_token_at, finished_at
) VALUES (1001, 1001, 1001, 'r-former', 1001, 'c1', 'done', 'stop', 5, 3, 'provider', 9, 9, 9, now(), now(), now());
INSERT INTO chat_chunk (response_id, start, stop, data, marks) VALUES
    (1001, 0, 4, 'Yes,', '\x0a00000004000000'), (1001, 4, 9, ' most', '\x1400000005000000');
INSERT INTO chat_message (id, owner_id, thread_id, public_id, parent_id, response_id, turn, position, role, content, readable)
VALUES (1002, 1001, 1001, 'm-reply', 1001, 1001, 1, 1, 'assistant', 'Yes, most', 'Yes, most');
UPDATE chat_thread SET leaf_id = 1002 WHERE id = 1001;

INSERT INTO chat_revision (message_id, thread_id, number, content) VALUES (1001, 1001, 0, 'Are pears red?');
INSERT INTO chat_share (owner_id, thread_id, public_id, leaf_id) VALUES (1001, 1001, 'share-former-0123456789', 1002);
INSERT INTO chat_attachment (id, owner_id, public_id, content_type, size, data) VALUES (1001, 1001, 'a', 'image/png', 1, '\x00');
INSERT INTO chat_attachmentuse (attachment_id, message_id) VALUES (1001, 1001);
INSERT INTO chat_hold (kind, object_pk, owner_name, reason, made_by, thread_id) VALUES ('thread', 1001, 'owner', 'A case', 'staff', 1001);
INSERT INTO chat_accessrecord (user_id, username, action, kind, object_pk, public_id, owner_name, shown, reason)
VALUES (1002, 'staff', 'looked', 'thread', 1001, 't-former', 'owner', '{}', 'A former case');
INSERT INTO chat_attempt (about) VALUES ('digest');

INSERT INTO chat_told (digest, text) VALUES ('d-system', 'Answer briefly.');
INSERT INTO chat_upstreamcall (
    owner_id, thread, response, model, upstream_model, round, attempt, started_at, first_token_at, finished_at, outcome,
    prompt_tokens, completion_tokens, source, parameters, system_digest, tools_digest, recipe
) VALUES (
    1001, 1001, 1001, 'c1', 'c1-nightly', 0, 0, now() - interval '1 day', now() - interval '1 day', now() - interval '1 day',
    'done', 5, 3, 'provider', '{}', 'd-system', '', '{"messages": [1001]}'
);
INSERT INTO chat_spending (owner_id, guest, response, tokens, settled) VALUES (1001, false, 1001, 8, true);
INSERT INTO chat_price (model, valid_from, prompt_price, completion_price, currency) VALUES ('c1', now(), 1, 2, 'EUR');
INSERT INTO chat_usagehour (hour, model, trouble, currency, responses, calls, prompt_tokens, completion_tokens, cost)
VALUES (date_trunc('hour', now()), 'c1', 'model_failed', '', 1, 1, 5, 3, 0);
INSERT INTO chat_firsttokens (daily, start, model, calls, p50, p95) VALUES (true, now(), 'c1', 1, 0.5, 0.5);
INSERT INTO chat_userday (day, owner, currency, responses, tokens, cost) VALUES (now(), 1001, '', 1, 8, 0);
INSERT INTO chat_addedup (until, prices) VALUES (now(), 'none');
INSERT INTO chat_quotahit (hour, quota, owner) VALUES (now(), 'per_hour', 1001);
