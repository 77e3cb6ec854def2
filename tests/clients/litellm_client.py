# mypy: ignore-errors
"""LiteLLM as a client of `/v1`, unchanged: prints what it got, as JSON.

python litellm_client.py <base url> <token>
"""

import json
import os
import sys

# Its list of prices is in the package: no request goes anywhere but to the server.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
import openai

URL, TOKEN = sys.argv[1:]
SERVER = {"model": "openai/c1", "api_base": URL, "api_key": TOKEN, "max_retries": 0}
HI = [{"role": "user", "content": "Hi"}]
ADD = {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {}}}}

litellm.telemetry = False
litellm.suppress_debug_info = True
whole = litellm.completion(messages=HI, **SERVER)
chunks = litellm.completion(messages=HI, stream=True, **SERVER)
streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
called = litellm.completion(messages=HI, tools=[ADD], **SERVER).choices[0].message
result = {"role": "tool", "tool_call_id": called.tool_calls[0].id, "content": "5"}
answered = litellm.completion(messages=[*HI, called.model_dump(), result], tools=[ADD], **SERVER)
try:
    litellm.completion(messages=HI, **SERVER)
    failure = None
except openai.APIStatusError as error:
    failure = error.status_code
print(
    json.dumps(
        [
            whole.choices[0].message.content,
            whole.usage.total_tokens,
            streamed,
            called.tool_calls[0].function.name,
            answered.choices[0].message.content,
            failure,
        ]
    )
)
